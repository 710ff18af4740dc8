#!/usr/bin/env python3
"""Searching: in whichever alphabet, by whom, what the log says of it; and an index that tells nobody else anything."""
import glob, json, os, shutil, subprocess, time

from common import HINTS, main
from grants import events
from people import pseudonym

RECORDS = {
    'jovana': {'type': 'person', 'admin': {'role': 'Victim'},
               'identity': {'first_name': 'Јована', 'second_name': 'Đorđević', 'birth_date': '1990-05-13',
                            'documents': [{'kind': 'Passport', 'number': 'XRS 195-593', 'country': 'RS'}]},
               'contact': {'mobile_phone': '+381601234567', 'shelter': 'Blue House'},
               'medical': {'needs': 'insulin'}, 'risk': {'level': 'High'}},
    'khatuna': {'type': 'person', 'admin': {'role': 'Victim'},
                'identity': {'first_name': 'ხათუნა', 'second_name': 'Щербакова', 'birth_date': '1995-06'},
                'medical': {'needs': 'an asthma spray'}},
    'stefan': {'type': 'person', 'admin': {'role': 'Suspect'},
               'identity': {'first_name': 'Ștefan', 'second_name': 'Țurcanu', 'birth_date': '1971'}},
    'case': {'type': 'case', 'admin': {'case_number': 'RS-2024-00017', 'status': 'Active', 'opened': '2024-02-29'},
             'exploitation': {'summary': 'She was held in Belgrade, and told that the papers were in order.'},
             'perpetrators': {'persons': [{'name': 'Стефан Ђорђевић', 'phone': '+38160000082'}]}},
    'told': {'type': 'testimony', 'testimony': {'statements': [
        {'date': '2024-05-01', 'language': 'rus', 'text': 'Документы забрали сразу. В Белграде было холодно.'},
        {'date': '2024-06-01', 'language': 'eng', 'text': 'The red door was always locked.'}]}},
}

QUERIES = [  # what is typed, and who is found by protection
    ('Јована', 'jovana'), ('Jovana', 'jovana'), ('JOVANA', 'jovana'), ('Yovana', 'jovana'),
    ('ხათუნა', 'khatuna'), ('Khatuna', 'khatuna'), ('Хатуна', 'khatuna'), ('hatuna', 'khatuna'),
    ('Ștefan', 'stefan case'), ('Şţefan', 'stefan case'), ('Stefan', 'stefan case'), ('Стефан', 'stefan case'),
    ('Щербакова', 'khatuna'), ('Shcherbakova', 'khatuna'), ('Scherbakova', 'khatuna'), ('Szczerbakowa', 'khatuna'),
    ('Đorđević', 'jovana case'), ('Djordjevic', 'jovana case'), ('Dordevic', 'jovana case'), ('Ђорђевић', 'jovana case'),
    ('Turcanu', 'stefan'), ('Цуркану', ''),
    ('Beograd*', ''), ('Belgr*', 'case told'), ('Белград*', 'case told'), ('Jov*', 'jovana'), ('Shcherb*', 'khatuna'), ('Щерб*', 'khatuna'), ('Khat*', 'khatuna'),
    ('jovana dordevic', 'jovana'), ('jovana AND stefan', ''), ('jovana OR stefan', 'jovana stefan case'),
    ('stefan NOT djordjevic', 'stefan'), ('(jovana OR stefan) NOT case_number:RS-2024-00017', 'jovana stefan'),
    ('dordevic NOT (jovana OR stefan)', ''), ('NOT stefan djordjevic', 'jovana'),
    ('"red door"', 'told'), ('"door red"', ''), ('"red doo"*', 'told'), ('"сразу the"', ''), ('red locked', 'told'),
    ('jovama dordevic', 'jovana'), ('jovana dordevik', 'jovana'), ('stefan NOT turcani', 'stefan case'), ('Jovanna', 'jovana'), ('Jovama', 'jovana'), ('Jvoana', 'jovana'), ('Scherbokowa', 'khatuna'), ('Zovan', ''), ('Jovanna~', 'jovana'),
    ('first_name:jovana', 'jovana'), ('identity:jovana', 'jovana'), ('contact:jovana', ''), ('identity.first_name:jovana', 'jovana'),
    ('name:stefan', 'case'), ('persons:stefan', 'case'), ('persons.name:stefan', 'case'), ('text:belgrade', 'told'), ('text:Белграде', 'told'),
    ('birth_date:1990..1995', 'jovana khatuna'), ('birth_date:..1989', 'stefan'), ('birth_date:1995-06..', 'khatuna'),
    ('birth_date:1990-05-14..1995-05', ''), ('birth_date:1990', 'jovana'), ('birth_date:1971', 'stefan'), ('1990-05-13', 'jovana'),
    # A date that is partly known is all days that it may be: it is met where these and those looked for meet.
    ('birth_date:1995-06-10..1995-07', 'khatuna'), ('birth_date:1995-06-30..1996', 'khatuna'), ('birth_date:1995-07..1996', ''),
    ('birth_date:1995-01..1995-06-01', 'khatuna'), ('birth_date:1995-01..1995-05-31', ''), ('birth_date:1995-06-10', 'khatuna'),
    ('birth_date:1971-05-10..1971-06', 'stefan'), ('birth_date:1971-12-31..1980', 'stefan'), ('birth_date:1970..1971-01-01', 'stefan'),
    ('birth_date:1972..1989', ''), ('birth_date:1971-03', 'stefan'), ('birth_date:1971-03..1971', 'stefan'), ('birth_date:..1970-12-31', ''),
    ('birth_date:1990-05-13..1990-05-13', 'jovana'), ('birth_date:1990-05-14', ''), ('birth_date:1990-05..1990-05-12', ''), ('birth_date:1990-05', 'jovana'),
    ('1990..1990-05', 'jovana'), ('opened:2024', 'case'), ('2024-05-01..2024-05-31', 'told'), ('birth_date:2024', ''),
    ('XRS195593', 'jovana'), ('xrs-195-593', 'jovana'), ('"XRS 195-593"', 'jovana'), ('number:XRS195593', 'jovana'),
    ('+381601234567', 'jovana'), ('+381 60 1234567', 'jovana'), ('"+381 (60) 123-45-67"', 'jovana'), ('00381601234567', 'jovana'),
    ('insulin', ''), ('nothing-of-that-kind', ''), ('RS-2024-00017', 'case'), ('Victim', 'jovana khatuna'),
]

