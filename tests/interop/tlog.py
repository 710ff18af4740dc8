#!/usr/bin/env python3
"""A published log is read by Go's note and tlog packages: signature, tiles, entries, root, inclusion, consistency."""
import json, os, re, shutil, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '..', 'cli')]
from common import main, persons

GOPATH = '/usr/share/gocode'  # where Debian's packages of Go libraries are


def build(p):
    if shutil.which('go') is None or not os.path.isdir(GOPATH + '/src/golang.org/x/mod/sumdb/tlog'):
        print('go, or golang.org/x/mod, is not there')
        sys.exit(77)
    env = dict(os.environ, GOPATH=GOPATH, GO111MODULE='off', GOFLAGS='', GOCACHE=p.path('go-cache'), HOME=p.dir)
    subprocess.run(['go', 'build', '-o', p.path('tlog'), os.path.join(HERE, 'tlog', 'main.go')], check=True, env=env)


def go(p, where, *args, fails=None):
    r = subprocess.run([p.path('tlog'), p.path(where), *args], capture_output=True)
    text = r.stdout.decode() + r.stderr.decode()
    assert (r.returncode != 0) == (fails is not None) and (fails or '') in text, text
    return text


def publish(p):
    return json.loads(p.run('audit', 'publish', '--vault', p.path('vault'), p.path('www'), '--json'))


def test(p):
    build(p)
    p.vault(('intake',))
    head = publish(p)
    key = head['log_key']
    go(p, 'www', key)
    # Sizes below, at and above the width of a tile, by adding what is missing.
    for more in (3, 255 - head['size'], 40, 300):
        p.as_('intake', 'record', 'import', '-', stdin=persons(more))
        before, head = head, publish(p)
        print(head['size'], go(p, 'www', key, str(before['size']), before['root']).strip())
        p.run('audit', 'verify', '--tiles', p.path('www'), '--log-key', key)
    assert head['size'] > 512 and os.path.exists(p.path('www', 'tile', '1', '000.p', str(head['size'] // 256)))
    # What it must not accept, it does not: so the above means something.
    other = re.sub(r'\+A.', '+AA', key)
    go(p, 'www', other, fails='tlog:')
    go(p, 'www', key, str(before['size']), head['root'], fails='tlog:')
    for name in ('tile/0/001', 'tile/entries/000', 'tile/1/000.p/%d' % (head['size'] // 256), 'checkpoint'):
        whole = open(p.path('www', name), 'rb').read()
        open(p.path('www', name), 'wb').write(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:] if len(whole) > 100 else
                                              bytes([whole[0] ^ 1]) + whole[1:])
        go(p, 'www', key, fails='tlog:')
        open(p.path('www', name), 'wb').write(whole)
    go(p, 'www', key)


main(test)
