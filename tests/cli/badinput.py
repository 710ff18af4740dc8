#!/usr/bin/env python3
"""Bad input: one clear line that says what, where and what to do; the documented exit status; nothing written."""
import fcntl, json, os, subprocess, threading, time

from common import PASSPHRASE, PERSON, main

RECORDS = [  # name, bytes, words of the refusal
    ('empty', b'', 'standard input'),
    ('not json', b'{"type":"person",', 'standard input'),
    ('two values', b'{} {}', 'standard input'),
    ('an array', b'[]', 'record: an object'),
    ('duplicate key', b'{"type":"person","type":"case"}', 'standard input'),
    ('wrong utf-8', b'{"type":"person","identity":{"first_name":"\xff\xfe"}}', 'standard input'),
    ('a nul', b'{"type":"person","identity":{"first_name":"a\\u0000b"}}', 'standard input'),
    ('a float', b'{"type":"person","identity":{"number_of_children":1.5}}', 'standard input'),
    ('huge number', b'{"type":"person","identity":{"number_of_children":123456789012345678901234567890}}', 'standard input'),
    ('too deep', b'{"type":' + b'[' * 40 + b']' * 40 + b'}', 'standard input'),
    ('oversize', b'{"type":"' + b'a' * (1 << 20) + b'"}', 'standard input'),
    ('no type', b'{"identity":{}}', 'an object with a "type"'),
    ('unknown type', b'{"type":"dragon","identity":{}}', 'no type dragon'),
    ('unknown section', b'{"type":"person","nonsense":{}}', 'person.nonsense: this type has no such section'),
    ('section of another type', b'{"type":"person","testimony":{}}', 'person.testimony'),
    ('section not an object', b'{"type":"person","identity":[]}', 'person.identity: a section is an object'),
    ('unknown field', b'{"type":"person","identity":{"shoe_size":1}}', 'person.identity.shoe_size: there is no such field'),
    ('wrong type', b'{"type":"person","identity":{"first_name":7}}', 'person.identity.first_name: text'),
    ('wrong choice', b'{"type":"person","identity":{"gender":"Yes"}}', 'person.identity.gender: not one of its choices: '),
    ('wrong choice within', b'{"type":"person","identity":{"documents":[{"kind":"Passport"},{"kind":"Pass"}]}}',
     'person.identity.documents.kind: not one of its choices: Passport, '),
    ('a short list', b'{"type":"evidence","evidence":{"kind":"Photo"}}',
     'evidence.evidence.kind: not one of its choices: Photograph, Recording, Document, Message, Scan, Object, Other\n'),
    ('no such day', b'{"type":"person","identity":{"birth_date":"2023-02-29"}}', 'person.identity.birth_date: not a date'),
    ('no country', b'{"type":"person","identity":{"citizenship":["Serbia"]}}', 'person.identity.citizenship'),
    ('not a list', b'{"type":"person","identity":{"citizenship":"RS"}}', 'person.identity.citizenship: a list'),
    ('phone', b'{"type":"person","contact":{"mobile_phone":"0600"}}', 'person.contact.mobile_phone: not a telephone'),
    ('required', b'{"type":"case","admin":{"status":"Active"}}', 'case.admin.case_number: is required'),
    ('no section', b'{"type":"person"}', 'person: the record has no section'),
    ('inner field', b'{"type":"person","identity":{"documents":[{"number":"1"}]}}', 'person.identity.documents'),
    ('control character', b'{"type":"person","identity":{"first_name":"A\\u001b[2Jna"}}', 'person.identity.first_name: holds a control'),
    ('two lines', b'{"type":"person","identity":{"first_name":"Ana\\nIdentity"}}', 'person.identity.first_name: holds a control'),
    ('bidirectional', '{"type":"person","identity":{"also_known_as":["a\u202eb"]}}'.encode(), 'person.identity.also_known_as: holds a control'),
    ('bidirectional inside', '{"type":"person","identity":{"documents":[{"kind":"Passport","number":"\u2067"}]}}'.encode(),
     'person.identity.documents: holds a control'),
    ('bad id', b'{"type":"person","id":"123","identity":{}}', 'person.id'),
]