HOSTILE = [  # what is typed, and what is said of it
    ('', 'something to look for is missing'), ('   ', 'something to look for is missing'), ('"open', 'is not closed'),
    ('(a', 'a bracket is not closed'), ('a)', 'that was not opened'), ('()', 'here stands a word'), ('NOT a', 'NOT stands beside'),
    ('a OR NOT b', 'NOT stands beside'), ('NOT NOT a b', 'NOT stands beside'), ('a AND', 'something to look for is missing'), ('AND a', 'here stands a word'),
    ('a OR', 'is missing'), ('jo*na', 'at the end of a word'), ('*', 'at the end of a word'), ('"a"b', 'stands a space'),
    ('!!!', 'there is no word'), ('nosuchfield:x', 'no field nosuchfield'), ('word:x" OR 1', 'is not closed'),
    ('1990..soon', 'days that exist'), ('..', 'days that exist'), ('1995..1990', 'after the last'), ('2023-02-30..', 'days that exist'),
    ('(' * 40 + 'a' + ')' * 40, 'at character 17: more than 16 brackets or NOTs within one another'), ('NOT ' * 40 + 'a', 'brackets or NOTs within one another'), ('a ' * 200, 'too many words'),
    ('x' * 1001, 'longer than 1000 bytes'), ('x' * 100000, 'longer than 1000 bytes'), (b'caf\xe9', 'not UTF-8'), (b'a\0b', 'not UTF-8'),
]
HARMLESS = ['"; DROP TABLE word; --', "' OR 1=1", 'word MATCH jovana', '{text}: a', 'a NEAR b', 'NEAR(a b)', '^a', 'a + b', '-a -b', 
            '"' + 'a ' * 400 + '"', '\ufdfa' * 300, 'x' * 900, '"a*b"*', 'ﷺ*', '%s%n', '\\', '٠٤٥', '\u202e\u200b']


def search(p, who, terms, *more, **kw):
    return p.json_as(who, 'search', '-', *more, stdin=terms if isinstance(terms, bytes) else terms.encode(), **kw)


def found(p, ids, who, terms, *more):
    names = {v: k for k, v in ids.items()}
    return {names[h['id']] for h in search(p, who, terms, *more) if h['id'] in names}


