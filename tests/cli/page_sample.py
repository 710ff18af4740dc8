"""A package made from docs/PACKAGE.md and docs/FORMAT.md alone: what the page shows is checked without casevault's own code.

Usage: page_sample.py FILE     write a sample index.html
"""
import base64, copy, hashlib, hmac, json, os, random, struct, sys, zlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'formats', 'page')
TEMPLATE = open(os.path.join(PAGE, '..', '..', 'template', 'default.json'), 'rb').read()
CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U'
DAY = 86400
SDJWT, PROOF = 'records/%d.sd-jwt', 'records/%d.tlog-proof'
WRITTEN = 1714694400  # 2024-05-03
MADE = 1764028800  # 2025-11-25
HEADER = {'alg': 'EdDSA', 'typ': 'dc+sd-jwt'}


def b64(raw):
    return base64.b64encode(raw).decode()


def b64u(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b'=').decode()


def unb64u(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


def sha256(raw):
    return hashlib.sha256(raw).digest()


def compact(value, sort=False):
    return json.dumps(value, ensure_ascii=False, separators=(',', ':'), sort_keys=sort)


def L(*fields):
    return b''.join(len(f).to_bytes(2, 'big') + f for f in fields)


def public(key):
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def expand(prk, info, n):
    out, t, i = b'', b'', 1
    while len(out) < n:
        t = hmac.new(prk, t + info + bytes([i]), 'sha256').digest()
        out, i = out + t, i + 1
    return out[:n]


def bech32(hrp, raw):
    """BIP 173, as age writes a recipient."""
    letters = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'

    def polymod(values):
        c = 1
        for v in values:
            top, c = c >> 25, (c & 0x1ffffff) << 5 ^ v
            for i, g in enumerate((0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3)):
                c ^= g if top >> i & 1 else 0
        return c
    bits = ''.join('{:08b}'.format(b) for b in raw)
    bits += '0' * (-len(bits) % 5)
    data = [int(bits[i:i + 5], 2) for i in range(0, len(bits), 5)]
    head = [ord(c) >> 5 for c in hrp] + [0] + [ord(c) & 31 for c in hrp]
    check = polymod(head + data + [0] * 6) ^ 1
    return hrp + '1' + ''.join(letters[v] for v in data + [check >> 5 * (5 - i) & 31 for i in range(6)])


class Dice:
    """Bytes that are the same in every run."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def bytes(self, n=32):
        return self.random.randbytes(n)

    def ed25519(self):
        return Ed25519PrivateKey.from_private_bytes(self.bytes())

    def x25519(self):
        return public(X25519PrivateKey.from_private_bytes(self.bytes()))

    def id(self):
        n = int.from_bytes(self.bytes(16), 'big')
        return ''.join(CROCKFORD[n >> 5 * i & 31] for i in reversed(range(26))) + CROCKFORD[n % 37]


def vkey(name, key, kind=b'\4'):
    """A witness's verifier key (c2sp.org/tlog-cosignature)."""
    typed = kind + public(key)
    return '%s+%s+%s' % (name, sha256(name.encode() + b'\n' + typed).hex()[:8], b64(typed))


def sign_note(text, *signers):
    """A signed note; signers are (name, key)."""
    lines = []
    for name, key in signers:
        key_id = sha256(name.encode() + b'\n\x01' + public(key))[:4]
        lines.append('— %s %s\n' % (name, b64(key_id + key.sign(text.encode()))))
    return text + '\n' + ''.join(lines)


class Member:
    def __init__(self, dice, training):
        self.key = dice.ed25519()
        body = b'\0\1' + bytes([training]) + L(public(self.key), dice.x25519(), bech32('age', dice.x25519()).encode())
        self.line = 'casevault-member-1:' + b64u(body + self.key.sign(b'casevault member v1\n' + body))
        self.name = 'm' + sha256(body).hex()[:8]


ROLES = ['intake', 'legal', 'custodian', 'recovery']
SECTIONS = ['head', 'admin', 'identity', 'contact', 'exploitation', 'perpetrators', 'testimony', 'evidence', 'medical', 'risk',
            'consent', 'legal', 'audit']


class Vault:
    """A founder and custodian; then, by a second policy, an intake officer and a lawyer with the same export key."""

    def __init__(self, dice, training=False, template=TEMPLATE):
        self.dice, self.training, self.template = dice, training, template
        self.founder, self.intake, self.lawyer = (Member(dice, training) for _ in range(3))
        self.log, self.export, self.recovery = dice.ed25519(), dice.ed25519(), dice.ed25519()
        self.docs, self.texts, self.policies = [], [], []
        named = lambda n, **more: dict({'name': n, 'epoch': 1, 'suite': 1, 'key': b64u(dice.x25519())}, **more)
        everybody = ['intake', 'legal']
        self.add({'number': 1, 'previous': '-', 'training': training, 'suite': 1, 'quorum': 1,
                  'erase': {'quorum': 1, 'roles': ['custodian']}, 'package_quorum': 1,
                  'witnesses': {'quorum': 1, 'keys': [vkey('auditor.example/w1', dice.ed25519())]}, 'reason_required': False,
                  'template': sha256(template).hex(),
                  'roles': [named(n) for n in ROLES],
                  'sections': [named(n, readers=everybody, create=['intake'], edit=['intake']) for n in SECTIONS],
                  'log': {'epoch': 1, 'key': b64u(public(self.log)), 'holders': everybody},
                  'export': {'epoch': 1, 'key': b64u(public(self.export)), 'holders': ['legal']},
                  'recovery': {'key': b64u(public(self.recovery)), 'threshold': 0, 'shares': []},
                  'members': [{'line': self.founder.line, 'roles': ['intake', 'custodian']}]})
        second = copy.deepcopy(self.docs[0])
        second.update(number=2, previous=sha256(self.texts[0].encode()).hex())
        second['members'] += [{'line': self.intake.line, 'roles': ['intake']}, {'line': self.lawyer.line, 'roles': ['legal']}]
        self.add(second)

    def add(self, doc, *signers):
        first = not self.texts
        text = 'casevault policy v1\n%s\n%s\n' % ('-' if first else self.id, compact(doc))
        if first:
            self.id = sha256(text.encode()).hex()
        self.docs.append(doc)
        self.texts.append(text)
        self.policies.append(sign_note(text, *(signers or [self.signer(self.founder)])))

    def signer(self, member):
        return 'casevault/%s/member/%s' % (self.id, member.name), member.key

    @property
    def log_signer(self):
        return 'casevault/%s' % self.id, self.log

    @property
    def fingerprint(self):
        return '-'.join(self.id[4 * i:4 * i + 4] for i in range(5))


class Log:
    """The leaves; RFC 6962 as it stands there, without any cleverness."""

    def __init__(self, vault):
        self.vault, self.leaves = vault, []

    def append(self, kind, bind='-'):
        entry = sha256(self.vault.dice.bytes()).hex()
        text = 'casevault leaf v1\n%s\n%d\n%s\n%s\n%s\n' % (self.vault.id, len(self.leaves), kind, entry, bind)
        self.leaves.append(text.encode())
        return len(self.leaves) - 1

    def root(self, leaves):
        if len(leaves) == 1:
            return sha256(b'\0' + leaves[0])
        k = self.split(len(leaves))
        return sha256(b'\1' + self.root(leaves[:k]) + self.root(leaves[k:]))

    def split(self, n):
        k = 1
        while 2 * k < n:
            k *= 2
        return k

    def path(self, m, leaves):
        if len(leaves) == 1:
            return []
        k = self.split(len(leaves))
        if m < k:
            return self.path(m, leaves[:k]) + [self.root(leaves[k:])]
        return self.path(m - k, leaves[k:]) + [self.root(leaves[:k])]

    def checkpoint(self, size, *signers):
        text = 'casevault/%s\n%d\n%s\n' % (self.vault.id, size, b64(self.root(self.leaves[:size])))
        return sign_note(text, *(signers or [self.vault.log_signer, self.vault.signer(self.vault.intake)]))

    def prove(self, place, size, checkpoint=None, path=None, leaf=None, index=None):
        path = self.path(place, self.leaves[:size]) if path is None else path
        return 'c2sp.org/tlog-proof@v1\nextra %s\nindex %d\n%s\n%s' % (
            b64(leaf or self.leaves[place]), place if index is None else index, ''.join(b64(p) + '\n' for p in path),
            checkpoint or self.checkpoint(size))


def padme(n):
    e = n.bit_length() - 1
    last = e - e.bit_length()
    return (n + (1 << last) - 1) >> last << last


def zipped(files):
    """The one form of a zip (docs/PACKAGE.md), with its padding."""
    def whole(files):
        out, directory = b'', b''
        for name, data in files.items():
            common = struct.pack('<HHHHIIIHH', 0x0800, 0, 0, 0x0021, zlib.crc32(data), len(data), len(data), len(name), 0)
            directory += struct.pack('<IHH', 0x02014b50, 0x0014, 10) + common + struct.pack('<HHHII', 0, 0, 0, 0, len(out)) + name.encode()
            out += struct.pack('<IH', 0x04034b50, 10) + common + name.encode() + data
        return out + directory + struct.pack('<IHHHHIIH', 0x06054b50, 0, 0, len(files), len(files), len(directory), len(out), 0)
    bare = len(whole({**files, 'padding': b''}))
    return whole({**files, 'padding': bytes(padme(bare) - bare)})


def jws(header, payload, key):
    text = '%s.%s' % (b64u(compact(header).encode()), b64u(payload if isinstance(payload, bytes) else compact(payload).encode()))
    return '%s.%s' % (text, b64u(key.sign(text.encode())))


class Record:
    """One version of a record: its JWT, and a disclosure for each JSON Pointer (docs/FORMAT.md, 9)."""

    def __init__(self, vault, id, type, version, sections, author=None, elements=(), day=WRITTEN, carried=None, header=None,
                 key=None, payload=None, raw=lambda text: text, disclose=lambda pointer, parts: parts):
        self.vault, self.id, self.type, self.version = vault, id, type, version
        self.elements, self.disclose = elements, disclose
        self.disclosures, self.seed = {}, vault.dice.bytes()
        head = {'record_id': id, 'record_type': type, 'version': version, 'previous': '-', 'carried': carried or {}}
        digests = [self.digest('/' + n, [n, v]) for n, v in head.items()] + [self.section(n, f) for n, f in sections.items()]
        jwk = {'crv': 'Ed25519', 'kty': 'OKP', 'x': b64u(public(vault.export))}
        claims = {'_sd': sorted(digests), '_sd_alg': 'sha-256', 'cnf': {'jwk': jwk}, 'iat': day,
                  'iss': 'urn:casevault:' + vault.id, 'vct': 'urn:casevault:record:1'}
        if vault.training:
            claims['training'] = True
        if payload:
            payload(claims)
        author = author or vault.intake
        header = {**HEADER, 'kid': author.name, **(header or {})}
        self.jwt = jws(header, raw(compact(claims, sort=True)).encode(), key or author.key)

    def digest(self, pointer, parts):
        salt = b64u(expand(self.seed, b'casevault/1/salt\0' + pointer.encode(), 16))
        value = self.disclose(pointer, [salt, *parts])
        text = b64u(compact(value, sort=True).encode())
        self.disclosures[pointer] = text
        return b64u(sha256(text.encode()))

    def decoy(self, pointer):
        return b64u(expand(self.seed, b'casevault/1/decoy\0' + pointer.encode(), 32))

    def section(self, name, fields):
        digests = []
        for field, value in fields.items():
            pointer = '/%s/%s' % (name, field)
            if '%s.%s' % (name, field) in self.elements:
                elements = [self.digest('%s/%d' % (pointer, i), [v]) for i, v in enumerate(value)]
                value = [{'...': d} for d in [*elements, self.decoy(pointer)]]
            digests.append(self.digest(pointer, [field, value]))
        return self.digest('/' + name, [name, {'_sd': sorted(digests + [self.decoy('/' + name)])}])

    def present(self, hidden, aud, nonce, binding=None, header=None, key=None, edit=lambda list: list,
                kept=('/previous',)):
        """JWT, disclosures but those under a pointer that is hidden, and the key binding."""
        shown = [t for p, t in self.disclosures.items() if not any((p + '/').startswith(h + '/') for h in (*hidden, *kept))]
        text = '~'.join([self.jwt, *edit(shown)]) + '~'
        claims = dict({'iat': MADE, 'aud': aud, 'nonce': nonce, 'sd_hash': b64u(sha256(text.encode()))}, **(binding or {}))
        return text + jws(dict({'alg': 'EdDSA', 'typ': 'kb+jwt'}, **(header or {})), claims, key or self.vault.export)


HOSTILE = '</script><script>document.title="owned"</script><img src=x onerror=alert(1)> & "quoted" \u202egnp.exe\u2066 \x07 end'
RUSSIAN = ('Документы забрали сразу, ещё в машине. Сказали, что я должна три тысячи долларов.\n\n'
           'Работали с шести утра до полуночи.')
ARABIC = 'أخذوا جواز سفري وقالوا إنني مدينة لهم بالمال. (3000 USD)'
PHOTO = b'not really a photograph'


PARTS = {'html': 'page.html', 'css': 'page.css', 'words': 'words.js', 'js': 'page.js'}


def assemble():
    """The page without its data: what stands before and after."""
    parts = {n: open(os.path.join(PAGE, file), newline='').read() for n, file in PARTS.items()}
    html = parts.pop('html')
    for name, text in parts.items():
        html = html.replace('@%s_HASH@' % name.upper(), b64(sha256(text.encode())))
    for name, text in parts.items():
        html = html.replace('@%s@' % name.upper(), text)
    return html.split('@DATA@')


class Sample:
    """A package. `change` of a name is called where that thing is made, so that all around it is still true."""

    def __init__(self, training=False, of=TEMPLATE, **change):
        self.dice = Dice(7)
        self.change = change
        self.vault = self.use('vault', Vault(self.dice, training, of))
        self.log = Log(self.vault)
        self.partner, self.number = 'Prosecutor’s Office of Batumi (ბათუმი)', self.dice.id()
        self.records, self.hidden, self.withheld = [], [], []
        for kind in ('policy', 'template', 'seals', 'checkpoint', 'policy', 'seals', 'checkpoint', 'batch'):
            self.log.append(kind)
        self.case()
        self.seal()

    def use(self, name, value):
        return self.change[name](value) if name in self.change else value

    def add(self, type, sections, hidden=(), withheld=(), id=None, version=1, **more):
        r = Record(self.vault, id or self.dice.id(), type, version, sections,
            **{**more, **self.change.get('record_%s' % len(self.records), {})})
        self.records.append((r, self.log.append('record', sha256(r.jwt.encode()).hex())))
        self.hidden.append(hidden)
        self.withheld += [{'record': r.id, 'section': s, 'ground': g} for s, g in withheld]
        self.log.append('event')
        return r

    def case(self):
        ids = {n: self.dice.id() for n in ('case', 'person', 'person2', 'consent', 'partner')}
        of_case, of_both = {'case': ids['case']}, [ids['person'], ids['person2']]
        usual, privileged = [('medical', 'profile'), ('legal', 'right')], [('legal', 'right')]
        self.add('case', {
            'admin': {'case_number': 'GE-2024-017', 'status': 'Active', 'opened': '2024-05-03', 'owner': 'Mission in Batumi',
                      'persons': of_both},
            'exploitation': {'summary': 'Recruited with the promise of hotel work; passports taken.\n\nTwo persons affected.',
                             'routes': 'Kherson – Istanbul – Batumi'},
            'perpetrators': {'persons': [
                {'name': 'Giorgi კ.', 'role': ['RecruiterOrIntermediary', 'Transporter'], 'phone': '+995555010203'},
                {'name': 'unknown', 'role': ['Exploiter']}]}},
            id=ids['case'], elements=['perpetrators.persons'], withheld=[('risk', 'profile'), *privileged])
        # One person in two versions: the second carries identity and contact on from the first.
        self.add('person', {
            'identity': {'first_name': 'Хатуна', 'second_name': 'Щербакова', 'birth_date': '1990-02-28', 'citizenship': ['UA', 'GE'],
                         'documents': [{'kind': 'Passport', 'number': 'FB 1234567', 'country': 'UA', 'valid_until': '2027-03'}]},
            'contact': {'mobile_phone': '+380500001110', 'shelter': 'Blue House'}},
            id=ids['person'], hidden=['/contact'], withheld=[('contact', 'right'), ('risk', 'profile'), *usual])
        self.add('person', {
            'admin': {'role': 'Victim', 'cases': [ids['case']]},
            'exploitation': {'type_of_exploitation': ['ForcedLabour', 'Servitude'], 'age_when_trafficked': 34,
                             'methods_of_control': ['WithholdsDocuments', 'DebtBondage']}},
            id=ids['person'], version=2, day=WRITTEN + 40 * DAY, author=self.vault.lawyer, carried={'identity': 1, 'contact': 1})
        self.add('person', {
            'admin': {'role': 'Victim', 'cases': [ids['case']]},
            'identity': {'first_name': 'ნინო', 'second_name': 'ბერიძე', 'birth_date': '1998', 'also_known_as': [HOSTILE]}},
            id=ids['person2'], withheld=[('contact', 'right'), *usual])
        self.add('event', {
            'admin': dict(of_case, persons=[ids['person']]),
            'exploitation': {'date': '2024-02', 'type': 'Recruitment', 'city': 'Kherson', 'country': 'UA',
                             'description': 'Offer of work as a cleaner, by a message from a man who called himself Giorgi.'}})
        self.add('event', {
            'admin': dict(of_case, persons=of_both),
            'exploitation': {'date': '2024-03-11', 'type': 'Transit', 'city': 'Sarpi', 'country': 'GE',
                             'description': 'Flight to Istanbul, then by car over the border at Sarpi.'}})
        self.add('testimony', {
            'admin': dict(of_case, person=ids['person'], language='rus'),
            'testimony': {'statements': [
                {'date': '2024-05-01', 'language': 'rus', 'taken_by': 'intake officer', 'interpreter': 'none', 'text': RUSSIAN},
                {'date': '2024-05-09', 'language': 'rus', 'text': 'This second statement was not named, and must not leave.'}]}},
            elements=['testimony.statements'], hidden=['/testimony/statements/1'], withheld=[('testimony', 'named'), *privileged])
        self.add('testimony', {
            'admin': dict(of_case, person=ids['person2'], language='ara'),
            'testimony': {'statements': [{'date': '2024-05-02', 'language': 'ara', 'text': ARABIC}]}},
            elements=['testimony.statements'], withheld=privileged)
        self.add('evidence', {
            'admin': dict(of_case, person=ids['person']),
            'evidence': {'kind': 'Photograph', 'description': 'The door of the flat, with its number.', 'obtained': '2024-05-03',
                         'attachments': [{'name': 'door 12.jpg', 'sha256': sha256(PHOTO).hex(), 'bytes': len(PHOTO),
                                          'media_type': 'image/jpeg'}]}},
            elements=['evidence.attachments'], withheld=privileged)
        covered = ['identity', 'exploitation', 'testimony']
        self.add('consent', {
            'consent': dict(of_case, person=ids['person'], state='Given', purpose='Prosecution', sections=covered, language='rus',
                            explained='Read aloud in Russian; questions answered.', **{'from': '2024-05-03', 'until': '2026-05-03'})},
            id=ids['consent'])
        self.consents = [{'person': ids['person'], 'record': ids['consent'], 'version': 1, 'sections': covered}]
        self.ids = ids

    def seal(self):
        """Sign for the recipient, prove, and describe."""
        self.log.append('checkpoint')
        size = len(self.log.leaves) - 1
        head = {'checkpoint': self.log.checkpoint(size)}
        to = {'aud': self.partner, 'nonce': self.number}
        template = self.use('template', self.vault.template)
        self.files = {'README.txt': b'how to check\n', 'template.json': template, 'redactions.csv': self.table()}
        for i, text in enumerate(self.vault.policies, 1):
            self.files['policies/%d.txt' % i] = text.encode()
        for i, (r, index) in enumerate(self.records):
            present, proof = self.change.get('present_%d' % i, {}), self.change.get('proof_%d' % i, {})
            self.files[SDJWT % (i + 1)] = r.present(self.hidden[i], **{**to, **present}).encode()
            self.files[PROOF % (i + 1)] = self.log.prove(index, size, **{**head, **proof}).encode()
        self.files['attachments/1-door-12.jpg'] = PHOTO
        self.before, self.after = assemble()
        text = compact(self.use('manifest', self.manifest())) + '\n'
        stated = 'casevault package v1\n%s\n{"manifest":"%s"}\n' % (self.vault.id, sha256(text.encode()).hex())
        text_of = lambda n: self.files[n].decode()
        self.data = {'manifest': text, 'signature': sign_note(stated, self.use('sender', self.vault.signer(self.vault.lawyer))),
                     'template': template.decode(), 'policies': list(self.vault.policies),
                     'records': [{'sdjwt': text_of(SDJWT % i), 'proof': text_of(PROOF % i)} for i in range(1, len(self.records) + 1)]}

    def table(self):
        """redactions.csv"""
        words = {'profile': 'the profile does not carry it', 'right': 'the sender may not send it', 'choice': 'left out by the sender',
                 'named': 'statements go out only one by one, by name'}
        rows = [('record', 'section', 'withheld because'), *((w['record'], w['section'], words.get(w['ground'], '')) for w in self.withheld)]
        return ''.join(','.join('"%s"' % c for c in r) + '\r\n' for r in rows).encode()

    def manifest(self):
        records = [{'record': r.id, 'version': r.version, 'type': r.type, 'sdjwt': SDJWT % i, 'proof': PROOF % i}
                   for i, (r, _) in enumerate(self.records, 1)]
        return {'casevault': 'package v1', 'id': self.number, 'vault': self.vault.id, 'training': self.vault.training,
                'time': '2025-11-25T09:58:46Z', 'by': self.vault.lawyer.name,
                'partner': {'name': self.partner, 'record': self.ids['partner'], 'recipient': 'passphrase'},
                'profile': 'prosecution', 'purpose': 'Prosecution', 'case': self.ids['case'], 'expires': '2099-12-31',
                'basis': 'Article 8(2) of the Law on Combating Trafficking: second person, risk to life; decision of 2 May 2024.',
                'consents': self.consents, 'approved_by': [self.vault.founder.name], 'records': records, 'withheld': self.withheld,
                'files': [{'name': n, 'bytes': len(b), 'sha256': sha256(b).hex()} for n, b in self.files.items()],
                'page': sha256((self.before + self.after).encode()).hex()}

    def page(self, data=None):
        data = data if isinstance(data, str) else compact(data or self.data).replace('<', '\\u003c')
        return self.before + data + self.after


    def package(self, data=None):
        """The whole package, not sealed; `data`: other texts than its own."""
        data = data or self.data
        files = {'README.txt': self.files['README.txt'], 'index.html': self.page(data).encode(), 'manifest.json': data['manifest'].encode(),
                 'manifest.sig': data['signature'].encode(), 'template.json': data['template'].encode(),
                 'redactions.csv': self.files['redactions.csv']}
        files.update(('policies/%d.txt' % i, text.encode()) for i, text in enumerate(data['policies'], 1))
        for i, r in enumerate(data['records'], 1):
            files.update({SDJWT % i: r['sdjwt'].encode(), PROOF % i: r['proof'].encode()})
        files.update((n, b) for n, b in self.files.items() if n.startswith('attachments/'))
        return zipped(files)


if __name__ == '__main__':
    open(sys.argv[1], 'w', newline='').write(Sample(training='--training' in sys.argv).page())
