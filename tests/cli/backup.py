#!/usr/bin/env python3
"""Backups: what is new goes there, whatever breaks off; what is there is verified, and becomes a vault again."""
import glob, json, os, random, shutil, subprocess, time

from common import PERSON, main, persons


def flip(path, at):
    with open(path, 'r+b') as f:
        f.seek(at)
        byte = f.read(1)[0]
        f.seek(at)
        f.write(bytes([byte ^ 1]))


def tree(d):
    return {os.path.relpath(f, d): open(f, 'rb').read() for f in glob.glob(d + '/**', recursive=True) if os.path.isfile(f)}


def backup(p, *more, **kw):
    return p.run('backup', p.path('backup'), '--vault', p.path('vault'), *more, **kw)


def counted(p, *more, **kw):
    return json.loads(backup(p, '--json', *more, **kw))


def verify(p, dir='backup', **kw):
    return p.run('backup', '--verify', p.path(dir), **kw)


def growing(p):
    """Only what is new is copied, byte for byte; and nothing is asked of a key."""
    first = counted(p)
    assert first['copied'] == os.path.getsize(p.path('vault', 'archive', '00000001.tar')) and first['key_files'] == 1
    assert 'same disk' in backup(p)
    assert counted(p)['copied'] == 0
    before = os.path.getsize(p.path('vault', 'archive', '00000001.tar'))
    p.add('intake', PERSON)
    grown = os.path.getsize(p.path('vault', 'archive', '00000001.tar')) - before
    told = counted(p)
    assert told['copied'] == grown and told['key_files'] == 3 and not told['erased_still_open'], told
    assert tree(p.path('backup', 'archive')) == p.archive()
    verify(p, out='The backup is whole')
    verify(p, out='Contents unchecked')
    # Of the release keys just those that were taken: none of a version yet to be written.
    keys = open(sorted(glob.glob(p.path('backup', 'keys', '*.keys')))[-1], 'rb').read()
    assert 512 < len(keys) < os.path.getsize(p.path('vault', 'release.keys'))
    assert open(p.path('vault', 'release.keys'), 'rb').read().startswith(keys)


def elsewhere(p):
    """Nothing is written where something else is, or another vault's backup."""
    for name, inside in (('holiday', 'photo.jpg'), ('home', None), ('vault', None)):
        d = p.path(name)
        if inside:
            os.mkdir(d)
            open(os.path.join(d, inside), 'w').write('x')
        before = sorted(os.listdir(d))
        p.run('backup', d, '--vault', p.path('vault'), rc=1, err='holds something else')
        assert sorted(os.listdir(d)) == before
    p.run('init', p.path('second'), *p.who('founder')[:4])
    before = tree(p.path('backup'))
    p.run('backup', p.path('backup'), '--vault', p.path('second'), rc=1, err='another vault')
    assert tree(p.path('backup')) == before
    p.run('backup', p.path('backup'), '--vault', p.path('nowhere'), rc=10, err='no vault here')
    p.run('backup', p.path('backup'), '--keep', '3', '--verify', rc=2, err='--keep')
    verify(p, 'holiday', rc=10, err='no backup here')
    p.run('restore', p.path('holiday'), p.path('new'), rc=10, err='no backup here')
    assert not os.path.exists(p.path('new'))
    p.run('status', *p.who('founder')[:4], '--vault', p.path('backup'), rc=10, err='no vault here')


def killed(p):
    """kill -9 after each system call that writes: the backup before is whole, and the next one goes on."""
    full, states = p.path('full'), 0
    shutil.copytree(p.path('vault'), full)
    base = p.path('base')
    shutil.copytree(p.path('backup'), base)
    p.run('record', 'import', '-', *p.who('founder'), stdin=persons(30))
    for target, fresh in ((p.path('backup'), False), (p.path('fresh'), True)):
        for n in range(1, 60):
            shutil.rmtree(target, ignore_errors=True)
            if not fresh:
                shutil.copytree(base, target)
            command = [p.binary, 'backup', target, '--keep', '1', '--vault', p.path('vault')]
            r = subprocess.run(['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=pwrite64,fsync,fdatasync,renameat,mkdir,mkdirat,unlinkat,ftruncate',
                                '-e', 'inject=pwrite64,fsync,fdatasync,renameat,mkdir,mkdirat,unlinkat,ftruncate:signal=SIGKILL:when=%d' % n,
                                *command], capture_output=True, env=dict(p.env(), ASAN_OPTIONS='detect_leaks=0'))
            if b'ptrace' in r.stderr:
                print('no right to trace: left out')
                return
            if r.returncode == 0:
                break
            states += 1
            if not fresh:
                p.run('backup', '--verify', target)
            if n % 3 == 0:  # ... and a power cut lost the data of what was not synced, and kept its length
                for f in glob.glob(target + '/archive/*'):
                    finished = os.path.getsize(base + '/archive/00000001.tar') if not fresh and f.endswith('1.tar') else 0
                    size = os.path.getsize(f)
                    if open(target + '/casevault-backup').read() == (open(base + '/casevault-backup').read() if not fresh else ''):
                        with open(f, 'r+b') as out:
                            out.truncate(finished)
                            out.truncate(size)
            p.run(*command[1:])
            p.run('backup', '--verify', target, out='is whole')
            assert tree(target + '/archive') == p.archive()
            assert len(os.listdir(target + '/keys')) == 1
        assert r.returncode == 0 and n > 8, (n, r.stderr)
    print('killed in %d places' % states)
    shutil.rmtree(p.path('fresh'))
    shutil.rmtree(full)
    shutil.rmtree(base)
    p.run('backup', p.path('backup'), '--vault', p.path('vault'))


