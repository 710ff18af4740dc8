#!/usr/bin/env python3
"""Witnesses: every answer of c2sp.org/tlog-witness, offline and over HTTP; what a witness never does; and the whole circle."""
import base64, glob, hashlib, json, os, re, signal, socket, subprocess, time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from common import HINTS, PERSON, READER, main

DASH = b'\xe2\x80\x94 '
EMPTY = base64.b64encode(hashlib.sha256(b'').digest())


class Log:
    """A log of our own, small, to tell stories with: RFC 6962 and c2sp.org/tlog-checkpoint again, from the text."""

    def __init__(self, origin, leaves=b''):
        self.origin, self.key = origin, Ed25519PrivateKey.generate()
        self.leaves = [hashlib.sha256(b'\0' + bytes([b])).digest() for b in leaves]

    def public(self):
        return self.key.public_key().public_bytes_raw()

    def id(self):
        return hashlib.sha256(self.origin.encode() + b'\n\1' + self.public()).digest()[:4]

    def vkey(self):
        return '%s+%s+%s' % (self.origin, self.id().hex(), base64.b64encode(b'\1' + self.public()).decode())

    def root(self, leaves):
        if not leaves:
            return hashlib.sha256(b'').digest()
        if len(leaves) == 1:
            return leaves[0]
        k = 1 << (len(leaves) - 1).bit_length() - 1
        return hashlib.sha256(b'\1' + self.root(leaves[:k]) + self.root(leaves[k:])).digest()

    def proof(self, m, leaves, whole=True):
        n = len(leaves)
        if m == n:
            return [] if whole else [self.root(leaves)]
        k = 1 << (n - 1).bit_length() - 1
        if m <= k:
            return self.proof(m, leaves[:k], whole) + [self.root(leaves[k:])]
        return self.proof(m - k, leaves[k:], False) + [self.root(leaves[:k])]

    def text(self, size, root=None, more=b''):
        return b'%s\n%d\n%s\n%s' % (self.origin.encode(), size, base64.b64encode(root or self.root(self.leaves[:size])), more)

    def sign(self, text, key=None):
        return text + b'\n' + DASH + self.origin.encode() + b' ' + base64.b64encode(self.id() + (key or self.key).sign(text)) + b'\n'

    def request(self, old, size, proof=None, note=None):
        hashes = proof if proof is not None else self.proof(old, self.leaves[:size]) if 0 < old <= size else []
        return b'old %d\n' % old + b''.join(base64.b64encode(h) + b'\n' for h in hashes) + b'\n' + (note or self.sign(self.text(size)))


class Witness:
    def __init__(self, p, name, logs, called=None):
        self.p, self.file, self.logs = p, p.path(name), logs
        self.vkey = p.run('audit', 'witness', 'new', '--work', '8', *(['--name', called] if called else []), self.file,
                          '--passphrase-file', p.path('passphrase')).strip()
        self.name, _, key = self.vkey.split('+', 2)
        self.public = base64.b64decode(key)[1:]
        assert base64.b64decode(key)[0] == 4 and self.vkey.split('+')[1] == self.id().hex()

    def id(self):
        return hashlib.sha256(self.name.encode() + b'\n\4' + self.public).digest()[:4]

    def args(self):
        return ['--key', self.file, *[a for l in self.logs for a in ('--log', l.vkey() if isinstance(l, Log) else l)],
                '--passphrase-file', self.p.path('passphrase')]

    def sign(self, body, **kw):
        return self.p.run('audit', 'witness', 'sign', *self.args(), stdin=body, **kw).encode()

    def state(self, origin):
        half = lambda s: hashlib.sha256(s.encode()).hexdigest()[:32]
        return self.p.path('home', '.local', 'state', 'casevault', 'witness-%s-%s' % (half(self.name), half(origin)))

    def good(self, line, text):
        """The cosignature, checked with another implementation; its time."""
        assert line.startswith(DASH + self.name.encode() + b' ') and line.endswith(b'\n'), line
        raw = base64.b64decode(line.split(b' ')[2])
        assert len(raw) == 76 and raw[:4] == self.id()
        when = int.from_bytes(raw[4:12], 'big')
        Ed25519PublicKey.from_public_bytes(self.public).verify(raw[12:], b'cosignature/v1\ntime %d\n' % when + text)
        assert abs(when - time.time()) < 600
        return when

    def serve(self, *before):
        self.service = subprocess.Popen([*before, self.p.binary, 'audit', 'witness', 'serve', '--listen', '127.0.0.1:0', *self.args()],
                                        env=self.p.env(), stdout=subprocess.PIPE, stderr=open(self.p.path('served'), 'ab'))
        told = self.service.stdout.readline().decode()
        self.url = told.split(' ')[1].strip()
        self.place = re.match(r'http://(.*):(\d+)/add-checkpoint$', self.url).groups()

    def end(self, sig=signal.SIGTERM):
        self.service.send_signal(sig)
        assert self.service.wait(20) == 0

    def post(self, body, *more):
        """By plain curl: status, type, body."""
        out = subprocess.run(['curl', '-sS', '--max-time', '30', '--data-binary', '@-', '-w', '\n%{http_code} %{content_type}', *more, self.url],
                             input=body, capture_output=True)
        assert out.returncode == 0, out.stderr
        text, last = out.stdout.rsplit(b'\n', 1)
        code, kind = last.decode().split(' ', 1)
        self.p.checks += 1
        return int(code), kind, text

    def raw(self, *parts, wait=0):
        """Bytes as they are; all that comes back until the end."""
        with socket.create_connection(self.place, timeout=30) as s:
            for part in parts:
                s.sendall(part)
                time.sleep(wait)
            s.shutdown(socket.SHUT_WR)
            return b''.join(iter(lambda: s.recv(65536), b''))


