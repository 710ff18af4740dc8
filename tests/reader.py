#!/usr/bin/env python3
"""An independent reader: opens a casevault vault from docs/FORMAT.md alone. It shares no code with casevault.

Usage: reader.py VAULT log                                       verify the whole log, without a key
       reader.py VAULT document IDENTITY PASSPHRASE-FILE RECORD SECTION N   write its N-th file to standard output
       reader.py VAULT show IDENTITY PASSPHRASE-FILE RECORD [N]  print what the member may read of a record (version N)
"""
import base64, hashlib, hmac, json, os, re, sys

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class Damaged(Exception):
    pass


def need(ok, what):
    if not ok:
        raise Damaged(what)


def b64u(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


def to_b64u(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b'=').decode()


def sha256(raw):
    return hashlib.sha256(raw).digest()


def L(*fields):
    return b''.join(len(f).to_bytes(2, 'big') + f for f in fields)


def extract(salt, ikm, name='sha256'):
    return hmac.new(salt, ikm, name).digest()


def expand(prk, info, n, name='sha256'):
    out, t, i = b'', b'', 1
    while len(out) < n:
        t = hmac.new(prk, t + info + bytes([i]), name).digest()
        out, i = out + t, i + 1
    return out[:n]


def keystream(key):
    """The next bytes of AES-256 in counter mode, from block zero on."""
    stream = Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor()
    return lambda n: stream.update(bytes(n))


# ---- age (section 4 needs the scrypt recipient) ----

def open_identity(path, passphrase):
    text = open(path).read().strip().split('\n')
    need(text[0] == '-----BEGIN AGE ENCRYPTED FILE-----', 'identity: not armoured')
    raw = base64.b64decode(''.join(text[1:-1]))
    end = raw.index(b'\n---')
    header, rest = raw[:end + 4], raw[end + 4:]
    mac, payload = rest.split(b'\n', 1)
    lines = header.decode().split('\n')
    word = lines[1].split(' ')
    need(word[:2] == ['->', 'scrypt'], 'identity: not for a passphrase')
    unpad = lambda t: base64.b64decode(t + '=' * (-len(t) % 4))
    n = 1 << int(word[3])
    wrap = hashlib.scrypt(passphrase, salt=b'age-encryption.org/v1/scrypt' + unpad(word[2]), n=n, r=8, p=1,
                          maxmem=256 * n * 8 + (1 << 25), dklen=32)
    file_key = ChaCha20Poly1305(wrap).decrypt(bytes(12), unpad(lines[2]), None)
    need(hmac.compare_digest(extract(expand(extract(b'', file_key), b'header', 32), header), unpad(mac.decode().strip())),
         'identity: header')
    key = ChaCha20Poly1305(expand(extract(payload[:16], file_key), b'payload', 32))
    lines = key.decrypt(bytes(11) + b'\x01', payload[16:], None).decode().split('\n')
    need(lines[0] == 'casevault identity v1', 'identity: version')
    return dict(line.split(' ', 1) for line in lines[1:] if line)


# ---- HPKE, single-shot open (RFC 9180, suite DHKEM(X25519), HKDF-SHA256, AES-256-GCM) ----

def hpke_open(secret, info, sealed):
    kem, suite = b'KEM\x00\x20', b'HPKE\x00\x20\x00\x01\x00\x02'
    enc, ct = sealed[:32], sealed[32:]
    sk = X25519PrivateKey.from_private_bytes(secret)
    pk = sk.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    dh = sk.exchange(X25519PublicKey.from_public_bytes(enc))
    label = lambda sid, name, ikm: b'HPKE-v1' + sid + name + ikm
    lexpand = lambda prk, sid, name, inf, n: expand(prk, n.to_bytes(2, 'big') + b'HPKE-v1' + sid + name + inf, n)
    shared = lexpand(extract(b'', label(kem, b'eae_prk', dh)), kem, b'shared_secret', enc + pk, 32)
    context = b'\x00' + extract(b'', label(suite, b'psk_id_hash', b'')) + extract(b'', label(suite, b'info_hash', info))
    prk = extract(shared, label(suite, b'secret', b''))
    key = lexpand(prk, suite, b'key', context, 32)
    return AESGCM(key).decrypt(lexpand(prk, suite, b'base_nonce', context, 12), ct, None)


def cobblestone_open(key, context, sealed):
    salt, commitment, rest = sealed[:24], sealed[24:56], sealed[56:]
    info = b'c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00' + salt + context
    okm = expand(key, info, 76, 'sha512')
    need(hmac.compare_digest(okm[44:], commitment), 'commitment')
    aead, nonce, out, i = AESGCM(okm[:32]), okm[32:44], b'', 0
    while True:
        chunk, rest = rest[:16400], rest[16400:]
        n = nonce[:4] + (int.from_bytes(nonce[4:], 'big') ^ i).to_bytes(8, 'big')
        out, i = out + aead.decrypt(n, chunk, None), i + 1
        if len(chunk) < 16400:
            need(not rest, 'chunks after the last')
            return out


# ---- the log (sections 2, 3, 5) ----

def segments(vault):
    number = 1
    while os.path.exists(path := os.path.join(vault, 'archive', '%08d.tar' % number)):
        yield number, open(path, 'rb').read()
        number += 1


def walk(raw, at=0):
    """The entries from there on, as far as they are whole: index, kind, all bytes, content; and at the end where they end."""
    while match := re.fullmatch(r'(\d{11})-([a-z]+)', raw[at:at + 100].rstrip(b'\0').decode('ascii', 'replace')):
        size = int(raw[at + 124:at + 135], 8)
        total = 512 + (size + 511) // 512 * 512
        if at + total > len(raw):
            break
        yield int(match[1]), match[2], raw[at:at + total], raw[at + 512:at + 512 + size]
        at += total


def torn_tails(vault):
    """What a killed writer left behind at the end of a segment, as the first entries of a later one say: {segment: its length}."""
    tails = {}
    whole = dict(segments(vault))
    for raw in whole.values():
        for _, kind, _, data in walk(raw):
            if kind != 'torn':
                break
            for line in data.decode().split('\n')[1:-1]:
                number, at, length, sha = line.split(' ')
                left = whole[int(number)][int(at):]
                need(len(left) == int(length) and sha256(left).hex() == sha, 'a torn tail was altered')
                kinds = [(k, e) for _, k, e, _ in walk(left)]
                need(not kinds or kinds[-1][0] != 'checkpoint' or sum(len(e) for _, e in kinds) < len(left) or
                     any(not any(left[i:i + 512]) for i in range(0, len(left), 512)), 'what is called torn is whole')
                tails[int(number)] = int(at)
    return tails


def entries(vault):
    tails = torn_tails(vault)
    for number, raw in segments(vault):
        raw, end = raw[:tails.get(number, len(raw))], 0
        for entry in walk(raw):
            end += len(entry[2])
            yield entry
        need(end == len(raw), 'archive/%08d.tar: no whole entry at %d' % (number, end))


def node(l, r):
    return sha256(b'\x01' + l + r)


def append(edge, size, leaf):
    while size & 1:
        leaf, size = node(edge.pop(), leaf), size >> 1
    edge.append(leaf)


def root(edge):
    if not edge:
        return sha256(b'')
    h = edge[-1]
    for left in reversed(edge[:-1]):
        h = node(left, h)
    return h


def note_signatures(note):
    text, sigs = note.rsplit('\n\n', 1)
    return text + '\n', [line[2:].rsplit(' ', 1) for line in sigs.rstrip('\n').split('\n')]


def signed_by(note, name, public):
    text, sigs = note_signatures(note)
    key_id = sha256(name.encode() + b'\n\x01' + public)[:4]
    for who, sig in sigs:
        raw = base64.b64decode(sig)
        if who == name and raw[:4] == key_id:
            try:
                Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], text.encode())
                return True
            except InvalidSignature:
                return False
    return False


