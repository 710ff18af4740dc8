#!/usr/bin/env python3
"""languages: what people read is in theirs: answers, errors, usage, help, plural forms, dates, names, yes and no; what programs
read is the same in all; a catalog that is not the one that was built with the program costs English, and nothing else."""
import base64, datetime, gettext, hashlib, html, json, os, re, shutil, subprocess, sys

from common import PERSON, Terminal, main, persons

LOCALES = {'ru': 'ru_RU', 'sq': 'sq_AL'}
# In the order of the alphabet, which is not that of the bytes.
NAMES = {'ru': ('Ежова', 'Ёлкина', 'Жукова'), 'sq': ('Cali', 'Çela', 'Deda')}
BORN = {'ru': '28.02.1990', 'sq': '28.02.1990'}


def make_locales(p):
    if shutil.which('localedef') is None or not os.path.isdir('/usr/share/i18n/locales'):
        print('there is no localedef, or nothing to make locales of')
        sys.exit(77)
    os.mkdir(p.path('locales'))
    for name in LOCALES.values():
        made = subprocess.run(['localedef', '-i', name, '-f', 'UTF-8', p.path('locales', name + '.UTF-8')], capture_output=True)
        assert os.path.isdir(p.path('locales', name + '.UTF-8')), made.stderr.decode()


def speak(p, language):
    """From now on; None: English. (What the C library does with LOCPATH leaks.)"""
    p.more = {} if language is None else {'LC_ALL': LOCALES[language] + '.UTF-8', 'LOCPATH': p.path('locales'), 'ASAN_OPTIONS': 'detect_leaks=0'}


class Catalog:
    def __init__(self, binary, language):
        path = os.path.join(os.path.dirname(os.path.dirname(binary)), 'share/locale', language, 'LC_MESSAGES/casevault.mo')
        self.mo = gettext.GNUTranslations(open(path, 'rb'))

    def __call__(self, english):
        said = self.mo.gettext(english)
        assert said != english, 'not translated: %r' % english
        return said

    def n(self, one, many, n):
        said = self.mo.ngettext(one, many, n)
        assert said not in (one, many), 'not translated: %r' % one
        return said


def words(text):
    """What stays of a text when lines are broken otherwise."""
    return ' '.join(text.split())


def speaks(p, t, language, person, label):
    text = p.as_('founder', 'status')
    for line in ('Locked:      every command asks for the passphrase; see `casevault unlock`\n', 'Vault:      '):
        assert t(line) in text, (line, text)
    assert all(len(l) <= 80 for l in text.split('\n') if 'tmp' not in l), text

    text = p.as_('founder', 'record', 'show', person)
    assert '  %s: ' % t('Date of birth') in text and BORN[language] in text and '1990-02-28' not in text, text
    assert ' %s: %s' % (t(label), t('Forced labour')) in text, text

    # An error, and one of the system in it.
    p.run('nonsense', rc=2, err=t('there is no command %s; see `casevault --help`') % 'nonsense')
    # What people type is never a format, in a translated text either.
    p.run('%n%s%n', rc=2, err=t('there is no command %s; see `casevault --help`') % '%n%s%n')
    p.run('verify', p.path('%n%s%n'), rc=1, err=t('No such file or directory'))
    assert '%n%s%n' in p.told, p.told
    p.as_('founder', 'record', 'add', p.path('nowhere'), rc=1, err='%s: %s' % (p.path('nowhere'), t('No such file or directory')))
    p.as_('founder', 'record', 'show', 'zzz', rc=1)
    p.as_('medical', 'check', '--contents', '--reason', 'x')

    # Usage and help, which name what the program calls by its names.
    usage = p.run('record', 'add', '--help')
    assert usage.startswith('casevault record add ') and '--json' in usage and words(t('answer in JSON, one object a line')) in words(usage), usage
    assert t('\nOptions:\n') in usage, usage
    for name, title in (('first-day', 'A new mission: the first day'), ('court-asks', 'A court or a prosecutor asks')):
        topic = p.run('help', name, out=t(title))
        assert 'casevault ' in topic and p.run('help', t(title)) == topic
        assert all(len(l) <= 80 for l in topic.split('\n')), topic

    # Counts: 1, 2, 5 and 21 are four cases, and three forms in Russian.
    for n in (1, 2, 5, 21):
        p.as_('founder', 'search', 'many%d' % n)
        assert re.sub("%'?zu", str(n), t.n('%zu record.', '%zu records.', n)) in p.told, p.told
    if language == 'ru':
        forms = [t.n('%zu record.', '%zu records.', n) for n in (1, 2, 5, 21)]
        assert len(set(forms)) == 3 and forms[0] == forms[3], forms

    # Names in the order of the alphabet, in columns that stand below one another.
    lines = p.as_('founder', 'record', 'list', '--type', 'person', '--titles').split('\n')
    assert t('RECORD') in lines[0] and t('TITLE') in lines[0], lines[0]
    found = [n for l in lines for n in NAMES[language] if n in l]
    assert found == list(NAMES[language]), found
    at = lines[0].index(t('TITLE'))
    assert all(l[at - 2:at] == '  ' and l[at] != ' ' for l in lines[1:] if any(n in l for n in NAMES[language])), '\n'.join(lines)