def keys(p):
    """Names, and what is no witness's key file."""
    w = Witness(p, 'named', [], 'auditor.example/w1')
    assert w.name == 'auditor.example/w1'
    assert os.stat(w.file).st_mode & 0o777 == 0o600
    text = subprocess.run(['age', '-d', w.file], input=b'', capture_output=True, start_new_session=True)
    assert text.returncode != 0  # it wants the passphrase
    again = Witness(p, 'unnamed', [])
    assert re.fullmatch(r'casevault-witness/[0-9a-f]{4}(-[0-9a-f]{4}){4}', again.name)
    new = lambda *a, **kw: p.run('audit', 'witness', 'new', '--work', '8', *a, '--passphrase-file', p.path('passphrase'), **kw)
    for name in ('', 'two words', 'a+b', 'w\u00e4hler', 'w' * 256, 'a\nb'):
        new('--name', name, p.path('none'), rc=2, err="a witness's name is")
    assert not os.path.exists(p.path('none'))
    new(w.file, rc=1, err='already there')
    log = Log('casevault/ab', b'abc')
    body = log.request(0, 1)
    sign = lambda *a, **kw: p.run('audit', 'witness', 'sign', *a, stdin=body, **kw)
    passphrase = ['--passphrase-file', p.path('passphrase')]
    sign('--key', w.file, *passphrase, rc=2, err='name the keys of the logs')
    sign('--log', log.vkey(), *passphrase, rc=2, err='--key FILE')
    sign('--key', w.file, '--log', w.vkey, *passphrase, rc=2, err="of type 4 where one of type 1 is wanted")
    sign('--key', w.file, '--log', log.vkey()[:-4] + 'AAAA', *passphrase, rc=2, err='its key id is not that of')
    p.identity('member')
    sign('--key', p.path('member.identity'), '--log', log.vkey(), *passphrase, rc=1, err='not a casevault witness key')
    p.run('status', '-i', w.file, *passphrase, '--vault', p.path('vault'), rc=1, err='not a casevault identity')
    open(p.path('wrong'), 'w').write('wrong horse battery staple\n')
    sign('--key', w.file, '--log', log.vkey(), '--passphrase-file', p.path('wrong'), rc=12, err='the passphrase is wrong')
    assert not glob.glob(p.path('home', '.local', 'state', 'casevault', 'witness-*'))


