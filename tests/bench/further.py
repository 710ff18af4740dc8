"""The further rows of the benchmark: what earlier work promised of single commands, each beside a floor of the same run."""
import json, os, subprocess

from measure import Missing
from table import Further

MIB = 1 << 20


def in_process(b, small):
    r = b.tool('bench', 'get', small.dir)
    yield Further('get of a person, CPU, beside its own cryptography', r['get'] - r['disk'], r['floor'], 2.0)
    yield Further('the same, and the CPU its event costs on the way to the disk', r['get'], r['floor'])
    id = small.json('protection', 'record', 'list', '--type', 'person')[0]['id']
    (ours, _), (least, _), (ready, _) = b.turns(101, small.command('protection', 'record', 'show', id), [b.tests + 'floor', b.dir],
                                                [b.tests + 'floor_openssl', b.dir])
    yield Further('record show, whole process, beside SQLite opened and a sync', ours, least, 1.5)
    yield Further('the same, beside that with OpenSSL set up', ours, ready)
    yield Further('OpenSSL set up, beside SQLite opened and a sync', ready, least)
    runs = [b.tool('bench', 'disclose', b.dir) for _ in range(5)]
    best = min(runs, key=lambda r: r['written'] + r['verified'])
    yield Further('1,000 disclosures, beyond their signatures', best['written'], best['signatures'], 150000, more=True)
    yield Further('1,000 of them verified, beyond their signatures', best['verified'], best['judged'], 150000, more=True)


def packed(b, vault, size):
    """KiB at the highest of writing, and of verifying, a package to which a file of that size is attached."""
    file, out = b.path('attached-%d' % size), b.path('package-%d' % size)
    with open(file, 'wb') as f:
        f.truncate(size)
    digest = subprocess.check_output(['sha256sum', file]).decode().split()[0]
    partner, key = vault.partner('Partner %d' % size)
    case = vault.add({'type': 'case', 'admin': {'case_number': str(size), 'status': 'Active'}})
    vault.add({'type': 'evidence', 'admin': {'case': case}, 'evidence': {'kind': 'Recording', 'attachments': [
        {'name': 'recording', 'sha256': digest, 'bytes': size}]}})
    written = vault.run('protection', 'package', 'write', vault.package(case, partner), '-o', out, '--attachment', file)[1]
    os.unlink(file)
    sender = vault.json('protection', 'status')[0]['fingerprint']
    checked = b.once(b.binary, 'verify', '-q', '--training', '--sender-key', sender, '-i', key, out)[1]
    os.unlink(out)
    return written, checked


def packages(b, small):
    (low, low_checked), (high, high_checked) = packed(b, small, MIB), packed(b, small, 2048 * MIB)
    yield Further('peak memory of a package with 2 GiB attached, beyond 1 MiB', high, low, 1024, 'KiB', more=True)
    yield Further('peak memory of verifying it, beyond 1 MiB', high_checked, low_checked, 1024, 'KiB', more=True)


