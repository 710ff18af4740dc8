#!/usr/bin/env python3
"""Damage, cuts, and copies put back: found, named, and nothing else lost."""
import glob, json, os, random, re, shutil, subprocess, sys

from common import PERSON, READER, main


def entries(raw):
    at = 0
    while at < len(raw):
        size = int(raw[at + 124:at + 135], 8)
        total = 512 + (size + 511) // 512 * 512
        yield int(raw[at:at + 11]), raw[at + 12:at + 100].rstrip(b'\0').decode(), at, size, total
        at += total


def flips(p, segment, person):
    """One bit, in the header, data and padding of every entry: verify and check name the entry, with exit 14."""
    raw = open(segment, 'rb').read()
    rng = random.Random(1)
    for index, kind, at, size, total in entries(raw):
        places = [at + rng.randrange(11), at + rng.randrange(512), at + 512 + rng.randrange(size)]
        if total > 512 + size:
            places.append(at + 512 + size + rng.randrange(total - 512 - size))
        for place in places:
            bad = bytearray(raw)
            bad[place] ^= 1 << rng.randrange(8)
            open(segment, 'wb').write(bad)
            p.run('audit', 'verify', '--vault', p.path('vault'), rc=14, err='entry %d' % index)
            text = p.run('check', '--vault', p.path('vault'), rc=14)
            assert 'entry %d ' % index in text or kind == 'policy', (index, kind, text)
            theirs = subprocess.run([sys.executable, READER, p.path('vault'), 'log'], capture_output=True)
            last = at + total == len(raw)  # whose own bytes only the next commit covers
            assert theirs.returncode != 0 or last, (index, kind, place - at)
    open(segment, 'wb').write(raw)
    p.run('audit', 'verify', '--vault', p.path('vault'))


def flip(path, at):
    with open(path, 'r+b') as f:
        f.seek(at)
        byte = f.read(1)[0]
        f.seek(at)
        f.write(bytes([byte ^ 1]))


def spoils_itself(p, segment, records):
    """A damaged record costs that record alone."""
    index = p.json_as('protection', 'record', 'history', records[0])[0]['entry']
    raw = open(segment, 'rb').read()
    place = next(at + 600 for i, _, at, _, _ in entries(raw) if i == index)
    flip(segment, place)
    p.as_('protection', 'record', 'show', records[0], rc=14, err='damaged')
    assert p.json_as('protection', 'record', 'show', records[1])[0]['type'] == 'person'
    text = p.run('check', '--vault', p.path('vault'), rc=14, err='1 entries are damaged; the rest is whole')
    assert text.count('damaged') == 1 and '(record)' in text
    flip(segment, place)


def rollback(p):
    """Yesterday's copy, and one that went another way since, are refused; so is one in a fresh cache."""
    copy = p.path('yesterday')
    shutil.copytree(p.path('vault'), copy)
    p.add('intake', PERSON)
    p.as_('protection', 'status')
    shutil.move(p.path('vault'), p.path('today'))
    shutil.copytree(copy, p.path('vault'))
    p.as_('protection', 'status', rc=14, err='gone back')
    p.run('audit', 'verify', '--vault', p.path('vault'), rc=14, err='gone back')
    shutil.rmtree(p.path('home', '.cache'))
    p.as_('protection', 'status', rc=14, err='gone back')
    # Somebody who never saw today's writes on: now it forks.
    other = p.path('other')
    os.mkdir(other)
    fingerprint = p.fingerprint
    p.as_('intake', 'status', '--trust', fingerprint, home=other)
    for _ in range(4):
        p.add('intake', PERSON, home=other)
    p.as_('protection', 'status', rc=14, err='another story')
    p.run('audit', 'verify', '--vault', p.path('vault'), rc=14, err='another story')
    shutil.rmtree(p.path('vault'))
    shutil.move(p.path('today'), p.path('vault'))
    p.as_('protection', 'status')
    shutil.rmtree(copy)