MALFORMED = [
    ('nothing', lambda b: b''),
    ('no old', lambda b: b[6:]),
    ('old twice', lambda b: b'old 0\n' + b),
    ('a zero before', lambda b: b.replace(b'old 0', b'old 00', 1)),
    ('minus', lambda b: b.replace(b'old 0', b'old -1', 1)),
    ('no number', lambda b: b.replace(b'old 0', b'old ', 1)),
    ('far too large', lambda b: b.replace(b'old 0', b'old 18446744073709551616', 1)),
    ('CRLF', lambda b: b.replace(b'\n', b'\r\n')),
    ('no empty line', lambda b: b.replace(b'\n\n', b'\n', 1)),
    ('not base64', lambda b: b.replace(b'old 0\n', b'old 0\nnot base64!\n', 1)),
    ('a hash too short', lambda b: b.replace(b'old 0\n', b'old 0\nAAAA\n', 1)),
    ('64 hashes', lambda b: b.replace(b'old 0\n', b'old 0\n' + EMPTY + b'\n', 1).replace(EMPTY + b'\n', 64 * (EMPTY + b'\n'), 1)),
    ('no signature', lambda b: b[:b.index(DASH)]),
    ('cut', lambda b: b[:-1]),
    ('an empty line in the text', lambda b: b.replace(b'\n' + DASH, b'more\n\n' + DASH, 1).replace(b'=\nmore', b'=\n\nmore')),
    ('no root', lambda b: re.sub(rb'\n[^\n]{44}\n\n', b'\n\n', b, count=1)),
    ('NUL', lambda b: b.replace(b'casevault/', b'casevault\0', 1)),
]


def judges(p, ask, w, log, others):
    """Every answer: ask(body) gives the status code, and the body of the answer."""
    for name, change in MALFORMED:
        assert ask(change(log.request(0, 3)))[0] == 400, name
    # Whose log it is, and who signed.
    stranger = Log('casevault/unknown', b'abc')
    assert ask(stranger.request(0, 3))[0] == 404
    for key in (Ed25519PrivateKey.generate(), others[0].key):
        assert ask(log.request(0, 3, note=log.sign(log.text(3), key)))[0] == 403
    forged = Log(log.origin, b'abc')  # the name of the log, and another key
    assert ask(forged.request(0, 3))[0] == 403
    # The first time from 0, and with no proof; a size beyond what it is asked from.
    assert ask(log.request(4, 3, proof=[]))[0] == 400
    assert ask(log.request(2, 3)) == (409, b'0\n')
    assert ask(log.request(0, 3, proof=[log.leaves[0]]))[0] == 422
    assert ask(log.request(0, 0, note=log.sign(log.text(0, b'x' * 32))))[0] == 422  # not the empty tree
    assert not os.path.exists(w.state(log.origin))
    code, line = ask(log.request(0, 3))
    assert code == 200
    w.good(line, log.text(3))
    assert open(w.state(log.origin)).read() == 'casevault witness state v1\n' + log.text(3).decode()
    assert os.stat(w.state(log.origin)).st_mode & 0o777 == 0o600
    # On, and never back: not to a smaller size, not to another story, not by any proof.
    assert ask(log.request(0, 7)) == (409, b'3\n')
    assert ask(log.request(2, 2, proof=[])) == (409, b'3\n')
    for bad in ([], log.proof(3, log.leaves[:6]), log.proof(3, log.leaves[:7])[:-1], log.proof(3, log.leaves[:7]) + [b'x' * 32],
                [b'x' * 32] + log.proof(3, log.leaves[:7])[1:]):
        assert ask(log.request(3, 7, proof=bad))[0] == 422
    code, line = ask(log.request(3, 7))
    assert code == 200 and w.good(line, log.text(7))
    fork = Log(log.origin, b'abXdefghij')
    fork.key = log.key
    assert ask(fork.request(7, 10))[0] == 422
    other = Log(log.origin, b'abcdefG')
    other.key = log.key
    assert ask(other.request(7, 7))[0] == 422  # the same size, another root
    assert ask(log.request(7, 7, proof=[b'x' * 32]))[0] == 422
    assert ask(log.request(3, 7)) == (409, b'7\n')
    assert open(w.state(log.origin)).read() == 'casevault witness state v1\n' + log.text(7).decode()
    # The same again: a client that lost the answer gets another.
    code, line = ask(log.request(7, 7))
    assert code == 200 and w.good(line, log.text(7))
    # Lines that a log adds are signed with the rest; other signatures are passed over; two logs do not mix.
    text = log.text(9, more=b'an extension\n')
    code, line = ask(log.request(7, 9, note=log.sign(text) + w_line(w, text)))
    assert code == 200 and w.good(line, text)
    try:
        w.good(line, log.text(9))
        assert False, 'the extension was not signed'
    except InvalidSignature:
        pass
    for o in others:
        assert ask(o.request(9, 9))[0] == 409
        assert ask(o.request(0, 2))[0] == 200
    assert ask(log.request(9, 10))[0] == 200


