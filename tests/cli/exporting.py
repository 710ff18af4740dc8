#!/usr/bin/env python3
"""Exporting for oneself: sealed or plainly not, under one event, whole or not at all; and what goes out comes in again."""
import csv, io, json, os, pty, re, select, shutil, subprocess, sys, time

from common import PERSON, TESTIMONY, main

FILE_PASSPHRASE = 'a long passphrase for this file, 1987'
STEPS = 'write,pwrite64,fsync,fdatasync,linkat'


def sealed(p, who, *args, **kw):
    return p.as_(who, 'record', 'export', '--seal-passphrase-file', p.path('file-passphrase'), *args, **kw)


def lines(path):
    return [json.loads(l) for l in open(path, encoding='utf-8')]


def exports(p):
    return [e for e in p.json_as('auditor', 'audit', 'log') if e['action'] == 'export']


def on_terminal(argv, answers, env):
    """Run it at a terminal of its own, giving the next answer at each prompt; its exit status, and what it showed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(argv[0], argv, env)
    shown, asked, end = b'', b'', time.monotonic() + 60
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            block = os.read(terminal, 4096)
        except OSError:
            break
        if not block:
            break
        shown, asked = shown + block, asked + block
        if answers and re.search(rb'(passphrase|file|once more)[^:\n]*: $', asked, re.I):
            asked = b''
            os.write(terminal, answers.pop(0).encode() + b'\n')
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), shown.decode(errors='replace')


def age_opens(p, path):
    out = p.path('opened-by-age')
    status, shown = on_terminal(['age', '-d', '-o', out, path], [FILE_PASSPHRASE], p.env())
    assert status == 0, shown
    text = open(out, encoding='utf-8').read()
    os.unlink(out)
    return text


def whole(p):
    """What one may read, of all records; in one event, with their ids."""
    before = len(exports(p))
    out = p.path('all.age')
    sealed(p, 'protection', '--all', '-o', out, err='Sealed with the passphrase: `age -d', out='9 records exported')
    assert os.stat(out).st_mode & 0o777 == 0o600
    raw = open(out, 'rb').read()
    assert raw.startswith(b'age-encryption.org/v1\n-> scrypt ') and 'Хатуна'.encode() not in raw
    got = [json.loads(l) for l in age_opens(p, out).split('\n') if l]
    assert {r['id'] for r in got} == {r['id'] for r in p.json_as('protection', 'record', 'list')} > set(p.ids)
    person = [r for r in got if r['type'] == 'person'][0]
    assert person['identity'] == PERSON['identity'] and 'medical' not in person, person  # protection does not read it
    events = exports(p)[before:]
    assert len(events) == 1 and set(events[0]['ids']) == {r['id'] for r in got}, events
    assert events[0]['detail'] == 'to a file, JSON lines, sealed with a passphrase' and 'medical' not in events[0]['sections']
    assert 'testimony' in events[0]['sections']
    # Other members, other records.
    sealed(p, 'medical', '--all', '-o', p.path('medical.age'))
    got = {r['id']: r for r in map(json.loads, age_opens(p, p.path('medical.age')).strip().split('\n'))}
    assert got[p.ids[1]]['medical'] == PERSON['medical'] and not any({'contact', 'testimony', 'exploitation'} & set(r) for r in got.values())
    p.as_('intake', 'record', 'export', '--type', 'person', '--plain', '-o', p.path('none'), rc=1, err='no such record that you may see')
    p.as_('intake', 'record', 'export', p.ids[0], '--plain', '-o', p.path('none'), rc=13, err='the attempt is in the log')
    assert not os.path.exists(p.path('none'))


def chosen(p):
    """A type, a case, ids; and nothing without saying which."""
    case, victim, testimony, other = p.ids

    def ids(*args):
        out = p.path('chosen.json')
        p.as_('protection', 'record', 'export', '--plain', '-o', out, *args, err='NOT SEALED: whoever gets')
        found = [r['id'] for r in lines(out)]
        os.unlink(out)
        return set(found)
    assert ids('--type', 'person') == {victim, other} and ids('--type', 'person', '--type', 'case') == {victim, other, case}
    assert ids('--case', case) == {case, victim, testimony}
    assert ids(testimony, other.lower()) == {testimony, other}
    for args, rc, words in (((), 2, 'which records?'), (('--all', case), 2, 'which records?'), (('--type', 'x'), 2, 'there is no type x'),
                            (('--case', victim), 2, 'name the case'), (('0' * 27,), 1, 'there is no record'), (('x',), 1, ''),
                            (('--all', '--format', 'xml'), 2, 'json or csv'), (('--type', 'referral'), 1, 'nothing was written')):
        p.as_('protection', 'record', 'export', '--plain', '-o', p.path('chosen.json'), *args, rc=rc, err=words)
        assert not os.path.exists(p.path('chosen.json'))


def where(p):
    """Into a new file and nowhere else, and never by accident in the clear."""
    for args, words in ((('--all',), '--output FILE'), (('--all', '-o', '-'), 'do not go to a terminal or a pipe'),
                        (('--all', '--plain', '-o', '-'), 'do not go to a terminal or a pipe'),
                        (('--all', '--plain', '--seal-passphrase-file', 'x', '-o', 'y'), 'one or the other')):
        p.as_('protection', 'record', 'export', *args, rc=2, err=words)
    before = len(exports(p))
    p.as_('protection', 'record', 'export', '--all', '-o', p.path('x'), rc=1, err='no terminal to ask for the passphrase')
    open(p.path('there'), 'w').write('mine')
    os.symlink('/dev/null', p.path('to-null'))
    os.symlink('nowhere', p.path('to-nowhere'))
    for name, words in (('there', 'already there'), ('to-null', 'already there'), ('to-nowhere', 'already there'), ('none/x', 'cannot create')):
        sealed(p, 'protection', '--all', '-o', p.path(name), rc=1, err=words)
    assert open(p.path('there')).read() == 'mine' and len(exports(p)) == before, 'an event without an export'
    open(p.path('weak'), 'w').write('weak\n')
    p.as_('protection', 'record', 'export', '--all', '--seal-passphrase-file', p.path('weak'), '-o', p.path('x'), rc=2, err='too easy')
    # At a terminal it asks twice.
    argv = [p.binary, 'record', 'export', '--all', '-o', p.path('asked.age'), *p.who('protection')]
    status, shown = on_terminal(argv, [FILE_PASSPHRASE, 'something else altogether, 2001'], p.env())
    assert status == 2 and 'not the same' in shown and not os.path.exists(p.path('asked.age')), shown
    status, shown = on_terminal(argv, [FILE_PASSPHRASE, FILE_PASSPHRASE], p.env())
    assert status == 0 and '9 records exported' in shown, shown
    assert len(age_opens(p, p.path('asked.age')).strip().split('\n')) == 9


def second(p, name):
    p.run('init', p.path(name), '-i', p.path('founder.identity'), '--passphrase-file', p.path('passphrase'))
    return [*p.who('founder')[:4], '--vault', p.path(name)]


def shown(p, who, out, *more):
    p.run('record', 'export', '--all', '--plain', '-o', out, *more, *who)
    return {r['id']: r for r in lines(out)}


def round_trip(p):
    """Another vault takes it back: all of it as JSON lines; the fields of the standard as CSV."""
    ours = shown(p, p.who('founder'), p.path('ours.json'))
    assert ours[p.ids[1]]['medical'] == PERSON['medical'] and ours[p.ids[2]]['testimony'] == TESTIMONY['testimony']
    sealed(p, 'founder', '--all', '-o', p.path('trip.age'))
    theirs = second(p, 'second')
    p.run('record', 'import', p.path('trip.age'), '--seal-passphrase-file', p.path('passphrase'), *theirs, rc=12, err='the passphrase is wrong')
    whole_file = open(p.path('trip.age'), 'rb').read()
    for name, data in (('cut', whole_file[:-1]), ('bent', whole_file[:-1] + bytes([whole_file[-1] ^ 1])), ('head', whole_file[:100])):
        open(p.path(name), 'wb').write(data)
        p.run('record', 'import', p.path(name), '--seal-passphrase-file', p.path('file-passphrase'), *theirs, rc=14 if name != 'head' else 1)
        assert p.run('record', 'list', '--json', *theirs) == ''
    p.run('record', 'import', p.path('trip.age'), '--seal-passphrase-file', p.path('file-passphrase'), *theirs, out='%d records stored' % len(ours))
    assert shown(p, theirs, p.path('theirs.json')) == ours
    p.run('record', 'import', p.path('trip.age'), '--seal-passphrase-file', p.path('file-passphrase'), *theirs, out='0 records stored')

    p.as_('founder', 'record', 'export', '--all', '--plain', '-o', p.path('told.json'))
    assert 'Not in' not in p.told
    # What CSV does not hold is said, field by field, with -q too.
    p.as_('founder', 'record', 'export', '--all', '--plain', '--format', 'csv', '-q', '-o', p.path('ours.csv'))
    assert 'Not in the CSV, which holds the fields of the standard. JSON lines hold it:\n' in p.told, p.told
    for line in ('1  Person: Care needs', '1  Person: Shelter', '1  Person: Risk', '1  Testimony: Statements'):
        assert '\n%8s%s\n' % (line.split()[0] + '  ', line.split('  ')[1]) in p.told, (line, p.told)
    assert 'Roles in' not in p.told and 'First name' not in p.told and 'Name\n' not in p.told, p.told
    rows = list(csv.DictReader(open(p.path('ours.csv'), encoding='utf-8', newline='')))
    row = [r for r in rows if r['record_id'] == p.ids[0]][0]
    assert row['record_type'] == 'case' and row['per_RoleInProcess[1]'] == 'Transporter;Exploiter' and 'prs_FirstName' in rows[0] and 'per_RoleInProcess[1]' in rows[0]
    him = [r for r in rows if r['record_id'] == p.ids[3]][0]
    assert him['prs_FirstName'] == "'=HYPERLINK(1)" and him['prs_MobilePhone'] == "'+38160111222" and him['prs_SecondName'] == "''-x", him
    third = second(p, 'third')
    p.run('record', 'import', p.path('ours.csv'), *third, out='%d records stored' % len(ours))
    got = shown(p, third, p.path('third.json'))
    assert got.keys() == ours.keys()
    assert got[p.ids[0]]['perpetrators'] == ours[p.ids[0]]['perpetrators'], got[p.ids[0]]
    standard = json.load(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'template', 'default.json')))['types']
    fields = 0
    for id, record in ours.items():
        for section, values in standard[record['type']]['sections'].items():
            for f in values:
                if 'htcds' in f or f['type'] == 'ref' and section != 'coded':
                    have, want = (r.get(section, {}).get(f['name']) for r in (got[id], record))
                    assert have == want, (section, f, have, want)
                    fields += want is not None
    assert fields > 12, fields
    # What goes out for a spreadsheet goes nowhere else than what goes out whole: one event each.
    assert exports(p)[-1]['detail'] == 'to a file, CSV, NOT sealed'


def training(p):
    """Made-up records say that they are, and no vault for real cases takes them."""
    p.run('demo', '--cases', '1', p.path('demo'))
    found = [f for f in os.listdir(p.path('demo')) if f.endswith('.identity') and 'rotection' in f]
    where = p.path('demo')
    who = ['-i', os.path.join(where, found[0]), '--passphrase-file', os.path.join(where, 'passphrase'), '--vault', os.path.join(where, 'vault')]
    if not os.path.exists(who[3]):
        who[3] = [os.path.join(where, f) for f in os.listdir(where) if 'passphrase' in f][0]
    for format in ('json', 'csv'):
        p.run('record', 'export', '--type', 'case', '--plain', '--format', format, '-o', p.path('made-up.' + format), *who)
        p.as_('founder', 'record', 'import', p.path('made-up.' + format), rc=13, err='a made-up record')


def broken(p):
    """Killed at any step there is no file, or a whole one that the log knows of; and no plaintext is written on the way."""
    log, to = p.path('strace'), p.path('to')
    os.mkdir(to)

    def run(*strace):
        before = len(exports(p))
        r = subprocess.run(['strace', '-f', '-s', '60000', '-e', 'trace=%s' % STEPS, *strace, '-o', log, p.binary, 'record', 'export', '--all', '-o',
                            to + '/out', '--seal-passphrase-file', p.path('file-passphrase'), *p.who('protection')],
                           capture_output=True, env=dict(p.env(), ASAN_OPTIONS='detect_leaks=0'))
        if b'ptrace' in r.stderr:
            return None
        left = os.listdir(to)
        assert left in ([], ['out']), left
        made = len(exports(p)) - before
        assert made == 1 or not left, 'a file that the log does not know of'
        if left:
            os.unlink(to + '/out')
        return r, bool(left)
    first = run()
    if first is None:
        print('no right to trace: left out')
        return
    assert first[1] and first[0].returncode == 0, first
    text = open(log, errors='replace').read()
    octal = re.sub(r'\\([0-7]{1,3})', lambda m: chr(int(m[1], 8)), text).encode('latin-1', 'replace').decode('utf-8', 'replace')
    assert 'Хатуна' not in octal and 'Blue House' not in text and 'insulin' not in text
    for name in STEPS.split(','):
        n = len(re.findall(r'^\d+ +%s\(' % name, text, re.M))
        for k in sorted({1, n // 2, n - 1, n} & set(range(1, n + 1))):
            run('-e', 'inject=%s:signal=SIGKILL:when=%d' % (name, k))
    r, left = run('-e', 'inject=linkat:error=EIO:when=1')
    assert r.returncode == 1 and not left
    small = p.path('small')
    os.mkdir(small)
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', small], capture_output=True).returncode == 0:
        try:
            for _ in range(8):
                p.add('protection', dict(TESTIMONY, testimony={'statements': [{'text': 'y' * 9000}]}))
            sealed(p, 'protection', '--all', '-o', small + '/out', rc=1, err='No space left')
            assert os.listdir(small) == []
        finally:
            subprocess.run(['umount', small], check=True)


def test(p):
    p.vault()
    open(p.path('file-passphrase'), 'w').write(FILE_PASSPHRASE + '\n')
    case, victim, testimony = p.case(by='founder')
    other = p.add('founder', {'type': 'person', 'admin': {'role': 'Suspect'}, 'contact': {'mobile_phone': '+38160111222'},
                              'identity': {'first_name': '=HYPERLINK(1)', 'second_name': "'-x", 'citizenship': ['RS', 'MD'], 'birth_date': '1980'}})
    p.ids = [case, victim, testimony, other]
    p.as_('founder', 'record', 'edit', case, '-', stdin=json.dumps({'type': 'case', 'admin': {
        'case_number': 'RS-1', 'status': 'Active', 'persons': [victim]}, 'perpetrators': {'persons': [
            {'role': ['Transporter', 'Exploiter'], 'organisation': 'Agency'}, {'name': 'Only a name', 'phone': '+38160111222'}, {'role_details': 'line 1; "quoted"'}]}}).encode())
    whole(p)
    chosen(p)
    where(p)
    round_trip(p)
    training(p)
    broken(p)


main(test)
