#!/usr/bin/env python3
"""Files that belong to a record: in and out whole, for those who may; altered, they give up no byte; erased, they are gone."""
import fcntl, hashlib, json, os, random, re, shutil, socket, struct, subprocess, sys, threading, zlib

from common import HERE, READER, main
from grants import events
from people import pseudonym

sys.path.insert(0, os.path.join(HERE, '..'))
import reader

PIECE = 4194300  # bytes of a file in every piece but the last
SECRET = b'She will say this once: the blue house behind the mill. '
EVIDENCE = {'type': 'evidence', 'evidence': {'kind': 'Recording', 'description': 'a telephone'}}


def content(n, seed=1):
    return (SECRET + random.Random(seed).randbytes(max(0, n - len(SECRET))))[:n]


def write(p, name, data):
    with open(p.path(name), 'wb') as f:
        f.write(data)
    return p.path(name)


def attach(p, who, record, *files, **kw):
    return p.as_(who, 'document', 'add', '--record', record, *files, **kw)


def files(p, who, record):
    return p.json_as(who, 'document', 'list', '--record', record)


def get(p, who, which, *more, **kw):
    out = p.path('out')
    if os.path.exists(out):
        os.unlink(out)
    p.as_(who, 'document', 'get', which, '-o', out, *more, **kw)
    assert os.path.exists(out) == (kw.get('rc', 0) == 0), 'a file is left'
    return open(out, 'rb').read() if kw.get('rc', 0) == 0 else None


def pieces(p):
    """Of every piece entry: file, offset and length of its data, and its index."""
    rows = []
    for name, raw in p.archive().items():
        at = 0
        while at < len(raw):
            size = int(raw[at + 124:at + 135], 8)
            if raw[at:at + 100].rstrip(b'\0').endswith(b'-piece'):
                rows.append((name, at + 512, size, int(raw[at:at + 11])))
            at += 512 + (size + 511) // 512 * 512
    return rows


# ---- in and out ----

def life(p):
    """Who may write the section attaches, who reads it gets; every file whole, in pieces, or some bytes of it."""
    record = p.add('protection', EVIDENCE)
    sizes = (1, 100, PIECE, PIECE + 1, 2 * PIECE + 12345)
    paths = [write(p, 'f%d' % n, content(n, n)) for n in sizes]
    told = attach(p, 'protection', record, *paths[:2], err='now version 2')
    assert re.fullmatch(r'([0-9A-Z*~$=]{27}  f\d+\n){2}', told), told
    attach(p, 'legal', record, paths[2], rc=13, err='may write the section evidence')
    attach(p, 'intake', record, paths[2], rc=13, err='the attempt is in the log')
    attach(p, 'medical', record, paths[2], rc=13)
    attach(p, 'auditor', record, paths[2], rc=13)
    assert not any(k == 'piece' for k in p.kinds()[-12:])
    attach(p, 'protection', record, *paths[2:])
    rows = files(p, 'legal', record)
    assert [(r['name'], r['bytes'], r['number'], r['kept']) for r in rows] == [('f%d' % n, n, i + 1, True) for i, n in enumerate(sizes)]
    for i, n in enumerate(sizes):
        data = content(n, n)
        assert rows[i]['sha256'] == hashlib.sha256(data).hexdigest()
        assert get(p, ('legal', 'protection')[i % 2], '%s.%d' % (record, i + 1)) == data
    assert os.stat(p.path('out')).st_mode & 0o777 == 0o600
    shown = p.as_('legal', 'record', 'show', record)
    assert '%s.5' % record in shown and rows[4]['document'] in shown
    for who in ('intake', 'medical', 'auditor'):
        get(p, who, record + '.1', rc=13)
        p.as_(who, 'document', 'list', '--record', record, rc=13)
    data = content(sizes[4], sizes[4])
    for a, b in ((0, 0), (PIECE - 3, PIECE + 3), (PIECE, 2 * PIECE - 1), (len(data) - 1, len(data) - 1), (5, len(data) + 5)):
        assert get(p, 'legal', record + '.5', '--range', '%d-%d' % (a, b)) == data[a:b + 1]
    assert get(p, 'legal', record + '.5', '--range', '%d-' % PIECE) == data[PIECE:]
    for a, b in ((0, 2 ** 64 - 1), (len(data) - 1, 10 ** 30), (7, 10 ** 18 - 1), (7, 10 ** 18)):  # RFC 9110, 14.1.2
        assert get(p, 'legal', record + '.5', '--range', '%d-%d' % (a, b)) == data[a:], (a, b)
    for a in (len(data), 2 ** 64 - 1, 10 ** 30):
        get(p, 'legal', record + '.5', '--range', '%d-' % a, rc=2, err='begins behind the end: the file has %d bytes' % len(data))
    # The older version is as it was: it lists two.
    get(p, 'legal', record + '.3', '--version', '2', rc=1, err='has no file 3')
    assert get(p, 'legal', record + '.2', '--version', '2') == content(100, 100)
    return record


