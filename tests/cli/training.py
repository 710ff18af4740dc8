#!/usr/bin/env python3
"""Training and real do not mix: identities, vaults, records and packages of the one are refused by the other; what training makes says so."""
import base64, hashlib, json, os, sys

from common import PERSON, Place, main

TRAINING = 'TRAINING - no real people are in this vault\n'
MIXED = 'no right to mix training and real'
REAL = 'this is an identity for real work'
PLAYED = 'this is a training identity'


def identities(p):
    """Keys say what they are for, in what is signed; a vault is founded with keys of its own kind."""
    p.identity('real')
    assert 'TRAINING' not in p.told
    line = p.identity('played', '--training')
    assert ', for TRAINING only. Send the line above' in p.told
    who = {n: ['-i', p.path(n + '.identity'), '--passphrase-file', p.path('passphrase')] for n in ('real', 'played')}
    assert [json.loads(p.run('identity', 'show', '--json', *who[n]))['training'] for n in ('real', 'played')] == [False, True]
    p.run('init', p.path('none'), *who['played'], rc=13, err=PLAYED)
    p.run('init', '--training', p.path('none'), *who['real'], rc=13, err=REAL)
    assert not os.path.exists(p.path('none'))
    assert not p.run('init', p.path('one'), *who['real']).startswith(TRAINING)
    assert p.run('init', '--training', p.path('two'), *who['played']).startswith(TRAINING)
    # The mark is signed: who takes it off has no identity any more.
    head, raw = line.split(':')
    body = bytearray(base64.urlsafe_b64decode(raw + '=' * (-len(raw) % 4)))
    assert body[2] == 1
    body[2] = 0
    altered = head + ':' + base64.urlsafe_b64encode(bytes(body)).decode().rstrip('=')
    p.run('member', 'add', '--role', 'legal', altered, '--vault', p.path('one'), *who['real'], rc=14, err='signature does not verify')


class School(Place):
    """A mission for training, which says so before each id."""

    def add(self, *args, **kw):
        return super().add(*args, **kw).split('\n')[-1]


def mission(p, training):
    more = ['--training'] if training else []
    p.identity('founder', *more)
    p.run('init', *more, p.path('vault'), *p.who('founder')[:4])
    for role in ('intake', 'protection', 'auditor'):
        p.as_('founder', 'member', 'add', '--role', role, '--name', 'Name of ' + role, p.identity(role, *more))


def refusals(p):
    return [e for e in p.json_as('auditor', 'audit', 'log', '--refused') if e['detail'] == MIXED]


def members(p, q):
    """A real vault lets no training identity in, and the other way round, neither as new nor in a colleague's place; the log has it."""
    for v, line, words in ((p, q.identity('late', '--training'), PLAYED), (q, p.identity('late'), 'it takes training identities only')):
        who = v.json_as('auditor', 'status')[0]['member']
        policies = v.kinds().count('policy')
        v.as_('founder', 'member', 'add', '--role', 'legal', line, rc=13, err=words)
        v.as_('founder', 'member', 'replace', who, line, rc=13, err=words)
        v.as_('intake', 'member', 'add', '--role', 'legal', line, rc=13, err='only a custodian')
        assert v.kinds().count('policy') == policies
        founder = v.json_as('founder', 'status')[0]['member']
        assert [e['member'] for e in refusals(v)] == [founder, founder]
        v.run('audit', 'verify', '--vault', v.path('vault'), out='The log is whole')
    # Who is a member of the one is nobody in the other.
    open(q.path('p.identity'), 'wb').write(open(p.path('founder.identity'), 'rb').read())
    q.as_('p', 'status', rc=13, err='is not a member')


def sent(p, to, file):
    """A package of p's to the intake of `to`."""
    recipient = json.loads(to.run('identity', 'show', '--json', *to.who('intake')[:4]))['age']
    p.as_('founder', 'partner', 'add', '--name', 'Other mission', '--purpose', 'Referral', '--country', 'AT', '--type', 'NGO',
          '--recipient', recipient, '--print', hashlib.sha256(recipient.encode()).hexdigest()[:20])
    case, person, _ = p.case()
    p.consent(person, 'Other mission', 'Referral')
    p.package('protection', case, 'Other mission', file, profile='referral')
    return p.path(file), p.json_as('protection', 'status')[0]['fingerprint']