def says_yes(p, t, case, to):
    """A question at the terminal takes the word of the language, and the English one; not just any."""
    p.as_('founder', 'package', 'new', '--case', case, '--to', to, '--profile', 'prosecution', '-q')
    package = p.json_as('founder', 'package', 'list')[-1]['package']
    question = t('\nApprove that this goes? Type yes').strip().encode()
    for answer, rc in ((b'maybe', 13), (t('yes').encode(), 0)):
        terminal = Terminal(p, 'protection', 'package', 'approve', package)
        shown = terminal.read(lambda s, quiet: question in s, 0.2)
        assert question in shown, shown.decode()
        os.write(terminal.fd, answer + b'\n')
        terminal.read(lambda s, quiet: False, 0.2)
        assert terminal.over() == rc, (answer, rc)
        p.checks += 1


# What is typed, and so never translated.
TYPED = set('casevault UTC CSV list create edit import read export disclose agree package basis'.split())


def nodes(page):
    """The texts of a page, each by itself, without styles and without what is data: code, reasons, members."""
    page = re.sub(r'(?s)<style>.*?</style>|<code>.*?</code>|<td class="(?:id|did|what|who)">.*?</td>|<bdi>.*?</bdi>'
                  r'|<text class="(?:id|name)".*?</text>|<a href="#shared-\d+"><title>.*?</title>', '', page)
    return {html.unescape(t).strip() for t in re.findall(r'>([^<>]*[A-Za-z]{2}[^<>]*)<', page)}


def pages(p, case):
    """The pages that are made for people."""
    out = {}
    for who, line in (('auditor', ('audit', 'report')), ('founder', ('stats', '--by', 'gender,role')), ('founder', ('related', case))):
        path = p.path('page-%d.html' % p.checks)
        p.as_(who, *line, '-o', path)
        out[line[0]] = open(path).read()
        assert '<script' not in out[line[0]] and "default-src 'none'" in out[line[0]]
        style, = re.findall(r'(?s)<style>(.*?)</style>', out[line[0]])
        assert "'sha256-%s'" % base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in out[line[0]], line
    return out


def paged(p, t, language, english, case):
    """The same pages, and nothing of ours in English on them."""
    for name, page in pages(p, case).items():
        assert page.startswith('<!doctype html>\n<html lang="%s" ' % language), page[:80]
        assert english[name].startswith('<!doctype html>\n<html lang="en" ')
        same = nodes(page) & nodes(english[name]) - TYPED
        assert not {x for x in same if t.mo.gettext(x) != x}, (name, same)
        if language == 'ru':
            latin = {w for x in nodes(page) for w in re.findall(r'[A-Za-z]{3,}', x)} - TYPED
            assert not latin, (name, latin)
        if name == 'audit':
            for text in ('What to look at first', 'The words of the log', 'somebody tried what they may not do'):
                assert t(text) in html.unescape(page), text
            for n in (2, 5, 21):
                assert '>%s<' % re.sub("%'?zu", str(n), t.n("%'zu record", "%'zu records", n)) in page, n
            assert t('the access log was read') in html.unescape(page) and 'the access log was read' not in page
            assert '<span class="day">%s</span>' % datetime.datetime.now(datetime.timezone.utc).strftime('%d.%m.%Y') in page
            style, = re.findall(r'(?s)<style>(.*?)</style>', page)
            assert t('Page %s of %s') % ('" counter(page) "', '" counter(pages) "') in style, style[-300:]
        p.checks += 1