def template(fields='[{"name":"f","type":"string"}]', more='', roles='["custodian"]', sections='"x":{"rights":{}},"y":{"rights":{}}'):
    """A small template: one type `t`, whose section x has ${fields}, and y a date and a choice."""
    return ('{"casevault":"template v1","roles":%s,"sections":{"audit":{"rights":{}},%s},"types":{"t":{"sections":{"x":%s,'
            '"y":[{"name":"day","type":"date"},{"name":"c","type":"choice","choices":["a"]}]}}}%s}'
            % (roles, sections, fields, more)).encode()


def field(more):
    return template('[{"name":"f",%s}]' % more)

ID, OTHER = '0' * 27, '00000000000000000000000001' + '1'  # with their check symbols

TEMPLATES = [
    (b'', 'template'),
    (b'{}', 'template'),
    (b'[]', 'not a template of this version'),
    (b'{"casevault":"template v2"}', 'not a template of this version'),
    (b'{"casevault":"template v1","colour":1}', 'colour: is unknown'),
    (b'{"casevault":"template v1","roles":[],"sections":{},"types":{}}', 'roles are wanted'),
    (b'{"casevault":"template v1","roles":{},"sections":{},"types":{}}', 'roles: is not of its type'),
    (b'{"casevault":"template v1","roles":["custodian","custodian"],"sections":{},"types":{}}', 'stands twice'),
    (template(sections='"x":{"rights":{"z":"r"}}'), 'section x'),
    (template(sections='"x":{"rights":{},"colour":1}'), 'sections.x.colour: is unknown'),
    (template(sections='"x":{"rights":{}}'), 't.y: there is no such section'),
    (template(roles='["boss"]'), 'a role named custodian'),
    (field('"type":"dragon"'), 't.x.f: its type'),
    (field('"type":"string","htcds":7'), 't.x.f.htcds: is not of its type'),
    (field('"type":"string","colour":"red"'), 't.x.f.colour: is unknown'),
    (field('"type":"ref","to":"dragon"'), 't.x.f: to is for a ref'),
    # What a coded field is filled from must be there, elsewhere, and fit.
    (field('"type":"date","from":"day"'), 't.x.f: from names no field'),
    (field('"type":"date","from":"y.night"'), 't.x.f: from names no field'),
    (field('"type":"date","from":"z.day"'), 't.x.f: from names no field'),
    (field('"type":"date","from":"x.f"'), 't.x.f: from names no field'),
    (field('"type":"string","from":"y.day"'), 't.x.f: from names no field'),
    (field('"type":"string","from":"y.day|month"'), 't.x.f: from names no field'),
    (field('"type":"choice","choices":["b"],"from":"y.c"'), 't.x.f: from names no field'),
    (field('"type":"object","fields":[{"name":"g","type":"date","from":"y.day"}]'), 't.x.g: a field inside an object'),
    # Profiles: sections and fields that there are.
    (template(more=',"profiles":{"p":{"purpose":"P","types":["t"],"fields":{"z":["*"]}}}'), 'profiles.p.z: there is no such section'),
    (template(more=',"profiles":{"p":{"purpose":"P","types":["t"],"fields":{"audit":["*"]}}}'), 'profiles.p.audit: there is no such section'),
    (template(more=',"profiles":{"p":{"purpose":"P","types":["t"],"fields":{"x":["f","g"]}}}'), 'profiles.p.x.g: no type has such a field'),
    (template(more=',"profiles":{"p":{"purpose":"P","types":["t"],"fields":{"x":["day"]}}}'), 'profiles.p.x.day: no type has such a field'),
    (template(more=',"profiles":{"p":{"purpose":"P","types":["t"],"fields":{"x":"f"}}}'), 'profiles.p.x: a list'),
    (template(more=',"profiles":{"p":[]}'), 'profiles.p: an object is wanted'),
    (template(more=',"profiles":{"p":{"purpose":"P","types":["t"]}}'), 'profiles.p: purpose, types and fields'),
    (template(more=',"profiles":{"p":{"purpose":"P","types":[],"fields":{}}}'), 'profiles.p: its types'),
    (template(more=',"profiles":{"p":{"purpose":"P","types":["u"],"fields":{}}}'), 'profiles.p: its types'),
    (template(more=',"profiles":{"P":{"purpose":"P","types":["t"],"fields":{}}}'), 'profiles.P: its name'),
    (template(sections='"x":{"rights":{},"consent":"any"}'), 'sections.x: its consent'),
    (field('"type":"string","multi":true,"named":true'), 't.x.f: max is 1 to 64'),
]


