#!/usr/bin/env python3
"""A package altered anywhere is refused: exit 1 for what is no package, exit 14 for what in one does not verify."""
import json, os, random, subprocess

from common import PERSON, main

NAMES = {'casevault': str, 'vault': str, 'training': bool, 'aud': str, 'nonce': str, 'policies': list, 'records': list}


def no_twins(pairs):
    if len({k for k, _ in pairs}) != len(pairs):
        raise ValueError('a name twice')
    return dict(pairs)


def expected(raw, document):
    """The exit status by the rule alone: 0 for the same document, 1 for none of this kind, 14 for another one."""
    try:
        doc = json.loads(raw.decode(), object_pairs_hook=no_twins)
    except ValueError:
        return 1
    if doc == document:
        return 0
    fits = isinstance(doc, dict) and {k: type(v) for k, v in doc.items()} == NAMES
    return 14 if fits and doc['casevault'] == 'package v1' and doc['policies'] and doc['records'] else 1


def judged(p, raw, rc, name, err=None, ask=()):
    path = p.path('altered')
    open(path, 'wb').write(raw)
    r = subprocess.run([p.binary, 'verify', '--json', '--vault-print', p.print, *ask, path], capture_output=True, env=p.env())
    told = (name, r.returncode, rc, r.stderr)
    assert r.returncode == rc, told
    if rc != 0:
        assert r.stdout == b'', told
        assert r.stderr.startswith(b'casevault: ' + path.encode() + b': ') and r.stderr.count(b'\n') == 1, told
        assert err is None or err in r.stderr.decode(), told
    p.checks += 1


def no_package(p, raw, doc):
    plain = lambda **change: json.dumps(dict(doc, **change)).encode()
    deep = b'{"casevault":"package v1","records":' + b'[' * 40 + b']' * 40 + b'}'
    rows = [('empty', b'', 'not a package'), ('not JSON', b'PK\x03\x04', 'not a package'), ('an array', b'[]', 'version 1'),
            ('an empty object', b'{}', 'version 1'), ('another version', raw.replace(b'package v1', b'package v2'), 'version 1'),
            ('too deep', deep, 'deeper'), ('twice a member', b'{"aud":"a",' + raw[1:], 'twice'),
            ('two documents', raw + raw, 'follows'), ('wrong UTF-8', raw.replace(b'Prosecutor', b'Prosec\xff\xfer'), 'UTF-8'),
            ('an overlong form', raw.replace(b'Prosecutor', b'Prosec\xc0\xaftr'), 'UTF-8'),
            ('a NUL', raw.replace(b'Prosecutor', b'Prosec\\u0000'), 'NUL'),
            ('a lone surrogate', raw.replace(b'Prosecutor', b'\\ud800'), 'not valid JSON'),
            ('a huge number', raw.replace(b'false', b'123456789012345678901234567890'), 'too large'),
            ('a fraction', raw.replace(b'false', b'0.5'), 'fraction'), ('one member more', plain(more=1), 'is not known here')]
    for name in NAMES:
        rows.append(('without ' + name, json.dumps({k: v for k, v in doc.items() if k != name}).encode(), None))
        for value in (None, 7, 'x', [], {}):
            if type(value) is not NAMES[name] or value == []:
                rows.append(('%s %r' % (name, value), plain(**{name: value}), None))
    for name, bad, words in rows:
        judged(p, bad, 1, name, words)


def altered(p, doc):
    """The right members, and in one of them something that was not signed."""
    rows = [('another vault', dict(vault='0' * 64), 'names another vault'), ('no vault', dict(vault=''), 'names another vault'),
            ('training', dict(training=True), 'names another vault'), ('another aud', dict(aud='Somebody'), 'record 1'),
            ('another nonce', dict(nonce='n-18'), 'record 1'), ('a policy less', dict(policies=doc['policies'][1:]), 'policy 1'),
            ('the last policy less', dict(policies=doc['policies'][:-1]), None),
            ('a policy twice', dict(policies=doc['policies'] + doc['policies'][-1:]), 'policy'),
            ('a record without', dict(records=[{}]), 'record 1'),
            ('a record with more', dict(records=[dict(doc['records'][0], more=1)]), 'record 1')]
    for value in (None, 1, '', 'x', [], {}, ['x']):
        rows.append(('policy %r' % value, dict(policies=doc['policies'][:-1] + [value]), 'policy %d' % len(doc['policies'])))
        rows.append(('record %r' % value, dict(records=doc['records'] + [value]), 'record 2'))
        rows.append(('presentation %r' % value, dict(records=[{'presentation': value}]), 'record 1'))
    first = doc['policies'][0]
    for old, new in (('policy v1', 'policy v2'), ('"number":1', '"number":99999999999999999999'), ('"quorum":1', '"quorum":true'),
                     ('"number":1', '"number":1,"number":1'), ('"roles":[', '"roles":' + '[' * 20), ('"quorum":1', '"quorum":0')):
        assert old in first
        rows.append((new, dict(policies=[first.replace(old, new, 1)] + doc['policies'][1:]), 'policy 1'))
    for name, change, words in rows:
        # A policy that nothing in the package needs may be left out: the vault may have been as it was then.
        judged(p, json.dumps(dict(doc, **change)).encode(), 0 if words is None else 14, name, words)


def test(p):
    p.vault(('intake', 'legal'))
    person = p.add('intake', PERSON)
    p.print = p.json_as('legal', 'status')[0]['fingerprint']
    package = p.as_('legal', 'package', 'write', '--record', person, '--field', 'identity.first_name', '--aud', 'Prosecutor',
                    '--nonce', 'n-17')
    raw = package.encode()
    doc = json.loads(raw)
    judged(p, raw, 0, 'as written')
    judged(p, raw, 0, 'as asked for', ask=['--aud', 'Prosecutor', '--nonce', 'n-17'])
    judged(p, raw, 14, 'for another', 'another recipient', ['--aud', 'Prosecuto'])
    judged(p, raw, 14, 'for another request', 'another request', ['--nonce', ''])
    changed = raw.replace(b'"aud":"Prosecutor"', b'"aud":"Advocate"')
    judged(p, changed, 14, 'another aud outside', 'another recipient', ['--aud', 'Prosecutor'])
    no_package(p, raw, doc)
    altered(p, doc)
    rng = random.Random(3)
    for cut in sorted({*range(40), *range(len(raw) - 20, len(raw)), *rng.sample(range(len(raw)), 60)}):
        judged(p, raw[:cut], expected(raw[:cut], doc), 'cut at %d' % cut)
    seen = set()
    head, tail = range(raw.index(b'"policies"') + 20), range(len(raw) - 700, len(raw))
    for at in [*head, *rng.sample(range(len(raw)), 300), *rng.sample(tail, 100)]:
        bad = bytearray(raw)
        bad[at] ^= 1 << rng.randrange(8)
        rc = expected(bytes(bad), doc)
        judged(p, bytes(bad), rc, 'a bit of byte %d' % at)
        seen.add(rc)
    assert {1, 14} <= seen


main(test)