def logged(p, record):
    """Adding and getting are events, with who and which; getting is durable before a byte is written."""
    one = files(p, 'legal', record)[0]
    get(p, 'legal', record + '.1', '--reason', 'for the hearing')
    e = [e for e in p.json_as('auditor', 'audit', 'log') if e.get('record') == record]
    assert [x['detail'] for x in e if x['action'] == 'attach'].count('document ' + one['document']) == 1
    last = [x for x in e if x['action'] == 'fetch'][-1]
    assert last['detail'] == 'document ' + one['document'] and last['member'] == pseudonym(p, 'legal')
    assert last['sections'] == ['evidence'] and last['reason'] == 'for the hearing' and last['version'] == 3
    assert 'bytes 0 to 0' in ''.join(x.get('detail', '') for x in e)
    p.as_('auditor', 'audit', 'verify', '--contents', out='nothing is without its event')
    log = p.path('strace')
    os.unlink(p.path('out'))
    r = subprocess.run(['strace', '-f', '-y', '-e', 'trace=write,pwrite64,fdatasync,linkat', '-o', log, p.binary, 'document', 'get', record + '.1',
                        '-o', p.path('out'), *p.who('legal')], capture_output=True, env=dict(p.env(), ASAN_OPTIONS='detect_leaks=0'))
    if b'ptrace' in r.stderr:
        print('no right to trace: left out')
        return
    assert r.returncode == 0, r.stderr
    lines = [l.split(' ', 1)[1].strip() for l in open(log, errors='replace')]
    at = lambda pattern: [i for i, l in enumerate(lines) if re.search(pattern, l)]
    syncs, named = at(r'^fdatasync\(\d+<[^>]*archive'), at(r'^linkat')
    out = [i for i in at(r'^write\(') if lines[i].endswith('= 1') and 'She' not in lines[i] and '"S"' in lines[i]]
    assert syncs and len(out) == 1 and syncs[-1] < out[0] < named[-1], (syncs, out, named)
    assert not [l for l in lines if SECRET[:20].decode() in l]


def independent(p, record):
    """From docs/FORMAT.md alone."""
    for n in (1, 5):
        r = subprocess.run([sys.executable, READER, p.path('vault'), 'document', p.path('legal.identity'), p.path('passphrase'), record,
                            'evidence', str(n)], capture_output=True)
        assert r.returncode == 0 and hashlib.sha256(r.stdout).hexdigest() == files(p, 'legal', record)[n - 1]['sha256'], r.stderr
    r = subprocess.run([sys.executable, READER, p.path('vault'), 'log'], capture_output=True)
    assert r.returncode == 0, r.stderr


def at_rest(p):
    """Neither a word of a file nor its name stands anywhere but where it was asked for."""
    if os.path.exists(p.path('out')):
        os.unlink(p.path('out'))
    for top in (p.path('vault'), p.home):
        for d, _, names in os.walk(top):
            for n in names:
                raw = open(os.path.join(d, n), 'rb').read()
                assert SECRET[:24] not in raw and b'f8400945' not in raw and b'recording.mp3' not in raw, os.path.join(d, n)


# ---- what comes in ----

