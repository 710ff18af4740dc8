#!/usr/bin/env python3
"""People come, go, lose laptops and change what they work as; several custodians sign; every refusal is one line."""
import json, os, shutil, subprocess, sys

from common import PERSON, READER, main


def read(p, who, record, **kw):
    return p.json_as(who, 'record', 'show', record, **kw)[0]


def pseudonym(p, name):
    return json.loads(p.run('identity', 'show', '--json', '-i', p.path(name + '.identity'), '--passphrase-file',
                            p.path('passphrase')))['pseudonym']


def newcomer(p, old):
    """A new member of a role reads the old records of that role, also those from before a rotation."""
    line = p.identity('late')
    p.as_('founder', 'member', 'add', '--role', 'legal', '--name', 'Late', line)
    assert read(p, 'late', old)['identity']['first_name'] == PERSON['identity']['first_name']
    p.as_('founder', 'role', 'rotate', 'legal', err='New keys are in force')
    new = p.add('intake', PERSON)
    for record in (old, new):
        assert 'identity' in read(p, 'late', record) and 'identity' in read(p, 'legal', record)
    line = p.identity('later')
    p.as_('founder', 'member', 'add', '--role', 'legal', line)
    for record in (old, new):
        assert 'identity' in read(p, 'later', record)
    # A role given later reads the old ones too.
    p.as_('founder', 'role', 'grant', pseudonym(p, 'later'), 'medical')
    assert read(p, 'later', old)['medical']['needs'] == 'insulin'
    p.as_('founder', 'role', 'grant', pseudonym(p, 'later'), 'medical', rc=1, err='holds the role medical already')
    return new


def revoked(p, old):
    """What is written after a revocation is closed; what could be read before is said."""
    who = pseudonym(p, 'later')
    p.as_('founder', 'role', 'revoke', who, 'medical', err='Until now %s could read' % who)
    p.as_('later', 'record', 'show', '--section', 'medical', old, rc=13, err='none of your roles opens')
    p.as_('founder', 'role', 'revoke', who, 'medical', rc=1, err='does not hold the role medical')
    p.as_('founder', 'role', 'revoke', who, 'legal', rc=13, err='use `member remove`')
    p.as_('founder', 'role', 'revoke', 'm00000000', 'legal', rc=1, err='there is no member')
    p.as_('founder', 'role', 'revoke', who, 'recovery', rc=13, err='recovery is held by nobody')
    p.as_('legal', 'role', 'revoke', who, 'legal', rc=13, err='only a custodian')
    refused = [e['detail'] for e in p.json_as('auditor', 'audit', 'log') if e['action'] == 'refused']
    assert refused[-1] == 'no right to change the policy'
    p.as_('founder', 'member', 'remove', who, err='Removed')
    p.as_('later', 'status', rc=13, err='is not a member')
    p.as_('founder', 'member', 'remove', who, rc=1, err='there is no member')
    # One removal is one commit, with one policy, and touches no record.
    before = p.archive()
    p.as_('founder', 'member', 'remove', pseudonym(p, 'late'))
    after = p.archive()
    assert list(before) == list(after) and all(after[f].startswith(before[f]) for f in before)
    added = b''.join(after[f][len(before[f]):] for f in before)
    assert added.count(b'-policy\0') == 1 and b'-record\0' not in added
    for name in ('legal', 'medical', 'protection', 'auditor'):
        p.as_(name, 'status')
    assert 'identity' in read(p, 'legal', old)


def lost_laptop(p, old):
    line = p.identity('legal2')
    who = pseudonym(p, 'legal')
    p.as_('founder', 'member', 'replace', who, line[:-3] + 'AAA', rc=14, err='signature does not verify')
    p.as_('founder', 'member', 'replace', '--fingerprint', '0000-0000-0000-0000-0000', who, line, rc=14, err='not the one read out')
    p.as_('founder', 'member', 'replace', who, line, out='m', err='Replaced')
    p.as_('legal', 'status', rc=13, err='is not a member')
    assert read(p, 'legal2', old)['identity']['first_name'] == PERSON['identity']['first_name']
    names = {m['member']: m['name'] for m in p.json_as('founder', 'member', 'list')}
    assert names[pseudonym(p, 'legal2')] == 'Name of legal' and who not in names


def stale_writer(p):
    """A copy of the vault from before the revocation, written to by who was removed since, is another story."""
    line = p.identity('leaver')
    p.as_('founder', 'member', 'add', '--role', 'intake', line)
    shutil.copytree(p.path('vault'), p.path('copy'))
    p.as_('founder', 'member', 'remove', pseudonym(p, 'leaver'))
    p.as_('founder', 'status')
    other = p.path('elsewhere')
    os.mkdir(other)
    shutil.move(p.path('vault'), p.path('true'))
    shutil.move(p.path('copy'), p.path('vault'))
    for _ in range(3):
        p.add('leaver', PERSON, home=other) if _ else p.as_('leaver', 'status', '--trust', p.fingerprint, home=other)
    p.as_('protection', 'status', rc=14)
    shutil.rmtree(p.path('vault'))
    shutil.move(p.path('true'), p.path('vault'))
    p.as_('protection', 'status')