def queries(p, ids):
    got = {terms: found(p, ids, 'protection', terms) for terms, _ in QUERIES}
    wrong = {terms: sorted(got[terms]) for terms, want in QUERIES if got[terms] != set(want.split())}
    assert not wrong, wrong
    for terms, said in HOSTILE:
        p.as_('protection', 'search', '-', stdin=terms if isinstance(terms, bytes) else terms.encode(), rc=2, err=said)
    assert ids['jovana'] in p.run('search', *p.who('protection'), '--', '-Jovana') and ids['jovana'] not in p.run('search', *p.who('protection'), '--', '-q')
    p.as_('protection', 'search', '-Jovana', rc=2)
    for terms in HARMLESS:
        r = subprocess.run([p.binary, 'search', '-', *p.who('protection')], input=terms.encode(), capture_output=True, env=p.env())
        assert r.returncode in (0, 2) and len([l for l in r.stderr.decode().split('\n') if l and not l.startswith(HINTS)]) == 1, (terms, r)


def shown(p, ids):
    """What an officer sees."""
    said = p.as_('protection', 'search', 'Djordjevic')
    lines = said.split('\n')
    assert lines[0].split() == ['RECORD', 'TYPE', 'TITLE', 'FOUND', 'IN'] and len(lines) == 4, said
    assert ids['jovana'] in said and 'Јована Đorđević' in said and 'Family name' in said
    assert ids['case'] in said and 'RS-2024-00017' in said and 'Persons' in said and '2 records.' in p.told
    hit = search(p, 'protection', 'Jovama')[0]
    assert hit == {'id': ids['jovana'], 'type': 'person', 'version': 1, 'title': 'Јована Đorđević',
                   'found_in': ['identity.first_name'], 'almost': True}, hit
    assert 'No record has the word Jovama; names are shown that are spelled almost so.' in p.told
    assert search(p, 'protection', 'Jovana')[0]['almost'] is False
    assert [h['id'] for h in search(p, 'protection', 'Djordjevic', '--type', 'case')] == [ids['case']]
    assert len(search(p, 'protection', 'Djordjevic', '--limit', '1')) == 1 and '1 of 2 records; --limit NUMBER shows more' in p.told
    p.as_('protection', 'search', 'zzzz', err='Nothing found in what you may read.')
    p.as_('protection', 'search', '--type', 'nothing', 'a', rc=2, err='there is no type nothing')
    p.as_('protection', 'search', '--limit', '0', 'a', rc=2)
    p.as_('protection', 'search', rc=13, err='nobody is there')


def roles(p, ids):
    """Everyone finds what they may read, and no more; who may read nothing of it is refused, and that is logged."""
    assert found(p, ids, 'medical', 'Jovana insulin') == {'jovana'} and found(p, ids, 'legal', 'insulin') == set()
    assert found(p, ids, 'legal', '"Blue House"') == set() and found(p, ids, 'protection', '"Blue House"') == {'jovana'}
    assert found(p, ids, 'medical', 'Belgrade') == set() and found(p, ids, 'legal', 'Belgrade') == {'case', 'told'}
    assert found(p, ids, 'intake', 'Jovana') == set() and found(p, ids, 'auditor', 'Jovana') == set()
    hit = search(p, 'medical', 'asthma')[0]
    assert hit['title'] == 'ხათუნა Щербакова' and hit['found_in'] == ['medical.needs']
    p.as_('legal', 'search', 'shelter:blue', rc=13, err='none of your roles opens the field shelter; the attempt is in the log')
    last = events(p, 'refused')[-1]
    assert last['detail'] == 'no right to search' and last['sections'] == ['shelter']
    p.as_('medical', 'search', 'testimony.statements.text:a', rc=13, err='none of your roles opens the field')


def logged(p, ids):
    """One event for a search, with its terms and what was found, and one for the reading into the index."""
    before = {a: len(events(p, a)) for a in ('index', 'search', 'read')}
    search(p, 'protection', 'Djordjevic', '--reason', 'a call from the border')
    search(p, 'protection', 'nobody-of-that-name')
    after = {a: events(p, a) for a in before}
    assert len(after['index']) == before['index'] and len(after['read']) == before['read']
    one, two = after['search'][before['search']:]
    assert one['terms'] == 'Djordjevic' and one['reason'] == 'a call from the border' and sorted(one['ids']) == sorted([ids['jovana'], ids['case']])
    assert set(one['sections']) == {'identity', 'perpetrators', 'admin'} and two['ids'] == [] and two['terms'] == 'nobody-of-that-name'
    assert 'for Djordjevic (a call from the border)' in p.as_('auditor', 'audit', 'log', '--action', 'search')
    p.add('intake', {'type': 'case', 'exploitation': {'summary': 'Seen at Gorlovka'}})
    assert len(search(p, 'protection', 'Горловка')) == 1
    index = events(p, 'index')[-1]
    assert 'entries' in index['detail'] and 'exploitation' in index['sections'] and len(events(p, 'index')) == before['index'] + 1
    p.as_('auditor', 'audit', 'verify', '--contents')