def tampered(p):
    """A byte of the archive, of the mark or of the keys' header; a file that is cut or gone: each is told, and nothing restored."""
    d = p.path('bad')
    rng = random.Random(3)
    size = os.path.getsize(p.path('backup', 'archive', '00000001.tar'))
    newest = sorted(os.listdir(p.path('backup', 'keys')))[-1]
    keys = 'keys/' + newest
    changes = [('archive/00000001.tar', rng.randrange(size)) for _ in range(6)] + [('casevault-backup', 90), (keys, 40)]
    changes += [('archive/00000001.tar', 'cut'), (keys, 'cut'), (keys, 'gone'), ('archive/00000001.tar', 'gone')]
    for name, what in changes:
        shutil.rmtree(d, ignore_errors=True)
        shutil.copytree(p.path('backup'), d)
        f = os.path.join(d, name)
        if what == 'cut':
            os.truncate(f, os.path.getsize(f) - 512)
        elif what == 'gone':
            for g in glob.glob(os.path.dirname(f) + '/*') if name == keys else [f]:
                os.remove(g)
        else:
            flip(f, what)
        before = tree(d)
        verify(p, 'bad', rc=14)
        p.run('restore', d, p.path('new'), rc=14)
        assert not glob.glob(p.path('new*')), (name, what)
        if name.startswith('archive') and what != 'gone':  # what was finished is never written over
            p.run('backup', d, '--vault', p.path('vault'), rc=14, err='is not the beginning')
        if name == 'casevault-backup':
            p.run('backup', d, '--vault', p.path('vault'), rc=14, err='damaged')
        if not name.startswith('keys'):
            assert tree(d) == before, (name, what)
    shutil.rmtree(d)