def records(p):
    before = p.archive()
    for name, raw, words in RECORDS:
        p.as_('intake', 'record', 'add', '-', stdin=raw, rc=1, err=words)
        assert p.archive() == before, name
    whole = json.dumps(PERSON).encode()
    for n in range(0, len(whole), 3):
        p.as_('intake', 'record', 'add', '-', stdin=whole[:n], rc=1, err='standard input')
    assert p.archive() == before
    refusals(p, whole)
    before = p.archive()
    # An import names the line, and stores no part of the commit.
    lines = [json.dumps(PERSON), json.dumps(PERSON), '{"type":"person","identity":{"gender":"x"}}']
    p.as_('intake', 'record', 'import', '-', stdin='\n'.join(lines).encode(), rc=1, err='line 3: person.identity.gender')
    assert p.archive() == before
    p.as_('intake', 'record', 'import', '-', stdin='\n'.join(lines[:2]).encode(), out='2 records stored')


def refusals(p, whole):
    """Who may not is told so after the log has it: of what is appended, all is the refusals' own events."""
    before, kinds = p.archive(), p.kinds()
    lines = [whole, whole.replace(b'{', b'{"id":"%s",' % ID.encode(), 1)]
    p.as_('legal', 'record', 'add', '-', stdin=whole, rc=13, err='may write the section')
    p.as_('auditor', 'record', 'add', '-', stdin=whole, rc=13, err='may write the section')
    p.as_('auditor', 'record', 'import', '-', stdin=whole, rc=13, err='line 1: none of your roles may write the section')
    p.as_('intake', 'record', 'add', '-', stdin=lines[1], rc=13, err='the id is chosen by casevault')
    p.as_('intake', 'record', 'import', '-', stdin=b'\n'.join(lines), rc=13, err='line 2: the id is chosen by casevault')
    after = p.archive()
    assert all(after[name].startswith(raw) for name, raw in before.items())
    news = p.kinds()[len(kinds):]
    assert set(news) == {'batch', 'event', 'checkpoint'} and news.count('event') == 5, news
    refused = p.json_as('auditor', 'audit', 'log', '--action', 'refused')
    assert [e['detail'] for e in refused] == ['no right to create', 'no right to create', 'no right to import',
                                              'no right to create', 'no right to import']
    assert [e.get('sections') for e in refused][:3] == [['admin']] * 3


def ids(p):
    """Who reads heads may bring ids along, each once."""
    def lines(*ids):
        return b'\n'.join(json.dumps({'type': 'case', 'id': id, 'admin': {'case_number': 'X', 'status': 'Active'}}).encode() for id in ids)
    before = p.kinds().count('record')
    p.as_('founder', 'record', 'import', '-', stdin=lines(ID, OTHER, ID), rc=1, err='line 3: the id %s stands in line 1' % ID)
    assert p.kinds().count('record') == before
    p.as_('founder', 'record', 'import', '-', stdin=lines(ID), out='1 record stored')
    p.as_('founder', 'record', 'import', '-', stdin=lines(ID), out='0 records stored', err='1 was imported before')
    p.as_('founder', 'record', 'import', '-', stdin=lines(OTHER, ID).replace(b'Active', b'Closed'), rc=1,
          err='line 2: there is a record %s already' % ID)
    p.as_('founder', 'record', 'add', '-', stdin=lines(ID.lower()), rc=1, err='there is a record %s already' % ID)
    assert p.kinds().count('record') == before + 1
    p.as_('founder', 'record', 'add', '-', stdin=lines(OTHER), out=OTHER)