def nowhere(p):
    """No term, no name, folded or not, stands in a file of the vault, of a cache, or anywhere else."""
    grep = lambda word, *where: subprocess.run(['grep', '-a', '-r', '-l', '-i', word, *where], capture_output=True).stdout
    for word in ('Јована', 'Jovana', 'iovana', 'ხათუნა', 'hatuna', 'serbakova', 'Щербакова', 'dordevic', 'Djordjevic', 'XRS195593', '381601234567',
                 'belgrade', 'insulin', 'gorlovka', 'nobody-of-that'):
        assert grep(word, p.dir, '--exclude-dir=kept') == b'', '%s: %s' % (word, grep(word, p.dir))
    for word in ('SQLite format', 'fts5', 'first_name'):
        assert grep(word, os.path.dirname(index_files(p)[0])) == b'', word
    assert not [f for f in glob.glob(p.home + '/.cache/casevault/*/index/*') if '.' in os.path.basename(f)]


def traced(p):
    """While the index is made, written on and searched, no file is made but its own, the catalog's, and those of the vault."""
    if shutil.which('strace') is None:
        return
    for f in index_files(p)[::2]:
        os.unlink(f)
    left = p.path('left')
    open(index_files(p)[0] + '.abcdef', 'w').write('x')  # of a process that was killed, long ago
    os.utime(index_files(p)[0] + '.abcdef', (1, 1))
    p.add('intake', RECORDS['stefan'])
    subprocess.run(['strace', '-f', '-o', left, '-e', 'trace=open,openat,creat', p.binary, 'search', 'Stefan~', *p.who('protection')],
                   check=True, capture_output=True, env=dict(p.env(), ASAN_OPTIONS='detect_leaks=0'))
    made = [l for l in open(left, errors='replace') if 'O_CREAT' in l or 'creat(' in l]
    index, known = '/.cache/casevault/', ('/index/', 'catalog.db', '/.local/state/casevault/', '"lock"', '"archive', '.tar"', 'wrong-')
    assert made and all(any(k in l for k in known) for l in made), [l for l in made if not any(k in l for k in known)]
    assert any(index in l and '/index/' in l for l in made)
    os.unlink(left)


def at_once(p, ids):
    """Several searches at once, while the index has to be made anew and records come in."""
    for f in index_files(p):
        os.unlink(f)
    start = lambda *a, **kw: subprocess.Popen([p.binary, *a], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=p.env(), **kw)
    runs = [start('search', 'Djordjevic', '--json', *p.who('protection')) for _ in range(4)]
    p.add('intake', RECORDS['khatuna'])
    for run in runs:
        out, err = run.communicate()
        assert run.returncode == 0 and {json.loads(l)['id'] for l in out.splitlines()} == {ids['jovana'], ids['case']}, err
    assert len(search(p, 'protection', 'Khatuna')) == 2


def argv(p):
    """Words of the command line are taken away before anything is waited for."""
    with subprocess.Popen([p.binary, 'search', 'Topsecretname', '-i', p.path('protection.identity'), '--passphrase-fd', '0', '--vault', p.path('vault')],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=p.env()) as run:
        until = time.time() + 20
        while b'Topsecretname' in open('/proc/%d/cmdline' % run.pid, 'rb').read() or b'search' not in open('/proc/%d/cmdline' % run.pid, 'rb').read():
            assert time.time() < until, 'the terms can be seen'
            time.sleep(0.02)
        run.communicate(b'correct horse battery staple\n')
        assert run.returncode == 0