def damaged_vault(p):
    """A damaged vault is not copied; what the backup held, it holds."""
    segment = p.path('vault', 'archive', '00000001.tar')
    before = tree(p.path('backup'))
    flip(segment, os.path.getsize(segment) // 2)
    backup(p, rc=14, err='entry')
    flip(segment, os.path.getsize(segment) // 2)
    assert tree(p.path('backup')) == before
    # A write that was cut short is not copied, and does not stand in the way.
    with open(segment, 'ab') as f:
        f.write(open(segment, 'rb').read(700))
    assert counted(p)['copied'] == 0
    p.add('intake', PERSON)
    assert len(p.archive()) == 2
    backup(p)
    verify(p)
    assert tree(p.path('backup', 'archive')) == p.archive()


def erased(p):
    """An erasure reaches the backup as its copies of release keys are rotated out, and it is said until then."""
    gone, stays = p.add('founder', PERSON), p.add('founder', PERSON)
    backup(p, '--keep', '3')
    p.as_('founder', 'record', 'erase', gone, '--really', '--confirm', gone, '--reason', 'asked for')
    shown = backup(p, '--keep', '3')
    assert 'ERASED, AND NOT YET HERE: 1 version that was' in shown and 'after 2 more' in shown, shown
    verify(p, out='ERASED, AND NOT YET HERE')
    assert counted(p, '--keep', '3')['erased_still_open'] == 1
    assert counted(p, '--keep', '3')['erased_still_open'] == 0
    assert 'Nothing that was erased can be opened' in backup(p)
    p.as_('founder', 'record', 'erase', stays, '--really', '--confirm', stays, '--reason', 'asked for')
    assert counted(p, '--keep', '2')['erased_still_open'] == 1
    assert counted(p, '--keep', '1')['erased_still_open'] == 0 and len(os.listdir(p.path('backup', 'keys'))) == 1
    p.run('restore', p.path('backup'), p.path('back'))
    shutil.copytree(p.home, p.path('aside'))
    p.run('record', 'show', gone, *p.who('founder')[:4], '--vault', p.path('back'), home=p.path('aside'), rc=1, err='was erased')
    shutil.rmtree(p.path('back'))


def restored(p):
    """A new vault, verified before it has its name; never over anything."""
    record = p.add('founder', PERSON)
    backup(p)
    p.run('restore', p.path('backup'), p.path('vault'), rc=1, err='already there')
    p.run('restore', p.path('backup'), p.path('back'), out='goes on from what you saw last')
    assert {k: v for k, v in tree(p.path('back')).items() if k.startswith('archive')} == {k: v for k, v in tree(p.path('vault')).items() if k.startswith('archive')}
    who = [*p.who('founder')[:4], '--vault', p.path('back')]
    assert json.loads(p.run('record', 'show', record, '--json', *who))['contact']['shelter'] == 'Blue House'
    p.run('record', 'add', '-', *who, stdin=json.dumps(PERSON).encode())
    p.run('check', '--vault', p.path('back'))
    shutil.rmtree(p.path('vault'))
    os.rename(p.path('back'), p.path('vault'))
    backup(p)
    # On a machine that never saw the vault.
    home = p.path('new machine')
    os.mkdir(home)
    p.run('restore', p.path('backup'), p.path('back'), home=home, out='compare its fingerprint')
    p.run('status', *who, home=home, rc=13, err='not seen this vault before')
    shutil.rmtree(p.path('back'))
    print_ = p.json_as('founder', 'status')[0]['fingerprint']
    p.run('restore', p.path('backup'), p.path('back'), '--trust', '0000-0000-0000-0000-0000', rc=13, err='another vault', home=home)
    assert not glob.glob(p.path('back*ing*')) and not os.path.exists(p.path('back'))
    p.run('restore', p.path('backup'), p.path('back'), '--trust', print_, home=home)
    p.run('status', *who, home=home)
    shutil.rmtree(p.path('back'))


def older(p):
    """Not behind what is known; unless a member says so, and then the log tells of it."""
    other = p.path('other')
    os.mkdir(other)
    print_ = p.json_as('founder', 'status')[0]['fingerprint']
    backup(p)
    lost = [p.add('intake', PERSON) for _ in range(3)]
    p.as_('protection', 'status', '--trust', print_, home=other)
    p.as_('founder', 'status')
    p.run('restore', p.path('backup'), p.path('back'), rc=14, err='you have seen entry')
    assert not glob.glob(p.path('back*ing*')) and not os.path.exists(p.path('back'))
    memory = p.path('home', '.local', 'state', 'casevault', p.json_as('founder', 'status')[0]['vault'])
    seen = open(memory).read()
    # Nobody does that without a key.
    p.run('restore', '--accept-older', p.path('backup'), p.path('back'), rc=2, err='--identity')
    p.run('restore', '--accept-older', p.path('backup'), p.path('vault'), *p.who('protection')[:4], rc=1, err='already there')
    assert open(memory).read() == seen
    shutil.move(p.path('vault'), p.path('longer'))
    told = p.run('restore', '--accept-older', p.path('backup'), p.path('vault'), *p.who('protection')[:4])
    assert 'IT HAS GONE BACK' in told and 'check --accept-older' in told
    # To others it has gone back, until they were told so; also when it has grown past what they saw.
    p.as_('protection', 'status', rc=14, err='has gone back', home=other)
    p.run('check', '--vault', p.path('vault'), rc=14, err='gone back', home=other)
    told = p.json_as('auditor', 'audit', 'log')
    assert [e for e in told if e['action'] == 'restore' and 'had been seen' in e['detail']], told[-3:]
    p.as_('protection', 'record', 'show', lost[0], rc=1)
    for _ in range(6):
        p.add('intake', PERSON)
    p.as_('protection', 'status', rc=14, err='another story', home=other)
    p.run('check', '--accept-older', '--vault', p.path('vault'), home=other)
    p.as_('protection', 'status', home=other)
    p.as_('auditor', 'audit', 'verify')
    # The longer one is the one that is refused now, and a backup of it is not written over by it.
    shutil.move(p.path('vault'), p.path('true'))
    shutil.move(p.path('longer'), p.path('vault'))
    p.as_('protection', 'status', rc=14)
    shutil.rmtree(p.path('vault'))
    shutil.move(p.path('true'), p.path('vault'))
    p.as_('protection', 'status')
    # Whoever never saw the vault cannot wave it through.
    home = p.path('third')
    os.mkdir(home)
    p.run('check', '--accept-older', '--vault', p.path('vault'), rc=13, err='not seen this vault', home=home)


def together(p):
    """Written to while it is backed up: what is in the backup is a state that was committed."""
    writers = [subprocess.Popen([p.binary, 'record', 'add', '-', *p.who('intake')], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                env=p.env()) for _ in range(3)]
    for w in writers:
        w.stdin.write(json.dumps(PERSON).encode())
        w.stdin.close()
    for _ in range(4):
        backup(p)
        verify(p)
    assert [w.wait() for w in writers] == [0, 0, 0]
    backup(p)
    verify(p)
    assert tree(p.path('backup', 'archive')) == p.archive()


def test(p):
    p.vault(('intake', 'protection', 'auditor'))
    p.add('intake', PERSON)
    growing(p)
    elsewhere(p)
    killed(p)
    tampered(p)
    damaged_vault(p)
    together(p)
    erased(p)
    restored(p)
    older(p)


main(test)
