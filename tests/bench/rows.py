"""The table that is to be reached: its ten rows, and what is done to measure each at a number of records."""
import glob, hashlib, json, os, shutil, statistics, subprocess
from dataclasses import dataclass

import commands, lines, table
from measure import Missing, Vault
from table import Figure, Row

# Should a row be red, `red` says why; it is never dropped.
ROWS = (
    Row('put', 'durable put, in-process', 'write + fdatasync of 4 KiB', 1.5,
        bound='the disk: one fdatasync; then three signatures, hashing every field, and sealing by section',
        red="each commit has three signatures, the author's on the record, and the member's and the log's on the checkpoint: at 39 "
            "us each they take more than the half of a quick disk's sync that the limit leaves for everything. The note says what "
            "all of it takes."),
    Row('put_process', 'durable put, whole process', 'SQLite opened, one such write', 1.3,
        bound='starting: the libraries, the primitives of OpenSSL, asking the agent; then as above',
        red="a program that only sets up OpenSSL's primitives besides is slower than the limit already; the note says by how much. "
            "Reading policy and template and asking the agent come on top."),
    Row('import', 'import, in bulk', "SQLCipher's bulk load", 1.5, stretch=1.0,
        bound='the processors: parsing, hashing every field, signing, sealing by section',
        red="a record is parsed, hashed field by field, signed, and sealed section by section, where the peer copies bytes into "
            "pages it encrypts. The note says what the least of that takes, each thing done once and every core at work: more than "
            "the limit."),
    Row('import_index', 'import, with the search index', 'SQLCipher with its full-text index', 0.35,
        bound='the processors: the import, then opening, folding and sorting what every record says',
        red="the import before it, for the reason above; then each record is opened again, section by section, and folded so that "
            "it is found in whichever alphabet it is asked for."),
    Row('read', 'one record read, whole process', 'age -d of one file', 1.0,
        bound='the disk: the event is durable before anything is shown; then starting',
        red="a start as in the second row, where OpenSSL's set-up alone takes longer than age does in all, and the event of the "
            "reading, which is on the disk before anything is shown. age has neither."),
    Row('verify', 'audit verify, structure', 'hashing the same bytes on all cores', 1.2, most=True,
        bound='reading the archive and SHA-256 of it, on all cores; signatures of checkpoints',
        red="beside its bytes, each entry costs three small hashes that the format asks for (its leaf, and nodes of the tree), and each "
            "commit two signatures: at 1,000,000 entries these alone are a quarter of the floor. What is left is reading headers and "
            "lists of leaves."),
    Row('disclose', '1,000 disclosures of 50 fields', 'their signatures alone', 1.5,
        bound='the signatures; then the digest of what is presented'),
    Row('search', 'search with 150 hits, in-process', 'SQLCipher full-text, read', 1.0,
        bound='the disk: the event of the search is durable before it answers; then titles and places of the hits',
        red="the event of the search is on the disk before it answers, which alone takes longer than the peer, who reads pages it "
            "holds in memory; and the title of every hit is opened from its record and held against what its author signed."),
    Row('space', 'disk space', 'the plain JSON', 1.5, unit='bytes',
        bound='salts and digests of every field (what makes it disclosable), padding, tar headers, events',
        red="of a record of 3 KB, what tar asks for (a header, and blocks of 512 bytes) is 0.8 KB, and the signed digests of its "
            "fields, next to decoys for those it could have had, 0.9 KB: these alone are more than the 1.5 KB that the limit leaves. "
            "Padding, so that a thief of the disk learns no lengths, and the event come on top."),
    Row('memory', 'memory of any command but search', 'the same at 1,000 records', 1.1, unit='KiB', most=True,
        bound='what the worst command holds at once',
        red="whatever goes through all records holds eight bytes of each; what is sorted, the title or day as well; an import sixteen "
            "bytes of each line. Beside a start of 11 MiB that is more than a tenth from some 100,000 records on."),
)
LEAST = 1000  # records, of which a run makes sense
RECIPIENTS = 4


@dataclass
class Filled:
    """A vault with its n records, and what is known of how it came to be."""
    vault: Vault  # None until it is there
    records: int
    lines: str
    hundred: str  # a file of the first hundred
    database: str  # the peer's, with the same records
    word: str = lines.WORD
    importing: float = 0
    import_kib: int = 0
    indexing: float = 0
    index_bytes: int = 0
    verify: float = 0
    one_core: float = 0

    def remove(self):
        self.vault.remove()
        for path in glob.glob(self.lines + '*'):
            os.unlink(path)


def tried(figures, key, measure):
    """A figure, or why there is none."""
    try:
        figures[key] = measure()
    except Missing as why:
        figures[key] = Figure(why=str(why))


def index_files(b):
    return set(glob.glob(b.dir + '/.cache/casevault/*/index/*'))


