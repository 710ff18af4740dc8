"""The table that is to be reached: its ten rows, and what is done to measure each at a number of records."""
import glob, json, os, shutil, statistics, subprocess
from dataclasses import dataclass

import commands, lines
from measure import Missing, Vault
from table import Figure, Row

# Should a row be red, `red` says why; it is never dropped.
ROWS = (
    Row('put', 'durable put, in-process', 'write + fdatasync of 4 KiB', 1.5,
        bound='the disk: one fdatasync; then the signature, made and verified, and sealing by section'),
    Row('put_process', 'durable put, whole process', 'SQLite opened, one such write', 1.3,
        bound='starting: the libraries, the primitives of OpenSSL, asking the agent; then as above'),
    Row('import', 'import, in bulk', "SQLCipher's bulk load", 1.5, stretch=1.0,
        bound='the processors: SHA-256 of every disclosure, signing and verifying what was signed'),
    Row('import_index', 'import, with the search index', 'SQLCipher with its full-text index', 0.35,
        bound='the processors: the import, then opening, folding and sorting what every record says'),
    Row('read', 'one record read, whole process', 'age -d of one file', 1.0,
        bound='the disk: the event is durable before anything is shown; then starting'),
    Row('verify', 'audit verify, structure', 'hashing the same bytes on all cores', 1.2, most=True,
        bound='reading the archive and SHA-256 of it, on all cores; signatures of checkpoints'),
    Row('disclose', '1,000 disclosures of 50 fields', 'their signatures alone', 1.5,
        bound='the signatures; then choosing, base64url and CRC-32'),
    Row('search', 'search with 150 hits, in-process', 'SQLCipher full-text, read', 1.0,
        bound='the disk: the event of the search is durable before it answers; then titles and places of the hits'),
    Row('space', 'disk space', 'the plain JSON', 1.5, unit='bytes',
        bound='salts and digests of every field (what makes it disclosable), padding, tar headers, events'),
    Row('memory', 'memory of any command but search', 'the same at 1,000 records', 1.1, unit='KiB', most=True,
        bound='what the worst command holds at once'),
)
LEAST = 1000  # records, of which a run makes sense
RECIPIENTS = 4


@dataclass
class Filled:
    """A vault with its n records, and what is known of how it came to be."""
    vault: Vault
    records: int
    lines: str
    hundred: str  # a file of the first hundred
    database: str  # the peer's, with the same records
    word: str = lines.WORD
    importing: float = 0
    import_kib: int = 0
    indexing: float = 0
    index_bytes: int = 0
    put: float = 0

    def remove(self):
        self.vault.remove()
        for path in glob.glob(self.lines + '*') + [self.database]:
            if os.path.exists(path):
                os.unlink(path)


def tried(figures, key, measure):
    """A figure, or why there is none."""
    try:
        figures[key] = measure()
    except Missing as why:
        figures[key] = Figure(why=str(why))


def fill(b, n, figures):
    """n records imported and indexed, ours and the peer's, in turns on the same disk; a few times where that is quick."""
    path = b.path('lines-%d' % n)
    lines.write(b.binary, path, n)
    with open(path) as f, open(path + '.100', 'w') as g:
        g.writelines(line for line, _ in zip(f, range(100)))
    database, plain = b.path('peer-%d.db' % n), b.path('plain-%d.db' % n)
    took, loads, indexed, index, vault = [], [], [], '', None
    for turn in range(3 if n <= 10000 else 1):
        if vault is not None:
            vault.verify()
            vault.remove()
        vault = b.demo('vault-%d-%d' % (n, turn))
        for old in (database, plain):
            if os.path.exists(old):
                os.unlink(old)
        # What the session keeps of keys is there before, as it is for everybody who worked before.
        vault.ask('protection', 'record', 'list')
        before = set(index_files(b))
        took.append((b.once(*vault.import_command(path)), vault.run('protection', 'search', lines.WORD, '--limit', '150')[0]))
        if b.sqlcipher:
            loads.append(b.tool('peer', 'load', plain, path)['load'])
            r = b.tool('peer', 'load', database, path, path + '.texts')
            indexed.append(r['load'])
            index = r['index']
    middle = statistics.median
    importing, indexing = middle(t[0][0] for t in took), middle(t[1] for t in took)
    without = Figure(why='sqlcipher is not installed; script/bench --peers')
    figures['import'] = Figure(importing, middle(loads)) if loads else without
    figures['import_index'] = Figure(importing + indexing, middle(indexed), note='its index is ' + index) if indexed else without
    figures['space'] = Figure(vault.grown(), os.path.getsize(path))
    if os.path.exists(plain):
        os.unlink(plain)
    return Filled(vault, n, path, path + '.100', database, importing=importing, import_kib=took[-1][0][1], indexing=indexing,
                  index_bytes=sum(os.path.getsize(f) for f in set(index_files(b)) - before))