def several_custodians(p):
    p.as_('founder', 'policy', 'set', '--quorum', '2', rc=13, err='1 custodian would be left where 2 must sign')
    for name in ('second', 'third'):
        p.as_('founder', 'member', 'add', '--role', 'custodian', '--name', name, p.identity(name))
    p.as_('founder', 'policy', 'set', '--quorum', '2', err='The rules are changed')
    p.as_('founder', 'policy', 'set', '--quorum', '2', rc=1, err='these are the rules already')
    line = p.identity('guest')
    # Proposed, shown, approved.
    p.as_('founder', 'member', 'add', '--role', 'legal', line, err='This waits for others: it has 1 of 2 signatures')
    p.as_('guest', 'status', rc=13, err='is not a member')
    shown = p.as_('second', 'policy', 'show')
    assert '2 of 3 custodians must sign a change' in shown and 'joins, and will work as: legal' in shown and '1 of 2 signatures' in shown
    number = str(p.json_as('second', 'policy', 'show')[1]['waits_as'])
    assert p.json_as('second', 'status')[0]['approvals'] == 1
    p.as_('founder', 'policy', 'approve', number, rc=1, err='you have signed this already')
    p.as_('legal2', 'policy', 'approve', number, rc=13, err='none of your roles may approve')
    p.as_('second', 'policy', 'approve', '99999', rc=1, err='nothing waits')
    p.as_('second', 'policy', 'approve', 'x', rc=2, err='named by its number')
    p.as_('second', 'policy', 'approve', number, err='it is done')
    # Custodians sign, holders seal: the key comes with the next command of somebody who has it.
    p.as_('guest', 'status', rc=13, err='has not been sealed to you yet')
    assert p.json_as('second', 'status')[0]['waiting'] > 0
    p.as_('legal2', 'status')
    p.as_('guest', 'status')
    assert len(p.json_as('second', 'policy', 'show')) == 1
    # Two that wait: the first in force voids the other.
    p.as_('founder', 'role', 'rotate', 'legal', err='1 of 2')
    p.as_('second', 'policy', 'set', '--require-reason', err='1 of 2')
    p.as_('third', 'policy', 'approve', rc=2)
    waits = [w['waits_as'] for w in p.json_as('third', 'policy', 'show')[1:]]
    assert len(waits) == 2
    p.as_('third', 'policy', 'approve', str(waits[0]), err='it is done')
    p.as_('third', 'policy', 'approve', str(waits[1]), rc=1, err='nothing waits')
    p.as_('guest', 'status')
    # A holder may ask for new keys of a role, so that no custodian knows them; custodians sign.
    p.as_('guest', 'role', 'rotate', 'legal', err='it has 0 of 2 signatures')
    p.as_('guest', 'role', 'rotate', 'medical', rc=13, err='only a custodian')
    p.approve('second', err='1 of 2')
    p.approve('third', err='it is done')
    assert 'identity' in read(p, 'guest', p.add('intake', PERSON))
    # The last ones cannot leave.
    p.as_('founder', 'member', 'remove', pseudonym(p, 'third'), err='1 of 2')
    p.approve('second', err='it is done')
    p.as_('founder', 'member', 'remove', pseudonym(p, 'founder'), rc=13, err='1 custodian would be left where 2 must sign')
    p.run('audit', 'verify', '--vault', p.path('vault'), out='The log is whole')


def same_reader(p, record):
    """The independent reader follows every rotation, and judges the log alike."""
    for who in ('protection', 'legal2', 'medical', 'guest'):
        theirs = subprocess.run([sys.executable, READER, p.path('vault'), 'show', p.path(who + '.identity'),
                                 p.path('passphrase'), record], capture_output=True)
        assert theirs.returncode == 0, theirs.stderr
        assert json.loads(theirs.stdout) == read(p, who, record), who


def reasons(p):
    p.as_('founder', 'policy', 'set', '--require-reason', err='1 of 2')
    p.approve('second', err='it is done')
    record = p.add('intake', PERSON)
    p.as_('guest', 'record', 'show', record, rc=2, err='this vault asks why')
    p.as_('guest', 'record', 'show', '--reason', 'court date', record)


def test(p):
    p.vault()
    p.fingerprint = p.json_as('founder', 'status')[0]['fingerprint']
    old = p.add('intake', PERSON)
    newcomer(p, old)
    revoked(p, old)
    lost_laptop(p, old)
    stale_writer(p)
    several_custodians(p)
    same_reader(p, old)
    reasons(p)
    p.run('check', '--vault', p.path('vault'), out='nothing is damaged')


if __name__ == '__main__':
    main(test)
