#!/usr/bin/env python3
"""An erasure destroys the keys of versions, after enough people said so; what it leaves, and what it cannot reach."""
import json, os, shutil, subprocess, sys

from common import HERE, PERSON, READER, main
from people import pseudonym, read
from grants import events, notices

sys.path.insert(0, os.path.join(HERE, '..'))
import reader

EVERYONE = ('founder', 'intake', 'protection', 'legal', 'medical', 'auditor', 'custodian2', 'analyst')


def edit(p, record, changes):
    p.as_('protection', 'record', 'edit', record, '-', '--reason', 'reason of an edit', stdin=json.dumps(changes).encode())


def entries(p, record):
    """Entry and release key slot of each version."""
    log = reader.read_log(p.path('vault'))[0]
    rows = [v for v in p.json_as('founder', 'record', 'history', record) if 'about' not in v and 'erased' not in v]
    return {v['version']: (v['entry'], reader.envelope(log[v['entry']][1])['slot']) for v in rows}


def key(p, slot):
    with open(p.path('vault', 'release.keys'), 'rb') as f:
        f.seek(512 + 32 * slot)
        return f.read(32)


def independent(p, vault, who, record, *version):
    """What the independent reader opens; None if nothing."""
    r = subprocess.run([sys.executable, READER, vault, 'show', p.path(who + '.identity'), p.path('passphrase'), record,
                        *version], capture_output=True)
    return json.loads(r.stdout) if r.returncode == 0 else None


def dry(p, record):
    """Nothing happens unless it is said twice, by somebody who may, with a reason."""
    ask = lambda *a: ('record', 'erase', record, *a)
    why = ('--reason', 'she asked')
    told = p.as_('protection', *ask(*why), err='Nothing was changed')
    assert '3 of its 3 versions would go' in told and 'Signatures needed: 1' in told and 'It cannot reach' in told
    assert p.json_as('protection', *ask(*why))[0] == {'id': record, 'versions': [1, 2, 3], 'held': False, 'needed': 1}
    p.as_('protection', *ask(), rc=2, err='an erasure needs its reason')
    p.as_('protection', *ask(*why, '--really'), rc=13, err='nobody is there to confirm')
    p.as_('protection', *ask(*why, '--really', '--confirm', record[:-1] + ('1' if record.endswith('0') else '0')), rc=2, err='--confirm is not the id')
    for versions in ('0', '3-2', '1-', 'x', '1-2x', '-1', '1--1', '+1', ' 1', '1234567890'):
        p.as_('protection', *ask(*why, '--versions=' + versions), rc=2, err='--versions wants a number or a range')
    p.as_('protection', *ask(*why, '--versions', '1', '--old'), rc=2, err='and no --old')
    p.as_('protection', *ask(*why, '--versions', '7', '--really', '--confirm', record), rc=1, err='would go')
    for who in ('legal', 'medical'):
        p.as_(who, *ask(*why, '--really', '--confirm', record), rc=13, err='none of your roles may erase')
        assert events(p, 'refused')[-1]['detail'] == 'no right to erase' and events(p, 'refused')[-1]['member'] == pseudonym(p, who)
    for who in ('auditor', 'intake'):  # who reads no record is not told whether it is there
        p.as_(who, *ask(*why), rc=13, err='the attempt is in the log')
    p.as_('protection', 'record', 'erase', '0' * 26, *why, rc=1)
    assert not events(p, 'erase') and all(any(key(p, slot)) for _, slot in entries(p, record).values())


def ranges(p, record):
    """A version on which a later one stands goes with it, or stays."""
    ask = lambda *a: ('record', 'erase', record, '--reason', 'old', *a)
    for versions in ('1', '1-2'):
        p.as_('protection', *ask('--versions', versions), rc=13, err='still stands on version 1')
    slots = entries(p, record)
    told = p.as_('protection', *ask('--old'))
    assert 'version 1  stays: version 3 still stands on it' in told and 'version 2  goes' in told, told
    p.as_('protection', *ask('--old', '--really', '--confirm', record), err='Erased: no key opens')
    assert not any(key(p, slots[2][1])) and any(key(p, slots[1][1])) and any(key(p, slots[3][1]))
    p.as_('legal', 'record', 'show', '--version', '2', record, rc=1, err='version 2 was erased on')
    assert read(p, 'legal', record)['identity'] == PERSON['identity'] and read(p, 'protection', record)['risk'] == {'level': 'Low'}
    assert p.json_as('protection', 'record', 'show', '--version', '1', record)[0]['risk'] == PERSON['risk']
    edit(p, record, {'risk': {'level': 'Medium'}})
    p.as_('protection', *ask('--versions', '3', '--really', '--confirm', record), err='Erased')
    assert [v['version'] for v in p.json_as('protection', 'record', 'history', record) if 'carried' not in v and 'type' in v] == [1, 4]
    erased = [(e['version'], e['by'], e['approved_by']) for e in p.json_as('legal', 'record', 'history', record) if 'erased' in e]
    me = pseudonym(p, 'protection')
    assert erased == [(2, me, [me]), (3, me, [me])], erased
    p.as_('protection', *ask('--versions', '3', '--really', '--confirm', record), rc=1, err='nothing of record')


