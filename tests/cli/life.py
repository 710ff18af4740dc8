#!/usr/bin/env python3
"""The whole life of a case: stored, read by those who may, refused to the others, disclosed, verified, audited."""
import json, os, subprocess, sys

from common import PERSON, READER, TESTIMONY, main


def reading(p, person):
    both = [p.json_as(who, 'record', 'show', person)[0] for who in ('protection', 'legal', 'medical')]
    assert both[0]['contact']['shelter'] == 'Blue House' and 'medical' in both[0]['withheld']
    assert both[1]['identity']['first_name'] == 'Хатуна' and 'contact' in both[1]['withheld']
    assert both[2]['medical']['needs'] == 'insulin' and 'exploitation' in both[2]['withheld']
    p.as_('legal', 'record', 'show', '--section', 'medical', person, rc=13, err='none of your roles opens the section')
    for section in ('identity', 'testimony', 'medical', 'admin'):
        p.as_('auditor', 'record', 'show', '--section', section, person, rc=13, err='the attempt is in the log')
    p.as_('intake', 'record', 'show', person, rc=13, err='none of your roles opens')
    p.as_('intake', 'record', 'history', person, rc=13, err='none of your roles opens')
    p.as_('intake', 'record', 'edit', person, '--set', 'admin.role=Victim', rc=13, err='none of your roles opens')
    p.as_('protection', 'record', 'show', person[:-1] + ('A' if person[-1] != 'A' else 'B'), rc=1, err='mistyped')
    p.as_('protection', 'record', 'show', '0' * 27, rc=1, err='there is no record')
    p.as_('legal', 'record', 'show', '--section', 'nonsense', person, rc=2, err='has no section')
    shown = p.as_('protection', 'record', 'show', person)
    assert 'Щербакова' in shown and 'Medical and psychosocial: you may not read this' in shown


def editing(p, person):
    p.as_('protection', 'record', 'edit', person, '--set', 'identity.first_name=Хатуна Мария', out='version 2')
    p.as_('medical', 'record', 'edit', person, '-', stdin=b'{"medical":{"needs":"insulin, twice a day"}}', out='version 3')
    p.as_('legal', 'record', 'edit', person, '--set', 'identity.first_name=X', rc=13, err='may write the section identity')
    p.as_('protection', 'record', 'edit', person, '--set', 'identity.birth_date=1990-02-30', rc=1, err='person.identity.birth_date')
    now, first = p.json_as('medical', 'record', 'show', person)[0], p.json_as('medical', 'record', 'show', '--version', '1', person)[0]
    assert now['version'] == 3 and now['medical']['needs'].endswith('twice a day')
    assert now['identity']['first_name'] == 'Хатуна Мария' and first['identity']['first_name'] == 'Хатуна'
    assert first['medical']['needs'] == 'insulin'
    history = p.json_as('legal', 'record', 'history', person)
    assert [h['version'] for h in history] == [1, 2, 3] and len({h['author'] for h in history}) == 3


def edit_reads(p, person):
    """One change of one field opens its section, and what a coded field is filled from besides, once."""
    def news(since):
        return [(e['action'], e.get('sections')) for e in p.json_as('auditor', 'audit', 'log')[since:] if e['action'] not in ('list', 'log')]
    since = len(p.json_as('auditor', 'audit', 'log'))
    p.as_('protection', 'record', 'edit', person, '--set', 'risk.level=Low', '--set', 'risk.assessment=better', out='version 4')
    assert news(since) == [('read', ['risk']), ('edit', None)], news(since)
    since = len(p.json_as('auditor', 'audit', 'log'))
    p.as_('protection', 'record', 'edit', person, '--set', 'identity.gender=Feminine', out='version 5')
    assert news(since) == [('read', ['identity', 'exploitation']), ('edit', None)], news(since)
    now = p.json_as('protection', 'record', 'show', person)[0]
    assert now['risk'] == {'level': 'Low', 'assessment': 'better'} and now['contact']['shelter'] == 'Blue House'
    # Nobody empties what they may not write, nor takes a file of another record for this one.
    p.as_('legal', 'record', 'edit', person, '-', stdin=b'{"identity":{}}', rc=13, err='may write the section identity')
    p.as_('protection', 'record', 'edit', person, '-', stdin=json.dumps(dict(now, id='0' * 27)).encode(), rc=1, err='those of record')
    refused = p.json_as('auditor', 'audit', 'log', '--action', 'refused')[-1]
    assert refused['detail'] == 'no right to edit' and refused['sections'] == ['identity'] and refused['record'] == person
    # What `show --json` adds may come back.
    again = dict(now, training=True, risk={'level': 'Low'})
    p.as_('protection', 'record', 'edit', person, '-', stdin=json.dumps(again).encode(), out='version 6')


