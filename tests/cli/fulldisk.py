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
    finally:
        subprocess.run(['umount', small], check=True)


may_mount()
main(test)