def index_files(b):
    return glob.glob(b.dir + '/.cache/casevault/*/index/*')


def one_record(f):
    """A file with one record of the mean length, of a kind that nobody asks about."""
    with open(f.lines) as all_:
        some = [line for line, _ in zip(all_, range(1000)) if json.loads(line)['type'] == 'event']
    path = f.lines + '.one'
    with open(path, 'w') as out:
        out.write(min(some, key=lambda line: abs(len(line.encode()) - lines.MEAN)))
    return path


def puts(b, f, figures):
    r = b.tool('bench', 'put', f.vault.dir, f.lines)
    f.put = r['put']
    figures['put'] = Figure(r['put'], r['floor'], note='of it on the processor: %.0f us' % r['cpu'])
    (ours, _), (floor, _), (ready, _) = b.turns(101, f.vault.command('protection', 'record', 'add', '--known-ok', one_record(f)),
                                                [b.tests + 'floor', b.dir], [b.tests + 'floor_openssl', b.dir])
    figures['put_process'] = Figure(ours, floor, note='a program that also sets up OpenSSL: %.2f ms' % (ready / 1e3))


def read(b, f):
    """The record last added from that file, and the same sealed with age to several recipients, of whom the reader is one."""
    if shutil.which('age') is None:
        raise Missing('age is not installed; script/bench --peers')
    keys = [f.lines + '.key-%d' % i for i in range(RECIPIENTS)]
    to = []
    for key in keys:
        subprocess.run(['age-keygen', '-o', key], check=True, stderr=subprocess.DEVNULL)
        to += ['-r', subprocess.check_output(['age-keygen', '-y', key]).decode().strip()]
    sealed = f.lines + '.age'
    subprocess.run(['age', *to, '-o', sealed, one_record(f)], check=True)
    id = f.vault.json('protection', 'record', 'list', '--type', 'event')[-1]['id']
    (ours, _), (age, _) = b.turns(101, f.vault.command('protection', 'record', 'show', id),
                                  [shutil.which('age'), '-d', '-i', keys[RECIPIENTS // 2], sealed])
    return Figure(ours, age)


def verify(b, f):
    (ours, _), (hashing, _) = b.turns(7, [b.binary, 'audit', 'verify', '-q', '--vault', f.vault.vault],
                                      [b.tests + 'bench', 'hash', b.cores, *f.vault.archive()])
    status = f.vault.json('auditor', 'status')[0]
    return Figure(ours, hashing, note='{:,} entries on {} cores'.format(status['entries'], b.cores))


def disclose(b):
    r = [b.tool('bench', 'disclose', b.dir) for _ in range(5)]
    return Figure(*(statistics.median(one[k] for one in r) for k in ('written', 'signatures')))


def search(b, f):
    ours = b.tool('bench', 'search', f.vault.dir, f.word, lines.HITS)
    theirs = b.tool('peer', 'search', f.database, f.word, lines.HITS)
    if ours['hits'] != theirs['hits']:
        raise RuntimeError('the search found %d, and the peer %d' % (ours['hits'], theirs['hits']))
    return Figure(ours['search'], theirs['search'])


def memory(f, figures, peaks):
    """Beside the smallest size of the run."""
    peaks[f.records] = commands.peaks(f.vault, f.import_kib, f.lines)
    least = min(peaks)
    if least == f.records:
        figures['memory'] = Figure(why='the first size is what others are beside')
        return
    _, name, few, many = commands.growths(peaks[least], peaks[f.records])[0]
    figures['memory'] = Figure(many, few, note='the worst: `%s`' % name)


def read_back(f, count=20):
    """That records come out as they went in, and that the log with all of it is whole."""
    with open(f.lines) as all_:
        wanted = {lines.compact(plain(json.loads(line))) for line in all_}
    listed = f.vault.json('protection', 'record', 'list', '--type', 'consent')
    imported = [r['id'] for r in listed[1:]][:: max(len(listed) // count, 1)]
    for id in imported:
        if lines.compact(plain(f.vault.json('protection', 'record', 'show', id)[0])) not in wanted:
            raise RuntimeError('record %s did not come out as it went in' % id)
    f.vault.verify()


def plain(record):
    """Only what was said: no ids, no empty sections."""
    return {k: record[k] for k in sorted(record) if isinstance(record[k], dict) and record[k]}


def measured(b, n, peaks):
    """The figures of n records by row, and the vault."""
    figures = {}
    f = fill(b, n, figures)
    tried(figures, 'search', lambda: search(b, f))
    figures['verify'] = verify(b, f)
    puts(b, f, figures)
    tried(figures, 'read', lambda: read(b, f))
    figures['disclose'] = disclose(b)
    memory(f, figures, peaks)
    read_back(f)
    return figures, f
