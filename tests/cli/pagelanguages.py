#!/usr/bin/env python3
"""The page of a package speaks the language of who reads it: chosen by the browser's, another by a button, with its plural
forms and dates; what is data stays as it was signed, and what is translated is text and never markup."""
import datetime, itertools, json, os, re, shutil, subprocess, sys

import browser, page_sample
from common import main
from page import NO_ED25519, flip
from page_sample import PAGE, Sample

LANGUAGES = ('en', 'ru', 'sq')
NAMES = ['English', 'Русский', 'Shqip']
HEADINGS = {
    'en': ['What is proved', 'What is not proved', 'The case', 'Persons', 'Chronology', 'Events', 'Testimony', 'Evidence', 'Consents',
           'All checks', 'Consent it was sent on', 'LEGAL BASIS, where there is no consent'],
    'ru': ['Что доказано', 'Что не доказано', 'Дело', 'Люди', 'Хронология', 'События', 'Показания', 'Доказательства', 'Согласия',
           'Все проверки', 'По какому согласию передано', 'ПРАВОВОЕ ОСНОВАНИЕ, где нет согласия'],
    'sq': ['Çfarë është provuar', 'Çfarë nuk është provuar', 'Rasti', 'Personat', 'Kronologjia', 'Ngjarjet', 'Dëshmia', 'Provat',
           'Pëlqimet', 'Të gjitha kontrollet', 'Pëlqimi me të cilin u dërgua', 'BAZA LIGJORE, aty ku nuk ka pëlqim'],
}
VERDICTS = {
    'en': ('Verified', 'ALTERED', 'Expired', 'Not checked'), 'ru': ('Проверено', 'ИЗМЕНЕНО', 'Срок истёк', 'Не проверено'),
    'sq': ('Verifikuar', 'NDRYSHUAR', 'Afati mbaroi', 'E pakontrolluar'),
}
DATES = {'en': ('31 December 2099', '3 May 2024'), 'ru': ('31 декабря 2099 г.', '3 мая 2024 г.'), 'sq': ('31 dhjetor 2099', '3 maj 2024')}
# What the reader's browser asks for, and what they get.
ASKED = [
    ('ru-RU,ru,en', 'ru'), ('sq', 'sq'), ('sq-XK,en', 'sq'), ('RU-ru', 'ru'), ('en-GB,ru', 'en'), ('de,sq,ru', 'sq'), ('ka,ru,en', 'ru'),
    ('uk,pl', 'en'), ('de', 'en'), ('constructor,__proto__', 'en'), ('rus', 'en'), ('zh-Hans-CN,sq-AL', 'sq'),
]
RECORDS = {
    'en': {0: '0 records', 1: '1 record', 2: '2 records', 5: '5 records', 21: '21 records'},
    'ru': {0: '0 записей', 1: '1 запись', 2: '2 записи', 4: '4 записи', 5: '5 записей', 11: '11 записей', 12: '12 записей', 21: '21 запись',
           22: '22 записи', 25: '25 записей', 101: '101 запись', 111: '111 записей'},
    'sq': {0: '0 regjistrime', 1: '1 regjistrim', 2: '2 regjistrime', 5: '5 regjistrime', 21: '21 regjistrime'},
}
# Of the contents: persons, events, and all that are one.
CONTENTS = {'en': ['1 record', '2 records', '7 dates'], 'ru': ['1 запись', '2 записи', '7 дат'], 'sq': ['1 regjistrim', '2 regjistrime', '7 data']}
ABROAD = {'Ukraine', 'Georgia', 'Russian', 'Arabic'}  # as a browser without other names has them
MARKUP = '<img src=x onerror=alert(1)><b>&amp;</b>'


def shown(b):
    """Every text on the page, with what only a screen reader, a tab or a printer shows."""
    return b.eval('''(() => {
      const out = [document.title, ...[...document.querySelectorAll('[aria-label]')].map(e => e.getAttribute('aria-label'))];
      const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (walk.nextNode()) if (!walk.currentNode.parentNode.closest('script, #languages')) out.push(walk.currentNode.data);
      for (const rule of document.styleSheets[0].cssRules) out.push(...(rule.cssText.match(/content: "[^"]*"/g) || []).map(c => c.slice(10, -1)));
      return out;
    })()''')