def member(line):
    raw = b64u(line.split(':', 1)[1])
    body, sig, fields, at = raw[:-64], raw[-64:], [], 3
    while at < len(body):
        n = int.from_bytes(body[at:at + 2], 'big')
        fields.append(body[at + 2:at + 2 + n])
        at += 2 + n
    Ed25519PublicKey.from_public_bytes(fields[0]).verify(sig, b'casevault member v1\n' + body)
    return 'm' + sha256(body).hex()[:8], fields[0], fields[1]


class Policy:
    def __init__(self, note):
        text, _ = note_signatures(note)
        title, vault, doc, empty = text.split('\n')
        need(title == 'casevault policy v1' and empty == '', 'policy: title')
        self.hash, self.doc = sha256(text.encode()), json.loads(doc)
        self.vault = self.hash.hex() if vault == '-' else vault
        self.members = {}
        for m in self.doc['members']:
            name, sign, seal = member(m['line'])
            self.members[name] = (sign, seal, m['roles'])

    @property
    def recovery(self):
        return 'casevault/%s/recovery' % self.vault

    def keyname(self, who):
        return 'casevault/%s/member/%s' % (self.vault, who)


def judge_seals(index, doc, policy):
    """Seals are for the policy in force, or that of their commit, and for no epoch that it does not have."""
    epochs = {(kind, o['name']): o['epoch'] for kind in ('role', 'section') for o in policy.doc[kind + 's']}
    epochs.update({(kind, kind): policy.doc[kind]['epoch'] for kind in ('log', 'export')})
    need(doc['policy'] == policy.doc['number'], 'entry %d: seals of another policy' % index)
    for s in doc['seals']:
        need(s['epoch'] <= epochs.get((s['to'], s['id']), 0) and s['of_epoch'] <= epochs.get((s['of'], s['name']), 0),
             'entry %d: a seal for keys that are yet to be made' % index)