def listing(p, person, testimony):
    """Titles are a reading: as far as it is allowed, and logged with every id in one event."""
    case = p.add('intake', {'type': 'case', 'admin': {'case_number': 'RS-7', 'status': 'Active'}})
    other = p.add('intake', {'type': 'person', 'identity': {'first_name': 'Ana', 'second_name': 'Бабић'}})
    plain = p.json_as('protection', 'record', 'list')
    assert [r['entry'] for r in plain] == sorted(r['entry'] for r in plain) and 'title' not in plain[0]
    since = len(p.json_as('auditor', 'audit', 'log'))
    shown = p.json_as('protection', 'record', 'list', '--titles')
    titles = {r['id']: r['title'] for r in shown}
    assert titles[case] == 'RS-7' and titles[other] == 'Ana Бабић' and titles[testimony] is None
    assert titles[person] == 'Хатуна Мария Щербакова' and 'Name of legal' in titles.values()
    known = [r['title'] for r in shown if r['title'] is not None]
    assert known == sorted(known, key=str.encode) and shown[-1]['title'] is None
    events = [e for e in p.json_as('auditor', 'audit', 'log')[since:] if e.get('detail') == 'titles']
    assert len(events) == 1 and events[0]['action'] == 'list', events
    assert {case, other, person} < set(events[0]['ids']) and testimony not in events[0]['ids']
    assert set(events[0]['sections']) == {'admin', 'identity', 'directory'}
    few = p.json_as('auditor', 'record', 'list', '--titles')
    assert {r['type'] for r in few} == {'staff'}
    assert 'Ana Бабић' in p.as_('legal', 'record', 'list', '--titles', '--type', 'person')


def reader(p, person):
    """The independent reader, from docs/FORMAT.md alone, says the same."""
    for who in ('protection', 'legal', 'medical', 'founder'):
        for version in ('1', '2', '3'):
            ours = p.json_as(who, 'record', 'show', '--version', version, person)[0]
            theirs = subprocess.run([sys.executable, READER, p.path('vault'), 'show', p.path(who + '.identity'),
                                     p.path('passphrase'), person, version], capture_output=True)
            assert theirs.returncode == 0, theirs.stderr
            assert json.loads(theirs.stdout) == ours, (who, version)
    log = json.loads(subprocess.check_output([sys.executable, READER, p.path('vault'), 'log']))
    ours = json.loads(p.run('audit', 'verify', '--json', '--vault', p.path('vault')))
    assert log['entries'] == ours['entries'] and log['root'] == ours['root']