def documents(b, small):
    """A file of 1 GiB put into a vault and got out again, beside copying it and hashing it."""
    sizes = {n: b.path('file-%d' % n) for n in (64 * MIB, 1024 * MIB)}
    for n, path in sizes.items():
        with open(path, 'wb') as f:
            for _ in range(n // MIB):
                f.write(os.urandom(MIB))
    big, copies = sizes[1024 * MIB], []

    def copy():
        # A new name each time, and none goes before the end: the archive only grows, so that pages which were just let go, and
        # are quickly had again, must not help the floor alone.
        copies.append(b.path('copy-%d' % len(copies)))
        return copies[-1]

    def evidence():
        return small.add({'type': 'evidence', 'evidence': {'kind': 'Recording'}})

    def floor():
        to = copy()
        return b.once('/bin/sh', '-c', 'cp "$1" "$2" && openssl dgst -sha256 "$2"', 'sh', big, to)[0]
    kept = evidence()
    small.run('protection', 'document', 'add', '--record', kept, big)
    acts = [floor, lambda: small.run('protection', 'document', 'add', '--record', evidence(), big)[0],
            lambda: small.run('protection', 'document', 'get', '-o', copy(), kept + '.1')[0]]
    took = [0.0] * len(acts)
    # New pages cost more than all else, when the kernel has to find them: each has its turn to be the first, and the sums count.
    for first in range(len(acts)):
        for i in range(len(acts)):
            which = (first + i) % len(acts)
            took[which] += acts[which]() / len(acts)
    yield Further('a file of 1 GiB attached, beside copying and hashing it', took[1], took[0], 2.0)
    yield Further('the same got out again', took[2], took[0], 2.0)
    id = evidence()
    low, high = (small.run('protection', 'document', 'add', '--record', id, sizes[n])[1] for n in sorted(sizes))
    # Two cores fill and empty its pieces as they come: how many are there at once differs by some MiB from run to run.
    yield Further('peak memory of attaching it, beyond 64 MiB', high, low, 16384, 'KiB', more=True)
    for path in (*sizes.values(), *copies):
        os.unlink(path)


def large(b, big):
    """Of the largest vault of the run."""
    vault, n = big.vault, big.records
    yield Further('audit verify of {:,} records, beside SHA-256 of it on one core'.format(n), big.verify, big.one_core, 1.5)
    try:
        yield Further("the same, beside SQLCipher's integrity check", big.verify, b.tool('peer', 'check', big.database)['check'])
    except Missing as why:
        yield Further("the same, beside SQLCipher's integrity check", why=str(why))
    r = b.tool('bench', 'prove', vault.vault)
    yield Further('a consistency proof over {:,} entries from the cache (5 ms)'.format(r['entries']), r['cached'], 5000, 1.0)
    publish = ['audit', 'publish', b.path('tiles')]
    everything = vault.run('auditor', *publish)[0]
    b.once(*vault.import_command(big.hundred))
    yield Further('publishing 100 more records, beside all {:,}'.format(n), vault.run('auditor', *publish)[0], everything)
    yield Further('{:,} records read into the search index (10,000 a second)'.format(n), big.indexing, n * 100, 1.0)
    yield Further('the search index, beside the JSON', big.index_bytes, os.path.getsize(big.lines), 0.6, 'bytes')
    look = vault.command('protection', 'search', big.word, '--limit', '150')
    after = b.once(*look)[0]
    found = b.turns(7, look)[0][0]
    yield Further('a search with 150 hits, whole process (150 ms)', found, 150000, 1.0)
    yield Further('what 100 new records cost the next search (200 ms)', max(after - found, 0), 200000, 1.0)


def opening(b, big):
    small = b.demo('hundred')
    low = b.once(*small.import_command(big.hundred))[1]
    commands = [v.command('auditor', 'status') for v in (big.vault, small)]
    b.turns(2, *commands)
    (many, _), (few, _) = b.turns(21, *commands)
    yield Further('opening a vault of {:,}, beside one of 100'.format(big.records), many, few, 1.1)
    small.verify()
    yield Further('peak memory of that import, beyond one of 100', big.import_kib, low, 65536, 'KiB', more=True)


def removal(b, big):
    vault = big.vault
    for i in range(50):
        line = vault.ask('custodian', 'identity', 'new', '--training', '--work', '8', b.path('m%d' % i), '--passphrase-file',
                         vault.dir + '/passphrase').strip()
        vault.ask('custodian', 'member', 'add', '--role', 'legal', line)
    last = vault.json('custodian', 'member', 'list')[-1]['member']
    before = sum(map(os.path.getsize, vault.archive()))
    took = vault.run('custodian', 'member', 'remove', last)[0]
    grown = sum(map(os.path.getsize, vault.archive())) - before
    yield Further('removing one of 50 members over {:,} records (1 s)'.format(big.records), took, 1e6, 1.0)
    yield Further('what that appended, beside 1 MiB', grown, MIB, None, 'bytes')


def durable(b, big):
    """Beside what a mission could use instead, each in its own process, one straight after the other."""
    work = "a durable put, in-process, beside SQLCipher's"
    try:
        theirs = b.tool('peer', 'put', b.path('puts.db'), big.lines)['put']
        yield Further(work, b.tool('bench', 'put', big.vault.dir, big.lines)['put'], theirs)
    except Missing as why:
        yield Further(work, why=str(why))


def measured(b, big):
    small = b.demo('small', 11)
    for rows in (in_process(b, small), packages(b, small), documents(b, small), durable(b, big), large(b, big), opening(b, big),
                 removal(b, big)):
        yield from rows
    small.verify()
