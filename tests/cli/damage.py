#!/usr/bin/env python3
"""Damage, cuts, and copies put back: found, named, and nothing else lost."""
import glob, json, os, random, re, shutil, sqlite3, subprocess, sys, time

from common import PERSON, READER, main, some


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
        for place in some(places, 2):
            bad = bytearray(raw)
            bad[place] ^= 1 << rng.randrange(8)
            open(segment, 'wb').write(bad)
            p.run('audit', 'verify', '--vault', p.path('vault'), rc=14, err='entry %d' % index)
            assert 'hint: let nobody write' in p.told
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
    text = p.run('check', '--vault', p.path('vault'), rc=14, err='1 entry is damaged; the rest is whole')
    assert text.count('damaged') == 1 and '(record)' in text
    flip(segment, place)


def no_files(p):
    """A pipe in the place of a file is no file: nothing waits for who never writes, and with the file back all is as before."""
    p.json_as('protection', 'search', 'a')
    p.as_('protection', 'record', 'import', '-', stdin=json.dumps({'type': 'person', 'admin': {'role': 'Victim'}}).encode())
    p.run('audit', 'verify', '--vault', p.path('vault'))
    files = [f for d in (p.path('vault', '**'), p.path('home', '.cache', 'casevault', '**'), p.path('home', '.local', 'state', 'casevault', '**'))
             for f in glob.glob(d, recursive=True) if os.path.isfile(f) and not f.endswith(('-shm', '-wal'))]
    seen, hung = set(), []
    for f in files:
        kind = re.sub('[0-9a-f]{16,}|-?[0-9]+', '*', os.path.relpath(f, p.dir))
        if kind in seen or '/index/' in f and 'admin-' not in f:
            continue
        seen.add(kind)
        os.rename(f, f + '.kept')
        os.mkfifo(f)
        for command in (['search', 'a', *p.who('protection')], ['record', 'import', '--again', '/dev/null', *p.who('protection')],
                        ['audit', 'verify', '--vault', p.path('vault')]):
            try:
                subprocess.run([p.binary, *command], stdin=subprocess.DEVNULL, capture_output=True, env=p.env(), timeout=20, start_new_session=True)
            except subprocess.TimeoutExpired:
                hung.append((kind, command[0]))
        os.unlink(f)
        os.rename(f + '.kept', f)
    assert not hung and len(seen) >= 7, (hung, seen)
    p.as_('protection', 'search', 'a')


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
    p.run('check', '--vault', p.path('vault'), rc=14, err='gone back')
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
    p.run('check', '--vault', p.path('vault'), rc=14, err='another story')
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
    memory = [f for f in memory if not f.endswith('.head')]
    assert len(memory) == 1, memory
    # What one remembers is never taken for nothing.
    text = open(memory[0], 'rb').read()
    for bad in (b'', text[:20], text[:-1], b'x' + text):
        open(memory[0], 'wb').write(bad)
        p.as_('protection', 'status', rc=1, err='delete the file', home=home)
        p.run('audit', 'verify', '--vault', p.path('vault'), rc=1, err='delete the file', home=home)


def read_apart(p):
    return subprocess.run([sys.executable, READER, p.path('vault'), 'log'], capture_output=True)


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
    cuts = some(cuts, 3)
    for i, (raw, name) in enumerate(cuts):
        shutil.rmtree(p.path('home'))
        shutil.copytree(state, p.path('home'))
        open(segment, 'wb').write(raw)
        open(p.path('vault', 'release.keys'), 'wb').write(slots)
        second = p.path('vault', 'archive', '00000002.tar')
        if os.path.exists(second):
            os.remove(second)
        p.as_('auditor', 'audit', 'verify', rc=14, err=' to no commit')
        assert p.json_as('protection', 'record', 'show', records[0])[0]['type'] == 'person', name
        new = p.add('intake', PERSON)
        assert open(segment, 'rb').read() == raw, 'a closed segment was touched'
        assert p.json_as('protection', 'record', 'show', new)[0]['identity'], name
        p.as_('auditor', 'audit', 'verify', out='The log is whole')
        used = open(p.path('vault', 'release.keys'), 'rb').read()
        assert used[-32:] != slots[-32:], 'keys of a torn commit were kept'
        if i % 8 == 0 or name == 'hole':
            # What was left behind is in the log now: it cannot change unseen. The independent reader judges alike.
            assert read_apart(p).returncode == 0, (name, read_apart(p).stderr)
            bad = bytearray(raw)
            bad[-1] ^= 1
            open(segment, 'wb').write(bad)
            p.as_('auditor', 'audit', 'verify', rc=14, err='entry')
            assert read_apart(p).returncode != 0, name
            open(segment, 'wb').write(raw)
        p.run('check', '--vault', p.path('vault'), out='nothing is damaged')
    print('figures: %d torn tails survived' % len(cuts))