def refused(p, record):
    """One clear line, and nothing is stored."""
    before = p.archive()
    os.mkfifo(p.path('pipe'))
    s = socket.socket(socket.AF_UNIX)
    s.bind(p.path('socket'))
    good = write(p, 'good', b'x')
    table = (('/dev/zero', 1, 'is a device'), ('/dev/tty', 1, None), (p.path('pipe'), 1, 'is a pipe'), (p.path('socket'), 1, 'is a socket'),
             (p.home, 1, 'is a directory'), (write(p, 'empty', b''), 1, 'is empty'), (p.path('nowhere'), 1, 'No such file'))
    for path, rc, why in table:
        attach(p, 'protection', record, path, rc=rc, err=why)
        attach(p, 'protection', record, good, path, rc=rc, err=why)
    if os.geteuid() != 0:
        os.chmod(write(p, 'closed', b'x'), 0)
        attach(p, 'protection', record, p.path('closed'), rc=1, err='Permission denied')
    p.as_('protection', 'document', 'add', good, rc=2, err='--record ID')
    attach(p, 'protection', record, *[good] * 17, rc=1, err='at most 16')
    assert p.archive() == before
    attach(p, 'protection', record, *[good] * 12, rc=1, err='of at most 16')
    attach(p, 'protection', record, '--section', 'admin', good, rc=2, err='keeps no files in the section admin')
    attach(p, 'protection', record, '--section', 'nothing', good, rc=2, err='has no section nothing')
    attach(p, 'protection', '0' * 26, good, rc=1)
    case = p.add('protection', {'type': 'case', 'admin': {'case_number': 'X-1', 'status': 'Active'}})
    attach(p, 'protection', case, good, rc=2, err='a case keeps no files; attach them to an evidence item')
    for which in ('x', record, record + '.', record + '.0', record + '.01', '.1', record + '.1x', record + '.-1'):
        p.as_('legal', 'document', 'get', which, '-o', p.path('o'), rc=2, err='which file?')
    for args in ((), ('-o', '-')):
        p.as_('legal', 'document', 'get', record + '.1', *args, rc=2, err='--output FILE')
    for span in ('', '-', 'x-1', '5-4', '1', '-5', '1-2-3', '0-09', '0-099999999999999999999', '0-9999999999999999999x', '0-+1'):
        p.as_('legal', 'document', 'get', record + '.1', '-o', p.path('o'), '--range=' + span, rc=2, err='--range wants')
    get(p, 'legal', record + '.99', rc=1, err='has no file 99')
    p.as_('legal', 'document', 'get', record + '.1', '-o', good, rc=1, err='it is not overwritten')
    assert open(good, 'rb').read() == b'x' and 'piece' not in p.kinds()[len(reader.read_log(p.path('vault'))[0]):]
    # Somebody may have been told that a vault keeps a file of another record.
    foreign = files(p, 'protection', record)[0]
    listed = {k: foreign[k] for k in ('name', 'sha256', 'bytes', 'document')}
    for doc in ({'kind': 'Other', 'attachments': [listed]}, {'kind': 'Other', 'attachments': [dict(listed, document='nonsense')]}):
        p.as_('protection', 'record', 'add', '-', stdin=json.dumps({'type': 'evidence', 'evidence': doc}).encode(), rc=1, err='document')
    assert not os.path.exists(p.path('o'))


def names(p):
    """A name is stored as one line of plain text, and never where the file goes."""
    record = p.add('protection', EVIDENCE)
    for raw, want in ((b'tab\there', 'tab\ufffdhere'), (b'bell\x07\x1b[2J', 'bell\ufffd\ufffd[2J'), ('exe\u202egpj'.encode(), 'exe\ufffdgpj'),
                      (b'latin\xe9', 'latin\ufffd'), (b'n' * 255, 'n' * 255)):
        path = os.path.join(p.dir.encode(), raw)
        open(path, 'wb').write(b'a name')
        r = subprocess.run([p.binary.encode(), b'document', b'add', b'--record', record.encode(), path, *[a.encode() for a in p.who('protection')]],
                           capture_output=True, env=p.env())
        p.checks += 1
        assert r.returncode == 0, r.stderr
        assert not re.search(rb'[\x00-\x08\x0b-\x1f\x7f]', r.stdout + r.stderr), r.stderr
        assert ('not one line of plain text' in r.stderr.decode()) == (want != raw.decode('utf-8', 'replace') or '\ufffd' in want)
        assert files(p, 'protection', record)[-1]['name'] == want
        os.unlink(path)
    assert not any('\x07' in l or '\x1b' in l or '\u202e' in l for l in p.as_('protection', 'document', 'list', '--record', record))
    get(p, 'protection', record + '.2', err='bell\ufffd\ufffd[2J')


