#!/usr/bin/env python3
"""Two missions: what one sends, the other takes into its own vault, and can check again what was signed there."""
import hashlib, json, subprocess, sys

from common import PERSON, TESTIMONY, Place, main


def mission(binary):
    q = Place(binary)
    q.vault(('intake', 'protection', 'medical', 'legal', 'auditor'))
    return q


def their_partner(p, q):
    """The other mission as a partner, by the age recipient of whoever receives there."""
    line = q.run('identity', 'show', '--json', '-i', q.path('intake.identity'), '--passphrase-file', q.path('passphrase'))
    recipient = json.loads(line)['age']
    return p.as_('founder', 'partner', 'add', '--name', 'Mission North', '--purpose', 'Referral', '--country', 'AT', '--type', 'NGO',
                 '--recipient', recipient, '--print', hashlib.sha256(recipient.encode()).hexdigest()[:20]).strip()


def take(q, file, *more, who='intake', **kw):
    return q.as_(who, 'record', 'import', '--package', file, *more, **kw)


def referred(p, q):
    case, person, testimony = p.case()
    p.as_('protection', 'record', 'edit', person, '--set', 'risk.assessment=Threatened by telephone.')
    their_partner(p, q)
    p.consent(person, 'Mission North', 'Referral')
    print_ = p.json_as('legal', 'status')[0]['fingerprint']
    package = p.package('protection', case, 'Mission North', 'referral', profile='referral')
    file = p.path('referral')
    before = q.archive()
    take(q, file, rc=13, err=': you do not know the vault ' + print_)
    take(q, file, '--sender-key', '0000-0000-0000-0000-0000', rc=14, err='not from the one you named')
    take(q, file, '--sender-key', print_, who='protection', rc=13, err='sealed to another key')
    altered = bytearray(open(file, 'rb').read())
    altered[4000] ^= 1
    open(p.path('altered'), 'wb').write(altered)
    take(q, p.path('altered'), '--sender-key', print_, rc=14)
    q.as_('intake', 'record', 'import', '--package', file, 'x.jsonl', rc=2, err='one or the other')
    assert q.archive() == before
    ids = [json.loads(l)['id'] for l in take(q, file, '--sender-key', print_, '--json', '--reason', 'their call').split('\n') if l]
    listed = {r['id']: r['type'] for r in q.json_as('protection', 'record', 'list')}
    # The case, the person (of two versions: her risk was edited), the consent; and where each came from.
    assert sorted(listed[i] for i in ids) == ['case', 'consent', 'origin', 'origin', 'origin', 'origin', 'person'], listed
    mine = [i for i in ids if listed[i] == 'person'][0]
    got = q.json_as('protection', 'record', 'show', mine)[0]
    assert got['identity']['first_name'] == PERSON['identity']['first_name'] and got['risk'] == {'level': 'High', 'assessment': 'Threatened by telephone.'}
    assert got['contact'] == {'mobile_phone': PERSON['contact']['mobile_phone']} and got['exploitation'] == {} and got['admin']['role'] == 'Victim'
    event = q.json_as('auditor', 'audit', 'log', '--action', 'import')[-1]
    assert event['ids'] == ids and event['reason'] == 'their call' and event['detail'] == 'package %s from the vault %s' % (package, print_)
    return {i: listed[i] for i in ids}, mine, person, testimony


def origin(q, ids, mine, person):
    origins = [q.json_as('founder', 'record', 'origin', i)[0] for i, t in ids.items() if t == 'origin']
    of_her = [o for o in origins if o['record'] == mine]
    assert len(of_her) == 2 and all(o['foreign_record'] == person and o['verified'] and o['whole'] for o in of_her)
    signed = {}
    for o in of_her:
        signed.update({k: v for k, v in o['claims'].items() if isinstance(v, dict) and k not in ('cnf', 'carried')})
    assert signed['identity']['second_name'] == PERSON['identity']['second_name'] and signed['risk']['assessment'] == 'Threatened by telephone.'
    # Who may not read a section sees the signature hold for the rest, and is told so.
    at = [i for i, t in ids.items() if t == 'origin' and q.json_as('founder', 'record', 'origin', i)[0]['record'] == mine]
    seen = [q.json_as('legal', 'record', 'origin', i)[0] for i in at]
    assert any(not o['whole'] for o in seen) and not any('contact' in o['claims'] or 'risk' in o['claims'] for o in seen)
    assert 'the signature cannot be checked by you' in ''.join(q.as_('legal', 'record', 'origin', i) for i in at)
    q.as_('legal', 'record', 'origin', mine, rc=2, err='is a person, not where one came from')
    q.as_('auditor', 'record', 'origin', at[0], rc=13, err='none of your roles')
    # What somebody alters here is found, though they sign the record anew.
    shown = q.json_as('founder', 'record', 'show', at[0])[0]
    for field, value in (('jwt', shown['admin']['jwt'][:-8] + 'AAAAAAAA'), ('foreign_version', None), ('proof', None), ('binding', None)):
        if value is not None:
            q.as_('founder', 'record', 'edit', at[0], '--set', 'admin.%s=%s' % (field, value))
            q.as_('founder', 'record', 'origin', at[0], rc=14, err='')
            q.as_('founder', 'record', 'edit', at[0], '--set', 'admin.%s=%s' % (field, shown['admin'][field]))
    q.json_as('founder', 'record', 'origin', at[0])
    q.as_('founder', 'record', 'edit', at[0], '-', stdin=json.dumps({'risk': {}}).encode())
    q.as_('founder', 'record', 'origin', at[0], rc=0)


def refused(p, q):
    """What cannot be taken is not taken in part."""
    case, person, _ = p.case()
    p.consent(person, 'Mission North', 'Repatriation')
    p.consent(person, 'Mission North', 'Repatriation', '--section', 'medical')
    p.package('founder', case, 'Mission North', 'care', profile='repatriation')
    p.package('founder', case, 'Mission North', 'less', '--without', 'admin.role', profile='repatriation')
    before = len(q.json_as('founder', 'record', 'list'))
    take(q, p.path('less'), rc=1, err='person.admin.role')
    q.run('record', 'import', '--package', p.path('care'), '--passphrase-file', q.path('passphrase'), '--vault', q.path('vault'), '-i',
          q.path('auditor.identity'), rc=13, err='sealed to another key')
    assert len(q.json_as('founder', 'record', 'list')) == before
    # Medical comes in by intake, and opens for medical alone.
    ids = [json.loads(l)['id'] for l in take(q, p.path('care'), '--json').split('\n') if l]
    hers = [r['id'] for r in q.json_as('medical', 'record', 'list') if r['id'] in ids and r['type'] == 'person'][0]
    assert q.json_as('medical', 'record', 'show', '--section', 'medical', hers)[0]['medical'] == {'needs': 'insulin'}
    q.as_('protection', 'record', 'show', '--section', 'medical', hers, rc=13)
    kept = [r['id'] for r in q.json_as('protection', 'record', 'list') if r['id'] in ids and r['type'] == 'origin']
    assert not any('insulin' in json.dumps(q.json_as('protection', 'record', 'show', i), ensure_ascii=False) for i in kept)
    assert any('medical' in q.json_as('medical', 'record', 'origin', i)[0]['claims'] for i in kept)


def test(p):
    p.vault()
    q = mission(sys.argv[1])
    try:
        ids, mine, person, _ = referred(p, q)
        origin(q, ids, mine, person)
        refused(p, q)
        q.as_('auditor', 'audit', 'verify', out='The log is whole')
        p.checks += q.checks
    finally:
        q.done()


main(test)