def w_line(w, text):
    """As if somebody else, and the witness itself, had signed: nobody asks."""
    return DASH + b'somebody.example ' + base64.b64encode(b'abcd' + 72 * b'x') + b'\n' + \
        DASH + w.name.encode() + b' ' + base64.b64encode(w.id() + 72 * b'y') + b'\n'


def offline(p):
    log, other = Log('casevault/' + 'ab' * 32, b'abcdefghij'), Log('casevault/' + 'cd' * 32, b'xyz' * 3)
    w = Witness(p, 'offline', [log, other])
    exits = {400: 1, 403: 14, 404: 1, 409: 1, 422: 14}

    def ask(body):
        out = subprocess.run([p.binary, 'audit', 'witness', 'sign', *w.args()], input=body, capture_output=True, env=p.env(), start_new_session=True)
        p.checks += 1
        if out.returncode == 0:
            return 200, out.stdout
        said = out.stderr.decode()
        assert not out.stdout and len([l for l in said.split('\n') if l and not l.startswith(HINTS)]) == 1, said
        code = next(c for c, words in ((409, 'last cosigned has the size'), (422, 'only grown'), (404, 'does not know that log'),
                                       (403, 'no good signature'), (400, '')) if words in said)
        assert out.returncode == exits[code], said
        return code, re.search(r'has the size (\d+)', said).group(1).encode() + b'\n' if code == 409 else b''
    judges(p, ask, w, log, [other])
    # A file in, a file out; nothing is overwritten.
    open(p.path('in'), 'wb').write(log.request(10, 10))
    p.run('audit', 'witness', 'sign', *w.args(), '-c', p.path('in'), '-o', p.path('cosigned'), err='Cosigned')
    w.good(open(p.path('cosigned'), 'rb').read(), log.text(10))
    p.run('audit', 'witness', 'sign', *w.args(), '-c', p.path('in'), '-o', p.path('cosigned'), rc=1, err='already there')
    damaged_state(p, w, log)
    crashes(p, w, log)


def damaged_state(p, w, log):
    """Its own memory damaged: it cosigns nothing, and says so; and it goes by no link."""
    path = w.state(log.origin)
    whole = open(path, 'rb').read()
    for bad in [b'', whole[:-1], whole[:40], whole.replace(b'\n10\n', b'\n010\n'), whole.replace(b'v1', b'v2'), whole + b'x',
                whole.replace(b'ab', b'cd'), b'\0' * 600]:
        open(path, 'wb').write(bad)
        w.sign(log.request(10, 10), rc=1, err='damaged')
        w.sign(log.request(0, 10), rc=1, err='damaged')
        assert open(path, 'rb').read() == bad
    os.unlink(path)
    os.symlink(p.path('elsewhere'), path)
    open(p.path('elsewhere'), 'wb').write(whole)
    w.sign(log.request(10, 10), rc=1, err='cannot open')
    os.unlink(path)
    open(path, 'wb').write(whole)
    w.sign(log.request(10, 10))