def disclosing(p, person, testimony):
    print_ = p.json_as('legal', 'status')[0]['fingerprint']
    package = p.path('package.json')
    p.as_('legal', 'package', 'write', '--record', person, '--record', testimony, '--field', 'identity.first_name',
          '--field', 'identity.birth_date', '--field', 'testimony.statements.1', '--aud', 'Prosecutor', '--nonce', 'n-17',
          '-o', package)
    # A partner has another home and no vault.
    home = p.path('partner')
    os.mkdir(home)
    ask = ['verify', '--vault-print', print_, '--aud', 'Prosecutor', '--nonce', 'n-17']
    shown = [json.loads(l) for l in p.run(*ask, '--json', package, home=home).split('\n') if l]
    assert len(shown) == 2
    assert shown[0]['identity'] == {'first_name': 'Хатуна Мария', 'birth_date': '1990-02-28'}
    assert set(shown[0]) == {'iss', 'iat', 'vct', 'cnf', 'record_id', 'record_type', 'version', 'identity'}
    assert [s['text'] for s in shown[1]['testimony']['statements']] == [TESTIMONY['testimony']['statements'][1]['text']]
    p.run('verify', '--vault-print', 'aaaa-bbbb-cccc-dddd-eeee', package, rc=14, err='not from the one you named', home=home)
    p.run('verify', '--vault-print', print_, '--aud', 'Somebody else', package, rc=14, err='another recipient', home=home)
    p.run('verify', '--vault-print', print_, '--nonce', 'n-18', package, rc=14, err='nonce', home=home)
    p.run('verify', package, rc=2, err='--vault-print', home=home)
    doc = json.load(open(package))
    for forged, words in (
            (doc['records'][0]['presentation'].replace('~', '~' + doc['records'][1]['presentation'].split('~')[1] + '~', 1), 'not one that the issuer signed'),
            (doc['records'][0]['presentation'].rsplit('~', 1)[0] + '~', 'key binding was taken away'),
            ('~'.join(doc['records'][0]['presentation'].split('~')[:2] + doc['records'][0]['presentation'].split('~')[3:]), '')):
        altered = dict(doc, records=[{'presentation': forged}])
        json.dump(altered, open(p.path('forged.json'), 'w'))
        p.run('verify', '--vault-print', print_, p.path('forged.json'), rc=14, err=words, home=home)
    told = p.run('verify', '--vault-print', print_, package, home=home)
    assert 'as its author signed it on 20' in told and 'First name: Хатуна Мария' in told and 'Iat' not in told
    assert 'Text: Она хочет рассказать это один раз.' in told
    restricted(p, person, testimony)
    p.as_('legal', 'package', 'write', '--record', person, '--field', 'medical.needs', '--aud', 'P', '--nonce', 'n', rc=13,
          err='may export the section medical')
    p.as_('legal', 'package', 'write', '--record', person, '--field', 'identity.first_name', '--profile', 'statistics',
          '--aud', 'P', '--nonce', 'n', rc=13, err='does not carry')
    p.as_('auditor', 'package', 'write', '--record', person, '--field', 'identity', '--aud', 'P', '--nonce', 'n', rc=13,
          err='may export')
    p.as_('legal', 'package', 'write', '--record', person, '--field', 'identity.title', '--aud', 'P', '--nonce', 'n', rc=1,
          err='none of the chosen fields')


def restricted(p, person, testimony):
    """What leaves by element only, by a profile only, and what is merely mistyped."""
    def write(who, *fields, rc=0, err=None, profile=None, record=None):
        named = [a for f in fields for a in ('--field', f)] + (['--profile', profile] if profile else [])
        return p.as_(who, 'package', 'write', '--record', record or person, *named, '--aud', 'P', '--nonce', 'n', rc=rc, err=err)
    for field in ('testimony', 'testimony.statements'):
        write('legal', field, record=testimony, rc=13, err='testimony.statements leaves one by one: name which, as in testimony.statements.0')
    write('legal', 'testimony.statements.7', record=testimony, rc=1, err='no such field')
    for field in ('identity.shoe_size', 'nonsense', 'identity.first_name.0', 'identity..x', 'identity.', 'testimony.statements.x'):
        write('legal', field, rc=2, err='field')
    write('legal', 'testimony.circumstances', rc=2, err='a person has no field testimony.circumstances')
    write('legal', 'identity', profile='dragon', rc=2, err='there are: prosecution, repatriation, referral, statistics')
    # No role exports contact or medical; a profile that names the very field lets its readers.
    p.as_('protection', 'record', 'edit', person, '--set', 'contact.reception_contact=Her aunt', out='version')
    write('protection', 'contact.reception_contact', rc=13, err='may export the section contact')
    write('protection', 'contact', profile='repatriation', rc=13, err='may export the section contact')
    write('protection', 'contact.shelter', profile='repatriation', rc=13, err='may export the section contact')
    write('legal', 'contact.reception_contact', profile='repatriation', rc=13, err='may export the section contact')
    write('protection', 'contact.reception_contact', profile='prosecution', rc=13, err='may export the section contact')
    write('medical', 'medical.needs', profile='repatriation', rc=13, err='may export the section medical')
    doc = json.loads(write('protection', 'contact.reception_contact', profile='repatriation'))
    assert len(doc['records']) == 1
    assert len(json.loads(write('founder', 'medical.needs', profile='repatriation'))['records']) == 1
    refused = p.json_as('auditor', 'audit', 'log', '--action', 'refused')[-1]
    assert refused['ids'] == [person] and refused['sections'] == ['medical.needs']
    assert refused['detail'] == 'no right to export'


