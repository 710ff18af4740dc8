#!/usr/bin/env python3
"""repair: damaged files are set aside, never destroyed; what is whole takes their place, verified before it does."""
import glob, json, os, random, shutil, subprocess

from check import cut, entries
from common import PERSON, main
from damage import flip


def repair(p, *more, **kw):
    return p.run('repair', '--from', p.path('backup'), '--vault', p.path('vault'), *more, **kw)


def tree(d):
    return {os.path.relpath(f, d): open(f, 'rb').read() for f in glob.glob(d + '/**', recursive=True) if os.path.isfile(f)}


def aside(p):
    return tree(p.path('vault', 'set-aside')) if os.path.exists(p.path('vault', 'set-aside')) else {}


def whole(p, true):
    """The vault is as it was before the damage, and nothing was left lying about."""
    assert {k: v for k, v in tree(p.path('vault')).items() if not k.startswith('set-aside')} == true
    p.run('check', '--vault', p.path('vault'))
    assert not os.path.exists(p.path('vault', 'mending'))


def from_backup(p, record):
    """A byte in each kind of entry, a cut, a file that is gone: put back as it was; the damaged bytes are kept."""
    repair(p, rc=1, err='nothing is damaged; nothing was done')
    assert not aside(p)
    true = tree(p.path('vault'))
    rng, kinds, kept = random.Random(7), {}, 0
    for name, raw in p.archive().items():
        for index, kind, at, size, total in entries(raw):
            kinds.setdefault(kind, ('archive/' + name, at + 512 + rng.randrange(size)))
    names = sorted(p.archive())
    cases = list(kinds.values()) + [('archive/' + names[1], 'gone'), ('archive/' + names[0], 'cut'), ('archive/' + names[-1], 'gone')]
    for name, what in cases:
        f = p.path('vault', name)
        if what == 'gone':
            os.remove(f)
        elif what == 'cut':
            os.truncate(f, os.path.getsize(f) - 1024)
        else:
            flip(f, what)
        bad = open(f, 'rb').read() if what != 'gone' else None
        p.run('check', '--vault', p.path('vault'), rc=14)
        text = repair(p, out='The vault is whole again')
        assert name + ': ' in text
        whole(p, true)
        if bad is not None:
            kept += 1
            assert bad in aside(p).values() and len(aside(p)) == kept, (name, what)
    # Where the archive as a whole is gone.
    shutil.move(p.path('vault', 'archive'), p.path('archive'))
    repair(p, out='was missing, and is there again')
    whole(p, true)
    shutil.rmtree(p.path('archive'))
    p.as_('protection', 'record', 'show', record)


def beyond(p):
    """What was written after the backup stays, also in the segment that is mended; and is not taken back."""
    record = p.add('intake', PERSON)
    names = sorted(p.archive())
    segment = p.path('vault', 'archive', names[-1])
    flip(segment, 3000)
    before = open(segment, 'rb').read()
    repair(p)
    assert open(segment, 'rb').read()[4096:] == before[4096:]
    p.as_('protection', 'record', 'show', record)
    # Damage behind what the backup has: nothing is changed, and it is said.
    raw = p.archive()[names[-1]]
    last = [at for i, kind, at, _, _ in entries(raw) if kind == 'record'][-1]
    flip(segment, last + 600)
    now = tree(p.path('vault'))
    repair(p, rc=14, err='not all that is damaged is in this backup; nothing was changed')
    assert tree(p.path('vault')) == now
    flip(segment, last + 600)
    p.run('check', '--vault', p.path('vault'))