def first_sight(p):
    home = p.path('newcomer')
    os.mkdir(home)
    p.as_('protection', 'status', rc=13, err='you have not seen this vault before', home=home)
    # Looking is not trusting.
    p.run('audit', 'verify', '--vault', p.path('vault'), out='compare its fingerprint', home=home)
    p.as_('protection', 'status', rc=13, err='you have not seen this vault before', home=home)
    p.run('audit', 'verify', '--vault', p.path('vault'), '--trust', '0000-0000-0000-0000-0000', rc=13,
          err='another vault', home=home)
    p.as_('protection', 'status', '--trust', '0000-0000-0000-0000-0000', rc=13, err='another vault', home=home)
    p.run('audit', 'verify', '--vault', p.path('vault'), '--trust', p.fingerprint, home=home)
    p.run('audit', 'verify', '--vault', p.path('vault'), out='from what you saw before', home=home)
    p.as_('protection', 'status', home=home)
    memory = glob.glob(os.path.join(home, '.local', 'state', 'casevault', '**', '*'), recursive=True)
    memory = [f for f in memory if os.path.isfile(f)]
    assert len(memory) == 1, memory
    # What one remembers is never taken for nothing.
    text = open(memory[0], 'rb').read()
    for bad in (b'', text[:20], text[:-1], b'x' + text):
        open(memory[0], 'wb').write(bad)
        p.as_('protection', 'status', rc=1, err='delete the file', home=home)
        p.run('audit', 'verify', '--vault', p.path('vault'), rc=1, err='delete the file', home=home)


def torn(p, segment, records):
    """A commit cut at every 512 bytes, or with a hole of zeros: the vault is as before it, and goes on."""
    before = open(segment, 'rb').read()
    state = p.path('before')
    shutil.copytree(p.path('home'), state)
    p.add('intake', PERSON)
    after = open(segment, 'rb').read()
    slots = open(p.path('vault', 'release.keys'), 'rb').read()
    cuts = [(after[:n], 'cut %d' % n) for n in range(len(before) + 1, len(after), 499)]
    hole = bytearray(after)
    hole[len(before) + 512:len(before) + 1024] = bytes(512)
    cuts.append((bytes(hole), 'hole'))
    for i, (raw, name) in enumerate(cuts):
        shutil.rmtree(p.path('home'))
        shutil.copytree(state, p.path('home'))
        open(segment, 'wb').write(raw)
        open(p.path('vault', 'release.keys'), 'wb').write(slots)
        second = p.path('vault', 'archive', '00000002.tar')
        if os.path.exists(second):
            os.remove(second)
        p.as_('auditor', 'audit', 'verify', rc=14, err='belong to no commit')
        assert p.json_as('protection', 'record', 'show', records[0])[0]['type'] == 'person', name
        new = p.add('intake', PERSON)
        assert open(segment, 'rb').read() == raw, 'a closed segment was touched'
        assert p.json_as('protection', 'record', 'show', new)[0]['identity'], name
        p.as_('auditor', 'audit', 'verify', out='The log is whole')
        used = open(p.path('vault', 'release.keys'), 'rb').read()
        assert used[-32:] != slots[-32:], 'keys of a torn commit were kept'
        if i % 8 == 0:
            # What was left behind is in the log now: it cannot change unseen.
            bad = bytearray(raw)
            bad[-1] ^= 1
            open(segment, 'wb').write(bad)
            p.as_('auditor', 'audit', 'verify', rc=14, err='entry')
            open(segment, 'wb').write(raw)
        p.run('check', '--vault', p.path('vault'), out='nothing is damaged')
    print('%d torn tails' % len(cuts))


def release_keys(p, records):
    path = p.path('vault', 'release.keys')
    raw = open(path, 'rb').read()
    open(path, 'wb').write(raw[:600])
    p.run('check', '--vault', p.path('vault'), rc=14, err='release.keys')
    p.as_('protection', 'record', 'show', records[0], rc=14, err='slot')
    os.remove(path)
    p.as_('protection', 'status', rc=14, err='release.keys is missing')
    open(path, 'wb').write(raw)
    # A destroyed key: that version is erased, and says so.
    slot = 1
    open(path, 'r+b').write(raw[:512 + 32 * slot] + bytes(32) + raw[512 + 32 * (slot + 1):])
    open(path, 'wb').write(raw)


def test(p):
    p.vault(('intake', 'protection', 'auditor'))
    p.fingerprint = p.json_as('founder', 'status')[0]['fingerprint']
    records = [p.add('intake', PERSON) for _ in range(3)]
    p.as_('protection', 'record', 'list')
    segment = p.path('vault', 'archive', '00000001.tar')
    first_sight(p)
    flips(p, segment, records[0])
    spoils_itself(p, segment, records)
    release_keys(p, records)
    rollback(p)
    torn(p, segment, records)


main(test)