def changing(p):
    """A file that is written to meanwhile is not attached, and nothing of it stays that anybody could open."""
    record = p.add('protection', EVIDENCE)
    for size, change in ((100, 'touch'), (3 * PIECE, 'touch'), (6 * PIECE, 'cut'), (6 * PIECE, 'grow')):
        path, stop = write(p, 'moving', content(size)), threading.Event()

        def move():
            tick = 0
            while not stop.is_set():
                tick += 1
                if change == 'touch':
                    os.utime(path, ns=(tick, tick))
                elif change == 'cut':
                    os.truncate(path, size - tick % 7 - 1)
                else:
                    open(path, 'ab').write(b'x')
        t = threading.Thread(target=move)
        t.start()
        try:
            attach(p, 'protection', record, path, rc=1, err='was changed while it was read; it is not attached')
        finally:
            stop.set()
            t.join()
        assert files(p, 'protection', record) == [] and p.json_as('protection', 'status')[0]['unfinished_files'] == 0
    assert p.json_as('protection', 'record', 'history', record)[-1]['about'] in ('begin', 'erase')
    p.as_('auditor', 'audit', 'verify', '--contents', out='nothing is without its event')


# ---- what becomes of them ----

def together(p):
    """Several at once, to one record: none is lost, none is refused."""
    record = p.add('protection', EVIDENCE)
    paths = [write(p, 'at-once-%d' % i, content(PIECE + i, i)) for i in range(5)]
    running = [subprocess.Popen([p.binary, 'document', 'add', '-q', '--record', record, path, *p.who('protection')], env=p.env(),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE) for path in paths]
    for r in running:
        _, err = r.communicate()
        assert r.returncode == 0, err
        p.checks += 1
    rows = files(p, 'protection', record)
    assert sorted(r['name'] for r in rows) == ['at-once-%d' % i for i in range(5)]
    for r in rows:
        i = int(r['name'][-1])
        assert get(p, 'legal', '%s.%d' % (record, r['number'])) == content(PIECE + i, i)
    p.as_('auditor', 'audit', 'verify', '--contents', out='nothing is without its event')


def last_piece(p):
    """The handle of the file that the last piece in the log belongs to."""
    return [d[8:16] for _, (k, d, _) in sorted(reader.read_log(p.path('vault'))[0].items()) if k == 'piece'][-1]


def killed(p):
    """Broken off at any commit: no version names what is not there; what is there is told, and erased by the next."""
    record = p.add('protection', EVIDENCE)
    path, met = write(p, 'long', content(6 * PIECE)), set()

    def cut(k):
        """Killed at its k-th commit; which that is depends on what was left to be synced."""
        return subprocess.run(['strace', '-f', '-o', '/dev/null', '-e', 'trace=fdatasync', '-e', 'inject=fdatasync:signal=SIGKILL:when=%d' % k, p.binary,
                               'document', 'add', '--record', record, path, *p.who('protection')], capture_output=True,
                              env=dict(p.env(), ASAN_OPTIONS='detect_leaks=0'))

    for k in range(3, 40):
        r = cut(k)
        if b'ptrace' in r.stderr:
            print('no right to trace: left out')
            return
        if r.returncode == 0:
            rows = files(p, 'protection', record)
            break
        left = p.json_as('legal', 'status')[0]['unfinished_files']
        met.add(left)
        rows = files(p, 'protection', record)
        assert left <= 1, (k, left)
        if rows:  # the last commit was written: it is there, and whole
            assert get(p, 'legal', record + '.1') == content(6 * PIECE)
            break
        if left:
            assert 'begun and never finished' in p.as_('legal', 'status')
        # The next one takes it away: its release key is zeros.
        small = write(p, 'small', b'small')
        other = p.add('protection', EVIDENCE)
        attach(p, 'protection', other, small)
        assert p.json_as('legal', 'status')[0]['unfinished_files'] == 0
    assert met == {0, 1} and rows, met
    assert [e['detail'] for e in events(p, 'erase')].count('1 files that were begun and not finished') >= 1
    p.as_('auditor', 'audit', 'verify', '--contents', out='nothing is without its event')
    p.run('check', '--vault', p.path('vault'), out='nothing is damaged')
    # One that somebody is at is left alone.
    with open(p.path('vault', 'adding'), 'r+b') as f:
        before = last_piece(p)
        next(k for k in range(3, 40) if cut(k) and last_piece(p) != before)
        handle = last_piece(p)
        F_OFD_SETLK = 37
        fcntl.fcntl(f, F_OFD_SETLK, struct.pack('hhqqi', fcntl.F_WRLCK, 0, int.from_bytes(handle, 'big') >> 2, 1, 0))
        assert p.json_as('legal', 'status')[0]['unfinished_files'] == 0
    assert p.json_as('legal', 'status')[0]['unfinished_files'] == 1
    told = p.as_('protection', 'record', 'erase', record, '--reason', 'x', '--really', '--confirm', record)
    assert 'file ' in told and 'goes' in told and p.json_as('legal', 'status')[0]['unfinished_files'] == 0