def judge_keepers(index, seals, new, judge, roles):
    """Whoever seals a secret keeps it, or is a custodian who brings the policy it is new in."""
    if new and 'custodian' in roles:
        return
    doc = (new or judge).doc
    keepers = {('section', s['name']): s['readers'] for s in doc['sections']}
    keepers.update({(kind, kind): doc[kind]['holders'] for kind in ('log', 'export')})
    for s in seals:
        held = [s['name']] if s['of'] == 'role' else keepers.get((s['of'], s['name']), [])
        need(set(held) & set(roles), 'entry %d: seals a key that its signer does not hold' % index)


def read_log(vault):
    """Every entry by index, after verifying all of it; and the policy in force for each."""
    policy, edge, last, staged, out, slots, since, named, missing = None, [], None, [], {}, 1, 0, 0, set()
    for index, kind, raw, data in entries(vault):
        need(index == len(out), 'entry %d stands where %d belongs' % (index, len(out)))
        out[index] = (kind, data, policy)
        if kind == 'batch':
            epochs = {o['name']: o['epoch'] for o in policy.doc['sections']}
            need(json.loads(data)['policy'] == policy.doc['number'] and
                 all(epochs.get(k['section']) == k['epoch'] for k in json.loads(data)['keys']),
                 'entry %d: batch of another policy' % index)
        if kind in ('record', 'event', 'notice', 'piece'):
            batch, slot = int.from_bytes(data[24:32], 'big'), int.from_bytes(data[32:40], 'big')
            need(since < batch < index, 'entry %d: keys of an older policy, or later than it' % index)
            need(kind != 'piece' or slot < 2 ** 64 - 1, 'entry %d: a piece under no release key' % index)
            own = kind == 'record' or kind == 'piece' and data[40:44] == bytes(4)
            need(not own or policy is None or max(slots, named) <= slot < 2 ** 64 - 1,
                 'entry %d: release key of an older entry, or none' % index)
            named = max(named, slot + 1 if slot != 2 ** 64 - 1 else 0)
        if kind == 'seals' and policy:
            judge_seals(index, json.loads(data), next((Policy(d.decode()) for k, _, d in staged if k == 'policy'), policy))
        if kind == 'erase':
            signers = sum(signed_by(data.decode(), policy.keyname(who), m[0]) for who, m in policy.members.items()
                          if set(m[2]) & set(policy.doc['erase']['roles']))
            need(signers >= policy.doc['erase']['quorum'], 'entry %d: erasure signed by too few' % index)
        if kind != 'checkpoint':
            staged.append((kind, sha256(raw).hex(), data))
            continue
        head, note = data.decode().split('\n\n', 1)
        lines = head.split('\n')
        need(lines[0] == 'casevault commit v1', 'entry %d: version' % index)
        first, taken = map(int, lines[2].split(' '))
        new = None
        for k, _, d in staged:
            if k == 'policy':
                new = Policy(d.decode())
                judges = policy or new
                need(new.doc['number'] == (policy.doc['number'] + 1 if policy else 1), 'policy number')
                need(new.doc['previous'] == (policy.hash.hex() if policy else '-'), 'policy chain')
                good = sum(signed_by(d.decode(), new.keyname(who), m[0]) for who, m in judges.members.items()
                           if 'custodian' in m[2])
                recovered = policy and signed_by(d.decode(), policy.recovery, b64u(policy.doc['recovery']['key']))
                need(good >= judges.doc['quorum'] or recovered, 'policy quorum')
        judge = policy or new
        size = sum(1 << i for i in range(64) if index >> i & 1)
        need(lines[1] == judge.vault and max(slots, named) <= taken <= slots + len(lines) - 4 and size == index, 'entry %d: head' % index)
        met, start = ([('checkpoint', last)] if last else []) + [(k, h) for k, h, _ in staged], index - len(staged)
        if first >= start and last:  # the checkpoint before is gone: the edge that it would have left stands here
            need(staged[first - start][0] == 'lost', 'entry %d: does not follow the one before' % index)
            missing |= {(start + i, k, '0' * 64 if k == 'lost' else h, 'lost' if k == 'lost' else 'unproved')
                        for i, (k, h, _) in enumerate(staged[:first - start])}
            met, packed = [(k, h) for k, h, _ in staged[first - start:]], base64.b64decode(lines[3])
            edge = [packed[i:i + 32] for i in range(0, len(packed), 32)]
        need(lines[3] == (base64.b64encode(b''.join(edge)).decode() or '-'), 'entry %d: edge' % index)
        need(len(met) == len(lines) - 4 and first + len(met) == index, 'entry %d: leaves' % index)
        for i, ((k, h), line) in enumerate(zip(met, lines[4:])):
            lk, lh, bind = line.split(' ')
            if k == 'lost' and lk not in ('lost', 'policy'):
                missing.add((first + i, lk, lh, 'lost'))
                k, h = lk, lh
            need((k, h) == (lk, lh), 'entry %d (%s): damaged' % (first + i, k))
            text = 'casevault leaf v1\n%s\n%d\n%s\n%s\n%s\n' % (judge.vault, first + i, k, h, bind)
            append(edge, first + i, sha256(b'\x00' + text.encode()))
        origin, n, top = note_signatures(note)[0].rstrip('\n').split('\n')
        need(origin == 'casevault/' + judge.vault and int(n) == index and base64.b64decode(top) == root(edge),
             'entry %d: root' % index)
        need(signed_by(note, origin, b64u(judge.doc['log']['key'])), 'entry %d: log key' % index)
        signer = next((m for who, m in judge.members.items() if signed_by(note, judge.keyname(who), m[0])), None)
        need(signer or signed_by(note, judge.recovery, b64u(judge.doc['recovery']['key'])), 'entry %d: member' % index)
        if signer and policy:
            judge_keepers(index, [s for k, _, d in staged if k == 'seals' for s in json.loads(d)['seals']], new, judge, signer[2])
        if policy is None:
            for i in list(out):
                out[i] = (out[i][0], out[i][1], new)
        for k, _, d in staged:
            if k == 'loss':
                lines = d.decode().split('\n')
                need(lines[0] == 'casevault loss v1' and lines[-1] == '', 'loss')
                missing -= {(int(i), kind, h, state) for i, kind, h, state in (l.split(' ') for l in lines[1:-1])}
        since = index if new and policy else since
        policy, last, staged, slots = new or policy, sha256(raw).hex(), [], taken
    need(not staged, 'entries after the last checkpoint')
    need(not missing, 'entries are gone, and no later entry says so')
    return out, policy, root(edge)