def edited(p, ids):
    """What a version said before is not found; what it says now is; a section that was emptied says nothing."""
    edit = lambda record, change: p.as_('protection', 'record', 'edit', record, '-', stdin=json.dumps(change).encode())
    edit(ids['stefan'], {'identity': {'first_name': 'Ștefan', 'second_name': 'Munteanu', 'birth_date': '1972'}})
    assert found(p, ids, 'protection', 'Turcanu') == set() and found(p, ids, 'protection', 'Munteanu') == {'stefan'}
    assert found(p, ids, 'protection', 'stefan NOT turcanu') == {'stefan', 'case'} and found(p, ids, 'protection', 'role:suspect munteanu') == {'stefan'}
    edit(ids['stefan'], {'admin': {'role': 'Witness'}})
    assert found(p, ids, 'protection', 'role:suspect') == set() and found(p, ids, 'protection', 'munteanu role:witness') == {'stefan'}
    edit(ids['told'], {'testimony': {}})
    assert found(p, ids, 'protection', 'red') == set() and found(p, ids, 'protection', 'Белград*') == {'case'}
    assert search(p, 'protection', 'munteanu')[0]['version'] == 3


def index_files(p):
    return sorted(glob.glob(p.home + '/.cache/casevault/*/index/*'))


def damaged(p, ids):
    """A file of the index that is damaged, cut, replaced or away is made anew: it costs time, and nothing else."""
    def flip(at):
        def do(f):
            b = bytearray(open(f, 'rb').read())
            b[at if at >= 0 else len(b) + at] ^= 1
            open(f, 'wb').write(b)
        return do
    def write(b):
        return lambda f: open(f, 'wb').write(b)
    def cut(n):
        return lambda f: os.truncate(f, n)
    harm = [flip(0), flip(12), flip(20), flip(30), flip(43), flip(47), flip(50), flip(80), flip(110), flip(9000), flip(20000), flip(-1), cut(0), cut(47),
            cut(48), cut(104), cut(48 + 56 + 16400), cut(20000), write(b''), write(b'x' * 100000), os.unlink]
    for turn in range(5):  # each harm to some sections, each section some harm
        files = index_files(p)
        for k, f in enumerate(files):
            harm[(turn * len(files) + k) % len(harm)](f)
        assert found(p, ids, 'protection', 'jovana dordevic birth_date:1990..1991') == {'jovana'}
        assert found(p, ids, 'protection', 'Jovama') == {'jovana'} and found(p, ids, 'protection', 'belgrade') == {'case'}
    one = [f for f in index_files(p) if '/identity-' in f][0]
    other = [f for f in index_files(p) if '/admin-' in f][0]
    shutil.copy(one, other)  # another section's
    assert found(p, ids, 'protection', 'jovana role:victim') == {'jovana'}
    os.unlink(one)
    os.symlink('/etc/passwd', one)
    assert found(p, ids, 'protection', 'jovana') == {'jovana'} and open('/etc/passwd').read().startswith('root')
    os.unlink(one)
    os.mkdir(one)  # it cannot be written: searching goes on without it
    assert found(p, ids, 'protection', 'jovana') == {'jovana'}
    os.rmdir(one)
    n = len(events(p, 'index'))
    assert found(p, ids, 'protection', 'jovana') == {'jovana'} and len(events(p, 'index')) == n + 1
    assert found(p, ids, 'protection', 'jovana') == {'jovana'} and len(events(p, 'index')) == n + 1