def values(value, of=None):
    """All strings in it that are no names of members; `of`: only those of members with this name."""
    if isinstance(value, str):
        return {value} if of is None else set()
    if isinstance(value, dict):
        return set().union(*((values(v) if n == of else values(v, of)) for n, v in value.items()))
    return set().union(*(values(v, of) for v in value)) if isinstance(value, list) else set()


def choose(b, language):
    b.eval("document.querySelector('#languages [lang=%s]').click()" % language)
    assert b.eval('document.documentElement.lang') == language


class Test:
    def __init__(self, chromium):
        self.b, self.checks, self.path = chromium, 0, os.path.join(chromium.dir, 'index.html')

    def open(self, html, languages='en', before=None):
        open(self.path, 'w', newline='').write(html)
        self.b.speak(languages)
        result = self.b.open(self.path, before)
        assert self.b.requests == ['file://' + self.path] and self.b.complaints == [], (self.b.requests, self.b.complaints)
        self.checks += 1
        return result

    def text(self):
        return self.b.eval('document.body.innerText')


def states():
    """Pages in each of the states that a page can be in: (result, which verdict, page, script before it)."""
    s = Sample()
    long_ago = (datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(9)).isoformat()
    altered = dict(s.data, records=[dict(r, sdjwt=flip(r['sdjwt'], 200)) if i in (1, 4) else r for i, r in enumerate(s.data['records'])])
    return [
        ('verified', 0, s.page(), None),
        ('verified', 0, Sample(training=True, manifest=lambda m: dict(m, consents=[], approved_by=[])).page(), None),
        ('altered', 1, s.page(altered), None),
        ('altered', 1, s.page('{'), None),
        ('altered', 1, s.page(dict(s.data, policies=s.data['policies'][:1] * 2)), None),
        ('altered', 2, Sample(manifest=lambda m: dict(m, expires=long_ago)).page(), None),
        ('unable', 3, s.page(), NO_ED25519),
    ]


def chosen(t):
    """By the browser's languages, in their order; English where none is spoken."""
    html = Sample().page()
    for asked, language in ASKED:
        assert t.open(html, asked) == 'verified'
        assert t.b.eval('document.documentElement.lang') == language, (asked, language)
        assert HEADINGS[language][0] in t.text(), (asked, language)
    for language in LANGUAGES:
        t.open(html, language)
        headings = t.b.eval("[...document.querySelectorAll('h2')].map(e => e.textContent)")
        assert sorted(headings) == sorted(HEADINGS[language]), (language, headings)
        text = t.text()
        assert all(d in text for d in DATES[language]) and VERDICTS[language][0] in text, (language, text)
        counts = t.b.eval("[...document.querySelectorAll('.contents li')].map(e => e.textContent)")
        assert set(CONTENTS[language]) <= {' '.join(c.split()[-2:]) for c in counts}, (language, counts)
        said = t.b.eval('Object.fromEntries(%s.map(n => [n, ofRecords(n).join("")]))' % list(RECORDS[language]))
        assert said == {str(n): w for n, w in RECORDS[language].items()}, said


