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
    assert news(since) == [('read', ['admin', 'identity', 'exploitation']), ('edit', None)], news(since)
    now = p.json_as('protection', 'record', 'show', person)[0]
    assert now['risk'] == {'level': 'Low', 'assessment': 'better'} and now['contact']['shelter'] == 'Blue House'
    # Nobody empties what they may not write, nor takes a file of another record for this one.
    p.as_('legal', 'record', 'edit', person, '-', stdin=b'{"identity":{}}', rc=13, err='may write the section identity')
    p.as_('protection', 'record', 'edit', person, '-', stdin=json.dumps(dict(now, id='0' * 27)).encode(), rc=1, err='those of record')
    refused = p.json_as('auditor', 'audit', 'log', '--action', 'refused')[-1]
    assert refused['detail'] == 'no right to edit' and refused['sections'] == ['identity'] and refused['record'] == person
    # What `show --json` adds may come back, and is the version that it was made of.
    again = dict(now, training=True, risk={'level': 'Low'})
    p.as_('protection', 'record', 'edit', person, '-', stdin=json.dumps(again).encode(), out='version 6')
    p.as_('protection', 'record', 'edit', person, '-', stdin=json.dumps(dict(again, risk={'level': 'High'})).encode(), rc=11,
          err='somebody else has changed %s meanwhile: version 6 is by' % person)
    assert 'hint: `casevault record show ID --json` gives it as it is now' in p.told, p.told
    # Of two at once, made of the same version, one is stored.
    here = json.dumps(dict(again, version=6, risk={'level': 'Low', 'assessment': 'once'})).encode()
    both = [subprocess.Popen([p.binary, 'record', 'edit', person, '-', *p.who('protection')], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, env=p.env()) for _ in range(2)]
    for one in both:
        one.stdin.write(here)
        one.stdin.close()
    assert sorted(one.wait() for one in both) == [0, 11]
    again = dict(again, version=7, risk={'level': 'Low'})
    p.as_('protection', 'record', 'edit', person, '-', stdin=json.dumps(again).encode(), out='version 8')
    for version, rc, err in ((True, 1, 'its version is no number from 1'), (-3, 1, 'its version is no number from 1'), ('6', 1, 'its version is no number from 1'),
                             (99, 1, 'version 99')):
        p.as_('protection', 'record', 'edit', person, '-', stdin=json.dumps(dict(again, version=version)).encode(), rc=rc, err=err)
    assert p.json_as('protection', 'record', 'show', person)[0]['risk'] == {'level': 'Low'}


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


def auditing(p, person):
    events = p.json_as('auditor', 'audit', 'log')
    did = [(e['action'], e.get('record')) for e in events]
    for action in ('create', 'read', 'edit', 'refused', 'list'):
        assert any(a == action for a, _ in did), action
    refused = [e for e in events if e['action'] == 'refused' and e.get('sections') == ['medical']]
    assert {'no right to read the history', 'no right to edit'} <= {e['detail'] for e in events if e['action'] == 'refused'}
    assert refused and refused[0]['record'] == person
    assert not any('Щербакова' in json.dumps(e, ensure_ascii=False) for e in events)
    assert len(p.json_as('auditor', 'audit', 'log', '--record', person)) < len(events)
    why = p.json_as('protection', 'record', 'show', '--reason', 'she called the help line', person)
    assert why and p.json_as('auditor', 'audit', 'log', '--record', person)[-1]['reason'] == 'she called the help line'
    p.as_('protection', 'audit', 'log', rc=13, err='none of your roles reads the access log')
    p.as_('auditor', 'audit', 'verify', '--contents', out='nothing is without its event')


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
    # The line as an argument, or in a file, as it came with a message.
    for name, text in (('letter', 'Dear colleague,\n' + late), ('empty', ''), ('cut', late[:-30])):
        open(p.path(name), 'w').write(text)
        p.as_('founder', 'member', 'add', '--role', 'analyst', p.path(name), rc=1, err=name + ': member line: ')
        assert 'hint: wanted is the whole line' in p.told
    open(p.path('late.line'), 'w').write(late + '\r\n')
    who = p.as_('founder', 'member', 'add', '--role', 'analyst', p.path('late.line')).strip().split('\n')[-1]
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
