#!/usr/bin/env python3
"""Timestamps of checkpoints: an authority made with openssl, honest and not, on files and over HTTP on the loopback.

`openssl ts -reply` is the honest authority. What it would never sign is built here, RFC 3161 field by field, and signed with
`openssl cms`.
"""
import base64, datetime, hashlib, http.server, json, os, socket, subprocess, threading, time

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from common import main
from screen import check_lines, screen

QUERY, REPLY = 'application/timestamp-query', 'application/timestamp-reply'
CONFIG = '''[tsa]
default_tsa = one
[one]
default_policy = 1.2.3.4
serial = %s
digests = sha256
signer_digest = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
'''
UTC = datetime.timezone.utc


def now(**later):
    return datetime.datetime.now(UTC) + datetime.timedelta(**later)


# ---- DER, as far as a timestamp needs it ----

def der(tag, *parts):
    body = b''.join(parts)
    n = len(body)
    size = bytes([n]) if n < 128 else bytes([0x80 | (n.bit_length() + 7) // 8]) + n.to_bytes((n.bit_length() + 7) // 8, 'big')
    return bytes([tag]) + size + body


def integer(n):
    return der(2, n.to_bytes(n.bit_length() // 8 + 1, 'big'))


def oid(dotted):
    first, second, *rest = map(int, dotted.split('.'))
    out = b''
    for n in (40 * first + second, *rest):
        part = bytes([n & 127])
        while n := n >> 7:
            part = bytes([n & 127 | 128]) + part
        out += part
    return der(6, out)


def status(n, *more):
    return der(0x30, der(0x30, integer(n), *more))


def imprint(digest, hash='2.16.840.1.101.3.4.2.1'):
    return der(0x30, der(0x30, oid(hash), der(5)), der(4, digest))


def tst_info(print_, when, nonce=None, serial=99):
    return der(0x30, integer(1), oid('1.2.3.4'), print_, integer(serial), der(0x18, when.strftime('%Y%m%d%H%M%SZ').encode()),
               *([integer(nonce)] if nonce is not None else []))


class Authority:
    """A CA, and certificates of it that sign."""

    def __init__(self, dir, name='Test', parent=None):
        self.dir, self.name = os.path.join(dir, name), name
        os.mkdir(self.dir)
        self.key, self.parent = ec.generate_private_key(ec.SECP256R1()), parent
        self.ca = self.certificate('ca', self.key, ca=True)
        self.pem = self.path('ca.pem')
        self.signer('tsa')
        open(self.path('ts.cnf'), 'w').write(CONFIG % self.path('serial'))

    def path(self, name):
        return os.path.join(self.dir, name)

    def certificate(self, name, key, ca=False, eku=(ExtendedKeyUsageOID.TIME_STAMPING,), critical=True, since=None, until=None):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, '%s %s' % (self.name, name))])
        b = x509.CertificateBuilder().subject_name(subject).public_key(key.public_key()).serial_number(x509.random_serial_number())
        above = self.parent if ca else self
        b = b.issuer_name(above.ca.subject if above else subject).not_valid_before(since or datetime.datetime(2020, 1, 1, tzinfo=UTC))
        b = b.not_valid_after(until or datetime.datetime(2120, 1, 1, tzinfo=UTC))
        b = b.add_extension(x509.BasicConstraints(ca, None), True)
        if not ca and eku:
            b = b.add_extension(x509.ExtendedKeyUsage(eku), critical)
        made = b.sign((above or self).key, hashes.SHA256())
        open(self.path(name + '.pem'), 'wb').write(made.public_bytes(Encoding.PEM))
        return made

    def signer(self, name, key=None, **kw):
        key = key or ec.generate_private_key(ec.SECP256R1())
        open(self.path(name + '.key'), 'wb').write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.certificate(name, key, **kw)
        return name

    def stamp(self, query, *more):
        """What an honest authority answers, by `openssl ts -reply`."""
        open(self.path('q'), 'wb').write(query)
        subprocess.run(['openssl', 'ts', '-reply', '-config', self.path('ts.cnf'), '-section', 'one', '-queryfile', self.path('q'), '-signer',
                        self.path('tsa.pem'), '-inkey', self.path('tsa.key'), *more, '-out', self.path('r')], check=True, stderr=subprocess.DEVNULL)
        return open(self.path('r'), 'rb').read()

    def sign(self, content, signer='tsa', md='sha256', cades=True, type='1.2.840.113549.1.9.16.1.4'):
        """A granted reply with this content, whatever it is."""
        token = subprocess.run(['openssl', 'cms', '-sign', '-binary', '-nodetach', '-outform', 'DER', '-econtent_type', type, '-nosmimecap',
                                *(['-cades'] if cades else []), '-md', md, '-signer', self.path(signer + '.pem'), '-inkey',
                                self.path(signer + '.key')], input=content, capture_output=True, check=True).stdout
        return der(0x30, der(0x30, integer(0)), token)


# ---- what is looked at ----

def digest_of(p, checkpoint):
    """From the archive itself: the SHA-256 of the text of the note (FORMAT.md, sections 2 and 3)."""
    name = '%011d-checkpoint' % checkpoint
    for f, raw in p.archive().items():
        path = p.path('vault', 'archive', f)
        if name in subprocess.check_output(['tar', 'tf', path]).decode().split():
            data = subprocess.check_output(['tar', 'xOf', path, name])
            note = data[data.index(b'\n\ncasevault/') + 2:]
            return hashlib.sha256(note[:note.rindex(b'\n\n') + 1]).digest()
    raise AssertionError('no checkpoint %d' % checkpoint)


def attests(p):
    """The data of all attest entries."""
    out = []
    for f in p.archive():
        path = p.path('vault', 'archive', f)
        for name in subprocess.check_output(['tar', 'tf', path]).decode().split():
            if name.endswith('-attest'):
                out.append(json.loads(subprocess.check_output(['tar', 'xOf', path, name])))
    return out


def last(p):
    return len(p.kinds()) - 1


def here(p, *args, **kw):
    """Without any identity."""
    return p.run(*args, '--vault', p.path('vault'), **kw)


def request(p, *more):
    file = p.path('q%d.tsq' % p.checks)
    here(p, 'audit', 'timestamp', 'request', '-o', file, '-q', *more)
    return open(file, 'rb').read()


def keep(p, who, checkpoint, ca, reply, **kw):
    file = p.path('reply.tsr')
    open(file, 'wb').write(reply)
    return p.as_(who, 'audit', 'timestamp', 'keep', '--checkpoint', str(checkpoint), '--ca', ca, file, **kw)


def not_kept(p, checkpoint, ca, reply, rc, err):
    before = p.archive()
    keep(p, 'auditor', checkpoint, ca, reply, rc=rc, err=err)
    assert p.archive() == before, 'something was written'


# ---- tests ----

def asking(p, a):
    n = last(p)
    before = p.archive()
    q = request(p)
    text = subprocess.run(['openssl', 'ts', '-query', '-in', p.path('q%d.tsq' % (p.checks - 1)), '-text'], capture_output=True, check=True).stdout.decode()
    assert 'Hash Algorithm: sha256' in text and 'Certificate required: yes' in text and 'Nonce: 0x' in text, text
    assert imprint(digest_of(p, n)) in q, 'another digest than that of the note\'s text'
    assert q != request(p) and imprint(digest_of(p, n)) in request(p, '--checkpoint', str(n))
    here(p, 'audit', 'timestamp', 'request', cwd=p.home)
    assert os.path.exists(os.path.join(p.home, 'checkpoint-%d.tsq' % n))
    here(p, 'audit', 'timestamp', 'request', cwd=p.home, rc=1, err='already there')
    assert here(p, 'audit', 'timestamp', 'request', '--json', '-o', p.path('json.tsq')) == '{"checkpoint":%d,"file":"%s"}\n' % (n, p.path('json.tsq'))
    here(p, 'audit', 'timestamp', 'request', '--checkpoint', '1', rc=1, err='entry 1')
    here(p, 'audit', 'timestamp', 'request', '--checkpoint', '999999', rc=1, err='entry 999999')
    here(p, 'audit', 'timestamp', 'request', '-o', '-', home=p.path(), rc=13, err='not seen this vault before')
    here(p, 'audit', 'timestamp', 'verify', '--ca', a.pem, rc=1, err='there is no timestamp in this log')
    assert p.archive() == before
    p.run('audit', 'timestamp', rc=2)


def kept(p, a):
    n = last(p)
    reply = a.stamp(request(p))
    said = keep(p, 'auditor', n, a.pem, reply)
    assert 'the log up to checkpoint %d existed by 20' % n in said and 'CN = Test tsa' in said, said
    assert attests(p)[-1] == {'casevault': 'attest v1', 'checkpoint': n, 'kind': 'timestamp', 'value': base64.b64encode(reply).decode()}
    said = here(p, 'audit', 'timestamp', 'verify', '--ca', a.pem)
    assert said.startswith('checkpoint %d, 20' % n) and '(give or take 1 s), kept as entry %d: holds' % p.kinds().index('attest') in said, said
    got = json.loads(here(p, 'audit', 'timestamp', 'verify', '--ca', a.pem, '--json'))
    when = datetime.datetime.strptime(got['time'], '%Y-%m-%dT%H:%M:%SZ').replace(tzinfo=UTC)
    assert got['holds'] and got['verdict'] == 'holds' and got['checkpoint'] == n and abs((now() - when).total_seconds()) < 60, got
    assert got['accuracy'] == 1 and got['authority'] == 'CN = Test tsa', got
    # An auditor who comes new to it, with no key.
    new = p.path('new')
    os.mkdir(new)
    print_ = json.loads(here(p, 'audit', 'verify', '--json', out='"ok":true'))['fingerprint']
    here(p, 'audit', 'timestamp', 'verify', '--ca', a.pem, home=new, rc=13, err='not seen this vault before')
    here(p, 'audit', 'timestamp', 'verify', '--ca', a.pem, '--trust', print_, home=new, out=': holds (CN = Test tsa)')
    p.as_('auditor', 'audit', 'log', '--action', 'attest', out='timestamp of checkpoint %d' % n)
    # What was kept is what stock openssl believes, of a digest made from the archive alone.
    open(p.path('kept.tsr'), 'wb').write(base64.b64decode(attests(p)[-1]['value']))
    assert 'Verification: OK' in subprocess.run(['openssl', 'ts', '-verify', '-in', p.path('kept.tsr'), '-digest', digest_of(p, n).hex(), '-CAfile', a.pem],
                                                capture_output=True).stdout.decode()


def refused(p, a):
    """Everything that is not kept, each for its own reason."""
    n, mine = last(p), Authority(p.dir, 'Impostor')
    digest = digest_of(p, n)
    good = a.stamp(request(p))
    chain, other, nothing = 'does not verify', 'over something else', 'is no timestamp reply'
    not_kept(p, n, mine.pem, good, 14, chain)
    not_kept(p, n, a.pem, mine.stamp(request(p)), 14, chain)
    earlier = p.kinds().index('checkpoint')
    not_kept(p, earlier, a.pem, good, 14, other)
    not_kept(p, n, a.pem, a.stamp(request(p, '--checkpoint', str(earlier))), 14, other)
    not_kept(p, 1, a.pem, good, 1, 'entry 1')
    not_kept(p, n, a.pem, a.sign(tst_info(imprint(digest[:20], '1.3.14.3.2.26'), now())), 14, other)
    not_kept(p, n, a.pem, a.sign(tst_info(imprint(digest, '2.16.840.1.101.3.4.2.8'), now())), 14, other)  # SHA3-256 of something
    made = tst_info(imprint(digest), now())
    keep(p, 'legal', n, a.pem, a.sign(made))  # any member; and these replies are fine but for what follows
    # A name cannot begin a line, nor hide anything; the same CA is believed.
    a.name, name = '\u202echeckpoint 1, kept as entry 2: holds\nholds', a.name
    a.signer('loud')
    a.name = name
    keep(p, 'auditor', n, a.pem, a.sign(made, 'loud'))
    lines = screen(p, None, 'audit', 'timestamp', 'verify', '--ca', a.pem, '--vault', p.path('vault'))
    check_lines(lines)
    assert all(l.startswith('    ') or ', 20' in l for l in lines if l) and '0Aholds' in ''.join(lines), lines
    # Certificates.
    for name, kw in (('plain', {'eku': ()}), ('web', {'eku': (ExtendedKeyUsageOID.SERVER_AUTH,)}), ('lax', {'critical': False}),
                     ('both', {'eku': (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.SERVER_AUTH)}),
                     ('expired', {'until': now(days=-1)}), ('early', {'since': now(days=1)})):
        not_kept(p, n, a.pem, a.sign(made, a.signer(name, **kw)), 14, chain)
    not_kept(p, n, a.pem, a.sign(tst_info(imprint(digest), now(days=-2)), 'expired'), 14, chain)  # backdated to when it was valid
    not_kept(p, n, a.pem, a.sign(made, md='sha1'), 14, chain)
    not_kept(p, n, a.pem, a.sign(made, cades=False), 14, chain)  # names no certificate as the signing one
    not_kept(p, n, a.pem, a.sign(made, type='1.2.840.113549.1.7.1'), 1, nothing)
    not_kept(p, n, a.pem, a.sign(tst_info(imprint(digest), now(days=1))), 14, 'lies in the future')
    not_kept(p, n, a.pem, a.sign(made, a.signer('weak', rsa.generate_private_key(65537, 1024))), 14, chain)
    # A CA below the CA: the reply brings its certificate, or it stands beside the other; alone it is not enough.
    sub = Authority(p.dir, 'Sub', a)
    not_kept(p, n, a.pem, sub.stamp(request(p, '--checkpoint', str(n))), 14, chain)
    not_kept(p, n, sub.pem, sub.stamp(request(p, '--checkpoint', str(n))), 14, chain)
    keep(p, 'auditor', n, a.pem, sub.stamp(request(p, '--checkpoint', str(n)), '-chain', sub.pem))
    open(p.path('two.pem'), 'w').write(open(a.pem).read() + open(sub.pem).read())
    keep(p, 'auditor', n, p.path('two.pem'), sub.stamp(request(p, '--checkpoint', str(n))))
    # Refusals, and what is none of all that.
    open(p.path('sha512'), 'wb').write(b'x')
    subprocess.run(['openssl', 'ts', '-query', '-data', p.path('sha512'), '-sha512', '-out', p.path('bad.tsq')], check=True, stderr=subprocess.DEVNULL)
    not_kept(p, n, a.pem, a.stamp(open(p.path('bad.tsq'), 'rb').read()), 1, 'did not grant the timestamp: status 2, badAlg')
    not_kept(p, n, a.pem, status(3), 1, 'did not grant the timestamp: status 3')
    not_kept(p, n, a.pem, status(0), 1, nothing)
    for bad in (b'', b'x', b'<html>', good + b'\0', good[5:], good[:-1], good[:len(good) // 2], b'\x30\x80' + good[4:]):
        not_kept(p, n, a.pem, bad, 1, nothing)
    not_kept(p, n, a.pem, good + bytes(40000), 1, 'longer than')
    before = p.archive()
    for cut in range(0, len(good), 97):  # every byte: unit/timestamp
        keep(p, 'auditor', n, a.pem, good[:cut], rc=1)
    assert p.archive() == before
    # Whom to believe.
    keep(p, 'auditor', n, p.path('no.pem'), good, rc=1, err='no.pem')
    for name, text in (('empty', b''), ('key', open(a.path('tsa.key'), 'rb').read()), ('half', open(a.pem, 'rb').read()[:300]),
                       ('one and a half', open(a.pem, 'rb').read() + open(a.pem, 'rb').read()[:300])):
        open(p.path('bad.pem'), 'wb').write(text)
        keep(p, 'auditor', n, p.path('bad.pem'), good, rc=1, err='holds no certificates in PEM, or a damaged one')
    keep(p, 'auditor', n, a.path('tsa.pem'), good, rc=14, err=chain)  # the TSA's own is no CA
    file = p.path('reply.tsr')
    p.as_('auditor', 'audit', 'timestamp', 'keep', '--ca', a.pem, file, rc=2, err='--checkpoint N')
    p.as_('auditor', 'audit', 'timestamp', 'keep', '--checkpoint', str(n), file, rc=2, err='--ca FILE')
    p.as_('auditor', 'audit', 'timestamp', 'keep', '--checkpoint', str(n), '--ca', a.pem, rc=2, err='wrong number of arguments')
    p.identity('stranger')
    keep(p, 'stranger', n, a.pem, good, rc=13, err='not a member')
    assert p.archive() == before


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        mode, a = self.server.mode, self.server.authority
        query = self.rfile.read(int(self.headers['Content-Length']))
        self.server.seen.append((self.path, self.headers['Content-Type'], self.headers['Accept'], query))
        body, type, code = a.stamp(query), REPLY, 200
        if mode == 'slow':
            time.sleep(6)
        elif mode == 'replayed':
            body = self.server.replay
        elif mode == 'type':
            type = 'text/html'
        elif mode == 'like it':
            type = REPLY + 'x'
        elif mode == 'cut':
            self.answer(200, REPLY, len(body) + 10)
            self.wfile.write(body)
            return
        elif mode == 'short':
            body = body[:-7]
        elif mode == 'failing':
            code = 500
        elif mode == 'elsewhere':
            self.send_response(302)
            self.send_header('Location', 'http://127.0.0.1:%d/timestamp' % self.server.server_address[1])
            self.send_header('Content-Type', REPLY)
            self.end_headers()
            return
        elif mode == 'long':
            self.answer(200, REPLY, 1 << 30)
            return
        elif mode == 'endless':
            self.answer(200, REPLY, None)
            try:
                while True:
                    self.wfile.write(bytes(65536))
            except OSError:
                return
        self.answer(code, type if mode != 'parameter' else REPLY + '; charset=binary', len(body))
        try:
            self.wfile.write(body)
        except OSError:
            pass

    def answer(self, code, type, n):
        self.send_response(code)
        self.send_header('Content-Type', type)
        if n is not None:
            self.send_header('Content-Length', str(n))
        self.end_headers()

    def log_message(self, *args):
        pass


def alone(p, get, url):
    """What curl is given: nothing but what it needs."""
    bin = p.path('bin')
    os.mkdir(bin)
    with open(os.path.join(bin, 'curl'), 'w') as f:
        f.write('#!/bin/sh\n/bin/ls /proc/self/fd >"%s.fds"\n/usr/bin/env >"%s.env"\necho "$@" >"%s.args"\nexit 7\n' % (bin, bin, bin))
    os.chmod(os.path.join(bin, 'curl'), 0o700)
    p.more['PATH'] = bin
    get(rc=1, err='cannot be reached')
    assert {'0', '1', '2'} <= set(open(bin + '.fds').read().split()) <= {'0', '1', '2', '3'}, 'more is open than ls itself needs'
    names = {l.split('=')[0] for l in open(bin + '.env').read().split('\n') if l}
    assert names <= {'PATH', 'PWD', 'OLDPWD', 'SHLVL', '_'}, names  # what a shell adds
    args = open(bin + '.args').read()
    assert args.startswith('--disable ') and args.endswith(' -- %s\n' % url) and '--proto =http ' in args, args


def online(p, a):
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Server)
    server.authority, server.mode, server.seen, server.daemon_threads = a, None, [], True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = 'http://127.0.0.1:%d/timestamp' % server.server_address[1]

    def get(*more, ca=a.pem, to=url, who='auditor', **kw):
        return p.as_(who, 'audit', 'timestamp', 'get', '--url', to, '--ca', ca, *more, **kw)
    n = last(p)
    assert 'the log up to checkpoint %d existed by' % n in get()
    (path, type, accept, query), = server.seen
    assert (path, type, accept) == ('/timestamp', QUERY, REPLY) and imprint(digest_of(p, n)) in query
    server.replay = a.stamp(request(p, '--checkpoint', str(n)))
    assert json.loads(get('--checkpoint', str(n), '--json'))['checkpoint'] == n
    server.mode = 'parameter'
    get()
    before = p.archive()
    server.mode = None
    get(ca=Authority(p.dir, 'Nobody').pem, rc=14, err='does not verify')
    for mode, rc, err in (('replayed', 14, "another request's"), ('type', 1, 'is not of the type ' + REPLY), ('like it', 1, 'is not of the type'),
                          ('cut', 1, 'curl\'s exit status is 18'), ('short', 1, 'is no timestamp reply'), ('failing', 1, 'HTTP status 500'),
                          ('elsewhere', 1, 'HTTP status 302'), ('long', 1, 'longer than'), ('endless', 1, 'longer than')):
        server.mode = mode
        get('--checkpoint', str(n), rc=rc, err=err)
    server.mode, began = 'slow', time.time()
    get('--timeout', '1', rc=1, err='did not answer in time')
    assert time.time() - began < 5
    silent = socket.create_server(('127.0.0.1', 0))  # takes the connection and says nothing
    get('--timeout', '1', to='http://127.0.0.1:%d/' % silent.getsockname()[1], rc=1, err='did not answer in time')
    closed = silent.getsockname()[1]
    silent.close()
    get(to='http://127.0.0.1:%d/' % closed, rc=1, err='cannot be reached')
    get('--timeout', '5', to='http://no-such-host.invalid/', rc=1)
    for bad in ('https://127.0.0.1/', 'file:///etc/passwd', 'http://', '-o/tmp/x', 'http://a b/', 'http://u:p@h/', 'http://h/\n', 'http://' + 'h' * 2000):
        get(to=bad, rc=2, err='--url')
    get('--timeout', '601', rc=2, err='at most 600')
    p.as_('auditor', 'audit', 'timestamp', 'get', '--ca', a.pem, rc=2, err='--url URL')
    get('--checkpoint', '1', rc=1, err='entry 1')
    p.more['PATH'] = p.path('home')
    get(rc=1, err='curl is not installed')
    alone(p, get, url)
    # Settings of whoever asks change nothing: neither a proxy nor a .curlrc.
    p.more = {'http_proxy': 'http://127.0.0.1:%d/' % closed}
    open(os.path.join(p.home, '.curlrc'), 'w').write('output = "%s"\n' % p.path('elsewhere'))
    assert p.archive() == before
    server.mode = None
    get()
    assert not os.path.exists(p.path('elsewhere'))
    p.more = {}
    server.shutdown()


def judged(p, a):
    """What stands in the log, by `audit timestamp verify`: another CA's, expired ones, false ones."""
    two = p.path('two.pem')
    here(p, 'audit', 'timestamp', 'verify', '--ca', a.pem, rc=14, err='1 of 9 timestamps do not verify', out='it claims to be of CN = Sub tsa')
    stamps = [json.loads(l) for l in here(p, 'audit', 'timestamp', 'verify', '--ca', two, '--json').split('\n') if l]
    assert len(stamps) == 9 and all(s['verdict'] == 'holds' for s in stamps), stamps
    # A second authority, whose certificate runs out.
    b = Authority(p.dir, 'Other')
    n, until = last(p), now(seconds=12)
    b.signer('brief', until=until)
    keep(p, 'auditor', n, b.pem, b.sign(tst_info(imprint(digest_of(p, n)), now(seconds=-1)), 'brief'))
    here(p, 'audit', 'timestamp', 'verify', '--ca', two, rc=14, err='1 of 10 timestamps do not verify against this CA', out='(it claims to be of CN = Other brief)')
    here(p, 'audit', 'timestamp', 'verify', '--ca', b.pem, rc=14, err='9 of 10 timestamps do not verify')
    open(p.path('both.pem'), 'w').write(open(two).read() + open(b.pem).read())
    time.sleep(max(0, (until - now()).total_seconds()) + 1.5)
    said = here(p, 'audit', 'timestamp', 'verify', '--ca', p.path('both.pem'))
    assert said.count(': holds (') == 9 and said.count('have expired since') == 1, said
    here(p, 'audit', 'timestamp', 'verify', rc=2, err='--ca FILE')
    here(p, 'audit', 'verify', out='The log is whole')


def test(p):
    p.vault(('auditor', 'legal'))
    a = Authority(p.dir)
    asking(p, a)
    kept(p, a)
    refused(p, a)
    online(p, a)
    judged(p, a)


main(test)