def crashes(p, w, log):
    """Killed, or its disk failing, at each step between judging and telling: nothing is told that is not kept."""
    log.leaves += Log('', bytes(range(100))).leaves
    size = 10
    def traced(inject, new):
        out = subprocess.run(['strace', '-f', '-o', p.path('trace'), '-e', 'trace=' + inject.split(':')[0], '-e', 'inject=' + inject, p.binary,
                              'audit', 'witness', 'sign', *w.args()], input=log.request(size, new), capture_output=True,
                             env=dict(p.env(), ASAN_OPTIONS='detect_leaks=0'))
        if b'ptrace' in out.stderr:
            print('no right to trace: crashes left out')
            return None
        kept = int(open(w.state(log.origin)).read().split('\n')[2])
        assert out.stdout == b'' and out.returncode != 0, (inject, out)
        return kept
    for inject, moves in (('fsync:signal=KILL:when=1', False), ('renameat:signal=KILL', False),
                          ('fsync:signal=KILL:when=2', True), ('fsync:error=EIO:when=1', False), ('renameat:error=EIO', False),
                          ('fsync:error=EIO:when=2', True)):
        new = size + 3
        kept = traced(inject, new)
        if kept is None:
            return
        assert kept == (new if moves else size), (inject, kept)
        size = kept
        # Whatever was left behind, it goes on from there.
        line = w.sign(log.request(size, size + 1))
        size += 1
        w.good(line, log.text(size))
    # Killed when it tells, with the state kept: the order itself.
    kept = traced('write:signal=KILL:when=2', size + 2)
    assert kept == size + 2, kept
    size = kept
    lines = subprocess.run(['strace', '-f', '-y', '-o', p.path('trace'), '-e', 'trace=write,fsync,renameat', p.binary, 'audit', 'witness', 'sign',
                            *w.args()], input=log.request(size, size + 1), capture_output=True, env=dict(p.env(), ASAN_OPTIONS='detect_leaks=0'))
    assert lines.returncode == 0
    calls = [l.split(' ', 1)[1].strip() for l in open(p.path('trace'), errors='replace')]
    order = [next(i for i, l in enumerate(calls) if re.match(pattern, l)) for pattern in
             (r'write\(\d+<[^>]*witness-[^>]*\.new>', r'fsync\(\d+<[^>]*\.new>\)', r'renameat\(', r'fsync\(\d+<[^>]*/casevault>\)', r'write\(1<')]
    assert order == sorted(order), calls


def served(p):
    log, other = Log('casevault/' + '12' * 32, b'abcdefghij'), Log('casevault/' + '34' * 32, b'xyz' * 3)
    w = Witness(p, 'served.key', [log, other], 'auditor.example/served')
    w.serve()

    def ask(body):
        code, kind, text = w.post(body)
        assert kind == ('text/x.tlog.size' if code == 409 else 'text/plain; charset=utf-8'), kind
        return code, text
    judges(p, ask, w, log, [other])
    # Its state damaged: an error of its own, and nothing of its files is told.
    whole = open(w.state(log.origin), 'rb').read()
    open(w.state(log.origin), 'wb').write(whole[:-1])
    assert ask(log.request(10, 10)) == (500, b'this witness cannot do its work\n')
    open(w.state(log.origin), 'wb').write(whole)
    assert ask(log.request(10, 10))[0] == 200
    # Used offline at the same time: one memory.
    w.sign(log.request(10, 10))
    http(p, w, log)
    many(p, w, log)
    w.end()
    # With hardly any descriptors: those who are silent make room, and it does not spin.
    w.serve('prlimit', '--nofile=64:64')
    crowd = [socket.create_connection(w.place, timeout=30) for _ in range(300)]
    time.sleep(1)
    used = lambda: sum(map(int, open('/proc/%d/stat' % w.service.pid).read().rsplit(')', 1)[1].split()[11:13])) / os.sysconf('SC_CLK_TCK')
    before = used()
    time.sleep(2)
    assert used() - before < 1
    for s in crowd[::2]:
        s.close()
    assert w.post(log.request(10, 10))[0] == 200
    for s in crowd:
        s.close()
    w.end()
    for sig in (signal.SIGINT, signal.SIGHUP):
        w.serve()
        w.end(sig)
    said = open(p.path('served')).read()
    assert '200 ' + log.origin in said and '422 ' in said and 'ERROR' not in said, said[-2000:]
    for place in ('localhost:1', '127.0.0.1', '127.0.0.1:x', ':1', '127.0.0.1:99999', '1.2.3.4.5:1'):
        p.run('audit', 'witness', 'serve', '--listen', place, *w.args(), rc=2, err='--listen wants')
    taken = socket.create_server(('127.0.0.1', 0))
    p.run('audit', 'witness', 'serve', '--listen', '127.0.0.1:%d' % taken.getsockname()[1], *w.args(), rc=1, err='cannot listen there')