def erased(p):
    """A file goes with the last version that lists it, and not before; proofs and the log stand."""
    record = p.add('protection', EVIDENCE)
    attach(p, 'protection', record, write(p, 'first', content(2 * PIECE, 3)))
    attach(p, 'protection', record, write(p, 'second', content(500, 4)))
    both = files(p, 'protection', record)
    doc = p.json_as('protection', 'record', 'show', record)[0]['evidence']
    doc['attachments'] = doc['attachments'][1:]
    p.as_('protection', 'record', 'edit', record, '-', stdin=json.dumps({'evidence': doc}).encode())
    assert [f['document'] for f in files(p, 'legal', record)] == [both[1]['document']]
    assert get(p, 'legal', record + '.1', '--version', '3') == content(2 * PIECE, 3)
    told = p.as_('protection', 'record', 'erase', record, '--old', '--reason', 'no longer needed')
    assert 'file %s  goes' % both[0]['document'] in told and 'file %s  stays' % both[1]['document'] in told, told
    p.as_('protection', 'record', 'erase', record, '--old', '--reason', 'no longer needed', '--really', '--confirm', record, err='Erased')
    assert get(p, 'legal', record + '.1') == content(500, 4)
    get(p, 'legal', record + '.1', '--version', '3', rc=1, err='version 3 was erased')
    # What was written into it again by somebody who kept the words does not bring it back.
    again = dict(doc, attachments=[*doc['attachments'], {k: both[0][k] for k in ('name', 'sha256', 'bytes', 'document')}])
    p.as_('protection', 'record', 'edit', record, '-', stdin=json.dumps({'evidence': again}).encode(), rc=1, err='is no document of this record')
    p.as_('protection', 'record', 'erase', record, '--reason', 'she asked', '--really', '--confirm', record, err='Erased')
    get(p, 'legal', record + '.1', rc=1, err='was erased on')
    log = reader.read_log(p.path('vault'))[0]
    handles = {d[8:24]: int.from_bytes(d[32:40], 'big') for k, d, _ in log.values() if k == 'piece'}
    keys = open(p.path('vault', 'release.keys'), 'rb').read()
    gone = [keys[512 + 32 * s:544 + 32 * s] == bytes(32) for h, s in handles.items() if reader.to_b64u(h) in
            [reader.to_b64u(handle_of(f['document'])) for f in both]]
    assert gone == [True, True]
    p.run('audit', 'verify', '--vault', p.path('vault'), out='The log is whole')

def handle_of(text):
    n = 0
    for digit in text[:26]:
        n = n * 32 + '0123456789ABCDEFGHJKMNPQRSTVWXYZ'.index(digit)
    return n.to_bytes(16, 'big')


def packaged(p):
    """A package takes what the vault keeps, by itself; a file kept outside may still be given."""
    case, person, _ = p.case()
    p.partner('Office')
    p.consent(person, 'Office')
    record = p.add('protection', dict(EVIDENCE, admin={'case': case, 'person': person}))
    inside, outside = content(PIECE + 99, 8), content(1000, 9)
    attach(p, 'protection', record, write(p, 'recording.mp3', inside))
    doc = p.json_as('protection', 'record', 'show', record)[0]['evidence']
    doc['attachments'].append({'name': 'paper', 'sha256': hashlib.sha256(outside).hexdigest()})
    p.as_('protection', 'record', 'edit', record, '-', stdin=json.dumps({'evidence': doc}).encode())
    get(p, 'legal', record + '.2', rc=1, err='is not kept in the vault')
    for given in ((), ('--attachment', write(p, 'paper', outside))):
        id = p.package('legal', case, 'Office', 'sent%d' % len(given), '--without', 'testimony', write=given)
        assert ('1 attachment is named' in p.told) == (not given)
        opened = p.opened('sent%d' % len(given), 'Office')
        got = {n.split('-', 1)[1]: d for n, d in opened.items() if n.startswith('attachments/')}
        assert got == ({'recording.mp3': inside, 'paper': outside} if given else {'recording.mp3': inside}), list(got)
        print_ = p.json_as('founder', 'status')[0]['fingerprint']
        assert json.loads(p.run('verify', '--json', '--sender-key', print_, '-i', p.path('Office.key'), p.path('sent%d' % len(given))))['verified']
        assert events(p, 'fetch')[-1]['detail'].endswith('for package ' + id)