def release_keys(p, segment, records):
    path = p.path('vault', 'release.keys')
    raw = open(path, 'rb').read()
    open(path, 'wb').write(raw[:600])
    p.run('check', '--vault', p.path('vault'), rc=14, err='release.keys')
    p.as_('protection', 'record', 'show', records[0], rc=14, err='slot')
    os.remove(path)
    p.as_('protection', 'status', rc=14, err='release.keys is missing')
    open(path, 'wb').write(raw)
    # A destroyed key: that version is erased, and says so; the others open.
    index = p.json_as('protection', 'record', 'history', records[0])[0]['entry']
    at = next(at for i, _, at, _, _ in entries(open(segment, 'rb').read()) if i == index)
    slot = int.from_bytes(open(segment, 'rb').read()[at + 544:at + 552], 'big')
    open(path, 'wb').write(raw[:512 + 32 * slot] + bytes(32) + raw[512 + 32 * (slot + 1):])
    shown = p.as_('protection', 'record', 'show', records[0], out='contact: was erased')
    assert 'Blue House' not in shown and 'Щербакова' not in shown
    shown = p.json_as('protection', 'record', 'show', records[0])[0]
    assert 'contact' not in shown and 'identity' not in shown
    assert p.json_as('protection', 'record', 'show', records[1])[0]['contact']['shelter'] == 'Blue House'
    open(path, 'wb').write(raw)
    assert p.json_as('protection', 'record', 'show', records[0])[0]['contact']['shelter'] == 'Blue House'


GONE = 'restore it from a backup, and keep release.keys'


def told_of_the_loss(p, home=None):
    p.as_('protection', 'status', rc=14, err=GONE, home=home)
    for command in (['audit', 'verify'], ['check']):
        p.run(*command, '--vault', p.path('vault'), rc=14, err=GONE, home=home)


def archive_gone(p, segment):
    """Without its first commit a vault is a loss to be mended, never a directory to be removed."""
    raw, keys = open(segment, 'rb').read(), p.path('vault', 'release.keys')
    stranger, slots = p.path('stranger'), open(keys, 'rb').read()
    os.mkdir(stranger)
    first = next(at + total for _, kind, at, _, total in entries(raw) if kind == 'policy')
    for size in (0, 1, 511, first):
        open(segment, 'wb').write(raw[:size])
        p.as_('protection', 'status', rc=14, err=GONE)
        for command in (['audit', 'verify'], ['check']):
            p.run(*command, '--vault', p.path('vault'), rc=14)
    open(segment, 'wb').write(raw[:700])  # within the first policy
    p.as_('protection', 'status', rc=14, err='entry 0 (policy): damaged')
    os.remove(segment)
    told_of_the_loss(p)
    # Somebody who never saw it: the vault's own traces tell.
    p.as_('protection', 'status', rc=10, err='init was cut short', home=stranger)
    p.run('audit', 'verify', '--vault', p.path('vault'), rc=10, err='init was cut short', home=stranger)
    open(keys, 'ab').write(bytes(range(32)))
    told_of_the_loss(p, stranger)
    open(keys, 'wb').write(slots)
    open(p.path('vault', 'archive', '00000002.tar'), 'wb').write(raw)
    told_of_the_loss(p, stranger)
    os.remove(p.path('vault', 'archive', '00000002.tar'))
    os.rename(p.path('vault', 'archive'), p.path('archive'))
    told_of_the_loss(p)
    os.rename(p.path('archive'), p.path('vault', 'archive'))
    open(segment, 'wb').write(raw)
    assert open(keys, 'rb').read() == slots
    p.as_('protection', 'status')


