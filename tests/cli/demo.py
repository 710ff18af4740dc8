#!/usr/bin/env python3
"""Synthetic cases: deterministic, believable, marked as training; demonstrations, and imports by the thousand."""
import json, os, re, subprocess, time

from common import HERE, PERSON, main

SCRIPTS = {  # a letter that this language is written with, and no other here
    'sqi': 'ë', 'ron': 'ș', 'kat': 'ა', 'rus': 'ы', 'tuk': 'ý', 'srp': 'ђ', 'srp, in Latin letters': 'đ'}
MANY, BATCH, WRONG = 2500, 1000, 1500
TRAINING = 'TRAINING - no real people are in this vault\n'


def printed(p, *args):
    return p.run('demo', '--print', *args)


def records(text):
    return [json.loads(line) for line in text.split('\n') if line]


def same(p):
    """The same seed gives the same bytes, whatever the day; another one does not."""
    first = printed(p, '--cases', '40', '--seed', '7')
    assert first == printed(p, '--cases', '40', '--seed', '7')
    assert printed(p, '--cases', '60', '--seed', '7').startswith(first)
    lines = set(first.split('\n'))
    for seed in ('0', '8', '12'):
        assert lines & set(printed(p, '--cases', '40', '--seed', seed).split('\n')) == {''}, 'two seeds share records'
    p.run('demo', '--print', '--cases', '0', rc=2, err='--cases counts from 1')
    p.run('demo', '--cases', '0', p.path('none'), rc=2, err='--cases counts from 1')
    p.run('demo', rc=2, err='wanted: a new directory')
    assert not os.path.exists(p.path('none'))


def texts(value):
    """Every text of some sentences in it."""
    if isinstance(value, str):
        return [value] if '. ' in value or value.endswith('.') else []
    return [t for v in (value.values() if isinstance(value, dict) else value if isinstance(value, list) else [])
            for t in texts(v)]


def sentences(value):
    return [s for t in texts(value) for s in re.split(r'(?<=\.)\s+', t)]


def years(start, end):
    """Whole years from one date to another."""
    (a, b), (c, d) = (start[:4], start[5:]), (end[:4], end[5:])
    return int(c) - int(a) - (d < b)


def dates(value):
    if isinstance(value, str):
        return [value] if re.fullmatch(r'\d{4}-\d\d-\d\d', value) else []
    return [d for v in (value.values() if isinstance(value, dict) else value if isinstance(value, list) else [])
            for d in dates(v)]