def flip(p, entry):
    """One bit of an entry's data, in the archive."""
    for path in glob.glob(p.path('vault', 'archive', '*.tar')):
        raw, at = bytearray(open(path, 'rb').read()), 0
        while at < len(raw):
            size = int(raw[at + 124:at + 135], 8)
            if int(raw[at:at + 11]) == entry:
                raw[at + 512 + size // 2] ^= 1
                open(path, 'wb').write(raw)
                return
            at += 512 + (size + 511) // 512 * 512
    raise AssertionError('no entry %d' % entry)


def unreadable(p, ids):
    """An entry that was damaged when the index was made is told of, and found as soon as it is mended; what else is there costs no second reading."""
    said = '%s could not be read, and %s not searched; `casevault check` says which.'
    for harm, names in ((index_files(p), ('Zorka', 'Milka')), ([], ('Dunja', 'Ruzica'))):  # the index is made whole; then its end alone
        for f in harm:
            os.unlink(f)
        one, two = (p.add('intake', {'type': 'person', 'identity': {'first_name': name}}) for name in names)
        entries = [p.json_as('legal', 'record', 'history', record)[0]['entry'] for record in (one, two)]
        both = ' OR '.join(names)
        for entry in entries:
            flip(p, entry)
        assert found(p, ids, 'protection', 'jovana') == {'jovana'} and search(p, 'protection', both) == []
        assert said % ('2 records', 'are') in p.told, p.told
        p.as_('protection', 'related', ids['case'], err=said % ('2 records', 'are'))
        p.as_('protection', 'record', 'add', '-', stdin=json.dumps({'type': 'person', 'identity': {'identity_number': 'UU 77123'}}).encode(),
              err=said % ('2 records', 'are'))
        search(p, 'protection', 'UU77123')
        n = len(events(p, 'index'))
        flip(p, entries[0])
        assert [h['id'] for h in search(p, 'protection', both)] == [one] and said % ('1 record', 'is') in p.told, p.told
        assert len(events(p, 'index')) == n + 1
        search(p, 'protection', names[0], '-q')
        assert said % ('1 record', 'is') in p.told and len(events(p, 'index')) == n + 1, p.told  # tried again, without a reading
        flip(p, entries[1])
        assert {h['id'] for h in search(p, 'protection', both)} == {one, two} and 'could not be read' not in p.told, p.told
        assert len(events(p, 'index')) == n + 2
        search(p, 'protection', both)
        assert 'could not be read' not in p.told and len(events(p, 'index')) == n + 2
        assert p.json_as('protection', 'record', 'show', two)[0]['version'] == 1


def erased(p, ids):
    """An erased record leaves the index at once: no file that told of it opens any more, whoever kept a copy."""
    kept = p.path('kept')
    shutil.copytree(os.path.dirname(index_files(p)[0]), kept)
    p.as_('protection', 'record', 'erase', ids['jovana'], '--reason', 'she asked', '--really', '--confirm', ids['jovana'])
    assert found(p, ids, 'protection', 'jovana') == set() and found(p, ids, 'protection', 'Djordjevic') == {'case'}
    for f in glob.glob(kept + '/*'):
        shutil.copy(f, os.path.dirname(index_files(p)[0]))
    n = len(events(p, 'index'))
    assert found(p, ids, 'protection', 'jovana') == set() and found(p, ids, 'protection', 'Khatuna') == {'khatuna'}
    assert len(events(p, 'index')) == n + 1  # the copies were of no use
    assert found(p, ids, 'protection', 'XRS195593') == set() and found(p, ids, 'legal', 'jovana') == set()


def revoked(p, ids):
    """Who loses a role finds no more by it; who gains one finds at once."""
    p.as_('founder', 'role', 'grant', pseudonym(p, 'legal'), 'medical')
    p.as_('medical', 'status')
    assert found(p, ids, 'legal', 'asthma') == {'khatuna'}
    p.as_('founder', 'role', 'revoke', pseudonym(p, 'legal'), 'medical')
    assert found(p, ids, 'legal', 'asthma') == set()
    p.as_('legal', 'search', 'needs:asthma', rc=13)
    p.as_('founder', 'role', 'grant', pseudonym(p, 'protection'), 'analyst')
    p.as_('founder', 'role', 'revoke', pseudonym(p, 'protection'), 'protection')
    assert found(p, ids, 'protection', 'Khatuna') == set()
    assert found(p, ids, 'legal', 'Khatuna') == {'khatuna'}  # whose sections have new keys now
    p.add('founder', {'type': 'person', 'admin': {'role': 'Victim'}, 'identity': {'first_name': 'Лейла'}})
    assert len(search(p, 'legal', 'Leila')) == 1 and search(p, 'protection', 'Leila') == []


def why(p, ids):
    p.as_('founder', 'policy', 'set', '--require-reason')
    p.as_('legal', 'search', 'Khatuna', rc=2, err='add --reason TEXT')
    assert len(search(p, 'legal', 'Khatuna', '--reason', 'a call')) == 2


def test(p):
    p.vault()
    ids = {name: p.add('intake', record) for name, record in RECORDS.items()}
    queries(p, ids)
    shown(p, ids)
    roles(p, ids)
    logged(p, ids)
    argv(p)
    traced(p)
    at_once(p, ids)
    nowhere(p)
    edited(p, ids)
    damaged(p, ids)
    unreadable(p, ids)
    erased(p, ids)
    revoked(p, ids)
    why(p, ids)
    nowhere(p)


if __name__ == '__main__':
    main(test)