def no_lock(p):
    """A copy that left the empty file out is a vault; a directory without anything of a vault is none."""
    lock = p.path('vault', 'lock')
    os.remove(lock)
    p.as_('protection', 'status')
    assert os.path.getsize(lock) == 0
    os.remove(lock)
    p.add('intake', PERSON)
    assert os.path.exists(lock)
    os.mkdir(p.path('nothing'))
    p.run('status', *p.who('protection')[:-1], p.path('nothing'), rc=10, err='no vault here')
    assert os.listdir(p.path('nothing')) == []


def cache(p, records):
    """Whatever became of the catalog, every command answers as before, and the catalog is whole again after it."""
    path = glob.glob(p.path('home', '.cache', 'casevault', '*', 'catalog.db'))[0]
    parts = [path + end for end in ('', '-wal', '-shm', '-journal')]
    p.as_('protection', 'record', 'list')
    db = sqlite3.connect(path)
    db.execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchall()
    size, = db.execute('PRAGMA page_size').fetchone()
    db.close()
    raw, rng = open(path, 'rb').read(), random.Random(2)
    pages = [raw[at:at + size] for at in range(0, len(raw), size)]
    assert len(pages) >= 8
    noise = rng.randbytes(size)
    noise = b'\0' * 16 + noise[16:]  # never a page of a tree
    states = [('nothing', b''), ('noise', rng.randbytes(len(raw))), ('a word', b'no catalog\n'), ('cut in a page', raw[:size + 100]),
              ('cut in the first page', raw[:50]), ('half', raw[:len(raw) // size // 2 * size])]
    states += [('page %d' % i, b''.join(pages[:i] + [noise] + pages[i + 1:])) for i in range(len(pages))]
    states += [('bytes at %d' % at, raw[:at] + rng.randbytes(16) + raw[at + 16:]) for at in range(0, len(raw), size)]
    states = some(states, 3)
    commands = [['record', 'list'], ['record', 'show', records[0]], ['record', 'history', records[1]], ['member', 'list']]
    wants = [p.as_('protection', *c) for c in commands]
    for i, (name, state) in enumerate(states):
        for part in parts[1:]:
            if os.path.exists(part):
                os.remove(part)
        open(path, 'wb').write(state)
        if i % 6 == 0:  # the first to meet the damage is now a writer
            p.add('intake', PERSON)
            wants[0] = None
        for j in range(len(commands)):
            which = (i + j) % len(commands)
            told = p.as_('protection', *commands[which])
            assert wants[which] in (None, told), (name, commands[which])
            wants[which] = told
        assert open(path, 'rb').read(15) == b'SQLite format 3', name
    # A log beside it that belongs to no file, and one of noise.
    for noise in (rng.randbytes(5000), b''):
        open(path + '-wal', 'wb').write(noise)
        assert p.as_('protection', *commands[0]) == wants[0]
    print('figures: %d damaged catalogs made anew' % len(states))


def cache_small(p, record):
    """The catalog's write-ahead log is put away now and then, but nobody waits for that while another process reads."""
    path = glob.glob(p.path('home', '.cache', 'casevault', '*', 'catalog.db'))[0]
    wal = lambda: os.path.getsize(path + '-wal') if os.path.exists(path + '-wal') else 0
    shows = lambda n: [p.as_('protection', 'record', 'show', record) for _ in range(n)]
    highest = 0
    for _ in range(40):
        shows(1)
        highest = max(highest, wal())
    assert 0 < highest < 1 << 19, highest
    reader = sqlite3.connect(path)
    reader.execute('BEGIN')
    reader.execute('SELECT count(*) FROM entry').fetchone()
    shows(30)
    assert wal() > 1 << 18
    begun = time.monotonic()
    shows(1)
    assert time.monotonic() - begun < 9, 'it waited for the reader'
    reader.close()
    shows(1)
    assert wal() < 1 << 19


def test(p):
    p.vault(('intake', 'protection', 'auditor'))
    p.fingerprint = p.json_as('founder', 'status')[0]['fingerprint']
    records = [p.add('intake', PERSON) for _ in range(3)]
    p.as_('protection', 'record', 'list')
    segment = p.path('vault', 'archive', '00000001.tar')
    first_sight(p)
    flips(p, segment, records[0])
    spoils_itself(p, segment, records)
    no_files(p)
    release_keys(p, segment, records)
    archive_gone(p, segment)
    no_lock(p)
    cache(p, records)
    cache_small(p, records[1])
    rollback(p)
    torn(p, segment, records)


if __name__ == '__main__':
    main(test)
