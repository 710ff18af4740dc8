#!/usr/bin/env python3
"""What strace sees of a put: one contiguous write to the archive and its fdatasync, before anything is said."""
import json, os, re, subprocess

from common import PERSON, main


def trace(p, *args, stdin=b''):
    log = p.path('strace')
    env = dict(p.env(), ASAN_OPTIONS='detect_leaks=0')
    r = subprocess.run(['strace', '-f', '-y', '-s', '80', '-e', 'trace=write,pwrite64,fdatasync,fsync,openat,rename', '-o', log,
                        p.binary, *args, *p.who('intake' if args[1] == 'add' else 'protection')], input=stdin,
                       capture_output=True, env=env)
    if r.returncode != 0 and b'ptrace' in r.stderr:
        print('no right to trace: left out')
        raise SystemExit(77)
    assert r.returncode == 0, r.stderr
    return [l.split(' ', 1)[1].strip() for l in open(log, errors='replace')], r.stdout.decode().strip()


def position(lines, pattern):
    return [i for i, l in enumerate(lines) if re.search(pattern, l)]


def test(p):
    p.vault(('intake', 'protection', 'auditor'))
    p.add('intake', PERSON)
    lines, record = trace(p, 'record', 'add', '-', stdin=json.dumps(PERSON).encode())
    writes = position(lines, r'^write\(\d+<[^>]*archive/\d+\.tar>')
    syncs = position(lines, r'^fdatasync\(\d+<[^>]*archive/\d+\.tar>\)\s*= 0')
    said = position(lines, r'^write\(1<.*' + re.escape(record))  # an id may end in $ or *
    assert len(writes) == 1 and len(syncs) == 1 and len(said) == 1, (writes, syncs, said)
    assert writes[0] < syncs[0] < said[0]
    wrote = int(lines[writes[0]].rsplit('= ', 1)[1])
    assert wrote % 512 == 0
    assert not position(lines, r'^pwrite64\(\d+<[^>]*release\.keys'), 'a put took a sync of release.keys'
    # A read: its event is durable before a word of it is shown.
    lines, _ = trace(p, 'record', 'show', record)
    shown = position(lines, r'^write\(1<')
    syncs = position(lines, r'^fdatasync\(\d+<[^>]*archive/\d+\.tar>\)\s*= 0')
    assert syncs and shown and syncs[-1] < shown[-1] and 'Person' in ''.join(lines[shown[0]:])
    assert not any('Щербакова' in l for l in lines[:syncs[-1]])
    # No plaintext goes to any file: everything written outside of stdout is looked at.
    for l in lines:
        if l.startswith(('write(', 'pwrite64(')) and not re.match(r'^write\([12]<', l):
            assert 'Blue House' not in l and 'first_name' not in l, l


main(test)