def logged(p, t):
    """The log as a table: what casevault wrote is in the reader's language, what is typed for a filter is not."""
    p.as_('intake', 'audit', 'log', rc=13)
    text = words(p.as_('auditor', 'audit', 'log'))
    for said in ('the vault was founded', 'no right to read the log', 'names of members', 'the access log was read'):
        assert t(said) in text and said not in text, said
    assert words(t('member %s added, policy %s').replace('%s', '(.*?)').split('(')[0]) in text, text
    assert words(t('ids and types of %s new versions').split('%s')[0]) in text and 'ids and types' not in text, text
    for n in (2, 5, 21):
        assert '%s:' % re.sub('%zu', str(n), t.n('%zu record', '%zu records', n)) in text, n
    # All that casevault wrote here, of which there is a list: what is not in it would be shown as it is kept.
    details = {e['detail'] for e in p.json_as('auditor', 'audit', 'log') if 'detail' in e}
    assert len(details) > 20 and not {d for d in details if '; ' + words(d) in text or ' ' + words(d) + ' ' in text}, details
    assert ' search ' in text and ' refused ' in text
    p.as_('auditor', 'audit', 'log', '--action', 'nothing', rc=2, err='restore')


def checked(p, t, file):
    """A package that came: each check is a sentence; what fails says why."""
    line = ('verify', '--sender-key', p.print, '-i', p.path('Prosecutor.key'), file)
    text = p.run(*line, out=t('Package %s, made %s by %s').split(' ')[0] + ' ')
    for said in ('it is one whole package, and nothing is hidden in it', 'each record stands in the log of that vault', 'holds'):
        assert t(said) in text, (said, text)
    assert 'container' not in text and all(len(l) <= 80 for l in text.split('\n')[1:]), text
    for one, many, n in (("  %'zu record", "  %'zu records", 4), (", %'zu consent relied on\n", ", %'zu consents relied on\n", 1)):
        assert t.n(one, many, n).replace("%'zu", str(n)).strip('\n') in text, text
    # Another's fingerprint: not this one's vault.
    line = ('verify', '--sender-key', 'aaaa-bbbb-cccc-dddd-eeee', '-i', p.path('Prosecutor.key'), file)
    text = p.run(*line, rc=14, err=t('%.100s: it does not hold that %s: %s') % (file, t('it is from the vault whose fingerprint the sender read out'), ''))
    assert '  %s ' % t('FAILS') in text, text
    # One that nobody read out yet is unknown, and not called false; nor is a signed purpose said otherwise.
    text = p.run('verify', '-i', p.path('Prosecutor.key'), file, rc=13, home=p.path('stranger'), err=t('the sender reads it out to you on the telephone, from `casevault status`'))
    assert '  %s ' % t('not known') in text and t('FAILS') not in text and ' Prosecution\n' in text, text
    assert t('%.100s: it does not hold that %s: %s') % (file, '', '') not in p.told and file + ': ' in p.told, p.told


JSON = (('status',), ('record', 'show', 'ID'), ('record', 'list', '--titles'), ('record', 'history', 'ID'), ('member', 'list'), ('role', 'list'),
        ('policy', 'show'), ('partner', 'list'), ('package', 'list'), ('check',), ('stats', '--by', 'gender'), ('case', 'show', 'CASE'), ('search', 'many2'))