def keys(p, records):
    """Release keys that were cut, lost their header, or are gone."""
    path = p.path('vault', 'release.keys')
    p.run('backup', p.path('backup'), '--vault', p.path('vault'))
    true = open(path, 'rb').read()
    for bad in (true[:600], true[:100], b'x' + true[1:], b'', None):
        if bad is None:
            os.remove(path)
        else:
            open(path, 'wb').write(bad)
        p.as_('protection', 'record', 'show', records[0], rc=14)
        text = repair(p, out='release.keys: ')
        assert 'LOST' not in text, text
        for record in records:
            assert p.json_as('protection', 'record', 'show', record)[0]['contact']['shelter'] == 'Blue House'
        p.run('check', '--vault', p.path('vault'))
        true = open(path, 'rb').read()
        p.run('backup', p.path('backup'), '--vault', p.path('vault'))
    # Written after the backup: its key was only in the file that was cut.
    late = p.add('intake', PERSON)
    os.truncate(path, 600)
    told = json.loads(repair(p, '--json'))
    assert told['keys_gone'] >= 1 and not told['ok'], told
    assert p.json_as('protection', 'record', 'show', records[0])[0]['contact']
    p.as_('protection', 'record', 'show', late, rc=1)
    p.run('check', '--vault', p.path('vault'), rc=14, err='was destroyed, and no entry of the log erases it')
    new = p.add('intake', PERSON)
    assert p.json_as('protection', 'record', 'show', new)[0]['contact']


def refused(p):
    """Not from another vault's backup, a damaged one, or while somebody writes."""
    segment = p.path('vault', 'archive', '00000001.tar')
    flip(segment, 3000)
    now = tree(p.path('vault'))
    p.run('init', p.path('second'), *p.who('founder')[:4])
    p.run('backup', p.path('other'), '--vault', p.path('second'))
    p.run('repair', '--from', p.path('other'), '--vault', p.path('vault'), rc=14, err='nothing was changed')
    shutil.copytree(p.path('backup'), p.path('bad'))
    flip(p.path('bad', 'archive', '00000001.tar'), 3000)
    p.run('repair', '--from', p.path('bad'), '--vault', p.path('vault'), rc=14, err='the backup cannot be used, and nothing was changed')
    p.run('repair', '--from', p.path('nothing'), '--vault', p.path('vault'), rc=10, err='no backup here')
    p.run('repair', '--from', p.path('backup'), '--vault', p.path('nothing'), rc=10, err='no vault here')
    holder = subprocess.Popen(['flock', p.path('vault', 'lock'), 'sh', '-c', 'echo held; read x'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    holder.stdout.readline()
    repair(p, rc=11, err='somebody is writing')
    holder.communicate(b'\n')
    assert tree(p.path('vault')) == now
    flip(segment, 3000)


def killed(p):
    """kill -9 after each step: the archive is never without a file, and the next repair ends it."""
    name = sorted(p.archive())[0]
    segment = p.path('vault', 'archive', name)
    p.run('backup', p.path('backup'), '--vault', p.path('vault'))
    true, states = p.archive(), 0
    for n in range(1, 60):
        flip(segment, 3000)
        bad = open(segment, 'rb').read()
        calls = 'linkat,renameat,mkdirat,fsync,unlinkat,pwrite64'
        r = subprocess.run(['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=' + calls, '-e', 'inject=%s:signal=SIGKILL:when=%d' % (calls, n),
                            p.binary, 'repair', '--from', p.path('backup'), '--vault', p.path('vault')], capture_output=True,
                           env=dict(p.env(), ASAN_OPTIONS='detect_leaks=0'))
        if b'ptrace' in r.stderr:
            print('no right to trace: left out')
            break
        files = p.archive()
        assert sorted(files) == sorted(true) and files[name] in (bad, true[name]), n
        assert files[name] == bad or bad in aside(p).values(), n
        if r.returncode == 0:
            break
        states += 1
        if files[name] == bad:
            repair(p)
        else:
            repair(p, rc=1, err='nothing is damaged')
        assert p.archive() == true and not os.path.exists(p.path('vault', 'mending'))
    print('killed in %d places' % states)
    assert r.returncode == 0 and n > 8, (n, r.stderr)


def test(p):
    p.vault(('intake', 'protection', 'auditor'))
    records = [p.add('intake', PERSON) for _ in range(2)]
    records.append(cut(p))
    records.append(cut(p))
    p.as_('protection', 'record', 'list')
    p.run('backup', p.path('backup'), '--vault', p.path('vault'))
    from_backup(p, records[0])
    beyond(p)
    refused(p)
    killed(p)
    keys(p, records)


if __name__ == '__main__':
    main(test)