def http(p, w, log):
    body = log.request(10, 10)
    head = lambda *more, n=len(body), line=b'POST /add-checkpoint HTTP/1.1': \
        b'\r\n'.join([line, b'Host: w', b'Content-Length: %d' % n, *more]) + b'\r\n\r\n'
    code = lambda answer: int(answer.split(b' ')[1]) if answer else 0
    rows = [
        (200, head() + body), (200, head(b'X-More:\t1 ') + body), (200, head(b'connection: Close') + body),
        (404, head(line=b'POST / HTTP/1.1') + body), (404, head(line=b'POST /add-checkpoint/ HTTP/1.1') + body),
        (405, b'GET /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n'), (405, b'HEAD / HTTP/1.1\r\nHost: w\r\n\r\n'),
        (411, b'POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n'),
        (400, b'POST /add-checkpoint HTTP/1.1\r\nContent-Length: 0\r\n\r\n'),  # no Host
        (400, head(b'Host: v') + body), (400, head(b'Content-Length: %d' % len(body)) + body),
        (400, head(b'Content-Length : 1') + body), (400, head(b' folded') + body), (400, head(b'no colon') + body), (400, head(b': x') + body),
        (400, head(b'X: \x01') + body), (400, head().replace(b'\r\nHost', b'\nHost') + body), (400, head(b'X: a\rb') + body),
        (400, b'\r\n' + head() + body), (400, head(line=b'POST  /add-checkpoint HTTP/1.1') + body), (400, head(line=b'POST /add-checkpoint') + body),
        (400, head(line=b'POST http://w/add-checkpoint HTTP/1.1') + body), (400, head(line=b'PO\x00T /add-checkpoint HTTP/1.1') + body),
        (400, head().replace(b'Length: ', b'Length: +') + body), (400, head().replace(b'Length: ', b'Length: 0x') + body),
        (413, head(n=65537)), (413, head(n=10 ** 40)), (417, head(b'Expect: a miracle') + body), (501, head(b'Transfer-Encoding: chunked') + body),
        (505, head(line=b'POST /add-checkpoint HTTP/1.0') + body), (505, head(line=b'POST /add-checkpoint HTTP/2.0') + body),
        (431, head(b'X: ' + 9000 * b'x')), (431, b'x' * 9000), (0, b''), (0, head() + body[:-1]),
    ]
    for want, sent in rows:
        answer = w.raw(sent)
        assert code(answer) == want, (want, sent[:200], answer[:200])
        assert want in (0, 200) or want in (404, 411) or b'Connection: close\r\n' in answer, answer
        p.checks += 1
    # One connection for many requests, one after another or all at once, in pieces or whole; what waits to be told to go on.
    two = w.raw(head() + body + head() + body)
    assert two.count(b'HTTP/1.1 200 OK') == 2
    assert w.raw(*[bytes([b]) for b in head() + body]).startswith(b'HTTP/1.1 200')
    assert w.raw(head(b'Expect: 100-continue'), body, wait=0.3).startswith(b'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200')
    assert w.post(body, '-H', 'Expect: 100-continue')[0] == 200
    # Too slow: told so, and the connection ends.
    began = time.monotonic()
    with socket.create_connection(w.place, timeout=30) as s:
        s.sendall(head()[:20])
        slow = s.recv(65536)
    assert slow.startswith(b'HTTP/1.1 408') and 8 < time.monotonic() - began < 20, slow


def many(p, w, log):
    """A thousand at once, silent, half-way or hostile: it goes on answering."""
    crowd = [socket.create_connection(w.place, timeout=30) for _ in range(1000)]
    for s in crowd[::3]:
        s.sendall(b'POST /add-checkpoint HTTP/1.1\r\nHost: ')
    for s in crowd[1::3]:
        s.sendall(os.urandom(500))
    began = time.monotonic()
    assert w.post(log.request(10, 10))[0] == 200
    assert time.monotonic() - began < 20
    for s in crowd:
        s.close()
    assert w.post(log.request(10, 10))[0] == 200 and w.service.poll() is None


def request(p, vault, *more):
    """A request for that vault, by somebody with no key; its bytes, and the log's key."""
    out = p.path('request')
    if os.path.exists(out):
        os.unlink(out)
    told = json.loads(p.run('audit', 'witness', 'request', '--vault', vault, '-o', out, '--json', *more, home=p.path('nobody')).strip().split('\n')[-1])
    return open(out, 'rb').read(), told


