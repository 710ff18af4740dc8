#!/usr/bin/env python3
"""What an auditor proves without a key: heads kept on paper, proofs for anybody, erased keys that are gone and no others."""
import base64, hashlib, os, shutil, subprocess

from common import PERSON, main

HEADER, KEY = 512, 32


def head(p, **kw):
    import json
    return json.loads(p.run('audit', 'head', '--json', '--vault', p.path('vault'), **kw))


def node(l, r):
    return hashlib.sha256(b'\1' + l + r).digest()


def consistent(m, n, old, new, proof):
    """RFC 9162, section 2.1.4.2, in our own words."""
    if m == n:
        return not proof and old == new
    if m & (m - 1) == 0:
        proof = [old] + proof
    fn, sn = m - 1, n - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = proof[0]
    for c in proof[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old and sr == new


def heads(p):
    first = head(p)
    plain = p.run('audit', 'head', '--vault', p.path('vault'))
    assert '%d  %s' % (first['size'], first['print']) in plain and '█' in plain and first['log_key'] in plain
    assert all(len(l) <= 80 for l in plain.split('\n') if not l.startswith('casevault/'))
    for _ in range(3):
        p.add('intake', PERSON)
    kept = '%d %s' % (first['size'], first['print'])
    verify = lambda since, **kw: p.run('audit', 'verify', '--vault', p.path('vault'), '--since', since, **kw)
    verify(kept, out='The log is whole')
    verify(kept.upper().replace('-', ' '), out='The log is whole')
    wrong = kept[:-1] + ('0' if kept[-1] != '0' else '1')
    verify(wrong, rc=14, err='the log tells another story than the head you named: with %d entries it was %s' % (first['size'], first['print']))
    verify('%d %s' % (first['size'] - 1, first['print']), rc=14, err='never had a head of')
    verify('%d %s' % (first['size'] + 999, first['print']), rc=14, err='the log has gone back')
    for bad in ('', '12', 'x ' + first['print'], kept + '0', kept[:-1], '-1 ' + first['print'], kept.replace('-', '/')):
        verify(bad, rc=2, err='--since wants what `audit head` prints')
    return first


def shortened(p, first):
    """An older copy of the archive, to somebody who has only a line on paper."""
    late = head(p)
    archive, home = p.path('vault', 'archive', '00000001.tar'), p.path('elsewhere')
    whole = open(archive, 'rb').read()
    os.mkdir(home)
    os.chmod(archive, 0o600)
    for size in (first['size'], late['size'] - 4):
        at = 0
        for _ in range(size + 1):
            at += 512 + (int(whole[at + 124:at + 135], 8) + 511) // 512 * 512
        open(archive, 'wb').write(whole[:at])
        p.run('audit', 'verify', '--vault', p.path('vault'), '--since', '%d %s' % (late['size'], late['print']), rc=14, home=home)
    open(archive, 'wb').write(whole)
    p.run('audit', 'verify', '--vault', p.path('vault'), '--since', '%d %s' % (late['size'], late['print']), home=home)


def proofs(p, first):
    now = head(p)
    key = now['log_key']
    for entry in (0, 1, first['size'], now['size'] - 1):
        file = p.path('entry-%d' % entry)
        p.run('audit', 'prove', '--entry', str(entry), '-o', file, '--vault', p.path('vault'))
        told = p.run('audit', 'prove', '--check', file, '--log-key', key)
        assert 'Entry %d stands in the log of %d entries' % (entry, now['size']) in told and '\n%d\n' % entry in told
        text = open(file).read()
        lines = text.split('\n')
        for altered, rc in ((text.replace('index %d\n' % entry, 'index %d\n' % (entry + 1)), 14),
                            (text.replace('\n%d\n' % now['size'], '\n%d\n' % (now['size'] + 1)), 14),
                            (text.replace(lines[3], lines[4], 1), 14), ('\n'.join(lines[:1] + lines[2:]), 1), (text[:-10], 1),
                            (text.replace('=\n', '\n', 1), 1), (text + 'x', 1)):
            open(p.path('altered'), 'w').write(altered)
            assert p.run('audit', 'prove', '--check', p.path('altered'), '--log-key', key, rc=rc) == ''
    p.run('audit', 'prove', '--check', p.path('entry-0'), rc=2, err='Add --log-key')
    other = key.split('+')[0] + '+' + '0' * 8 + '+' + base64.b64encode(b'\1' + bytes(32)).decode()
    p.run('audit', 'prove', '--check', p.path('entry-0'), '--log-key', other, rc=14, err='not of that of the key you named')
    p.run('audit', 'prove', '--entry', str(now['size']), '--vault', p.path('vault'), rc=1, err='is under no checkpoint yet')
    p.run('audit', 'prove', '--entry', '-1', '--vault', p.path('vault'), rc=2)
    p.run('audit', 'prove', '--vault', p.path('vault'), rc=2, err='one of --entry N, --from SIZE and --check FILE')
    for size in (1, 2, 3, 7, 8, first['size'], now['size']):
        lines, note = p.run('audit', 'prove', '--from', str(size), '--vault', p.path('vault')).split('\n\n', 1)
        lines = lines.split('\n')
        assert lines[0] == 'old %d' % size and note.split('\n')[1:3] == [str(now['size']), now['root']]
        if size == first['size']:
            assert consistent(size, now['size'], base64.b64decode(first['root']), base64.b64decode(now['root']), [base64.b64decode(l) for l in lines[1:]])
            assert not consistent(size, now['size'], bytes(32), base64.b64decode(now['root']), [base64.b64decode(l) for l in lines[1:]])
    p.run('audit', 'prove', '--from', str(now['size'] + 1), '--vault', p.path('vault'), rc=1, err='the log has no head of')


def tampered(p):
    """Every entry of the log removed, repeated, put before the one before, or in the place of another; the log cut after each."""
    import re
    segment, home = p.path('vault', 'archive', '00000001.tar'), p.path('stranger')
    os.mkdir(home)
    whole, at, last = open(segment, 'rb').read(), [0], head(p)
    while at[-1] < len(whole):
        at.append(at[-1] + 512 + (int(whole[at[-1] + 124:at[-1] + 135], 8) + 511) // 512 * 512)
    entries = [whole[a:b] for a, b in zip(at, at[1:])]
    kind = [e[12:100].rstrip(b'\0').decode() for e in entries]
    os.chmod(segment, 0o600)

    def verify(parts, lowest, highest, *more, rc=14):
        open(segment, 'wb').write(b''.join(parts))
        q = subprocess.run([p.binary, 'audit', 'verify', '--vault', p.path('vault'), *more], env=p.env(home), capture_output=True)
        told = q.stderr.decode()
        assert q.returncode == rc, (q.returncode, told, lowest)
        named = re.search('entry ([0-9]+)', told)
        assert lowest is None or (named and lowest <= int(named.group(1)) <= highest), (told, lowest, highest)

    for i in range(len(entries)):
        closes = next(n for n in range(i, len(entries)) if kind[n] == 'checkpoint')
        since = ('--since', '%d %s' % (last['size'], last['print']))
        verify(entries[:i], None, None, *since, rc=14 if i > 3 else 10)  # before, it is a founding that was cut short
        if i + 1 < len(entries):
            verify(entries[:i] + entries[i + 1:], i, closes + 1)
            verify(entries[:i] + [entries[i + 1], entries[i]] + entries[i + 2:], i, closes + 1)
        verify(entries[:i + 1] + entries[i:], i, closes + 1)
        j = next((n for n in range(i) if kind[n] == kind[i]), None)
        if j is not None:  # the bytes of another of its kind, under its own name
            body = entries[j][512:]
            header = bytearray(entries[i][:512])
            header[124:136] = entries[j][124:136]
            header[148:156] = b' ' * 8
            header[148:156] = b'%06o\0 ' % sum(header)
            verify(entries[:i] + [bytes(header) + body] + entries[i + 1:], i, closes)
    open(segment, 'wb').write(whole)
    p.run('audit', 'verify', '--vault', p.path('vault'), out='The log is whole')
    # A segment that is not there, before one that is.
    for name, rc in (('00000003.tar', 14), ('99999999.tar', 14), ('0000000x.tar', 0), ('000000003.tar', 0)):
        other = p.path('vault', 'archive', name)
        shutil.copy(segment, other)
        for command in (['audit', 'verify'], ['check']):
            words = 'archive/00000002.tar: is missing, and later ones are there' if rc else None
            p.run(*command, '--vault', p.path('vault'), rc=rc, **{'out' if command == ['check'] else 'err': words})
        os.unlink(other)


def cache(p):
    """Nothing in the cache of the tree is believed: whatever stands there, the proofs are the same."""
    import glob
    prove = lambda *what: p.run('audit', 'prove', *what, '--vault', p.path('vault'))
    now = head(p)['size']
    wanted = [('--from', str(n)) for n in (1, 2, 3, 7, 20, now - 4)] + [('--entry', str(n)) for n in (0, 5, now - 1)]
    tree, = glob.glob(p.path('home', '.cache', 'casevault', '*', 'tree'))
    good = open(tree, 'rb').read()
    os.remove(tree)
    proofs = [prove(*w) for w in wanted]
    assert open(tree, 'rb').read() == good and len(good) == 32 * sum(now >> k for k in range(10))
    flipped = [good[:i] + bytes([good[i] ^ 1]) + good[i + 1:] for i in range(7, len(good), 160)]
    for bad in [b'', b'x', good[:31], good[:-1], good[:len(good) // 2], good[32:], good + good, good + bytes(64), bytes(len(good)), good[::-1]] + flipped:
        open(tree, 'wb').write(bad)
        for w in range(len(wanted)) if bad not in flipped else (1, 3, 4, 7):
            assert prove(*wanted[w]) == proofs[w]
    os.remove(tree)
    os.mkdir(tree)
    assert prove(*wanted[2]) == proofs[2]
    os.rmdir(tree)
    p.add('intake', PERSON)
    assert prove('--entry', '5') != proofs[-2] and open(tree, 'rb').read()[:len(good)] == good


def together(p):
    """Many at once, of one user: all of them answer, and what they keep is whole."""
    import glob
    ask = [['audit', 'verify'], ['audit', 'prove', '--entry', '1'], ['audit', 'head', '-o', p.path('head-%d')]]
    for tree in glob.glob(p.path('home', '.cache', 'casevault', '*', 'tree')):
        os.remove(tree)
    runs = [subprocess.Popen([p.binary, *(w.replace('%d', str(i)) for w in ask[i % 3]), '--vault', p.path('vault')], env=p.env(), stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE) for i in range(24)]
    told = [r.communicate() for r in runs]
    assert all(r.returncode == 0 for r in runs), [t[1] for t in told if t[1]]
    assert len({t[0] for t in told[1::3]}) == 1
    state = glob.glob(p.path('home', '.local', 'state', 'casevault', '*'))
    kept, = [f for f in state if f.endswith('.head')]
    assert open(kept).read() == open(p.path('head-2')).read() and not [f for f in state if '.head.' in f]


def full(p):
    """Where nothing can be kept, it says so, and leaves nothing behind; the cache may fail, and the proof is the same."""
    import glob
    state = p.path('home', '.local', 'state', 'casevault')
    before = {f: open(os.path.join(state, f)).read() for f in os.listdir(state)}

    def failing(call, *command, of=()):
        q = subprocess.run(['strace', '-f', '-qq', '-o', p.path('trace'), '-e', 'trace=' + call, '-e', 'inject=%s:error=ENOSPC' % call,
                            *of, p.binary, *command, '--vault', p.path('vault')], env=p.env() | {'ASAN_OPTIONS': 'detect_leaks=0'}, capture_output=True)
        assert 'INJECTED' in open(p.path('trace')).read(), call
        return q

    for call in ('fsync', 'renameat'):
        q = failing(call, 'audit', 'verify')
        assert q.returncode == 1 and '.head: cannot write: No space left on device' in q.stderr.decode(), (call, q)
        assert {f: open(os.path.join(state, f)).read() for f in os.listdir(state)} == before, call
    tree, = glob.glob(p.path('home', '.cache', 'casevault', '*', 'tree'))
    prove = ['audit', 'prove', '--entry', '3']
    good = p.run(*prove, '--vault', p.path('vault'))
    os.truncate(tree, 0)
    q = failing('pwrite64', *prove, of=('-P', tree))
    assert q.returncode == 0 and q.stdout.decode() == good and os.path.getsize(tree) == 0, q
    assert p.run(*prove, '--vault', p.path('vault')) == good and os.path.getsize(tree) > 0


def graves(p):
    """Tombstones against release.keys, both ways."""
    keys = p.path('vault', 'release.keys')
    gone = p.add('intake', PERSON)
    p.add('intake', PERSON)
    shutil.copy(keys, p.path('older.keys'))
    p.as_('founder', 'record', 'erase', gone, '--reason', 'a test', '--really', '--confirm', gone)
    verify = lambda **kw: p.run('audit', 'verify', '--vault', p.path('vault'), **kw)
    verify(out='The log is whole')
    after = open(keys, 'rb').read()
    open(keys, 'wb').write(open(p.path('older.keys'), 'rb').read())
    verify(rc=14, err='(tombstone): release key')
    p.as_('founder', 'record', 'list')  # any member's command carries it out again
    verify(out='The log is whole')
    after = bytearray(open(keys, 'rb').read())
    slot = [i for i in range(1, (len(after) - HEADER) // KEY) if any(after[HEADER + KEY * i:HEADER + KEY * (i + 1)])][0]
    broken = bytearray(after)
    broken[HEADER + KEY * slot:HEADER + KEY * (slot + 1)] = bytes(KEY)
    open(keys, 'wb').write(broken)
    verify(rc=14, err='release.keys: key %d was destroyed, and no entry of the log erases it' % slot)
    open(keys, 'wb').write(after)
    verify(out='The log is whole')


def contents(p):
    """What only auditors can say: that the events are all there (what is not is in unit/custodians)."""
    import json
    p.as_('auditor', 'audit', 'verify', '--contents', out='nothing is without its event')
    told = p.as_('auditor', 'audit', 'verify', '--contents', '--json').strip().split('\n')
    told = json.loads(told[-1])
    assert told['records'] == 8 and told['policies'] == 3 and told['erasures'] == 1 and told['faults'] == 0, told
    p.as_('intake', 'audit', 'verify', '--contents', rc=13, err='none of your roles reads the access log')
    assert 'unchecked' in p.run('audit', 'verify', '--vault', p.path('vault'))


def two_stories(text):
    """The evidence, read in our own words: root, hashes, and of each checkpoint its size and root."""
    head, rest = text.split('\n\n', 1)
    first, sigs, second, _ = rest.split('\n\n')
    lines = head.split('\n')
    assert lines[0] == 'casevault misconduct v1' and lines[1].startswith('root ') and sigs.startswith('— ')
    heads = [t.split('\n') for t in (first, second)]
    assert heads[0][0] == heads[1][0]
    return base64.b64decode(lines[1][5:]), [base64.b64decode(l) for l in lines[2:]], [(int(h[1]), base64.b64decode(h[2])) for h in heads]


def misconduct(p):
    """A log that was taken back and went on otherwise: what the auditor kept proves it to anybody."""
    auditor, other = p.path('auditor-home'), p.path('other-home')
    os.mkdir(auditor), os.mkdir(other)
    vault, copy, honest = p.path('vault'), p.path('before'), p.path('honest')
    key, kept = head(p)['log_key'], p.path('kept')
    shutil.copytree(vault, copy)
    fingerprint = p.run('audit', 'verify', '--vault', vault).split('Vault: ')[1].split()[0]
    for _ in range(3):
        p.add('intake', PERSON)
    p.run('audit', 'head', '-o', kept, '--vault', vault)
    p.run('audit', 'verify', '--trust', fingerprint, '--vault', vault, home=auditor)
    p.add('intake', PERSON)
    p.run('audit', 'misconduct', '--head', kept, '--vault', vault, rc=1, err='both are true')
    shutil.move(vault, honest)
    shutil.copytree(copy, vault)
    p.run('audit', 'misconduct', '--head', kept, '--vault', vault, rc=1, err='an older copy, which proves nothing')
    evidence = os.path.join(auditor, '.local/state/casevault', next(f for f in os.listdir(auditor + '/.local/state/casevault') if f.endswith('.head'))[:-4] + 'misconduct')
    p.run('audit', 'verify', '--vault', vault, rc=14, err='gone back', home=auditor)
    assert not os.path.exists(evidence)
    p.as_('intake', 'status', '--trust', fingerprint, home=other)
    sizes = set()
    while len(sizes) < 4:
        p.add('intake', PERSON, home=other)
        told = p.path('evidence-%d' % len(sizes))
        now = head(p, home=other)
        if now['size'] < int(open(kept).read().split('\n')[1]):
            continue
        p.run('audit', 'misconduct', '--head', kept, '-o', told, '--vault', vault, out='They cannot both be true')
        p.run('audit', 'verify', '--vault', vault, rc=14, err='two signed heads prove it: ' + auditor, home=auditor)
        assert open(told).read() == open(evidence).read()
        root, hashes, ((m, a), (n, b)) = two_stories(open(told).read())
        assert root != a and consistent(m, n, root, b, hashes) and not consistent(m, n, a, b, hashes) and m <= n <= now['size']
        sizes.add(now['size'])
    text = open(evidence).read()
    p.run('audit', 'misconduct', '--check', evidence, '--log-key', key, out='Proved: the log signed two heads')
    p.run('audit', 'misconduct', '--check', evidence, rc=2, err='Add --log-key')
    p.run('audit', 'misconduct', rc=2, err='one of --head FILE and --check FILE')
    head_lines, rest = text.split('\n\n', 1)
    first, sigs, second, more = rest.split('\n\n')
    flip = lambda t, i: t[:i] + ('A' if t[i] != 'A' else 'B') + t[i + 1:]
    swapped = '\n\n'.join((head_lines, second, more.rstrip('\n'), first, sigs + '\n'))
    same = '\n\n'.join((head_lines, first, sigs, first, sigs + '\n'))
    true_root = '\n\n'.join((head_lines.split('\n')[0] + '\nroot ' + first.split('\n')[2], rest))
    for altered, rc, why in ((flip(text, text.index('root ') + 9), 14, 'does not show'), (swapped, 14, ''), (same, 14, ''), (true_root, 14, 'both checkpoints may be true'),
                             (text.replace('\n%s\n' % first.split('\n')[1], '\n1\n', 1), 14, 'first checkpoint is not signed'), (flip(text, text.index('— ') + 100), 14, 'first checkpoint is not signed'),
                             (text[:-100], 1, ''), (text[20:], 1, 'not a casevault misconduct v1'), (rest, 1, ''), (head_lines + '\n\n' + first + '\n\n' + sigs + '\n', 1, 'does not hold two checkpoints'),
                             (head_lines + '\n' + 'A' * 43 + '\n\n' + rest, 1, 'a hash is not'), (head_lines + ('\n' + 'A' * 43 + '=') * 65 + '\n\n' + rest, 1, 'more than 64 hashes')):
        open(p.path('altered'), 'w').write(altered)
        assert p.run('audit', 'misconduct', '--check', p.path('altered'), '--log-key', key, rc=rc, err=why) == ''
    other_key = key.split('+')[0] + '+' + '0' * 8 + '+' + key.split('+')[2]
    p.run('audit', 'misconduct', '--check', evidence, '--log-key', other_key, rc=2)
    open(p.path('altered'), 'w').write(flip(open(kept).read(), open(kept).read().index('— ') + 100))
    p.run('audit', 'misconduct', '--head', p.path('altered'), '--vault', vault, rc=14, err='not signed with the key')
    shutil.rmtree(vault)
    shutil.move(honest, vault)
    p.run('audit', 'verify', '--vault', vault, home=auditor)


def test(p):
    p.vault(('intake', 'auditor'))
    first = heads(p)
    shortened(p, first)
    tampered(p)
    proofs(p, first)
    cache(p)
    together(p)
    full(p)
    graves(p)
    contents(p)
    misconduct(p)


main(test)