def held(p, record):
    """A legal hold stops asking and approving, for as long as it is set."""
    ask = ('record', 'erase', record, '--reason', 'she asked', '--really', '--confirm', record)
    for who in ('intake', 'auditor', 'custodian2', 'analyst'):
        p.as_(who, 'hold', 'set', record, rc=13, err='the attempt is in the log')
    p.as_('protection', 'hold', 'clear', record, rc=1, err='under no legal hold')
    p.as_('legal', 'hold', 'set', record, '--reason', 'trial in May', err='Held')
    p.as_('medical', 'hold', 'set', record, rc=1, err='under a legal hold already, set by ' + pseudonym(p, 'legal'))
    p.as_('protection', *ask, rc=13, err='under a legal hold, set by ' + pseudonym(p, 'legal'))
    assert events(p, 'refused')[-1]['detail'] == 'no right to erase a record under legal hold'
    assert 'It is under a legal hold' in p.as_('protection', *ask[:5])
    p.as_('medical', 'hold', 'clear', record, '--reason', 'over', err='The hold is cleared')
    p.as_('founder', 'policy', 'set', '--erase-quorum', '9', rc=13, err='could never come together')
    p.as_('founder', 'policy', 'set', '--erase-quorum', '2', err='The rules are changed')
    p.as_('protection', *ask, err='This waits for others: it has 1 of 2 signatures')
    p.as_('legal', 'hold', 'set', record, err='Held')
    p.approve('founder', rc=13, err='under a legal hold')
    assert any(key(p, slot) for _, slot in entries(p, record).values())
    p.as_('legal', 'hold', 'clear', record)
    assert [n['about'] for n in notices(p, 'legal', record)][-5:] == ['hold', 'clear', 'erase', 'hold', 'clear']


def outlived(p):
    """What was asked for days ago may be what a newer version stands on: who reads records and signs last is told."""
    record = p.add('intake', PERSON)
    ask = ('record', 'erase', record, '--reason', 'old', '--really', '--confirm', record)
    p.as_('protection', *ask, err='1 of 2')
    edit(p, record, {'risk': {'level': 'Low'}})
    number = str(p.json_as('founder', 'policy', 'show')[-1]['waits_as'])
    p.as_('founder', 'policy', 'approve', number, rc=13, err='version 2 of record %s, written since, stands on version 1' % record)
    assert read(p, 'legal', record)['identity'] == PERSON['identity']
    p.as_('protection', *ask, err='1 of 2')
    p.approve('founder', err='it is done')
    p.as_('legal', 'record', 'show', record, rc=1, err='was erased on')


def approved(p, record):
    """What waits is shown; whose signature does not count is refused; a custodian who reads no record may sign."""
    entry = {e for e, _ in entries(p, record).values()}
    waits = p.json_as('custodian2', 'policy', 'show')[1]
    assert (waits['act'], waits['signatures'], waits['needed']) == ('erase', 1, 2)
    assert {'the version in entry %d can never be opened again' % e for e in entry} == set(waits['changes'])
    number = str(waits['waits_as'])
    p.as_('legal', 'policy', 'approve', number, rc=13, err='none of your roles may approve')
    assert events(p, 'refused')[-1]['detail'] == 'no right to approve'
    p.as_('protection', 'policy', 'approve', number, rc=1, err='you have signed this already')
    # Under another policy it waits no more.
    p.as_('founder', 'policy', 'set', '--require-reason')
    p.as_('custodian2', 'policy', 'approve', number, rc=1, err='nothing waits')
    p.as_('founder', 'policy', 'set', '--no-reason')
    p.as_('custodian2', 'policy', 'approve', number, rc=1, err='nothing waits')
    p.as_('protection', 'record', 'erase', record, '--reason', 'she asked', '--really', '--confirm', record, err='1 of 2')
    p.approve('custodian2', err='it is done')
    assert len(p.json_as('custodian2', 'policy', 'show')) == 1