def claimed(p):
    """Two who bring the same id at the same time: the first in the log has it, and the other is told so; nothing of theirs is
    stored. (How readers tell entries that claim one nevertheless: unit/vault, claimed_twice.)"""
    id = '00000000000000000000000002' + '2'
    p.add('intake', PERSON)  # so that the import's own look at the heads shows in the log
    events = p.kinds().count('event')
    slow = subprocess.Popen([p.binary, 'record', 'import', '-', *p.who('founder')], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=p.env())
    while p.kinds().count('event') == events:
        time.sleep(0.05)
    p.add('legal', {'type': 'person', 'id': id, 'legal': {'notes': 'first'}})
    _, told = slow.communicate(json.dumps({'type': 'person', 'id': id, 'identity': {'first_name': 'Second'}}).encode())
    assert slow.returncode == 1 and b'there is a record %s already' % id.encode() in told, (slow.returncode, told)
    assert p.as_('founder', 'record', 'history', id).count(id) == 1
    assert p.json_as('founder', 'record', 'show', id)[0]['legal'] == {'notes': 'first'}
    p.as_('legal', 'record', 'history', '0' * 27, out='case')


def imports(p):
    """Files as they come from elsewhere; errors with the line of the file, and no other."""
    whole = json.dumps(dict(PERSON, risk={'level': 'Low'})).encode()
    p.as_('intake', 'record', 'import', '-', stdin=b'\xef\xbb\xbf' + whole + b'\r\n\r\n  \n' + whole + b'\r\n', out='2 records stored')
    before = p.archive()
    p.as_('intake', 'record', 'import', '-', stdin=whole + b'\n\n{"type":\n', rc=1, err='standard input, line 3: column')
    r = p.both('intake', 'record', 'import', '-', stdin=b'{"type":,}')
    assert 'line 1: column' in r and r.count('line 1') == 1 and 'whole commits' not in r, r
    assert p.archive() == before
    many = b'\n'.join([b'{"type":"person","identity":{"title":"x"}}'] * 1000 + [b'{'])
    r = p.both('intake', 'record', 'import', '-', stdin=many)
    assert '1000 records stored' in r and 'line 1001' in r and 'hint: whole commits' in r, r


def templates(p):
    for i, (raw, words) in enumerate(TEMPLATES):
        open(p.path('t.json'), 'wb').write(raw)
        p.run('init', '--template', p.path('t.json'), p.path('other'), '-i', p.path('founder.identity'), '--passphrase-file',
              p.path('passphrase'), rc=1, err=words)
        assert not os.path.exists(p.path('other'))
    p.run('init', '--template', p.path('t.json'), p.path('other'), rc=1, err='casevault: %s: template: ' % p.path('t.json'))
    # One of one's own: the default, changed.
    own = json.load(open(os.path.join(os.path.dirname(__file__), '..', '..', 'template', 'default.json')))
    own['types']['horse'] = {'label': 'Horse', 'sections': {'admin': [{'name': 'colour', 'type': 'string'}]}}
    json.dump(own, open(p.path('t.json'), 'w'))
    who = ['-i', p.path('founder.identity'), '--passphrase-file', p.path('passphrase')]
    p.run('init', '--template', p.path('t.json'), p.path('other'), *who)
    id = p.run('record', 'add', '-', *who, '--vault', p.path('other'), stdin=b'{"type":"horse","admin":{"colour":"bay"}}').strip()
    p.run('record', 'show', id, *who, '--vault', p.path('other'), out='bay')