def believable_case(case, of):
    """One case with all that points to it."""
    opened = case['admin']['opened']
    victims = [r for r in of if r['type'] == 'person' and r['admin']['role'] == 'Victim']
    assert {r['id'] for r in of if r['type'] == 'person'} == set(case['admin']['persons']) and len(victims) == 1
    victim = victims[0]
    assert case['id'] in victim['admin']['cases']
    events = {r['exploitation']['type']: r['exploitation']['date'] for r in of if r['type'] == 'event'}
    assert events['Recruitment'] < events['Transit'] < events['Exploitation'] < opened
    age = victim['exploitation']['age_when_trafficked']
    assert age == years(victim['identity']['birth_date'], events['Recruitment']) and 15 <= age < 45
    for person in (r for r in of if r['type'] == 'person'):
        now, children = years(person['identity']['birth_date'], opened), person['identity']['number_of_children']
        assert 0 <= children <= max(0, (now - 14) // 4), (now, children)
        assert now >= 18 or person['identity']['marital_status'] == 'Single'
    for r in of:
        for section in set(r) - {'identity', 'consent'}:
            later = [d for d in dates(r[section]) if r['type'] not in ('event', 'safety')]
            assert all(d >= opened for d in later), r
    told = sentences(of)
    assert len(told) == len(set(told)), sorted(s for s in told if told.count(s) > 1)
    statements = [s for r in of if r['type'] == 'testimony' for s in r['testimony']['statements']]
    assert sum(len(sentences(s)) for s in statements) >= 10
    assert any('\n\n' in s['text'] for s in statements)
    words = ' '.join(s['text'] for s in statements)
    named = [e['name'] for e in case['perpetrators']['persons']] + [case['exploitation']['location_of_exploitation']]
    assert sum(n in words for n in named) >= 1, 'the testimony names nobody and no place of its case'
    kinds = {r['type'] for r in of}
    assert {'case', 'person', 'testimony', 'event', 'consent', 'evidence', 'safety', 'comment'} <= kinds, kinds
    for r in of:
        if r['type'] == 'evidence':
            assert all(re.fullmatch('[0-9a-f]{64}', a['sha256']) for a in r['evidence']['attachments'])
        if r['type'] == 'safety':
            assert {'type', 'objectives', 'action_plan', 'planned_end'} <= set(r['risk'])
        if r['type'] == 'referral':
            assert {'organisation', 'reason', 'date', 'details'} <= set(r['admin']) and r['risk']['assessment']
        if r['type'] == 'consent' and years(victim['identity']['birth_date'], r['consent']['from']) < 18:
            assert r['consent']['guardian']


def believable(p):
    made = records(printed(p, '--cases', '150', '--seed', '4'))
    today = time.strftime('%Y-%m-%d')
    cases = {r['id']: [] for r in made if r['type'] == 'case'}
    for r in made:
        assert r['training'] is True and 'medical' not in r and 'legal' not in r
        assert all(d <= today for d in dates({k: v for k, v in r.items() if k not in ('consent', 'risk')})), r
        owner = [r['id']] if r['type'] == 'case' else r.get('admin', {}).get('cases') or [
            (r.get('admin') or r.get('consent') or {}).get('case')]
        if owner != [None]:
            cases[owner[0]].append(r)
        else:
            assert r['type'] == 'partner'
    for id, of in cases.items():
        believable_case(of[0], of)
    assert len({r['directory']['name'] for r in made if r['type'] == 'partner'}) >= 5
    assert any(r['type'] == 'referral' for r in made)
    names = {}
    for r in made:
        if r['type'] == 'person' and r['identity']['gender'] != 'NonSpecifiedUnknown':
            i = r['identity']
            names.setdefault(i['primary_language'], {}).setdefault(i['gender'], set()).add(i['first_name'])
    for language, by in names.items():
        assert len(by['Feminine']) > 3 and len(by['Masculine']) > 1, language
        assert not by['Feminine'] & by['Masculine'], language
    spoken = {}
    for r in made:
        if r['type'] == 'testimony':
            spoken.setdefault(r['admin']['language'], []).append(json.dumps(r['testimony'], ensure_ascii=False))
    for name, letter in SCRIPTS.items():
        assert any(letter in text for text in spoken[name[:3]]), name
    assert not any(re.search('[ა-ჰ]', t) for l, ts in spoken.items() if l != 'kat' for t in ts)


def real_vault(p):
    """A vault of real cases refuses what says that it is made up, and does not store the word."""
    p.vault(('protection',))
    records = lambda: sum(raw.count(b'-record\0') for raw in p.archive().values())
    before = records()
    lines = printed(p, '--cases', '1').encode()
    p.as_('protection', 'record', 'import', '-', stdin=lines, rc=13, err='line 1: record.training: a made-up record')
    person = {k: v for k, v in PERSON.items() if k != 'medical'}
    p.as_('protection', 'record', 'add', '-', stdin=json.dumps(dict(person, training=True)).encode(), rc=13,
          err='this vault is for real cases')
    p.as_('protection', 'record', 'add', '-', stdin=json.dumps(dict(person, training='no')).encode(), rc=1,
          err='record.training: true or false')
    assert records() == before  # the refusals are events
    id = p.add('protection', dict(person, training=False))
    assert 'training' not in p.json_as('protection', 'record', 'show', id)[0]


class Demo:
    """A training vault, and its members."""

    def __init__(self, p, name, *args):
        self.p, self.dir = p, p.path(name)
        p.run('demo', *args, self.dir, out=TRAINING)

    def who(self, name):
        return ['-i', '%s/%s.identity' % (self.dir, name), '--passphrase-file', self.dir + '/passphrase',
                '--vault', self.dir + '/vault']

    def as_(self, name, *args, **kw):
        return self.p.run(*args, *self.who(name), **kw)

    def json_as(self, name, *args):
        return records(self.as_(name, *args, '--json'))

    def commits(self):
        names = []
        for f in sorted(os.listdir(self.dir + '/vault/archive')):
            names += subprocess.check_output(['tar', 'tf', '%s/vault/archive/%s' % (self.dir, f)]).decode().split()
        return sum(n.endswith('-checkpoint') for n in names)

    def imports(self):
        return [e for e in self.json_as('auditor', 'audit', 'log') if e['action'] == 'import']


def members(p):
    """Who does what in a demonstration, and what each finds there."""
    d = Demo(p, 'demo', '--cases', '6')
    for args in (['status'], ['member', 'list'], ['record', 'list'], ['record', 'history', d.json_as(
            'protection', 'record', 'list', '--type', 'person')[0]['id']]):
        assert d.as_('protection', *args).startswith(TRAINING), args
    assert d.as_('auditor', 'audit', 'log').startswith(TRAINING)
    id = d.as_('protection', 'record', 'add', '-', stdin=b'{"type":"comment","admin":{"comment":"x"}}', out=TRAINING).split()[-1]
    assert d.as_('protection', 'record', 'show', id).startswith(TRAINING)
    roles = {m['name'].split(' ')[0]: (m['member'], m['roles']) for m in d.json_as('auditor', 'member', 'list')}
    assert roles['Custodian'][1] == ['custodian'] and len(roles['Founder'][1]) == 7
    did = {}
    for e in d.json_as('auditor', 'audit', 'log'):
        did.setdefault(e['member'], set()).add(e['action'])
    assert 'import' in did[roles['Protection'][0]] and 'import' not in did[roles['Founder'][0]]
    assert 'edit' in did[roles['Medical'][0]] and 'edit' in did[roles['Legal'][0]]
    d.as_('custodian', 'record', 'show', id, rc=13)
    findings = []
    for r in d.json_as('medical', 'record', 'list', '--type', 'person'):
        findings += [v['medical'] for v in d.json_as('medical', 'record', 'show', r['id']) if v.get('medical')]
    assert len(findings) == 2 and all({'needs', 'findings', 'psychosocial', 'examined'} <= set(f) for f in findings)
    testimony = json.dumps([r.get('testimony') for r in records(printed(p, '--cases', '6'))], ensure_ascii=False)
    assert not any(s in testimony for f in findings for s in sentences(f))
    notes = [v['legal'] for r in d.json_as('legal', 'record', 'list', '--type', 'case')
             for v in d.json_as('legal', 'record', 'show', r['id']) if v.get('legal')]
    assert len(notes) == 2 and all(n['notes'] and n['proceedings'] for n in notes)


def imports(p):
    """One commit for each thousand; the event names every id; what fails leaves whole commits, and nothing of its own."""
    lines = printed(p, '--cases', '230', '--seed', '3').split('\n')[:MANY]
    assert len(lines) == MANY
    ids = [json.loads(l)['id'] for l in lines]
    d = Demo(p, 'many', '--cases', '1')
    d.as_('protection', 'record', 'list')  # so that which ids are taken is known, without a commit for its event
    before, commits = len(d.imports()), d.commits()
    d.as_('protection', 'record', 'import', '--known-ok', '-', stdin='\n'.join(lines).encode(), out='%d records stored' % MANY)
    assert d.commits() == commits + 3, d.commits() - commits
    new = d.imports()[before:]
    assert [len(e['ids']) for e in new] == [BATCH, BATCH, MANY - 2 * BATCH]
    assert [i for e in new for i in e['ids']] == ids

    d = Demo(p, 'broken', '--cases', '1')
    before, commits, had = len(d.imports()), d.commits(), {r['id'] for r in d.json_as('protection', 'record', 'list')}
    lines[WRONG - 1] = '{"type":"person","identity":{"gender":"x"}}'
    d.as_('protection', 'record', 'import', '-', stdin='\n'.join(lines).encode(), rc=1,
          err='line %d: person.identity.gender' % WRONG)
    assert [e['ids'] for e in d.imports()[before:]] == [ids[:BATCH]]
    assert {r['id'] for r in d.json_as('protection', 'record', 'list')} - had == set(ids[:BATCH])
    d.as_('auditor', 'audit', 'verify', '--contents', out='nothing is without its event')


def script(p):
    """script/demo, from and to places whose names need quoting; and the commands that it prints run as they stand."""
    os.makedirs(p.path("a place, it's here"))
    binary, out = p.path("a place, it's here", 'casevault'), p.path("a place, it's here", 'training')
    os.symlink(p.binary, binary)
    r = subprocess.run([os.path.join(HERE, '..', '..', 'script', 'demo'), out], capture_output=True,
                       env=dict(p.env(), CASEVAULT_BINARY=binary))
    assert r.returncode == 0, r.stdout[-2000:] + r.stderr[-2000:]
    commands = [l.strip() for l in r.stdout.decode().split('Three things to try:\n')[1].split('\n') if l.strip()]
    assert len(commands) == 3, commands
    for command, words in zip(commands, ('Medical and psychosocial', 'import', '00000000000-policy')):
        r = subprocess.run(['sh', '-c', command], capture_output=True, env=p.env(), cwd='/')
        assert r.returncode == 0 and words in r.stdout.decode(), (command, r.stderr)


def test(p):
    same(p)
    believable(p)
    real_vault(p)
    members(p)
    imports(p)
    script(p)


main(test)
