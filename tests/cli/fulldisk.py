#!/usr/bin/env python3
"""On a small file system that fills up: the vault is as before the command, and readable."""
import json, os, re, subprocess, sys, tempfile

from common import PERSON, main


def may_mount():
    """Is it ours to mount? Else once more in a name space where it is; else say that the test was left out."""
    with tempfile.TemporaryDirectory() as d:
        if subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', d], capture_output=True).returncode == 0:
            subprocess.run(['umount', d], check=True)
            return
    if os.environ.get('UNSHARED') is None and subprocess.run(['unshare', '-rm', 'true'], capture_output=True).returncode == 0:
        os.execvpe('unshare', ['unshare', '-rm', sys.executable, *sys.argv], dict(os.environ, UNSHARED='1'))
    print('no right to mount a small file system: left out')
    sys.exit(77)


def fill(p, small, who):
    """Records until one does not fit: it is refused, and nothing of it stays; that it was looked for before, is logged."""
    records = lambda: re.findall(rb'\d{11}-record\0', open(archive, 'rb').read())
    big = json.dumps(dict(PERSON, medical={'findings': 'y' * 150000})).encode()
    archive = small + '/vault/archive/00000001.tar'
    for _ in range(20):
        before = records()
        r = subprocess.run([p.binary, 'record', 'add', '-', *who], input=big, capture_output=True, env=p.env())
        if r.returncode != 0:
            break
    assert r.returncode == 1 and b'No space left' in r.stderr and b'nothing was stored' in r.stderr, r.stderr
    assert records() == before and before


def backup(p, small):
    """A backup that does not fit is none, or the one before; with room it goes on. So is it with a restore."""
    subprocess.run(['mount', '-o', 'remount,size=4m', small], check=True)
    source = small + '/vault'
    other = p.path('disk')
    os.mkdir(other)
    size = os.path.getsize(source + '/archive/00000001.tar') // 1024
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=%dk' % (size // 2), 'tmpfs', other], check=True)
    try:
        p.run('backup', other + '/backup', '--vault', source, rc=1, err='No space left')
        p.run('backup', '--verify', other + '/backup', rc=10, err='no backup was ever finished')
        subprocess.run(['mount', '-o', 'remount,size=%dk' % (size + 400), other], check=True)
        p.run('backup', other + '/backup', '--vault', source)
        p.run('backup', '--verify', other + '/backup', out='is whole')
        p.run('restore', other + '/backup', other + '/vault', rc=1, err='No space left')
        assert sorted(os.listdir(other)) == ['backup'], os.listdir(other)
        p.run('backup', '--verify', other + '/backup', out='is whole')
    finally:
        subprocess.run(['umount', other], check=True)


def attach(p, small, who):
    """A file that does not fit, at its first piece or a later one: nothing of it is listed, nor can it be opened."""
    subprocess.run(['mount', '-o', 'remount,size=1600k', small], check=True)
    record = p.run('record', 'add', '-', *who, stdin=json.dumps({'type': 'evidence', 'evidence': {'kind': 'Recording'}}).encode()).strip()
    for size in (3 << 20, 9 << 20):
        subprocess.run(['mount', '-o', 'remount,size=%dk' % (3072 if size < 4 << 20 else 10240), small], check=True)
        with open(p.path('file'), 'wb') as f:
            f.write(os.urandom(size))
        p.run('document', 'add', '--record', record, p.path('file'), *who, rc=1, err='No space left')
        assert p.run('document', 'list', '--record', record, '--json', *who) == ''
        assert json.loads(p.run('status', '--json', *who))['unfinished_files'] == 0
        p.run('check', '--vault', small + '/vault')
    subprocess.run(['mount', '-o', 'remount,size=40m', small], check=True)
    p.run('document', 'add', '--record', record, p.path('file'), *who)
    p.run('document', 'get', record + '.1', '-o', p.path('back'), *who)
    assert open(p.path('back'), 'rb').read() == open(p.path('file'), 'rb').read()
    # And where the copy does not fit, there is none.
    r = small + '/out'
    subprocess.run(['mount', '-o', 'remount,size=30m', small], check=True)
    os.unlink(p.path('back'))
    with open(small + '/ballast', 'wb') as f:
        while f.tell() < 64 << 20:
            try:
                f.write(bytes(65536))
                f.flush()
            except OSError:
                break
            if os.statvfs(small).f_bavail * os.statvfs(small).f_bsize < 6 << 20:
                break
    p.run('document', 'get', record + '.1', '-o', r, *who, rc=1, err='No space left')
    assert not os.path.exists(r)
    os.unlink(small + '/ballast')


def test(p):
    small = p.path('small')
    os.mkdir(small)
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1200k', 'tmpfs', small], check=True)
    try:
        p.identity('founder')
        who = [*p.who('founder')[:4], '--vault', small + '/vault']
        p.run('init', small + '/vault', *who[:4])
        first = p.run('record', 'add', '-', *who, stdin=json.dumps(PERSON).encode()).strip()
        fill(p, small, who)
        p.run('audit', 'verify', '--vault', small + '/vault')
        p.run('check', '--vault', small + '/vault')
        assert len(p.run('record', 'show', first, '--json', *who)) > 0
        backup(p, small)
        attach(p, small, who)
        p.run('audit', 'verify', '--vault', small + '/vault')
    finally:
        subprocess.run(['umount', small], check=True)


may_mount()
main(test)