def verified(p, vault='vault'):
    return json.loads(p.run('audit', 'verify', '--json', '--vault', p.path(vault)).strip().split('\n')[-1]).get('witnessed')


def circle(p):
    """From a vault to its witnesses and back, with two vaults and two witnesses, until audit verify counts them."""
    vault = p.path('vault')
    os.mkdir(p.path('nobody'))
    p.run('init', p.path('second'), '-i', p.path('founder.identity'), '--passphrase-file', p.path('passphrase'))
    p.add('intake', PERSON)
    assert verified(p) is None and 'Witnesses' not in p.run('audit', 'verify', '--vault', vault)
    body, told = request(p, vault)
    assert told['from'] == 0 and body.startswith(b'old 0\n\ncasevault/')
    assert b'/member/' not in body and body.count(DASH) == 1, 'it tells who wrote last'
    second, second_told = request(p, p.path('second'))
    one, two = (Witness(p, n, [told['log'], second_told['log']], 'auditor.example/' + n) for n in ('w1', 'w2'))
    stranger = Witness(p, 'stranger', [told['log']])
    head = body.split(b'\n\n', 1)[1].split(b'\n\n')[0] + b'\n'
    line = one.sign(body)
    one.good(line, head)
    one.good(one.sign(second), second.split(b'\n\n', 1)[1].split(b'\n\n')[0] + b'\n')
    keep = lambda text, *more, by='founder', **kw: p.as_(by, 'audit', 'witness', 'keep', '-', *more, stdin=text, **kw)
    keep(line, rc=2, err='the policy names no witness')
    # What the policy asks: a rule like others, signed, shown, and refused where it could not be kept.
    rules = lambda *a, by='founder', **kw: p.as_(by, 'policy', 'set', *a, **kw)
    rules('--witness', one.vkey[:-4] + 'AAAA', rc=1, err='verifier key')
    rules('--witness', told['log'], rc=1, err='of type 1 where one of type 4')
    rules('--witness', one.vkey, '--witness', one.vkey, rc=1, err='stands twice')
    rules('--witness', one.vkey, '--witness-quorum', '2', rc=13, err='could never come together')
    rules('--witness-quorum', '1', rc=13, err='could never come together')
    rules('--witness-quorum', '0', rc=2)
    rules('--no-witnesses', '--witness', one.vkey, rc=2)
    rules('--witness', one.vkey, by='legal', rc=13)
    rules('--witness', one.vkey, '--witness', two.vkey)
    shown = p.json_as('founder', 'policy', 'show')[0]
    assert shown['witness_quorum'] == 2 and shown['witnesses'] == [one.vkey, two.vkey]
    assert '2 of 2 witnesses' in p.as_('founder', 'policy', 'show')
    rules('--witness', one.vkey, '--witness', two.vkey, rc=1, err='these are the rules already')
    assert verified(p) == {'quorum': 2, 'witnesses': 2, 'checkpoints': 1, 'enough': 0, 'last': 0, 'time': 0}
    # Not kept: what is of another log, altered, nobody's, no line at all.
    other = two.sign(second)
    keep(other, rc=14, err='of no checkpoint of this log')
    flipped = bytearray(base64.b64decode(line.split(b' ')[2]))
    flipped[9] ^= 1
    keep(DASH + one.name.encode() + b' ' + base64.b64encode(bytes(flipped)) + b'\n', rc=14, err='of no checkpoint')
    keep(line[:-1], rc=1, err='does not end')
    keep(b'hello\n', rc=1, err='not a cosignature')
    keep(b'', rc=1, err='no cosignature of a witness')
    before = p.kinds()
    keep(stranger.sign(body), rc=1, err='no cosignature of a witness that the policy names')
    assert p.kinds().count('attest') == before.count('attest') == 0
    # Kept: the one of before, that of a stranger who is named, each once.
    keep(line, err='Kept')
    keep(line, rc=1, err='in the log already')
    at = told['size']
    keep(line, '--checkpoint', str(at + 1), rc=1, err='no checkpoint of this log has the size')
    # It is of a checkpoint before any policy asked for cosignatures: nothing was asked of that one.
    assert verified(p)['enough'] == 0
    body, told = request(p, vault)
    assert told['from'] == at, told
    assert request(p, vault, '--witness', one.vkey)[1]['from'] == at and request(p, vault, '--witness', two.vkey)[1]['from'] == 0
    assert request(p, vault, '--from', str(at))[0] == body
    p.run('audit', 'witness', 'request', '--vault', vault, '--from', str(at + 1), rc=1, err='no checkpoint of this log has the size')
    p.run('audit', 'witness', 'request', '--vault', vault, '--from', '99999', rc=1, err='no checkpoint of this log has the size')
    p.run('audit', 'witness', 'request', '--vault', p.path('home'), rc=10, err='no vault')
    first = one.sign(body)
    p.run('audit', 'witness', 'sign', *two.args(), stdin=body, rc=1, err='--from 0')
    keep(first)
    counted = verified(p)
    assert counted['enough'] == 0 and counted['quorum'] == 2, counted
    from_zero, zero = request(p, vault, '--from', '0')
    assert zero['size'] > told['size']
    # The second cosigns the same checkpoint, and both lines may come in one file, with a stranger's between.
    same = b'old 0\n' + body[body.index(b'\n\n') + 1:]  # as a client of its own may put it
    answer = two.sign(same)
    keep(w_line(one, b'').split(b'\n')[0] + b'\n' + answer)
    counted = verified(p)
    assert counted['enough'] == 1 and counted['last'] == told['size'] and abs(counted['time'] - time.time()) < 600, counted
    assert 'Witnesses: 1 of' in p.run('audit', 'verify', '--vault', vault, out='the last is of size %d, by 2' % told['size'])
    # Another policy: of what comes from then on it asks one; what was judged before stays as it was.
    rules('--witness-quorum', '1')
    body, told = request(p, vault, '--witness', one.vkey)
    keep(one.sign(body))
    counted = verified(p)
    assert counted['enough'] == 2 and counted['last'] == told['size'] and counted['quorum'] == 1, counted
    rules('--no-witnesses')
    asked = verified(p)['checkpoints']
    p.add('intake', PERSON)
    counted = verified(p)
    assert counted['enough'] == 2 and counted['quorum'] == 0 and counted['checkpoints'] == asked, counted
    assert [e['detail'] for e in p.json_as('auditor', 'audit', 'log', '--action', 'attest')][0].startswith('cosignature of auditor.example/w1')
    # The independent reader sees nothing wrong in any of it; nor does check.
    subprocess.run([READER, vault, 'log'], check=True, capture_output=True)
    p.run('check', '--vault', vault)
    # By HTTP, as it came out of the vault; and a copy of the vault that went another way is found out.
    subprocess.run(['cp', '-a', vault, p.path('copy')], check=True)
    one.serve()
    body, told = request(p, vault, '--witness', one.vkey)
    assert one.post(body)[0] == 200
    p.run('record', 'add', '-', '-i', p.path('intake.identity'), '--passphrase-file', p.path('passphrase'), '--vault', p.path('copy'),
          '--trust', p.run('audit', 'verify', '--json', '--vault', vault).split('"fingerprint":"')[1][:24], stdin=json.dumps(PERSON).encode(), home=p.path('nobody'))
    p.add('intake', PERSON)
    assert one.post(request(p, vault, '--from', str(told['size']))[0])[0] == 200
    size = request(p, vault)[1]['size']
    assert one.post(request(p, p.path('copy'), '--from', str(told['size']))[0]) == (409, 'text/x.tlog.size', b'%d\n' % size)
    forked = request(p, p.path('copy'))[1]
    if forked['size'] == size:  # the same size, another root
        assert one.post(request(p, p.path('copy'), '--from', str(size))[0])[0] == 422
    one.end()
    # Damage in the log: no request, no count.
    segment = sorted(glob.glob(p.path('copy', 'archive', '*.tar')))[0]
    os.chmod(segment, 0o600)
    with open(segment, 'r+b') as f:
        f.seek(700)
        f.write(b'X')
    p.run('audit', 'witness', 'request', '--vault', p.path('copy'), rc=14)


def test(p):
    p.vault(('intake', 'legal', 'auditor'))
    keys(p)
    offline(p)
    served(p)
    circle(p)


main(test)