def auditing(p, person):
    events = p.json_as('auditor', 'audit', 'log')
    did = [(e['action'], e.get('record')) for e in events]
    for action in ('create', 'read', 'edit', 'refused', 'export', 'list'):
        assert any(a == action for a, _ in did), action
    refused = [e for e in events if e['action'] == 'refused' and e.get('sections') == ['medical']]
    assert {'no right to read the history', 'no right to edit', 'no right to export'} <= {e['detail'] for e in events if e['action'] == 'refused'}
    assert refused and refused[0]['record'] == person
    assert not any('Щербакова' in json.dumps(e, ensure_ascii=False) for e in events)
    assert len(p.json_as('auditor', 'audit', 'log', '--record', person)) < len(events)
    why = p.json_as('protection', 'record', 'show', '--reason', 'she called the help line', person)
    assert why and p.json_as('auditor', 'audit', 'log', '--record', person)[-1]['reason'] == 'she called the help line'
    p.as_('protection', 'audit', 'log', rc=13, err='none of your roles reads the access log')
    p.as_('auditor', 'audit', 'verify', out='The log is whole')


def at_rest(p):
    """tar lists the entries, and no name, place or word of any case stands anywhere under vault, cache or state."""
    names = subprocess.check_output(['tar', 'tf', p.path('vault', 'archive', '00000001.tar')]).decode().split()
    assert names[0] == '00000000000-policy' and names[-1].endswith('-checkpoint')
    words = ['Хатуна', 'Щербакова', 'Blue House', 'insulin', '38050000111', 'Документы', '1990-02-28', 'Name of legal',
             'she called the help line', 'Prosecutor', 'Бабић', 'Her aunt']
    for where in ('vault', 'home'):
        for word in words:
            found = subprocess.run(['grep', '-a', '-r', '-l', '-e', word, p.path(where)], capture_output=True)
            assert found.returncode == 1, (word, found.stdout)


def members(p):
    assert len(p.json_as('protection', 'member', 'list')) == 6
    names = {m['name'] for m in p.json_as('protection', 'member', 'list')}
    assert 'Name of legal' in names
    assert len(p.json_as('auditor', 'role', 'list')) == 8
    assert len(p.json_as('auditor', 'section', 'list')) == 15
    late = p.identity('late')
    p.as_('legal', 'member', 'add', '--role', 'legal', late, rc=13, err='only a custodian')
    p.as_('founder', 'member', 'add', '--role', 'nothing', late, rc=1, err='there is no role')
    p.as_('founder', 'member', 'add', '--role', 'legal', late[:-3] + 'AAA', rc=14, err='signature does not verify')
    p.as_('founder', 'member', 'add', '--role', 'legal', '--fingerprint', '0000-0000-0000-0000-0000', late, rc=14, err='not the one read out')
    p.as_('late', 'status', rc=13, err='is not a member')
    who = p.as_('founder', 'member', 'add', '--role', 'analyst', late).strip().split('\n')[-1]
    p.as_('founder', 'role', 'grant', who, 'legal')
    p.as_('founder', 'role', 'grant', who, 'legal', rc=1, err='already')
    training = p.identity('training', '--training')
    p.as_('founder', 'member', 'add', '--role', 'legal', training, rc=13, err='training identity')


def test(p):
    p.vault()
    person, testimony = p.add('intake', PERSON), p.add('intake', TESTIMONY)
    reading(p, person)
    editing(p, person)
    reader(p, person)
    edit_reads(p, person)
    listing(p, person, testimony)
    disclosing(p, person, testimony)
    auditing(p, person)
    members(p)
    late = p.json_as('late', 'record', 'show', person)[0]
    # Coded fields follow what they are filled from, and nothing else.
    p.as_('protection', 'record', 'edit', person, '--set', 'identity.gender=Feminine')
    assert p.json_as('late', 'record', 'show', '--section', 'coded', person)[0]['coded']['gender'] == 'Feminine'
    assert late['identity']['first_name'] == 'Хатуна Мария' and late['coded']['type_of_exploitation'] == ['ForcedLabour']
    at_rest(p)
    p.run('check', '--vault', p.path('vault'), out='nothing is damaged')


main(test)