def packages(p, q):
    """What comes from a training vault says so wherever it is opened, is refused where nobody said that it is an exercise, and is
    never taken into a real vault; nor is a real one taken into a training vault."""
    played, print_ = sent(q, p, 'played')
    args = [played, '--sender-key', print_, *p.who('intake')[:4]]
    out = p.run('verify', *args, rc=13, err='nothing in it is real: it was made in a TRAINING vault')
    assert out.startswith(TRAINING) and 'hint: if this is an exercise, say so: --training' in p.told and 'Verified' not in p.told
    o = json.loads(p.run('verify', '--json', *args, rc=13))
    assert o['verified'] is False and o['training'] is True and 'records' not in o and all(c['holds'] for c in o['checks'].values())
    assert 'Example' not in p.run('verify', '--show', *args, rc=13) and 'Record 1' not in p.run('verify', '--show', *args, rc=13)
    assert p.run('verify', '--training', *args, err='Verified').startswith(TRAINING)
    o = json.loads(p.run('verify', '--training', '--json', *args))
    assert o['verified'] is True and o['training'] is True and o['manifest']['training'] is True
    # With the tools that everybody has.
    q.partner('Reader', purpose='Referral')
    case = [r['id'] for r in q.json_as('protection', 'record', 'list', '--type', 'case')][0]
    q.package('protection', case, 'Reader', 'read', '--legal-basis', 'an exercise', profile='referral')
    inside = q.opened('read', 'Reader')
    assert b'TRAINING: no real people' in inside['README.txt'] and json.loads(inside['manifest.json'])['training'] is True
    # Taken in by nobody of the other kind.
    real, real_print = sent(p, q, 'real')
    p.run('verify', real, '--sender-key', real_print, *q.who('intake')[:4], err='Verified')
    for v, file, by, words in ((p, played, print_, 'the package is for training'), (q, real, real_print, 'the package is not for training')):
        before, kinds = len(refusals(v)), v.kinds().count('record')
        v.as_('intake', 'record', 'import', '--package', file, '--sender-key', by, rc=13, err='training and real do not mix: ' + words)
        assert len(refusals(v)) == before + 1 and v.kinds().count('record') == kinds


def records(p, q):
    """What says that it is made up is no real case."""
    person = {k: v for k, v in PERSON.items() if k != 'medical'}
    made_up = json.dumps(dict(person, training=True)).encode()
    p.as_('intake', 'record', 'add', '-', stdin=made_up, rc=13, err='this vault is for real cases')
    q.as_('intake', 'record', 'add', '-', stdin=made_up, out=TRAINING)


def shown(p, q):
    """Whatever a training vault answers, and each page and table that is made of it, says that it is one; a real one never."""
    for v, says in ((q, True), (p, False)):
        id = [r['id'] for r in v.json_as('protection', 'record', 'list', '--type', 'case')][0]
        for who, args in (('protection', ['status']), ('protection', ['record', 'show', id]), ('protection', ['case', 'show', id]),
                          ('protection', ['record', 'list']), ('protection', ['search', 'RS-1']), ('protection', ['package', 'list']),
                          ('protection', ['partner', 'list']), ('protection', ['consent', 'show']), ('protection', ['record', 'history', id]),
                          ('founder', ['member', 'list']), ('founder', ['policy', 'show']), ('auditor', ['audit', 'log'])):
            assert v.as_(who, *args).startswith(TRAINING) == says, args
        for args in (['audit', 'verify'], ['check'], ['backup', v.path('backup')], ['audit', 'head']):
            assert v.run(*args, '--vault', v.path('vault')).startswith(TRAINING) == says, args
        os.mkdir(v.path('shares'))
        log = ['audit', 'report', '--from', '2020-01-01', '--to', '2099-12-31', '--csv', '-o']
        for who, file, args in (('auditor', 'log.html', log + [v.path('log.html')]), ('auditor', 'log.csv', ['audit', 'head']),
                                ('protection', 'shared.html', ['related', '-o', v.path('shared.html'), id]),
                                ('protection', 'own.json', ['record', 'export', '--plain', '--case', id, '-o', v.path('own.json')]),
                                ('founder', 'forms.html', ['stats', '--by', 'form', '-o', v.path('forms.html')]),
                                ('founder', 'shares', ['recovery', 'split', '--shares', '2', '--threshold', '2', '--pages', v.path('shares')])):
            v.as_(who, *args)
            files = [os.path.join(v.path(file), f) for f in os.listdir(v.path(file))] if os.path.isdir(v.path(file)) else [v.path(file)]
            assert files
            for f in files:
                text = open(f).read()
                assert ('TRAINING' in text or '"training":true' in text) == says, (f, text[:400])


def test(p):
    identities(p)
    q = School(sys.argv[1])
    try:
        mission(p, False)
        mission(q, True)
        members(p, q)
        packages(p, q)
        records(p, q)
        shown(p, q)
        p.checks += q.checks
    finally:
        q.done()


main(test)