def switched(t):
    """By a button, with a mouse or the keyboard; the verdict and the data stay, and the browser's choice is not asked again."""
    html, b = Sample().page(), t.b
    ask = "[...document.querySelectorAll('#languages button')].map(e => [e.textContent, e.lang, e.getAttribute('aria-pressed')])"
    data = "[...document.querySelectorAll('bdi, code, .statement, .text, .fields dt, .bar strong')].map(e => e.textContent)"
    t.open(html, 'de')
    assert b.eval(ask) == [[n, l, str(l == 'en').lower()] for n, l in zip(NAMES, LANGUAGES)], b.eval(ask)
    before = b.eval(data)
    for language in ('ru', 'sq', 'en', 'ru'):
        choose(b, language)
        assert b.eval(ask) == [[n, l, str(l == language).lower()] for n, l in zip(NAMES, LANGUAGES)]
        assert HEADINGS[language][0] in t.text() and b.eval('document.documentElement.dataset.result') == 'verified'
        assert b.eval(data) == before and len(before) > 100, before
        ids = b.eval("[...document.querySelectorAll('[id]')].map(e => e.id)")
        assert len(ids) == len(set(ids))
        heads = b.eval("[...document.styleSheets[0].cssRules].filter(r => r.cssText.startsWith('@page') && r.cssText.includes('content: \"%s')).length"
                       % {'en': 'Confidential', 'ru': 'Конфиденциально', 'sq': 'Konfidenciale'}[language])
        assert heads == 1, heads
        t.checks += 1
    # The first stop of the keyboard skips to the case; then come the languages, and whoever chose stays where they were.
    t.open(html, 'en')
    for _ in range(4):
        b.press('Tab', 9)
    assert b.eval('document.activeElement.textContent') == 'Shqip'
    b.press('Enter', 13)
    assert b.eval('document.documentElement.lang') == 'sq' and b.eval('document.activeElement.textContent') == 'Shqip'
    assert b.eval("document.querySelector('.skip').textContent") == 'Kalo te rasti'
    assert b.eval("getComputedStyle(document.activeElement).outlineStyle") != 'none'


def is_data(text, known):
    """Whether all that has Latin letters in it is known."""
    return text.strip() in known or not re.search('[A-Za-z]{2}', text) or any(
        all(is_data(piece, known) for piece in text.split(between)) for between in (' \u00b7 ', ': ', ', ') if between in text)


def nothing_left(t):
    """In every state: with all texts of a language replaced by signs, no Latin letters stay but those of data."""
    s = Sample()
    known = values(json.loads(page_sample.TEMPLATE), 'label') | values(json.loads(s.data['manifest'])) | {'casevault verify PACKAGE'}
    for r in s.data['records']:
        for part in r['sdjwt'].split('~')[1:-1]:
            known |= values(json.loads(page_sample.unb64u(part)))
    known = {re.sub('[\x07\u202a-\u202e\u2066-\u2069]', '\ufffd', k) for k in known} | ABROAD
    for result, _, html, before in states():
        assert t.open(html, 'en', before) == result
        t.b.eval('''for (const forms of Object.values(WORDS))
          forms.ru = JSON.parse(JSON.stringify(forms.ru), (k, v) => typeof v === 'string' ? '*' + v.replace(/(\\{[a-z]+\\})|[A-Za-z]/g, '$1') + '*' : v)''')
        checks = set(t.b.eval('Object.keys(CHECKS)'))
        choose(t.b, 'ru')
        for text in shown(t.b):
            rest = re.sub(r'[0-9A-HJKMNP-TV-Z]{26}[0-9A-Z*~$=]|m[0-9a-f]{8}|[0-9a-f]{64}|(?:[0-9a-f]{4}-){4}[0-9a-f]{4}|[a-z]+/\d+[-.\w]+', '', text.replace(s.partner, '')).strip()
            assert text in known or is_data(rest, known | checks), (result, text)
        t.checks += 1


def in_each_state(t):
    """The verdict, in every language, whatever it is; and nothing is cut at the width of a telephone."""
    for result, at, html, before in states():
        assert t.open(html, 'en', before) == result
        for width, language in itertools.product((360, 1000), LANGUAGES):
            t.b.resize(width)
            choose(t.b, language)
            verdict = t.b.eval("document.querySelector('.verdict').textContent")
            assert VERDICTS[language][at] in verdict, (language, result, verdict)
            wide = t.b.eval('''[...document.querySelectorAll('body *')].filter(e => !e.closest('script, .skip') &&
              (e.getBoundingClientRect().right > innerWidth || e.matches('.banner, .bar, dd, td, h1, h2') && e.scrollWidth > e.clientWidth + 1))
              .map(e => `${e.tagName}.${e.className}: ${e.textContent.slice(0, 40)}`)''')
            assert wide == [], (width, language, result, wide)
            t.checks += 1
    t.b.resize(1000)