def answers(p, person, case):
    """What programs get: of answers, and of errors."""
    out = []
    for line in JSON:
        text = p.as_('founder', *[{'ID': person, 'CASE': case}.get(w, w) for w in line], '--json')
        # Each look is an entry more, which these count; of the others not a byte may differ.
        out.append(re.sub(r'[0-9]+', '0', re.sub('"root":"[^"]*"', '', text)) if line[0] in ('status', 'check', 'stats') else text)
    out.append(p.run('help', '--json'))
    p.as_('founder', 'record', 'show', 'zzz', '--json', rc=1)
    out.append(p.told)
    p.as_('auditor', 'audit', 'log', '--csv', '--until', '2001-01-01')
    for form in ('--csv', '--json'):
        out.append(p.as_('auditor', 'audit', 'log', '--action', 'create', form))
    out.append(p.as_('founder', 'stats', '--by', 'gender', '--csv'))
    return out


def spoiled(p, t):
    """A copy of the program, whose catalog is another: it speaks English."""
    root = p.path('copy')
    os.makedirs(os.path.join(root, 'cmd'))
    binary = os.path.join(root, 'cmd', 'casevault')
    shutil.copy(p.binary, binary)
    shutil.copytree(os.path.join(os.path.dirname(os.path.dirname(p.binary)), 'share'), os.path.join(root, 'share'))
    catalog = os.path.join(root, 'share/locale/ru/LC_MESSAGES/casevault.mo')
    whole, english, russian = open(catalog, 'rb').read(), 'there is no command nonsense', t('there is no command %s; see `casevault --help`') % 'nonsense'
    real, p.binary = p.binary, binary
    p.run('nonsense', rc=2, err=russian)
    for bad in (whole[:len(whole) // 2], whole[:20], b'', whole[:-1] + bytes([whole[-1] ^ 1]), whole.replace('нет'.encode(), b'%n%n%n', 1)):
        open(catalog, 'wb').write(bad)
        p.run('nonsense', rc=2, err=english)
    os.remove(catalog)
    p.run('nonsense', rc=2, err=english)
    # Nor one from a place that the environment names.
    os.makedirs(p.path('elsewhere/LC_MESSAGES'))
    open(p.path('elsewhere/LC_MESSAGES/casevault.mo'), 'wb').write(whole)
    p.more['LANGUAGE'] = os.path.relpath(p.path('elsewhere'), os.path.join(root, 'share/locale'))
    p.run('nonsense', rc=2, err=english)
    p.binary = real
    p.run('nonsense', rc=2, err=english)
    p.more['LANGUAGE'] = 'en:ru'
    p.run('nonsense', rc=2, err=english)
    p.more['LANGUAGE'] = 'xx:ru:sq'
    p.run('nonsense', rc=2, err=russian)


def test(p):
    make_locales(p)
    catalogs = {l: Catalog(p.binary, l) for l in LOCALES}
    template = json.load(open(os.path.join(os.path.dirname(__file__), '../../template/default.json')))
    label = next(f['label'] for f in template['types']['person']['sections']['exploitation'] if f['name'] == 'type_of_exploitation')
    p.vault()
    case, person, _ = p.case()
    partner = p.partner('Prosecutor')
    p.consent(person, partner)
    for language in LOCALES:
        for name in NAMES[language]:
            p.add('founder', dict(PERSON, identity={'first_name': 'A', 'second_name': name}))
    for n in (1, 2, 5, 21):
        lines = b''.join(json.dumps({'type': 'person', 'admin': {'role': 'Victim'}, 'identity': {'first_name': 'N%d' % i, 'second_name': 'many%d' % n}}).encode() + b'\n' for i in range(n))
        p.as_('founder', 'record', 'import', '-', stdin=lines)
    p.package('founder', case, 'Prosecutor', 'court.age')
    p.print = p.json_as('founder', 'status')[0]['fingerprint']
    p.as_('founder', 'policy', 'set', '--package-approvals', '1')
    english, plain = answers(p, person, case), pages(p, case)
    for language in LOCALES:
        speak(p, language)
        for there, here in zip(english, answers(p, person, case)):
            assert there == here, (language, there, here)
    for language in LOCALES:
        speak(p, language)
        speaks(p, catalogs[language], language, person, label)
        says_yes(p, catalogs[language], case, partner)
        paged(p, catalogs[language], language, plain, case)
        logged(p, catalogs[language])
        checked(p, catalogs[language], p.path('court.age'))
    speak(p, 'ru')
    spoiled(p, catalogs['ru'])


main(test)