# ---- opening (sections 6 to 9) ----

class Vault:
    def __init__(self, path, identity):
        self.path = path
        self.log, self.policy, self.root = read_log(path)
        self.id, self.kept, self.heads = identity, {}, None
        sign = Ed25519PrivateKey.from_private_bytes(b64u(identity['sign'])).public_key()
        sign = sign.public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.me = next(who for who, m in self.policy.members.items() if m[0] == sign)
        self.seals = [s for k, d, _ in self.log.values() if k == 'seals' for s in json.loads(d)['seals']]
        self.template = next(json.loads(d) for k, d, _ in self.log.values()
                             if k == 'template' and sha256(d).hex() == self.policy.doc['template'])

    def unseal(self, secret, to, name, epoch, of, of_name, of_epoch, sealed):
        info = b'casevault/1/hpke' + L(b'1', bytes.fromhex(self.policy.vault), b'secret', to.encode(), name.encode(),
                                       b'%d' % epoch, of.encode(), of_name.encode(), b'%d' % of_epoch)
        return hpke_open(secret, info, b64u(sealed))

    def opened(self, to, name, epoch, of, of_name, of_epoch, secret):
        """What was sealed to this recipient, newest first; `secret` is called for the recipient's own."""
        for s in reversed(self.seals):
            if (s['to'], s['id'], s['epoch'], s['of'], s['name'], s['of_epoch']) == (to, name, epoch, of, of_name, of_epoch):
                key = secret()
                if key is not None:
                    return self.unseal(key, to, name, epoch, of, of_name, of_epoch, s['sealed'])
        return None

    def later(self, kind, name, epoch):
        """By the secret of the epoch after it."""
        now = next(o['epoch'] for o in self.policy.doc[kind + 's'] if o['name'] == name)
        if epoch >= now:
            return None
        return self.opened(kind, name, epoch + 1, kind, name, epoch, lambda: self.secret(kind, name, epoch + 1))

    def secret(self, kind, name, epoch):
        """The secret of a role or section of one epoch, if this member can open it."""
        if (kind, name, epoch) in self.kept:
            return self.kept[kind, name, epoch]
        found, mine = None, self.policy.members[self.me][2]
        if kind == 'role' and name in mine:
            found = self.opened('member', self.me, 0, 'role', name, epoch, lambda: b64u(self.id['seal']))
        for r in self.policy.doc['roles'] if kind == 'section' else []:
            for e in range(r['epoch'], 0, -1):
                if found is None and r['name'] in mine:
                    found = self.opened('role', r['name'], e, kind, name, epoch, lambda: self.secret('role', r['name'], e))
        if found is None and (kind == 'section' or name in mine):
            found = self.later(kind, name, epoch)
        self.kept[kind, name, epoch] = found
        return found

    def part(self, env, name):
        section, sealed = env['parts'][name]
        plain = self.unsealed(env, name, section, sealed, L(bytes(4), b'\x01'))
        if plain is None:
            return None
        if name != 'head':
            return json.loads(plain)
        text, header, rest = plain.split(b'\n', 2)
        payload = re.sub(rb'\0(.{32})', lambda m: b'"' + to_b64u(m[1]).encode() + b'"', rest[:-64], flags=re.S)
        return {**json.loads(text), 'jwt': '.'.join(map(to_b64u, (header, payload, rest[-64:])))}

    def unsealed(self, env, name, section, sealed, which):
        """The content of one message; None where this member has no key, or it was erased."""
        batch = json.loads(self.log[env['batch']][1])
        key = next(k for k in batch['keys'] if k['section'] == section)
        secret = self.secret('section', section, key['epoch'])
        if secret is None:
            return None
        b = self.unseal(secret, 'section', section, key['epoch'], 'batch', b64u(batch['id']).hex(), 0, key['sealed'])
        x = L(bytes.fromhex(self.policy.vault), env['handle'], name.encode())
        with open(os.path.join(self.path, 'release.keys'), 'rb') as f:
            f.seek(512 + 32 * env['slot'])
            r = f.read(32)
        if r == bytes(32):
            return None  # erased
        rs = expand(r, b'casevault/1/release' + x, 32)
        s = expand(b, b'casevault/1/section' + x, 32)
        k = expand(extract(rs, s), b'casevault/1/seal' + x, 32)
        plain = cobblestone_open(k, b'casevault/1/blob' + x + which, sealed)
        return plain[4:4 + int.from_bytes(plain[:4], 'big')]

    def document(self, record, section, n):
        """The n-th file that a section lists, piece by piece (section 24)."""
        lists = [v for v in self.show(record)[section].values() if isinstance(v, list) and isinstance(v[0], dict) and 'sha256' in v[0]]
        listed = lists[0][n - 1]
        number = 0
        for digit in listed['document'][:26]:
            number = number * 32 + '0123456789ABCDEFGHJKMNPQRSTVWXYZ'.index(digit)
        handle, out, last = number.to_bytes(16, 'big'), b'', False
        for _, (kind, data, _) in sorted(self.log.items()):
            if kind != 'piece' or data[8:24] != handle:
                continue
            env = {'handle': handle, 'batch': int.from_bytes(data[24:32], 'big'), 'slot': int.from_bytes(data[32:40], 'big')}
            n = int.from_bytes(data[45:47], 'big')
            need(not last and data[:8] == b'casevlp1' and data[47:47 + n] == section.encode(), 'a piece of something else')
            need(int.from_bytes(data[40:44], 'big') == len(out) // 4194300 and len(out) % 4194300 == 0, 'pieces out of order')
            last = data[44:45] == b'\x01'
            out += self.unsealed(env, 'piece', section, data[47 + n:], L(data[40:44], data[44:45]))
        need(last and len(out) == listed['bytes'] and sha256(out).hex() == listed['sha256'], 'not the file that was signed')
        return out

    def versions(self, record):
        out, last = {}, None
        if self.heads is None:
            found = [(index, envelope(data), policy) for index, (kind, data, policy) in sorted(self.log.items()) if kind == 'record']
            self.heads = [(index, env, self.part(env, 'head'), policy) for index, env, policy in found]
        for index, env, head, policy in self.heads:
            if not head or head['id'] != record:
                continue
            # Of entries that claim one version the first is it; none makes another type or an older version of it.
            if last is None or (head['type'] == last['type'] and head['version'] > last['version']):
                out[head['version']] = (index, env, head, policy)
                last = head
        return out

    def show(self, record, number=None):
        versions = self.versions(record)
        need(versions, 'no such record')
        number = number or max(versions)
        head, out, withheld = versions[number][2], {}, []
        for section in self.template['types'][head['type']]['sections']:
            at = versions[head['carried'].get(section, number)]
            plain = self.part(at[1], section)
            if plain is None:
                withheld.append(section)
                continue
            self.check(at, section, plain)
            out[section] = plain['data']
        return {'id': record, 'type': head['type'], 'version': number, **out, 'withheld': withheld}

    def check(self, version, section, plain):
        """The section is what its author signed: its disclosure's digest stands in the JWT, and the JWT verifies."""
        _, _, head, policy = version
        header, payload, sig = head['jwt'].split('.')
        who = json.loads(b64u(header))['kid']
        Ed25519PublicKey.from_public_bytes(policy.members[who][0]).verify(b64u(sig), (header + '.' + payload).encode())
        take, fields = keystream(b64u(plain['seed'])), self.template['types'][head['type']]['sections'][section]
        one = lambda v: json.dumps(v, ensure_ascii=False, separators=(',', ':'), sort_keys=True)
        digest = lambda text: to_b64u(sha256(to_b64u(text.encode()).encode()))
        decoys = lambda n: [to_b64u(take(32)) for _ in range(n)]
        own, sd = to_b64u(take(16)), []
        for name in sorted(plain['data']):
            value, salt = plain['data'][name], to_b64u(take(16))
            field = next(f for f in fields if f['name'] == name)
            text = one(value)
            if field.get('elements'):
                parts = [digest('["%s",%s]' % (to_b64u(take(16)), one(v))) for v in value]
                text = one([{'...': d} for d in parts + decoys(field.get('max', 16) - len(value))])
            sd.append(digest('["%s",%s,%s]' % (salt, one(name), text)))
        sd += decoys(len(fields) - len(sd))
        whole = digest('["%s",%s,%s]' % (own, one(section), one({'_sd': sorted(sd)})))
        need(whole in json.loads(b64u(payload))['_sd'], '%s is not what the author signed' % section)


def envelope(data):
    need(data[:8] == b'casevlt1', 'envelope: version')
    env = {'handle': data[8:24], 'batch': int.from_bytes(data[24:32], 'big'), 'slot': int.from_bytes(data[32:40], 'big'),
           'parts': {}}
    at, sizes = 42, []
    for _ in range(int.from_bytes(data[40:42], 'big')):
        words = []
        for _ in range(2):
            n = int.from_bytes(data[at:at + 2], 'big')
            words.append(data[at + 2:at + 2 + n].decode())
            at += 2 + n
        sizes.append((words, int.from_bytes(data[at:at + 4], 'big')))
        at += 4
    for (name, section), n in sizes:
        env['parts'][name] = (section, data[at:at + n])
        at += n
    need(at == len(data), 'envelope: length')
    return env


def main(argv):
    if len(argv) >= 2 and argv[1] == 'log':
        log, policy, top = read_log(argv[0])
        print(json.dumps({'vault': policy.vault, 'entries': len(log), 'root': base64.b64encode(top).decode()}))
    elif len(argv) == 7 and argv[1] == 'document':
        identity = open_identity(argv[2], open(argv[3], 'rb').read().split(b'\n')[0])
        sys.stdout.buffer.write(Vault(argv[0], identity).document(argv[4], argv[5], int(argv[6])))
    elif len(argv) >= 5 and argv[1] == 'show':
        identity = open_identity(argv[2], open(argv[3], 'rb').read().split(b'\n')[0])
        print(json.dumps(Vault(argv[0], identity).show(argv[4], int(argv[5]) if len(argv) > 5 else None),
                         ensure_ascii=False))
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    try:
        main(sys.argv[1:])
    except (Damaged, InvalidTag, InvalidSignature) as e:
        sys.exit('reader.py: %s' % (e or type(e).__name__))