def text_alone(t):
    """A translation that holds markup is shown as it stands; and a text that has none is shown in English."""
    t.open(Sample().page())
    before = t.b.eval("document.querySelectorAll('*').length")
    t.b.eval('for (const forms of Object.values(WORDS)) forms.ru = Array.isArray(forms.ru) ? forms.ru.map(() => %r) : %r + forms.ru' % (MARKUP, MARKUP))
    choose(t.b, 'ru')
    assert t.b.eval("document.querySelectorAll('img, main b').length") == 0 and t.text().count(MARKUP) > 100
    assert t.b.eval("document.querySelectorAll('*').length") == before
    assert t.b.eval("document.querySelector('[aria-label]').getAttribute('aria-label')").startswith(MARKUP)
    t.b.eval('for (const text of Object.keys(WORDS)) delete WORDS[text].sq')
    choose(t.b, 'sq')
    assert HEADINGS['en'][0] in t.text() and '2 records' in t.text()
    assert t.b.complaints == [] and t.b.requests == ['file://' + t.path]


def without_scripts(t):
    """It says in all languages that nothing is checked."""
    open(t.path, 'w', newline='').write(Sample().page())
    text = t.b.text_without_scripts(t.path)
    assert all(w in text for w in ('Not checked yet', 'Ещё не проверено', 'Ende e pakontrolluar')), text
    assert text.count('casevault verify') == 3 and 'GE-2024-017' not in text


def watched(t):
    """script/languages sees what is wrong: a {name} that is gone, a page that is older than po/, a text past it all."""
    root = os.path.join(PAGE, '..', '..')
    place = os.path.join(t.b.dir, 'tree')
    os.mkdir(place)
    for part in ('crypto', 'formats', 'vault', 'cmd', 'po', 'script', 'template'):
        shutil.copytree(os.path.join(root, part), os.path.join(place, part))

    def says(*changes):
        for path, old, new in changes:
            text = open(os.path.join(place, path)).read()
            assert old in text, (path, old)
            open(os.path.join(place, path), 'w').write(text.replace(old, new, 1))
        out = subprocess.run(['script/languages', '--check'], cwd=place, capture_output=True, text=True)
        for path, _, _ in changes:
            shutil.copy(os.path.join(root, path), os.path.join(place, path))
        t.checks += 1
        return out.returncode, sorted(out.stderr.splitlines())
    ru, sq, words, script, still = 'po/ru.po', 'po/sq.po', 'formats/page/words.js', 'formats/page/page.js', ': not what po/ says: script/languages'
    assert says() == (0, [])
    assert says((words, 'Хронология', 'Список')) == (1, [words + still])
    assert says((sq, '"Kronologjia"', '"Kronologji"')) == (1, [words + still])
    assert says((ru, '"Ещё не проверено"', '"Не проверено"')) == (1, ['formats/page/page.html' + still])
    first = re.search('Kjo faqe e kontrollon.*?\n\n', open(os.path.join(root, sq)).read(), re.S)[0]
    rc, said = says((ru, '"{number} записей"', '"число записей"'), (sq, '"Regjistrimi {record}"', '"Regjistrimi {r}"'), (ru, '"Хронология"', '""'),
                    (sq, first, first.replace('`', '')),
                    (script, "_('All checks')", "'All checks of it'"), (script, "_('Verified')", "'Good'"),
                    (script, "_('Item {number}')", '`Item number ${item.number}`'), (script, "'it is too long'", "'it is much too long'"))
    said = '\n'.join(said)
    for fault in ("po/ru.po: not the {names} or `words` that the English has: '{number} record'", "po/sq.po: not the {names} or `words` that the English has: 'Record {record}'",
                  "po/sq.po: not the {names} or `words` that the English has: 'This page checks",
                  "po/ru.po: not translated: 'Chronology'", "'All checks of it': people read this, and nobody can translate it",
                  "'Good': people read this, and nobody can translate it", '`Item number ${item.number}`: people read this',
                  "lacks 'it is much too long': script/languages", "still has 'it is too long': script/languages", words + still):
        assert rc == 1 and fault in said, (fault, said)


def test(p):
    with browser.Browser() as chromium:
        t = Test(chromium)
        for part in (chosen, switched, nothing_left, in_each_state, text_alone, without_scripts, watched):
            part(t)
    p.checks += t.checks


if __name__ == '__main__':
    if browser.find() is None:
        print('there is no Chromium here')
        sys.exit(77)
    main(test)
