#!/usr/bin/env python3
"""Holds the primitives against published vectors: without an argument more those of RFCs, which stand in this file, and
what needs no vector; with one, C2SP's and those of RFC 9180 and RFC 6962, from that directory."""
import base64, glob, hashlib, json, os, subprocess, sys, zlib

TOOL, SHARED = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
OK, FORMAT, AUTH, ARG = 0, 4, 6, 3
count = 0


def suite(name, cases):
    """The line that script/conformance makes its table of; what fails ends the program before it."""
    print('suite\t%s\t%d\t%d\t0\t' % (name, cases, cases))


def tool(*args, rc=OK, stdin=b''):
    global count
    p = subprocess.run([TOOL, *map(str, args)], input=stdin, capture_output=True)
    want = rc if isinstance(rc, tuple) else (rc,)
    assert p.returncode in want, (args[0], p.returncode, rc, p.stderr[-300:])
    count += 1
    return p.stdout


def lines(*args, **kw):
    return tool(*args, **kw).decode().split()


def rfcs():
    # RFC 5869, A.1 to A.3
    ikm, out = '0b' * 22, '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865'
    assert lines('hkdf', 256, '000102030405060708090a0b0c', ikm, 'f0f1f2f3f4f5f6f7f8f9', 42) == [out]
    a2 = lambda first, n: ''.join('%02x' % (first + i) for i in range(n))
    assert lines('hkdf', 256, a2(0x60, 80), a2(0, 80), a2(0xb0, 80), 82) == [
        'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87']
    assert lines('hkdf', 256, '', ikm, '', 42) == [
        '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8']
    # RFC 4231, cases 1, 2, 6
    assert lines('hmac', '0b' * 20, b'Hi There'.hex()) == ['b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7']
    assert lines('hmac', b'Jefe'.hex(), b'what do ya want for nothing?'.hex()) == [
        '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843']
    assert lines('hmac', 'aa' * 131, b'Test Using Larger Than Block-Size Key - Hash Key First'.hex()) == [
        '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54']
    # The key stream under the key of zeros: "The Galois/Counter Mode of Operation", appendix B, test cases 13 and 14: H is
    # the block of counter 0, the tag of nothing that of 1, the ciphertext of zeros that of 2; all lengths begin alike
    blocks = 'dc95c078a2408989ad48a21492842087530f8afbc74536b9a963b4f1c4cb738bcea7403d4d606b6e074ec5d3baf39d18'
    assert lines('keystream', '00' * 32, 48) == [blocks]
    whole = lines('keystream', '0102' * 16, 4096)[0]
    assert len(set(whole[i:i + 32] for i in range(0, 8192, 32))) == 256
    for n in (1, 15, 16, 17, 1023, 1024, 1025):
        assert lines('keystream', '0102' * 16, n) == [whole[:2 * n]], n
    # RFC 8032, 7.1, tests 1 to 3
    for seed, public, text, sig in (
            ('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', '',
             'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b'),
            ('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c', '72',
             '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'),
            ('c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7', 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025', 'af82',
             '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a')):
        assert lines('ed25519', seed, text) == [public, sig]
    # RFC 7914, section 12, in the parameters we use (r = 8, p = 1), and OpenSSL's scrypt on others
    assert lines('scrypt', b'pleaseletmein'.hex(), b'SodiumChloride'.hex(), 14) == [
        '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887']
    for n in (1, 5, 10, 15):
        for word, salt in ((b'', b''), (b'correct horse', b'x' * 16), (bytes(range(1, 200)), bytes(40))):
            theirs = hashlib.scrypt(word, salt=salt, n=1 << n, r=8, p=1, maxmem=1 << 28, dklen=64).hex()
            assert lines('scrypt', word.hex(), salt.hex(), n) == [theirs]
    for n in (0, 21, 64):
        tool('scrypt', '00', '00', n, rc=5)
    # Padmé: the paper's rule, worked out here: keep floor(log2(floor(log2 L))) + 1 bits after the leading one
    for n in list(range(2, 300)) + [1000, 4096, 4097, 65535, 10 ** 6, 2 ** 30 + 1]:
        e = n.bit_length() - 1
        bits = e - e.bit_length()
        mask = (1 << bits) - 1 if bits > 0 else 0
        assert lines('padme', n) == [str((n + mask) & ~mask)], n


def cobblestone():
    doc = json.load(open(SHARED + '/cobblestone-256.json'))
    n = 0
    for group in doc['testGroups']:
        for t in group['tests']:
            ct, n = zlib.decompress(bytes.fromhex(t['ct'])), n + 1
            for piece in (0, 1, 7, 16383, 16400, 1 << 20):
                if piece == 1 and len(ct) > 100000:
                    continue
                good = t['result'] == 'valid'
                out = tool('cobblestone-open', t['key'], t['ctx'], piece, stdin=ct, rc=OK if good else (FORMAT, AUTH, ARG))
                if good:
                    assert len(out) == t['msgLength'] and hashlib.sha512(out).hexdigest() == t['msgSha512'], t['tcId']
                elif piece == 0 or 'PartialPlaintext' not in t['flags']:
                    assert out == b'', (t['tcId'], piece)
                else:
                    assert len(out) in (0, t['msgLength'])
                    assert not out or hashlib.sha512(out).hexdigest() == t['msgSha512'], t['tcId']
    suite('Cobblestone-256 (C2SP)', n)


