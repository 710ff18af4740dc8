#!/usr/bin/env python3
"""languages: what people read is in theirs: answers, errors, usage, help, plural forms, dates, names, yes and no; what programs
read is the same in all; a catalog that is not the one that was built with the program costs English, and nothing else."""
import gettext, json, os, re, shutil, subprocess, sys

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
    p.as_('founder', 'policy', 'set', '--package-approvals', '1')
    for language in LOCALES:
        for name in NAMES[language]:
            p.add('founder', dict(PERSON, identity={'first_name': 'A', 'second_name': name}))
    for n in (1, 2, 5, 21):
        lines = b''.join(json.dumps({'type': 'person', 'admin': {'role': 'Victim'}, 'identity': {'first_name': 'N%d' % i, 'second_name': 'many%d' % n}}).encode() + b'\n' for i in range(n))
        p.as_('founder', 'record', 'import', '-', stdin=lines)
    english = answers(p, person, case)
    for language in LOCALES:
        speak(p, language)
        for there, here in zip(english, answers(p, person, case)):
            assert there == here, (language, there, here)
    for language in LOCALES:
        speak(p, language)
        speaks(p, catalogs[language], language, person, label)
        says_yes(p, catalogs[language], case, partner)
    speak(p, 'ru')
    spoiled(p, catalogs['ru'])


main(test)