def usage(p):
    for args in (['record', 'add', '--colour'], ['record', 'show'], ['record', 'show', '--version'], ['record', 'show', '--version', 'x', 'y'],
                 ['record', 'show', '--quiet=1', 'x'], ['identity', 'new'], ['verify'], ['record', 'show', '-sx', 'x']):
        p.run(*args, rc=2, err='Usage: casevault')
    for args, words in ((['dragon'], 'there is no command dragon'), (['record', 'lst'], 'did you mean `record list`?'),
                        (['satus'], 'did you mean `status`?'), (['record'], 'one of these is wanted: add, import')):
        r = subprocess.run([p.binary, *args], capture_output=True, env=p.env())
        told = r.stderr.decode()
        assert r.returncode == 2 and words in told and told.count('\n') == 1 and '`casevault --help`' in told, told
    p.as_('legal', 'record', 'show', '--version', '0', ID, rc=2, err='--version counts from 1')
    p.as_('legal', 'record', 'list', '--type', 'dragon', rc=2, err='there is no type dragon; there are: case, person')
    assert 'casevault record add' in p.run('record', 'add', '--help')
    assert 'record add' in p.run('--help')
    p.run('status', rc=10, err='no vault here', cwd=p.path('home'))
    p.run('status', '--vault', p.path('nowhere'), '-i', p.path('founder.identity'), '--passphrase-file', p.path('passphrase'),
          rc=10, err='no vault here')
    p.run('status', '--vault', p.path('vault'), rc=2, err='whose vault work is this')
    p.run('status', '--vault', p.path('vault'), '-i', p.path('none'), rc=1, err='No such file')
    p.run('init', p.path('vault'), '-i', p.path('founder.identity'), '--passphrase-file', p.path('passphrase'), rc=1,
          err='already there')


def passphrases(p):
    def tried(word, rc):
        open(p.path('word'), 'w').write(word + '\n')
        text = p.run('identity', 'show', '-i', p.path('founder.identity'), '--passphrase-file', p.path('word'), rc=rc,
                     err='the passphrase is wrong' if rc else None)
        assert word not in text
    tried(PASSPHRASE, 0)  # that a wrong one takes the same work is in tests/unit/scrypt.c
    tried(PASSPHRASE[:-1], 12)
    tried('x' * 1000, 12)
    p.run('identity', 'show', '-i', p.path('founder.identity'), '--passphrase-file', '/dev/null', rc=2, err='is empty')
    raw = open(p.path('founder.identity'), 'rb').read()
    for n in list(range(0, len(raw), 7)):
        open(p.path('cut'), 'wb').write(raw[:n])
        p.run('identity', 'show', '-i', p.path('cut'), '--passphrase-file', p.path('passphrase'), rc=1)
    # Another passphrase: the old one is over, the new one opens, the keys are the same.
    before = p.run('identity', 'show', '-i', p.path('founder.identity'), '--passphrase-file', p.path('passphrase'))
    open(p.path('new'), 'w').write('another long passphrase\n')
    p.run('identity', 'passphrase', '--work', '8', '-i', p.path('founder.identity'), '--passphrase-file', p.path('passphrase'),
          '--new-passphrase-file', p.path('new'))
    p.run('identity', 'show', '-i', p.path('founder.identity'), '--passphrase-file', p.path('passphrase'), rc=12)
    assert before == p.run('identity', 'show', '-i', p.path('founder.identity'), '--passphrase-file', p.path('new'))
    p.run('identity', 'passphrase', '--work', '8', '-i', p.path('founder.identity'), '--passphrase-file', p.path('new'),
          '--new-passphrase-file', p.path('passphrase'))


def locked(p):
    before = p.archive()
    with open(p.path('vault', 'lock'), 'r+') as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        p.as_('intake', 'record', 'add', '-', stdin=json.dumps(PERSON).encode(), rc=11, err='somebody else is writing')
    assert p.archive() == before
    p.add('intake', PERSON)
    # A short wait is no refusal: the lock comes free while the next one asks for it.
    freed = threading.Event()
    with open(p.path('vault', 'lock'), 'r+') as f:
        fcntl.flock(f, fcntl.LOCK_EX)

        def free():
            freed.set()
            fcntl.flock(f, fcntl.LOCK_UN)
        timer = threading.Timer(1, free)
        timer.start()
        before = p.archive()
        id = p.add('intake', PERSON)
        assert freed.is_set(), 'it wrote while somebody else held the lock'
        timer.join()
    assert id and p.archive() != before


def test(p):
    p.vault(('intake', 'legal', 'auditor'))
    records(p)
    imports(p)
    ids(p)
    claimed(p)
    templates(p)
    usage(p)
    passphrases(p)
    locked(p)


main(test)