def afterwards(p, record, other, slots, copy):
    """The record is gone for everybody; everything else, and every old proof, stands."""
    day = notices(p, 'protection', record)[-1]['time'][:10]
    gone = 'record %s was erased on %s by %s, with 2 signatures' % (record, day, pseudonym(p, 'protection'))
    for who in ('protection', 'legal', 'founder'):
        p.as_(who, 'record', 'show', record, rc=1, err=gone)
        assert record not in [r['id'] for r in p.json_as(who, 'record', 'list')]
        assert read(p, who, other)['identity'] == PERSON['identity']
    rows = p.json_as('protection', 'record', 'history', record)
    last = [r for r in rows if 'erased' in r][-1]
    assert last['approved_by'] == sorted(last['approved_by'], key=[m['member'] for m in p.json_as('founder', 'member', 'list')].index)
    assert set(last['approved_by']) == {pseudonym(p, 'protection'), pseudonym(p, 'custodian2')} and last['by'] == pseudonym(p, 'protection')
    assert 'Version 4 was erased: asked for at ' + day in p.as_('protection', 'record', 'history', record)
    p.as_('protection', 'record', 'erase', record, '--reason', 'x', rc=1, err='was erased on')
    p.as_('protection', 'hold', 'set', record, rc=1, err='was erased on')
    p.as_('protection', 'grant', '--record', record, '--section', 'risk', '--to', 'legal', rc=1, err='was erased on')
    p.as_('protection', 'record', 'edit', record, '-', stdin=b'{"risk":{"level":"Low"}}', rc=1, err='was erased on')
    # Its release keys are zeros.
    assert slots and not any(b for s in slots for b in key(p, s))
    # Who remembers an older head finds that the log goes on from it.
    p.run('audit', 'verify', '--vault', p.path('vault'), home=p.path('auditor-home'), out='goes on')
    p.run('check', '--vault', p.path('vault'), out='nothing is damaged')
    assert json.loads(subprocess.check_output([sys.executable, READER, p.path('vault'), 'log']))['entries'] > 0
    # Every identity, the old archive and the present keys: not the record, but all else.
    mixed = p.path('mixed')
    shutil.copytree(copy, mixed)
    shutil.copy(p.path('vault', 'release.keys'), os.path.join(mixed, 'release.keys'))
    for vault in (p.path('vault'), mixed):
        for who in EVERYONE:
            for version in ((), ('1',), ('2',), ('3',), ('4',)):
                assert independent(p, vault, who, record, *version) is None, (who, version)
        for who in ('protection', 'legal'):
            assert independent(p, vault, who, other)['identity'] == PERSON['identity']
    # What an erasure does not reach, as it says: a copy of the keys from before.
    assert independent(p, copy, 'protection', record, '1')['identity'] == PERSON['identity']
    p.as_('protection', 'record', 'show', other)


def put_back(p, record, slots, copy):
    """An older copy of the keys, as a backup has it, is noticed by the next command of any member, who destroys them again."""
    shutil.copy(os.path.join(copy, 'release.keys'), p.path('vault', 'release.keys'))
    assert any(any(key(p, s)) for s in slots)
    p.as_('legal', 'status')
    assert not any(any(key(p, s)) for s in slots)
    p.as_('legal', 'record', 'show', record, rc=1, err='was erased on')


def reasons(p, record):
    """What was said of the record is gone with it; why it was erased stays."""
    about = [e for e in p.json_as('auditor', 'audit', 'log') if e.get('record') == record]
    assert {e['action'] for e in about} >= {'create', 'edit', 'read', 'refused', 'hold', 'clear', 'erase'}
    said = {e['action'] for e in about if 'reason' in e}
    assert said == {'erase'}, said
    assert 'she asked' in [e['reason'] for e in about if e['action'] == 'erase']


def test(p):
    p.vault(roles=('intake', 'protection', 'legal', 'medical', 'auditor', 'analyst'))
    p.as_('founder', 'member', 'add', '--role', 'custodian', p.identity('custodian2'))
    record, other = p.add('intake', PERSON), p.add('intake', PERSON)
    edit(p, record, {'risk': {'level': 'Medium'}})
    edit(p, record, {'risk': {'level': 'Low'}})
    p.as_('legal', 'record', 'show', '--reason', 'reason of a reading', record)
    p.as_('legal', 'record', 'show', '--section', 'contact', '--reason', 'reason of a refusal', record, rc=13)
    fingerprint = p.json_as('founder', 'status')[0]['fingerprint']
    os.mkdir(p.path('auditor-home'))
    p.run('audit', 'verify', '--trust', fingerprint, '--vault', p.path('vault'), home=p.path('auditor-home'))
    dry(p, record)
    copy = p.path('copy')
    shutil.copytree(p.path('vault'), copy)
    first = entries(p, record)
    ranges(p, record)
    held(p, record)
    slots = {s for _, s in first.values()} | {s for _, s in entries(p, record).values()}
    p.as_('auditor', 'audit', 'log', '--record', record, out='trial in May')
    p.as_('auditor', 'audit', 'verify', '--contents', out='nothing is without its event')
    approved(p, record)
    afterwards(p, record, other, slots, copy)
    reasons(p, record)
    outlived(p)
    p.run('check', '--vault', p.path('vault'), out='nothing is damaged')


if __name__ == '__main__':
    main(test)
