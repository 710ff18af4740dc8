#!/usr/bin/env python3
"""A package that is broken off: killed at any step, or with a full disk, it leaves no file that the log does not know of."""
import os, re, subprocess, sys

from common import TESTIMONY, main

OFFICE = 'Office'
STEPS = 'write,pwrite64,fsync,fdatasync,link,linkat,rename,renameat2'
WORDS = ('\u0425\u0430\u0442\u0443\u043d\u0430', TESTIMONY['testimony']['statements'][0]['text'], 'Blue House')


class Broken:
    def __init__(self, p):
        self.p = p
        p.vault(('legal', 'auditor'))
        self.case, self.person, self.testimony = p.case(by='founder')
        p.partner(OFFICE)
        p.consent(self.person, OFFICE)
        os.mkdir(p.path('to'))

    def new(self):
        self.p.as_('legal', 'package', 'new', '--case', self.case, '--to', OFFICE, '--profile', 'prosecution', '--statement',
                   self.testimony + '.1', '-q')
        return self.p.json_as('legal', 'package', 'list')[-1]['package']

    def made(self, id):
        return 'made' in [r for r in self.p.json_as('legal', 'package', 'list') if r['package'] == id][0]

    def write(self, id, to, *strace):
        log = self.p.path('strace')
        r = subprocess.run(['strace', '-f', '-s', '60000', '-e', 'trace=%s,execve' % STEPS, *strace, '-o', log, self.p.binary, 'package',
                            'write', id, '-o', os.path.join(to, 'out'), *self.p.who('legal')],
                           capture_output=True, env=dict(self.p.env(), ASAN_OPTIONS='detect_leaks=0'))
        if b'ptrace' in r.stderr:
            print('no right to trace: left out')
            sys.exit(77)
        return r, open(log, errors='replace').read().split('\n')


def steps(b):
    """An unbroken one; what was written is looked at, and how often each of the calls was made."""
    r, lines = b.write(b.new(), b.p.path('to'))
    assert r.returncode == 0, r.stderr
    for l in lines:
        octal = re.sub(r'\\\\|\\([0-7]{1,3})', lambda m: chr(int(m[1], 8)) if m[1] else m[0], l).encode('latin-1', 'replace').decode('utf-8', 'replace')
        assert not any(w in octal or w in l for w in WORDS), 'plaintext: ' + l[:200]
    os.unlink(b.p.path('to', 'out'))
    calls = [m[1] for l in lines if (m := re.match(r'\d+ +([a-z0-9]+)\(', l)) and m[1] in STEPS.split(',')]
    return {name: calls.count(name) for name in set(calls)}


def killed(b, calls):
    """At each step: either there is no file, or the log says that it was made, and it is whole."""
    id, found = b.new(), 0
    for name, n in sorted(calls.items()):
        for k in sorted({1, 2, 3, *range(max(1, n - 12), n + 1), *range(1, n, 5)} & set(range(1, n + 1))):
            r, _ = b.write(id, b.p.path('to'), '-e', 'inject=%s:signal=SIGKILL:when=%d' % (name, k))
            left, made = os.listdir(b.p.path('to')), b.made(id)
            assert left in ([], ['out']), (name, k, left)
            assert made or not left, 'a file that the log does not know of: %s %d' % (name, k)
            if left:
                found += 1
                assert b.p.opened('to/out', OFFICE)['manifest.json']
                os.unlink(b.p.path('to', 'out'))
            if made:  # a second one needs its own
                id = b.new()
    assert found > 0, calls
    b.p.as_('founder', 'audit', 'verify', '--contents', out='nothing is without its event')


def full(b):
    """On a file system with no room for it."""
    small = b.p.path('small')
    os.mkdir(small)
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small], capture_output=True).returncode != 0:
        print('no right to mount a small file system: left out')
        return
    try:
        id = b.new()
        b.p.as_('legal', 'package', 'write', id, '-o', os.path.join(small, 'out'), rc=1, err='No space left')
        assert os.listdir(small) == [] and not b.made(id)
    finally:
        subprocess.run(['umount', small], check=True)
    b.p.as_('legal', 'package', 'write', id, '-o', b.p.path('to', 'out'))
    assert b.made(id)


def with_a_name(b):
    """On a file system that has no files without a name: under another one, and no trace of it is left."""
    _, lines = b.write(b.new(), b.p.path('to'), '-e', 'trace=openat')
    os.unlink(b.p.path('to', 'out'))
    at = [i for i, l in enumerate(l for l in lines if 'openat(' in l) if 'O_TMPFILE' in l]
    if len(at) != 1:
        print('no file without a name was made here: left out')
        return
    refuse = ('-e', 'trace=openat,fsync', '-e', 'inject=openat:error=EOPNOTSUPP:when=%d' % (at[0] + 1))
    r, lines = b.write(b.new(), b.p.path('to'), *refuse)
    assert r.returncode == 0 and any('out.part' in l and 'O_EXCL' in l for l in lines), r.stderr
    assert os.listdir(b.p.path('to')) == ['out'] and b.p.opened('to/out', OFFICE)['manifest.json']
    os.unlink(b.p.path('to', 'out'))
    id = b.new()
    r, _ = b.write(id, b.p.path('to'), *refuse, '-e', 'inject=fsync:error=EIO')
    assert r.returncode == 1 and os.listdir(b.p.path('to')) == [] and not b.made(id), r.stderr


def elsewhere(b):
    """Where it cannot be written at all."""
    id = b.new()
    os.symlink('/dev/null', b.p.path('to', 'link'))
    os.symlink('nowhere', b.p.path('to', 'broken'))
    for to, words in (('to/none/out', 'cannot create'), ('to', 'already there'), ('to/link', 'already there'),
                      ('to/broken', 'already there')):
        b.p.as_('legal', 'package', 'write', id, '-o', b.p.path(to), rc=1, err=words)
    assert not b.made(id)


def test(p):
    b = Broken(p)
    calls = steps(b)
    killed(b, calls)
    with_a_name(b)
    full(b)
    elsewhere(b)


main(test)
