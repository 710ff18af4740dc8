#!/usr/bin/env python3
"""check: whatever is damaged is named, with what it held as far as one may know it; rebuild: the cache made anew."""
import glob, json, os, random

from common import PERSON, main
from damage import entries as all_entries, flip


def entries(raw):
    """Without a tail that was cut."""
    return [e for e in all_entries(raw) if e[2] + e[4] <= len(raw)]


def check(p, *more, **kw):
    return p.run('check', '--vault', p.path('vault'), *more, **kw)


def each_kind(p):
    """One byte in each kind of entry: that entry and its kind are named, and no other. Without a key, contents are unchecked."""
    check(p, out='Contents unchecked')
    rng, kinds = random.Random(5), {}
    for name in p.archive():
        for index, kind, at, size, total in entries(p.archive()[name]):
            kinds[kind] = (name, index, at + 512 + rng.randrange(size))
    assert {'record', 'event', 'batch', 'seals', 'policy', 'notice', 'template', 'checkpoint', 'torn', 'erase', 'tombstone', 'piece'} <= set(kinds), set(kinds)
    for kind, (name, index, at) in kinds.items():
        flip(p.path('vault', 'archive', name), at)
        text = check(p, rc=14, err='What is not named above is whole')
        assert ('entry %d (%s): ' % (index, kind)) in text and text.count('entry ') >= 1, (kind, index, text)
        if kind not in ('policy', 'checkpoint'):
            assert text.count('entry ') == 1, (kind, text)
            told = [json.loads(l) for l in check(p, '--json', rc=14).splitlines()]
            assert [(t['entry'], t['kind'], t['fault']) for t in told] == [(index, kind, 'damaged')], told
        flip(p.path('vault', 'archive', name), at)
    check(p, out='nothing is damaged')
    print('%d kinds' % len(kinds))


def held(p, record):
    """A member is told which version of which record it was; what a reader may not see, they are not told."""
    p.as_('protection', 'record', 'list')
    p.as_('intake', 'status')
    index = p.json_as('protection', 'record', 'history', record)[0]['entry']
    name, at = next((n, at + 700) for n, raw in p.archive().items() for i, _, at, _, _ in entries(raw) if i == index)
    flip(p.path('vault', 'archive', name), at)
    text = p.as_('protection', 'check', '--contents', rc=14, err='1 entry is damaged')
    assert 'it held version 1 of person ' + record in text, text
    assert record not in check(p, rc=14)
    told = p.json_as('protection', 'check', '--contents', rc=14)[0]
    assert (told['record'], told['version'], told['entry']) == (record, 1, index)
    assert record not in p.as_('intake', 'check', '--contents', rc=14)
    flip(p.path('vault', 'archive', name), at)


def contents(p, record):
    """With a key everything is opened, in one event; a release key that is not the true one shows only so."""
    text = p.as_('protection', 'check', '--contents')
    assert 'each as its author signed it' in text and 'nothing is damaged' in text, text
    last = [e for e in p.json_as('auditor', 'audit', 'log') if e.get('detail') == 'whether everything opens'][-1]
    assert last['action'] == 'list' and record in last['ids'] and 'contact' in last['sections'], last
    index = p.json_as('protection', 'record', 'history', record)[0]['entry']
    raw, at = next((raw, at) for raw in p.archive().values() for i, _, at, _, _ in entries(raw) if i == index)
    slot = int.from_bytes(raw[at + 544:at + 552], 'big')
    keys = p.path('vault', 'release.keys')
    flip(keys, 512 + 32 * slot)
    check(p)
    text = p.as_('protection', 'check', '--contents', rc=14, err='1 record does not open whole')
    assert 'person %s, version 1: ' % record in text, text
    flip(keys, 512 + 32 * slot)
    p.as_('protection', 'check', '--contents')


def missing(p):
    """A segment that is gone, and release keys that were cut: what they held is named, and the rest is looked at all the same."""
    files = p.archive()
    assert len(files) >= 3, list(files)
    middle = sorted(files)[1]
    inside = [i for i, _, _, _, _ in entries(files[middle])]
    os.rename(p.path('vault', 'archive', middle), p.path('away'))
    text = check(p, rc=14)
    assert 'archive/%s: is missing' % middle in text, text
    named = set()
    for line in text.splitlines():
        words = line.split()
        if words[0] == 'entry':
            named.add(int(words[1]))
        elif words[0] == 'entries':
            named |= set(range(int(words[1]), int(words[3].rstrip(':')) + 1))
    assert named == set(inside), (named, inside)
    keys = p.path('vault', 'release.keys')
    whole = open(keys, 'rb').read()
    os.truncate(keys, 600)
    text = check(p, rc=14, out='release.keys: holds')
    os.rename(p.path('away'), p.path('vault', 'archive', middle))
    check(p, rc=14, err='release.keys: holds 2 keys')
    open(keys, 'wb').write(whole)
    check(p)


def rebuild(p, record):
    """The cache is made anew, and nothing else is touched; that of a damaged vault stays."""
    cache = glob.glob(p.path('home', '.cache', 'casevault', '*'))[0]
    p.as_('protection', 'search', 'Щербакова')
    index = os.listdir(os.path.join(cache, 'index'))
    assert index
    for f in index:
        open(os.path.join(cache, 'index', f), 'wb').write(b'noise')
    open(os.path.join(cache, 'catalog.db'), 'wb').write(b'noise')
    before = p.archive()
    p.as_('protection', 'rebuild', out='Made anew')
    assert all(open(os.path.join(cache, 'index', f), 'rb').read(7) == b'cvindex' for f in os.listdir(os.path.join(cache, 'index')))
    assert open(os.path.join(cache, 'catalog.db'), 'rb').read(15) == b'SQLite format 3'
    assert all(p.archive()[n].startswith(raw) for n, raw in before.items())
    assert record in p.as_('protection', 'search', 'Щербакова')
    name = sorted(p.archive())[0]
    mtime = {f: os.stat(os.path.join(cache, f)).st_ino for f in os.listdir(cache)}
    flip(p.path('vault', 'archive', name), 5000)
    p.as_('protection', 'rebuild', rc=14, err='the cache was left as it is')
    flip(p.path('vault', 'archive', name), 5000)
    assert {f: os.stat(os.path.join(cache, f)).st_ino for f in os.listdir(cache)} == mtime


def cut(p, by='intake'):
    """A write that was cut short, and what comes after it: the next segment."""
    last = p.path('vault', 'archive', sorted(p.archive())[-1])
    with open(last, 'ab') as f:
        f.write(open(p.path('vault', 'archive', '00000001.tar'), 'rb').read(700))
    return p.add(by, PERSON)


def test(p):
    p.vault(('intake', 'protection', 'auditor'))
    records = [p.add('intake', PERSON) for _ in range(2)]
    cut(p)
    evidence = p.add('founder', {'type': 'evidence', 'evidence': {'kind': 'Recording'}})
    open(p.path('file'), 'wb').write(bytes(range(256)) * 40)
    p.as_('founder', 'document', 'add', '--record', evidence, p.path('file'))
    gone = p.add('founder', PERSON)
    p.as_('founder', 'record', 'erase', gone, '--reason', 'asked for', '--really', '--confirm', gone)
    cut(p)
    each_kind(p)
    held(p, records[0])
    contents(p, records[0])
    missing(p)
    rebuild(p, records[0])


if __name__ == '__main__':
    main(test)