def imported(b, f):
    """All lines into a new vault, and the first search, which indexes them: microseconds of both."""
    if f.vault is not None:
        f.vault.verify()
        f.vault.remove()
    f.vault = b.demo('vault-%d' % f.records)
    # What the session keeps of keys is there before, as it is for everybody who worked before.
    f.vault.ask('protection', 'record', 'list')
    before = index_files(b)
    importing, f.import_kib = b.once(*f.vault.import_command(f.lines))
    indexing, _ = f.vault.run('protection', 'search', f.word, '--limit', str(lines.HITS))
    f.index_bytes = sum(map(os.path.getsize, index_files(b) - before))
    return importing, indexing


def loaded(b, f):
    """The same by the peer, into new databases: what bench/peer says of a load, without and with an index."""
    plain = f.lines + '.db'
    for old in (plain, f.database):
        if os.path.exists(old):
            os.unlink(old)
    return b.tool('peer', 'load', plain, f.lines), b.tool('peer', 'load', f.database, f.lines, f.lines + '.texts')


def fill(b, n, figures):
    """n records imported and indexed, in turns with the peer on the same disk; three times where that is quick."""
    path = b.path('lines-%d' % n)
    lines.write(b.binary, path, n)
    with open(path) as all_, open(path + '.100', 'w') as head:
        head.writelines(line for line, _ in zip(all_, range(100)))
    f = Filled(None, n, path, path + '.100', path + '.words.db')
    ours, peers = [], []
    for _ in range(3 if n <= 10000 else 1):
        ours.append(imported(b, f))
        if b.sqlcipher:
            peers.append(loaded(b, f))
    f.importing, f.indexing = (statistics.median(one[i] for one in ours) for i in (0, 1))
    figures['space'] = Figure(f.vault.grown(), os.path.getsize(path))
    figures['import'] = figures['import_index'] = Figure(why='sqlcipher is not installed; script/bench --peers')
    if peers:
        plain, words = (statistics.median(one[i]['load'] for one in peers) for i in (0, 1))
        least = sum(b.tool('bench', 'least', path).values()) * n / b.cores
        figures['import'] = Figure(f.importing, plain, note='each record parsed, written, hashed, sealed and signed once, on %d cores: %s'
                                   % (b.cores, table.amount(least, 'us')))
        figures['import_index'] = Figure(f.importing + f.indexing, words, note='its index is ' + peers[0][1]['index'])
    return f


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
    hashing = [b.tests + 'bench', 'hash']
    (f.verify, _), (all_, _), (f.one_core, _) = b.turns(7, [b.binary, 'audit', 'verify', '-q', '--vault', f.vault.vault],
                                                        [*hashing, b.cores, *f.vault.archive()], [*hashing, 1, *f.vault.archive()])
    status = f.vault.json('auditor', 'status')[0]
    return Figure(f.verify, all_, note='{:,} entries on {} cores'.format(status['entries'], b.cores))


def disclose(b):
    r = [b.tool('bench', 'disclose', b.dir) for _ in range(5)]
    made, signatures, written = (statistics.median(one[k] for one in r) for k in ('made', 'signatures', 'written'))
    return Figure(made, signatures, note='put into a zip and written to a file as well: %.1f x' % (written / signatures))


def search(b, f):
    ours = b.tool('bench', 'search', f.vault.dir, f.word, lines.HITS)
    theirs = b.tool('peer', 'search', f.database, f.word, lines.HITS)
    if ours['hits'] != theirs['hits']:
        raise RuntimeError('the search found %d, and the peer %d' % (ours['hits'], theirs['hits']))
    return Figure(ours['search'], theirs['search'], note='of it on the processor: %.0f us' % ours['cpu'])


def memory(f, figures, peaks):
    """Beside the smallest size of the run."""
    peaks[f.records] = commands.peaks(f.vault, f.import_kib, f.lines)
    least = min(peaks)
    if least == f.records:
        figures['memory'] = Figure(why='the first size is what others are beside')
        return
    _, name, few, many = commands.growths(peaks[least], peaks[f.records])[0]
    figures['memory'] = Figure(many, few, note='the worst: `%s`' % name)


def read_back(f, kind='consent', looked_at=100):
    """That records come out as they went in, and that the log with all of it is whole."""
    with open(f.lines) as all_:
        wanted = {digest(record) for record in map(json.loads, all_) if record['type'] == kind}
    every = max(97, len(wanted) // looked_at)
    for i, listed in enumerate(f.vault.each('protection', 'record', 'list', '--type', kind)):
        # The first is the demo's own.
        if i % every == 1 and digest(f.vault.json('protection', 'record', 'show', listed['id'])[0]) not in wanted:
            raise RuntimeError('record %s did not come out as it went in' % listed['id'])
    f.vault.verify()


def digest(record):
    """Of what was said: ids and empty sections set aside."""
    said = {k: record[k] for k in sorted(record) if isinstance(record[k], dict) and record[k]}
    return hashlib.sha256(lines.compact(said).encode()).digest()


def measured(b, n, peaks):
    """The figures of n records by row, and the vault."""
    figures = {}
    f = fill(b, n, figures)
    tried(figures, 'search', lambda: search(b, f))
    figures['verify'] = verify(b, f)
    puts(b, f, figures)
    tried(figures, 'read', lambda: read(b, f))
    figures['disclose'] = disclose(b)
    read_back(f)  # before there are as many grants as records
    memory(f, figures, peaks)
    return figures, f