def altered_cobblestone():
    """One bit of every byte, and every cut, of a small message."""
    key, ctx = '11' * 32, '2222'
    sealed = tool('cobblestone-seal', key, ctx, stdin=b'a small message')
    assert tool('cobblestone-open', key, ctx, 0, stdin=sealed) == b'a small message'
    for at in range(len(sealed)):
        bad = bytearray(sealed)
        bad[at] ^= 1 << (at % 8)
        assert tool('cobblestone-open', key, ctx, 0, stdin=bytes(bad), rc=AUTH) == b''
        assert tool('cobblestone-open', key, ctx, 5, stdin=sealed[:at], rc=(FORMAT, AUTH)) == b''


def hpke():
    v = json.load(open(SHARED + '/hpke-x25519-hkdfsha256-aes256gcm.json'))
    assert lines('hpke-derive', v['ikmR']) == [v['skRm'], v['pkRm']]
    sealed = lines('hpke-seal', v['pkRm'], v['info'], 'abcd', v['ikmE'])[0]
    assert sealed[:64] == v['enc']
    assert lines('hpke-open', v['skRm'], v['info'], sealed) == ['abcd']
    suite('RFC 9180 (HPKE)', 1)


def altered_hpke():
    """One bit of every byte, and every cut, of a sealed secret; a key of zeros, and another info."""
    secret, public = lines('hpke-derive', '07' * 32)
    sealed = lines('hpke-seal', public, 'aabb', 'abcd', '08' * 32)[0]
    assert lines('hpke-open', secret, 'aabb', sealed) == ['abcd']
    raw = bytes.fromhex(sealed)
    for at in range(len(raw)):
        bad = bytearray(raw)
        bad[at] ^= 1 << (at % 8)
        if at == 31 and at % 8 == 7:
            continue  # X25519 ignores the top bit of a public key (RFC 7748, section 5); enc is in the KEM context all the same
        tool('hpke-open', secret, 'aabb', bytes(bad).hex(), rc=AUTH)
        tool('hpke-open', secret, 'aabb', raw[:at].hex(), rc=(FORMAT, AUTH))
    bad = bytearray(raw)
    bad[31] ^= 0x80
    tool('hpke-open', secret, 'aabb', bytes(bad).hex(), rc=AUTH)
    tool('hpke-seal', '00' * 32, '', '00', rc=AUTH)
    tool('hpke-open', secret, '', sealed, rc=AUTH)


def gf_mul(a, b):
    """In GF(2^8) with AES's polynomial, by long multiplication and division of polynomials."""
    product = 0
    for i in range(8):
        if b >> i & 1:
            product ^= a << i
    for i in range(15, 7, -1):
        if product >> i & 1:
            product ^= 0x11b << (i - 8)
    return product


def shamir():
    assert gf_mul(0x57, 0x83) == 0xc1 and gf_mul(0x57, 0x13) == 0xfe  # FIPS 197, 4.2
    inverse = {a: next(b for b in range(256) if gf_mul(a, b) == 1) for a in range(1, 256)}

    def at(coefficients, x):
        y, power = 0, 1
        for c in coefficients:
            y, power = y ^ gf_mul(c, power), gf_mul(power, x)
        return y

    def at_zero(points):
        total = 0
        for x, y in points:
            for other, _ in points:
                if other != x:
                    y = gf_mul(y, gf_mul(other, inverse[x ^ other]))
            total ^= y
        return total

    # Theirs of ours: polynomials that are written down here.
    for k in (2, 3, 5, 8):
        secret = bytes((37 * i + k) % 256 for i in range(32))
        polynomials = [[s] + [(s * 7 + 31 * j + i) % 256 for j in range(1, k)] for i, s in enumerate(secret)]
        for xs in (range(1, k + 1), range(255, 255 - k, -1), [(40 * i + 3) % 256 for i in range(k)]):
            ys = b''.join(bytes(at(p, x) for p in polynomials) for x in xs)
            assert lines('shamir-combine', bytes(xs).hex(), ys.hex()) == [secret.hex()]
    # A known answer, worked out by hand: 0x42 + 0x01 x at 1 and 2 is 0x43 and 0x40.
    assert lines('shamir-combine', '0102', '4340') == ['42']
    # Ours of theirs.
    for k, n in ((2, 2), (3, 5), (32, 32)):
        secret = bytes(range(k, k + 32))
        shares = [bytes.fromhex(l) for l in lines('shamir-split', secret.hex(), k, n)]
        assert len(shares) == n
        points = list(enumerate(shares, 1))[-k:]
        assert bytes(at_zero([(x, y[i]) for x, y in points]) for i in range(32)) == secret
        again = [bytes.fromhex(l) for l in lines('shamir-split', secret.hex(), k, n)]
        assert not set(shares) & set(again), 'not the same twice'
    for k, n in ((1, 3), (4, 3), (2, 33)):
        tool('shamir-split', '00' * 32, k, n, rc=ARG)
    tool('shamir-combine', '0101', '4340', rc=ARG)
    tool('shamir-combine', '0001', '4340', rc=ARG)


def merkle():
    n = 0
    for path in glob.glob(SHARED + '/merkle-inclusion/**/*.json', recursive=True):
        v, n = json.load(open(path)), n + 1
        h = lambda t: base64.b64decode(t or '').hex()
        rc = subprocess.run([TOOL, 'inclusion', str(v['leafIdx']), str(v['treeSize']), h(v['leafHash']), h(v['root']),
                             ''.join(h(p) for p in v['proof'] or [])]).returncode
        whole = all(len(h(p)) == 64 for p in v['proof'] or [])
        assert (rc == OK and whole) != v['wantErr'], path
    suite('RFC 6962 inclusion proofs', n)


if SHARED is None:
    rfcs()
    altered_cobblestone()
    altered_hpke()
    shamir()
elif os.path.isdir(SHARED):
    cobblestone()
    hpke()
    merkle()
else:
    print('%s is absent: its vectors were left out' % SHARED)
    sys.exit(77)
print('%d checks' % count)