# ---- tampering ----

def damaged(p, record):
    """A byte altered anywhere in any piece, a piece cut, two exchanged: exit 14, and not a byte comes out."""
    by = {r['document']: r['number'] for r in files(p, 'legal', record)}
    log = reader.read_log(p.path('vault'))[0]
    rows = [r for r in pieces(p) if any(handle_of(d) == log[r[3]][1][8:24] for d in by)]
    assert len(rows) == 9, rows
    for row, (name, at, size, index) in enumerate(rows):
        path = p.path('vault', 'archive', name)
        number = next(n for d, n in by.items() if handle_of(d) == log[index][1][8:24])
        os.chmod(path, 0o644)
        for offset in ((0, 39, 60, size - 1), (24, 43, 44, size // 2))[row % 2]:
            raw = open(path, 'r+b')
            raw.seek(at + offset)
            old = raw.read(1)
            raw.seek(at + offset)
            raw.write(bytes([old[0] ^ 1]))
            raw.flush()
            get(p, 'legal', '%s.%d' % (record, number), rc=14, err='damaged')
            raw.seek(at + offset)
            raw.write(old)
            raw.close()
        assert get(p, 'legal', '%s.%d' % (record, number))
    two = [r for r in rows if r[2] == max(x[2] for x in rows)][:2]
    texts = [open(p.path('vault', 'archive', n), 'rb').read()[at:at + size] for n, at, size, _ in two]
    for swapped in (texts[::-1], texts):
        for (n, at, _, _), text in zip(two, swapped):
            with open(p.path('vault', 'archive', n), 'r+b') as f:
                f.seek(at)
                f.write(text)
        if swapped != texts:
            for n in by.values():
                if any(handle_of(d) == t[8:24] for d, k in by.items() for t in texts if k == n):
                    get(p, 'legal', '%s.%d' % (record, n), rc=14, err='damaged')
    # Cut off in the middle of a piece, and from there on: nothing of that vault is believed.
    shutil.copytree(p.path('vault'), p.path('cut'))
    name, at, size, _ = rows[-1]
    os.truncate(p.path('cut', 'archive', name), at + size // 2)
    out = p.path('cut-out')
    p.run('document', 'get', record + '.5', '-o', out, *p.who('legal')[:-1], p.path('cut'), rc=14)
    assert not os.path.exists(out)
    p.run('check', '--vault', p.path('vault'), out='nothing is damaged')


# ---- pictures ----

def tiff(place, when, device):
    """An Exif block."""
    extra, base = b'', 8

    def entry(tag, kind, count, value):
        return struct.pack('<HHI', tag, kind, count) + value.ljust(4, b'\0')[:4]

    def ifd(entries, offset):
        body, more = struct.pack('<H', len(entries)), b''
        at = offset + 2 + 12 * len(entries) + 4
        for tag, kind, count, value in sorted(entries):
            if len(value) > 4:
                body += entry(tag, kind, count, struct.pack('<I', at + len(more)))
                more += value + b'\0' * (len(value) % 2)
            else:
                body += entry(tag, kind, count, value)
        return body + bytes(4) + more
    text = lambda s: (2, len(s) + 1, s.encode() + b'\0')
    gps = [(1, *text('N')), (2, 5, 3, struct.pack('<6I', 44, 1, 48, 1, 30, 1)), (3, *text('E')), (4, 5, 3, struct.pack('<6I', 20, 1, 27, 1, 1, 1))]
    exif = [(0x9003, *text('2024:05:01 12:00:00'))]
    main_ = [(0x011a, 5, 1, struct.pack('<2I', 72, 1))]
    if device:
        main_ += [(0x010f, *text('Phonemaker')), (0x0110, *text('Model 7'))]
    count = len(main_) + place + when
    at = 8 + 2 + 12 * count + 4 + sum(len(v) + len(v) % 2 for _, _, _, v in main_ if len(v) > 4)
    parts = b''
    for wanted, tag, entries in ((place, 0x8825, gps), (when, 0x8769, exif)):
        if wanted:
            main_.append((tag, 4, 1, struct.pack('<I', at + len(parts))))
            parts += ifd(entries, at + len(parts))
    return b'Exif\0\0' + b'II*\0' + struct.pack('<I', 8) + ifd(main_, 8) + parts


def segment(marker, data):
    return struct.pack('>BBH', 0xff, marker, len(data) + 2) + data


JFIF = b'JFIF\0\x01\x02\0\0\x48\0\x48'
TABLES = segment(0xdb, b'\0' + bytes([1] * 64)) + segment(0xc0, b'\x08\0\x08\0\x08\x01\x01\x11\0') + \
    segment(0xc4, b'\0\x01' + bytes(15) + b'\0') + segment(0xc4, b'\x10\x01' + bytes(15) + b'\0')
SCAN = segment(0xda, b'\x01\x01\0\0\x3f\0') + b'\x3f'


def jpeg(*more, jfif=JFIF + b'\0\0', tail=b'', unused=b''):
    return b'\xff\xd8' + segment(0xe0, jfif) + b''.join(more) + TABLES + SCAN + unused + b'\xff\xd9' + tail


PLAIN = jpeg(jfif=b'JFIF\0\x01\x01\0\0\1\0\1\0\0')
ADOBE = segment(0xee, b'Adobe\0\x64\0\0\0\0\0')


def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


IMAGE = zlib.compress(b'\0\x80')


def png(*more, tail=b'', image=IMAGE):
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 1, 1, 8, 0, 0, 0, 0)) + b''.join(more) + \
        chunk(b'IDAT', image) + chunk(b'IEND', b'') + tail


XMP = segment(0xe1, b'http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>44N</x:xmpmeta>')
PICTURES = (  # file, place, time, device, what else it carries, and the copy; 'cut': it may carry more
    (jpeg(), 0, 0, 0, '', PLAIN),
    (jpeg(segment(0xe1, tiff(1, 1, 1))), 1, 1, 1, '', PLAIN),
    (jpeg(segment(0xe1, tiff(1, 0, 0))), 1, 0, 0, '', PLAIN),
    (jpeg(segment(0xe1, tiff(0, 1, 0))), 0, 1, 0, '', PLAIN),
    (jpeg(segment(0xe1, tiff(0, 0, 1))), 0, 0, 1, '', PLAIN),
    (jpeg(XMP), 0, 0, 0, 'XMP', PLAIN),
    (jpeg(segment(0xed, b'Photoshop 3.0\0town'), segment(0xfe, b'by the mill')), 0, 0, 0, 'IPTC, text', PLAIN),
    (jpeg(segment(0xe2, b'ICC_PROFILE\0camera')), 0, 0, 0, 'colour profile', PLAIN),
    (jpeg(tail=b'a film'), 0, 0, 0, 'data after its end', PLAIN),
    (jpeg(jfif=JFIF + b'\x01\x01' + b'abc'), 0, 0, 0, 'a thumbnail', PLAIN),
    (jpeg(ADOBE), 0, 0, 0, '', PLAIN[:20] + ADOBE + PLAIN[20:]),
    (jpeg(segment(0xe1, b'Exif\0\0II*\0\xff\xff\xff\xff')), 0, 0, 0, 'cut', PLAIN),
    (jpeg(segment(0xdd, b'hi'), unused=b'by the mill'), 0, 0, 0, '', PLAIN),
    (jpeg(segment(0xdb, b'\0' + bytes([1] * 64) + b'mill')), 0, 0, 0, '', None),
    (jpeg(segment(0xde, TABLES[73:86])), 0, 0, 0, 'other parts', None),
    (png(), 0, 0, 0, '', png()),
    (png(chunk(b'eXIf', tiff(1, 1, 1)[6:])), 1, 1, 1, '', png()),
    (png(chunk(b'tIME', bytes(7)), chunk(b'tEXt', b'Comment\0the mill')), 0, 1, 0, 'text', png()),
    (png(chunk(b'gAMA', bytes(4)), tail=b'more'), 0, 0, 0, 'data after its end', png(chunk(b'gAMA', bytes(4)))),
    (png(chunk(b'prVt', b'mill'), image=IMAGE + b'mill'), 0, 0, 0, 'other parts', png()),
    (b'%PDF-1.7 taken at the mill', None, None, None, None, None),
    (b'RIFF\x1a\0\0\0WEBPVP8L', None, None, None, None, None),
    (b'\0\0\0\x18ftypheic\0\0\0\0heic', None, None, None, None, None),
    (tiff(1, 1, 1)[6:], None, None, None, None, None),
    (jpeg()[:60], 0, 0, 0, 'cut', None),
    (b'\xff\xd8\xff\xe1\0\1', 0, 0, 0, 'cut', None),
    (png()[:40], 0, 0, 0, 'cut', None),
)


def pictures(p):
    """A picture's place, time and device are told; a copy without them shows the same picture; the original stays."""
    for half in (PICTURES[:14], PICTURES[14:]):
        record = p.add('protection', EVIDENCE)
        paths = [write(p, 'picture%d' % i, x[0]) for i, x in enumerate(half)]
        answer = p.json_as('protection', 'document', 'add', '--record', record, *paths)[0]['files']
        for i, (data, place, when, device, carries, copy) in enumerate(half):
            want = None if place is None else {'place': bool(place), 'time': bool(when), 'device': bool(device), 'more': carries != '',
                                               'carries': [c for c in carries.split(', ') if c not in ('', 'cut')], 'copy': copy is not None}
            assert answer[i]['tells'] == want, (i, answer[i]['tells'], want)
            which = '%s.%d' % (record, i + 1)
            if i % 3 == 1:
                assert get(p, 'legal', which) == data
            if copy is None:
                get(p, 'legal', which, '--without-metadata', rc=1, err='without its metadata can be')
            else:
                assert get(p, 'legal', which, '--without-metadata', err='Written: %d bytes' % len(copy)) == copy, i
    says(p)
    p.as_('legal', 'document', 'get', record + '.1', '-o', p.path('o'), '--without-metadata', '--range', '0-1', rc=2)


def says(p):
    """Nothing is claimed of what was not looked into, and every line of it fits the screen."""
    kept = '  It is kept as it is; `document get --without-metadata` gives a copy without.\n'
    none = '  It is kept as it is; no copy without its metadata can be made of it.\n'
    other = 'p: carries other data, which was not looked into:\n'
    everything = jpeg(XMP, segment(0xed, b'Photoshop 3.0\0'), segment(0xfe, b'x'), segment(0xe2, b'ICC_PROFILE\0'),
                      segment(0xe0, b'JFXX\0'), segment(0xe5, b'x'), segment(0xe1, tiff(1, 1, 1)), tail=b'x')
    table = ((jpeg(), 'p: no place, time or device was found in it.\n'),
             (jpeg(segment(0xe1, tiff(1, 1, 1))), 'p: tells where, when and with what device it was made.\n' + kept),
             (jpeg(XMP), other + '  XMP.\n' + kept),
             (png(chunk(b'prVt', b'x'), chunk(b'iCCP', b'x')), other + '  colour profile, other parts.\n' + kept),
             (everything, 'p: tells where, when and with what device it was made.\n' + other +
              '  a thumbnail, colour profile, XMP, IPTC, text, data after its end, other parts.\n' + kept),
             (png()[:40], 'p: cannot be read to its end; there may be more in it.\n' + none),
             (png(chunk(b'acTL', bytes(8))), other + '  other parts.\n' + none),
             (png(image=b'mill'), 'p: no place, time or device was found in it.\n' + none),
             (b'\0\0\0\x18ftypmp42', 'p: no JPEG or PNG; whether it tells a place, a time or a device\n  cannot be told.\n'))
    for data, want in table:
        attach(p, 'protection', p.add('protection', EVIDENCE), write(p, 'p', data), err=want)
        assert p.told.startswith(want), p.told
        assert all(len(l) <= 80 for l in p.told.split('\n')), p.told


def rotated(p, record):
    """Under newer keys of role and section, what was put in under the older ones comes out, and the other way round."""
    p.as_('founder', 'role', 'rotate', 'legal', err='New keys are in force')
    assert get(p, 'legal', record + '.5') == content(2 * PIECE + 12345, 2 * PIECE + 12345)
    attach(p, 'protection', record, write(p, 'later', content(300, 5)))
    assert get(p, 'legal', record + '.6') == content(300, 5)


def granted(p):
    """A grant opens the record, not its files; and says so."""
    record = p.add('protection', EVIDENCE)
    attach(p, 'protection', record, write(p, 'g', b'granted?'))
    p.as_('protection', 'grant', '--record', record, '--section', 'evidence', '--to', 'medical')
    assert files(p, 'medical', record)[0]['name'] == 'g'
    get(p, 'medical', record + '.1', rc=13, err='not the files that it keeps')


def test(p):
    p.vault()
    record = life(p)
    for step in (logged, independent, refused, rotated):
        step(p, record)
    for step in (names, changing, together, killed, erased, packaged, pictures, granted):
        step(p)
    damaged(p, record)
    at_rest(p)


if __name__ == '__main__':
    main(test)
