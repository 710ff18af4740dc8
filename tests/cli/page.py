#!/usr/bin/env python3
"""The page of a package, in a real browser: it verifies what is sound, names what is not, and asks the network for nothing."""
import copy, datetime, json, os, random, re, sys, tempfile

import browser, page_sample
from common import main
from page_sample import DAY, HOSTILE, PAGE, WRITTEN, Sample, b64, b64u, compact, sha256, sign_note, unb64u

TAG = '<script type="application/json" id="package">'
NO_ED25519 = """if (globalThis.SubtleCrypto)
  SubtleCrypto.prototype.importKey = () => Promise.reject(new DOMException('no', 'NotSupportedError'));"""
MUTATIONS = 200
MUTATE = '''(async () => {
  const text = document.getElementById('package').textContent, wrong = [];
  for (let i = 0, at = 0; i < %d; i++) {
    at = (at + 7919 * i + 13) %% text.length;
    const other = text[at] === 'A' ? 'B' : 'A';
    const changed = text.slice(0, at) + other + text.slice(at + 1);
    try {
      if (JSON.stringify(JSON.parse(changed)) === JSON.stringify(JSON.parse(text))) continue;
    } catch { /* no JSON any more */ }
    try {
      if ((await verify(changed)).verified) wrong.push(at);
    } catch (e) {
      wrong.push(`${at}: ${e}`);
    }
  }
  return wrong;
})()'''
TEMPLATE_LABEL = page_sample.TEMPLATE.replace(b'"label": "Identity"', b'"label": 7')
EVENT = 4  # the place of a record that the tests change


class Test:
    def __init__(self, chromium):
        self.browser, self.checks = chromium, 0
        self.path = os.path.join(chromium.dir, 'index.html')

    def open(self, html, before=None):
        """The result, and the checks that failed."""
        open(self.path, 'wb').write(html if isinstance(html, bytes) else html.encode())
        result = self.browser.open(self.path, before)
        assert self.browser.requests == ['file://' + self.path], self.browser.requests
        assert self.browser.complaints == [], self.browser.complaints
        self.checks += 1
        return result, set(self.browser.eval('document.documentElement.dataset.failed').split())

    def text(self):
        return self.browser.eval('document.body.innerText')

    def wants(self, name, html, failed=()):
        got = self.open(html)
        assert got == ('altered' if failed else 'verified', set(failed)), (name, got, self.text()[:2000])
        if not failed:
            return
        shown = set(self.browser.eval("[...document.querySelectorAll('.check[data-state=fail]')].map(e => e.dataset.check)"))
        assert shown == set(failed), (name, shown)
        words = 'Expired' if set(failed) == {'expiry'} else 'ALTERED'
        assert words in self.browser.eval("document.querySelector('.verdict').textContent"), name
        assert 'Verified' not in self.browser.eval("document.querySelector('.verdict').textContent"), name


def sources():
    text = {n: open(os.path.join(PAGE, file)).read() for n, file in page_sample.PARTS.items()}
    for marker in ('@CSS_HASH@', '@WORDS_HASH@', '@JS_HASH@', '@CSS@', '@WORDS@', '@JS@', '@DATA@', TAG):
        assert [text[n].count(marker) for n in ('html', 'css', 'words', 'js')] == [1, 0, 0, 0], marker
    assert TAG + '@DATA@</script>' in text['html']
    assert '</style' not in text['css'] and not any(end in text[n] for end in ('</script', '<!--', '<script') for n in ('js', 'words'))
    for word in ('innerHTML', 'outerHTML', 'insertAdjacent', 'document.write', 'eval(', 'Function(', 'fetch(', 'XMLHttp', 'http:',
            'https:'):
        assert word not in text['js'] + text['words'] + text['css'], word
    assert 'url(' not in text['css'] and '@import' not in text['css']


def numbered(t):
    """Item numbers run down the page, and every link leads somewhere."""
    ask = t.browser.eval
    items = ask("[...document.querySelectorAll('.item')].map(e => [e.id, e.querySelector('.number').textContent])")
    assert items == [['item-%d' % i, 'Item %d' % i] for i in range(1, len(items) + 1)] and len(items) > 5, items
    ids = ask("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    assert ask("[...document.querySelectorAll('a[href]')].every(a => document.querySelector(a.getAttribute('href')))")


def sound(t):
    """What is shown of a sound package."""
    s = Sample()
    t.wants('sound', s.page())
    text, ask = t.text(), t.browser.eval
    for words in ('Verified', s.vault.fingerprint, s.number, s.partner, 'Article 8(2)', 'GE-2024-017', 'Хатуна Щербакова',
                  'Medical and psychosocial: withheld — the profile does not carry it',
                  'Contact: withheld — the sender may not send it',
                  'Testimony, the rest: withheld', 'ნინო', '(3000 USD)',
                  'In this package as attachments/1-door-12.jpg', sha256(page_sample.PHOTO).hex(),
                  'version 2, signed by ' + s.vault.lawyer.name, 'Unchanged since version 1, signed by ' + s.vault.intake.name,
                  'log entry 10 of', 'rus Russian', 'UA Ukraine', 'Administration', 'Date of birth', 'Means of control', 'Routes',
                  '31 December 2099'):
        assert words in text, words
    for words in ('Blue House', 'second statement', 'owned\n', 'ALTERED', 'TRAINING', 'FAILED'):
        assert words not in text, words
    shown = HOSTILE.replace('\u202e', '\ufffd').replace('\u2066', '\ufffd').replace('\x07', '\ufffd')
    assert shown in text and ask("document.querySelectorAll('img, iframe, object, embed, link, base, form').length") == 0
    assert ask('document.scripts.length') == 3 and ask('document.title').startswith('Package %s for Prosecutor' % s.number)
    numbered(t)
    assert ask("getComputedStyle(document.querySelectorAll('.statement')[1]).direction") == 'rtl'
    dates = ask("[...document.querySelectorAll('.chronology .date')].map(e => e.textContent)")
    assert dates == sorted(dates) and '2024-02' in dates and '2024-05-01' in dates, dates
    t.browser.pdf(t.path + '.pdf')
    assert os.path.getsize(t.path + '.pdf') > 20000
    t.checks += 40


def special(t):
    s = Sample(training=True)
    t.wants('training', s.page())
    assert 'TRAINING' in t.text()
    result, failed = t.open(Sample().page(), NO_ED25519)
    assert (result, failed) == ('unable', set())
    text = t.text()
    assert 'casevault verify' in text and not any(w in text for w in ('Verified', 'ALTERED', 'GE-2024', 'Batumi')), text
    today = datetime.datetime.now(datetime.timezone.utc).date()
    for days, failed in ((1, ()), (-2, ('expiry',))):
        t.wants('expires', Sample(manifest=lambda m: dict(m, expires=str(today + datetime.timedelta(days)))).page(), failed)
    assert 'GE-2024-017' in t.text() and 'Nothing was altered' in t.text() and 'What is proved' in t.text()
    t.wants('no consent', Sample(manifest=lambda m: dict(m, consents=[])).page())
    t.wants('no basis', Sample(manifest=lambda m: dict(m, basis='')).page())
    t.wants('neither', Sample(manifest=lambda m: dict(m, basis='', consents=[])).page(), ['manifest'])
    assert 'GE-2024' not in t.text()
    # The mission's own template: its words, its order.
    template = json.loads(page_sample.TEMPLATE)
    template['types']['person']['label'] = 'Person (our word)'
    template['sections']['identity']['label'] = 'Who <b>it</b> is'
    template['types']['person']['sections']['identity'].sort(key=lambda f: f['name'] != 'citizenship')
    del template['types']['event']
    t.wants('another template', Sample(of=compact(template).encode()).page())
    text = t.text()
    assert 'Person (our word) — Хатуна Щербакова' in text and 'Who <b>it</b> is' in text
    assert text.index('Citizenship') < text.index('First name') and 'Offer of work' in text
    for name, wrong in (('no types', b'{}'), ('no JSON', b'x'), ('a label that is none', TEMPLATE_LABEL),
                        ('a section that is none', b'{"types":{"case":{"sections":{"admin":7}}},"sections":{}}')):
        t.wants('a template with ' + name, Sample(of=wrong).page(), ['files'])
    assert 'first_name' in t.text()
    # Nothing new in the newest version that the reader may see.
    t.wants('an empty newest version', Sample(present_2={'kept': ('/previous', '/admin', '/exploitation')}).page())
    assert 'version 2, signed by' in t.text()


def flip(text, at):
    return text[:at] + ('A' if text[at] != 'A' else 'B') + text[at + 1:]


def by_strangers(t):
    """Somebody without a key changes what the page holds."""
    base = Sample()

    def changed(change):
        data = copy.deepcopy(base.data)
        change(data)
        return base.page(data)

    def record(i, change, part='sdjwt'):
        return lambda d: d['records'][i].update({part: change(d['records'][i][part])})

    def parts(change):
        def apply(text):
            *rest, binding = text.split('~')
            return '~'.join(change(rest) + [binding])
        return apply

    def text(name, old, new):
        def apply(d):
            assert old in d[name], old
            d[name] = d[name].replace(old, new, 1)
        return apply

    def policy(i, change):
        return lambda d: d['policies'].__setitem__(i, change(d['policies'][i]))
    rows = [
        ('a byte of the payload', record(EVENT, lambda x: flip(x, x.index('.') + 40)), 'files records'),
        ('a byte of the header', record(EVENT, lambda x: flip(x, 10)), 'files records'),
        ('a byte of the signature', record(EVENT, lambda x: flip(x, x.index('~') - 40)), 'files records'),
        ('a byte of a disclosure', record(EVENT, lambda x: flip(x, x.index('~') + 20)), 'files records'),
        ('a disclosure less', record(EVENT, parts(lambda p: p[:-2] + p[-1:])), 'files binding'),
        ('a disclosure twice', record(EVENT, parts(lambda p: p + p[-1:])), 'files records'),
        ('a disclosure more', record(EVENT, parts(lambda p: p + [b64u(b'["x","city","Tbilisi"]')])), 'files records'),
        ('disclosures in another order', record(EVENT, parts(lambda p: p[:1] + p[:0:-1])), 'files binding'),
        ('no key binding', record(EVENT, lambda x: x[:x.rindex('~') + 1]), 'files binding'),
        ('another key binding', record(EVENT, lambda x: x[:x.rindex('~')]
        + base.data['records'][0]['sdjwt'][base.data['records'][0]['sdjwt'].rindex('~'):]), 'files binding'),
        ('an empty record', record(EVENT, lambda x: ''), 'files records'),
        ('a line end more', record(EVENT, lambda x: x + '\n'), 'files binding'),
        ('a record of another', lambda d: d['records'].__setitem__(EVENT, d['records'][EVENT + 1]), 'files records'),
        ('a record less', lambda d: d['records'].pop(), 'files'),
        ('a record more', lambda d: d['records'].append(d['records'][0]), 'files'),
        ('another proof', record(EVENT, lambda x: base.data['records'][0]['proof'], 'proof'), 'files proofs'),
        ('no proof', record(EVENT, lambda x: '', 'proof'), 'files proofs'),
        ('another basis', text('manifest', 'risk to life', 'her own wish'), 'manifest'),
        ('another purpose', text('manifest', '"purpose":"Prosecution"', '"purpose":"Repatriation"'), 'manifest'),
        ('a longer use', text('manifest', '2099', '2199'), 'manifest'),
        ('another vault', text('manifest', base.vault.id, '0' * 64), 'policies'),
        ('no manifest', lambda d: d.update(manifest=''), 'manifest'),
        ('a manifest in two lines', text('manifest', ',"by"', ',\n"by"'), 'manifest'),
        ('its signature', lambda d: d.update(signature=flip(d['signature'], len(d['signature']) - 20)), 'manifest'),
        ('no signature', lambda d: d.update(signature=''), 'manifest'),
        ('a label', text('template', 'Care needs', 'Convictions'), 'files'),
        ('a template written anew', lambda d: d.update(template=compact(json.loads(d['template']))), 'files'),
        ('no policy', lambda d: d.update(policies=[]), 'page'),
        ('the last policy less', lambda d: d['policies'].pop(), 'manifest'),
        ('the first policy less', lambda d: d['policies'].pop(0), 'policies'),
        ('a policy twice', lambda d: d['policies'].append(d['policies'][1]), 'policies'),
        ('the signature of policy 1', policy(0, lambda x: flip(x, len(x) - 20)), 'policies'),
        ('the signature of policy 2', policy(1, lambda x: flip(x, len(x) - 20)), 'policies'),
        ('the text of policy 1', policy(0, lambda x: x.replace('"erase":{"quorum":1', '"erase":{"quorum":2')), 'policies'),
        ('the text of policy 2', policy(1, lambda x: x.replace('"erase":{"quorum":1', '"erase":{"quorum":2')), 'policies'),
        ('a member twice in the data', lambda d: d.update(more=1), 'page'),
    ]
    for name, change, failed in rows:
        t.wants(name, changed(change), failed.split())
    for garbage in ('', 'x', '{}', '[]', 'null', '"a"', '{"manifest":1}', compact(base.data)[:-1].replace('<', '\\u003c'),
            compact(base.data).replace('<', '\\u003c') + '1',
                    '[' * 100000, '{"a":1,"a":2}', '\ufffd' * 10, '{"__proto__":{}}'):
        t.wants('garbage %.20r' % garbage, base.page(garbage), ['page'])
        assert 'GE-2024' not in t.text()
    t.wants('one record altered', changed(rows[0][1]), rows[0][2].split())
    text = t.text()
    assert 'does not verify' in text and 'Kherson – Istanbul' in text
    assert not any(w in text for w in ('Offer of work', 'Item 1', 'What is proved'))


def by_insiders(t):
    """Somebody signs, with keys of the mission, what is not as it must be. All else is true, so exactly one check fails."""
    other = page_sample.Dice(99)
    stranger = other.ed25519()

    def raised(**more):
        return {'record_%d' % EVENT: more}

    def say(**more):
        return raised(payload=lambda claims: claims.update(more))

    def instead(pointer, change):
        return raised(disclose=lambda p, parts: change(parts) if p == pointer else parts)

    def twice(claims):
        claims['_sd'] = sorted(claims['_sd'] + claims['_sd'][:1])
    city, section = '/exploitation/city', '/exploitation'
    records = [
        ('alg none', raised(header={'alg': 'none'})), ('alg HS256', raised(header={'alg': 'HS256'})),
        ('crit', raised(header={'crit': ['x'], 'x': 1})),
        ('a header more', raised(header={'x5c': []})), ('typ', raised(header={'typ': 'jwt'})),
        ('typ of a binding', raised(header={'typ': 'kb+jwt'})),
        ('kid of nobody', raised(header={'kid': 'm00000000'})), ('kid a number', raised(header={'kid': 7})),
        ('by a stranger', raised(key=stranger)),
        ('in the name of another', raised(header={'kid': Sample().vault.lawyer.name})),
        ('iss', say(iss='urn:casevault:' + '0' * 64)), ('vct', say(vct='urn:casevault:record:2')),
        ('training', say(training=True)), ('not training', say(training=False)), ('_sd_alg', say(_sd_alg='sha-512')),
        ('iat', say(iat=WRITTEN + 1)), ('iat a text', say(iat='x')),
        ('exp', say(exp=WRITTEN)), ('status', say(status={})), ('a claim in the clear', say(risk='x')),
        ('a digest twice', raised(payload=twice)),
        ('cnf of a stranger', say(cnf={'jwk': {'crv': 'Ed25519', 'kty': 'OKP', 'x': b64u(page_sample.public(stranger))}})),
        ('cnf empty', say(cnf={})),
        ('no digests', say(_sd=[])), ('digests no list', say(_sd='x')), ('a digest that is none', say(_sd=['x'])),
        ('a name twice in the payload', raised(raw=lambda x: x.replace('{', '{"vct":"x",', 1))),
        ('a fraction', raised(raw=lambda x: x.replace(str(WRITTEN), str(WRITTEN) + '.0'))),
        ('a reserved name', instead(city, lambda p: [p[0], '_sd', p[2]])),
        ('the name ...', instead(city, lambda p: [p[0], '...', p[2]])),
        ('the name _sd_alg', instead(city, lambda p: [p[0], '_sd_alg', p[2]])),
        ('a name that is there', instead(city, lambda p: [p[0], 'country', p[2]])),
        ('a name that is no text', instead(city, lambda p: [p[0], 7, p[2]])),
        ('a salt that is no text', instead(city, lambda p: [7, *p[1:]])), ('four parts', instead(city, lambda p: p + [1])),
        ('an element where a member belongs', instead(city, lambda p: [p[0], p[2]])),
        ('no array', instead(city, lambda p: {'a': 1})),
        ('_sd within a value', instead(city, lambda p: [p[0], p[1], {'_sd': 7}])),
        ('... within a value', instead(city, lambda p: [p[0], p[1], {'...': 'x'}])),
        ('an element’s digest with company', instead(city, lambda p: [p[0], p[1], [{'...': 'A' * 43, 'x': 1}]])),
        ('half of a list', instead(city, lambda p: [p[0], p[1], ['a', {'...': 'A' * 43}]])),
        ('a section in the clear', instead(section, lambda p: [p[0], p[1], dict(p[2], city='x')])),
        ('a section that is no object', instead(section, lambda p: [p[0], p[1], 'x'])),
        ('iss disclosed', instead(section, lambda p: [p[0], 'iss', p[2]])),
        ('training disclosed', instead(section, lambda p: [p[0], 'training', p[2]])),
        ('nested deep', instead(city, lambda p: [p[0], p[1], [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]])),
        ('another record', instead('/record_id', lambda p: [p[0], p[1], other.id()])),
        ('another type', instead('/record_type', lambda p: [p[0], p[1], 'person'])),
        ('another version', instead('/version', lambda p: [p[0], p[1], 2])),
        ('a section twice', {'record_2': {'disclose': lambda p, x: ['s', 'identity', x[2]] if p == '/admin' else x}}),
        ('carried from elsewhere', {'record_2': {'carried': {'identity': 7}}}),
        ('not carried', {'record_2': {'carried': {'contact': 1}}}),
        ('its own carried', {'record_2': {'carried': {'identity': 1, 'contact': 1, 'admin': 1}}}),
        ('carried not told', {'present_2': {'kept': ('/previous', '/carried')}}),
        ('carried not told of one', {'present_%d' % EVENT: {'kept': ('/previous', '/carried')}}),
        ('carried no object', {'record_2': {'disclose': lambda p, x: [*x[:2], 1] if p == '/carried' else x}}),
        ('two types', {'record_2': {'disclose': lambda p, x: [*x[:2], 'event'] if p == '/record_type' else x},
                       'manifest': lambda m: dict(m, records=[dict(e, type='event' if i == 2 else e['type'])
                                                              for i, e in enumerate(m['records'])])}),
        ('no version disclosed', {'present_%d' % EVENT: {'kept': ('/previous', '/version')}}),
    ]
    bind = lambda **more: {'present_%d' % EVENT: more}
    bindings = [
        ('aud', bind(aud='Somebody else')),
        ('nonce', bind(nonce='another')),
        ('sd_hash', bind(binding={'sd_hash': 'A' * 43})),
        ('typ', bind(header={'typ': 'jwt'})),
        ('alg none', bind(header={'alg': 'none'})),
        ('crit', bind(header={'crit': []})),
        ('by a stranger', bind(key=stranger)),
        ('iat ahead', bind(binding={'iat': 32503680000})),
        ('iat a text', bind(binding={'iat': 'x'})),
        ('a member more', bind(binding={'x': 1})),
    ]
    s = Sample()
    size = len(s.log.leaves) - 1
    path = s.log.path(s.records[EVENT][1], s.log.leaves[:size])
    prove = lambda **more: {'proof_%d' % EVENT: more}
    text = 'casevault/%s\n%d\n%s\n' % (s.vault.id, size, b64(s.log.root(s.log.leaves[:size])))
    head = lambda *signers: prove(checkpoint=sign_note(text, *signers))
    member, log = s.vault.signer(s.vault.founder), s.vault.log_signer
    leaf = s.log.leaves[s.records[EVENT][1]]
    proofs = [
        ('a hash', prove(path=[sha256(b'x'), *path[1:]])),
        ('a hash less', prove(path=path[:-1])),
        ('another index', prove(index=11)),
        ('a hash more', prove(path=path + [sha256(b'x')])),
        ('no path', prove(path=[])),
        ('a short hash', prove(path=[path[0][:31], *path[1:]])),
        ('another leaf', prove(leaf=s.log.leaves[9])),
        ('another kind', prove(leaf=leaf.replace(b'record', b'event'))),
        ('a leaf with more', prove(leaf=leaf + b'x\n')),
        ('no log key', head(member)),
        ('no member', head(log)),
        ('a stranger’s log', head((log[0], stranger), member)),
        ('a stranger as member', head(log, (member[0], stranger))),
        ('another root', prove(checkpoint=sign_note(text.replace(text.split('\n')[2], b64(bytes(32))), log, member))),
        ('another log', prove(checkpoint=sign_note(text.replace('casevault/', 'casevault/0'), log, member))),
        ('a line more', prove(checkpoint=sign_note(text + 'x\n', log, member))),
    ]
    manifests = [
        ('by another', dict(manifest=lambda m: dict(m, by=s.vault.founder.name)), 'manifest'),
        ('by nobody', dict(manifest=lambda m: dict(m, by='m00000000')), 'manifest'),
        ('signed by a stranger', dict(sender=lambda x: (x[0], stranger)), 'manifest'),
        ('a member more', dict(manifest=lambda m: dict(m, more=1)), 'manifest'),
        ('a member less', dict(manifest=lambda m: {k: v for k, v in m.items() if k != 'basis'}), 'manifest'),
        ('another order', dict(manifest=lambda m: dict(sorted(m.items()))), 'manifest'),
        ('training', dict(manifest=lambda m: dict(m, training=True)), 'manifest'),
        ('a ground', dict(manifest=lambda m: dict(m, withheld=[dict(m['withheld'][0], ground='toString')])), 'manifest'),
        ('an id', dict(manifest=lambda m: dict(m, id=m['id'][:-1] + ('0' if m['id'][-1] != '0' else '1'))), 'manifest'),
        ('a day', dict(manifest=lambda m: dict(m, expires='2099-02-30')), 'manifest'),
        ('a record twice', dict(manifest=lambda m: dict(m, records=m['records'] + m['records'][:1])), 'files'),
        ('a file more', dict(manifest=lambda m: dict(m, files=m['files'] + [{'name': 'more.txt', 'bytes': 0, 'sha256': '0' * 64}])), 'files'),
        ('a file less', dict(manifest=lambda m: dict(m, files=m['files'][1:])), 'files'),
        ('a file unnamed', dict(manifest=lambda m: dict(m, files=m['files'][:-1] + [dict(m['files'][-1], sha256='0' * 64)])), 'files'),
        ('a wrong size', dict(manifest=lambda m: dict(m, files=[dict(f, bytes=f['bytes'] + (f['name'] == 'template.json')) for f in m['files']])), 'files'),
        ('a template that no policy names', dict(template=lambda x: x.replace(b'Care needs', b'Convictions')), 'files'),
    ]

    def policy(change, *signers, first=False):
        """The vault's second (or first) policy, changed and signed anew."""
        def apply(vault):
            i = 0 if first else 1
            docs = [copy.deepcopy(d) for d in vault.docs]
            change(docs[i])
            vault.docs, vault.texts, vault.policies = vault.docs[:i], vault.texts[:i], vault.policies[:i]
            made = signers[0](vault) if signers else ()
            vault.add(docs[i], *made)
            if first:
                docs[1]['previous'] = sha256(vault.texts[0].encode()).hex()
                vault.add(docs[1])
            return vault
        return dict(vault=apply)
    nothing = lambda d: None
    policies = [
        ('by no custodian', policy(nothing, lambda v: [v.signer(v.intake)])),
        ('by a stranger', policy(nothing, lambda v: [(v.signer(v.founder)[0], stranger)])),
        ('number', policy(lambda d: d.update(number=3))),
        ('previous', policy(lambda d: d.update(previous='0' * 64))),
        ('a key without an epoch', policy(lambda d: d['log'].update(key=b64u(page_sample.public(stranger))))),
        ('an epoch without a key', policy(lambda d: d['export'].update(epoch=2))),
        ('a role less', policy(lambda d: d['roles'].pop(0))),
        ('training', policy(lambda d: d.update(training=True))),
        ('no package quorum', policy(lambda d: d.pop('package_quorum'))),
        ('a package quorum below 0', policy(lambda d: d.update(package_quorum=-1))),
        ('a package quorum elsewhere', policy(lambda d: d.update(package_quorum=d.pop('package_quorum')))),
        ('no witnesses', policy(lambda d: d.pop('witnesses'))),
        ('fewer witnesses than are asked', policy(lambda d: d['witnesses'].update(quorum=2))),
        ('a witness twice', policy(lambda d: d['witnesses']['keys'].append(d['witnesses']['keys'][0]))),
        ("a witness's key altered", policy(lambda d: d['witnesses'].update(keys=[flip(d['witnesses']['keys'][0], 60)]))),
        ('a witness with the key of another type', policy(lambda d: d['witnesses'].update(
            keys=[page_sample.vkey('auditor.example/w1', stranger, b'\1')]))),
        ("a witness's name with a space", policy(lambda d: d['witnesses'].update(
            keys=[d['witnesses']['keys'][0].replace('/w1', '/w 1')]))),
        ('a quorum too many', policy(lambda d: d.update(quorum=2))),
        ('recovery held', policy(lambda d: d['members'][1].update(roles=['recovery']))),
        ('a member twice', policy(lambda d: d['members'].append(d['members'][0]))),
        ('a line that is none', policy(lambda d: d['members'][1].update(line=flip(d['members'][1]['line'], 60)))),
        ('a name more', policy(lambda d: d.update(more=1))),
        ('roles out of order', policy(lambda d: d['members'][0].update(roles=['custodian', 'intake']))),
        ('suite', policy(lambda d: d.update(suite=2))),
        ('first epoch', policy(lambda d: d['log'].update(epoch=2), first=True)),
        ('a first one before', policy(lambda d: d.update(previous='0' * 64), first=True)),
    ]
    for check, rows in (('records', records), ('binding', bindings), ('proofs', proofs), ('policies', policies)):
        for name, change in rows:
            t.wants('%s: %s' % (check, name), Sample(**change).page(), [check])
    for name, change, check in manifests:
        t.wants('manifest: ' + name, Sample(**change).page(), [check])
    recovery = lambda v: [('casevault/%s/recovery' % v.id, v.recovery)]
    t.wants('by the recovery key', Sample(**policy(nothing, recovery)).page())
    t.wants('the first by the recovery key', Sample(**policy(nothing, recovery, first=True)).page(), ['policies'])
    t.wants('a head by the recovery key', Sample(**head(log, *recovery(s.vault))).page())
    t.wants('strangers’ signatures besides', Sample(**head(log, ('witness.example', stranger), member)).page())
    t.wants('Ed25519 as alg', Sample(**raised(header={'alg': 'Ed25519'})).page())
    t.wants('an item twice', Twice().page(), ['records'])
    t.wants('previous disclosed', Sample(present_2={'kept': ()}).page())


class Twice(Sample):
    """One older version of a record in two items."""

    def seal(self):
        for list in (self.records, self.hidden):
            list.insert(2, list[1])
        super().seal()


def mutations(t):
    """One character of the data is another, at many places: nothing of that verifies, and nothing breaks."""
    t.wants('sound', Sample().page())
    wrong = t.browser.eval(MUTATE % MUTATIONS)
    assert wrong == [], wrong
    t.checks += MUTATIONS


# ---- packages that casevault made ----

OFFICE = 'Office of the Prosecutor'
RULE = 'Article 37 of the code of procedure <order 5>'
SECRETS = ('Blue House', 'insulin', '+38050000111', 'Она хочет рассказать')


def disclosed(html):
    """All that can be read from the file: its own text, and every part of every JWT that decodes."""
    parts = re.findall(r'[A-Za-z0-9_-]{8,}', html)
    return html + ''.join(unb64u(x).decode('utf-8', 'replace') for x in parts if len(x) % 4 != 1)


def taken(p, file, to=OFFICE):
    return p.opened(file, to)['index.html'].decode()


def of_a_vault(t, p):
    """With consent, of a person who has four versions by now; the newest brings nothing that goes."""
    p.vault()
    case, person, testimony = p.case()
    p.partner(OFFICE, 'CentralGovernmentOrganisation')
    p.consent(person, OFFICE)
    for change in ('identity.first_name=Мария', 'exploitation.age_when_trafficked=31', 'contact.city=Odesa'):
        p.as_('protection', 'record', 'edit', person, '--set', change)
    event = p.add('intake', {'type': 'event', 'admin': {'case': case, 'persons': [person]}, 'exploitation': {
        'date': '2024-02', 'type': 'Recruitment', 'city': 'Kherson', 'description': 'A promise of work. </script><b>'}})
    number = p.package('legal', case, OFFICE, 'out', '--statement', testimony + '.1')
    html = taken(p, 'out')
    t.wants('a real package', html)
    fingerprint = p.json_as('auditor', 'status')[0]['fingerprint']
    assert t.browser.eval("document.querySelector('.fingerprint').textContent") == fingerprint
    text = t.text()
    for words in (number, OFFICE, 'Мария Щербакова', '1990-02-28', 'ForcedLabour', 'Документы забрали сразу.', '</script><b>', person, event,
                  'version 4, signed by', 'Unchanged since version 1,', 'Unchanged since version 2,',
                  'Contact: withheld — the profile does not carry it', 'Testimony, the rest: withheld — not named: statements go out only one by one; also: the profile',
                  'admin Administration', 'RS-1', 'Consent it was sent on'):
        assert words in text, (words, text)
    numbered(t)
    assert 'Хатуна' not in text and 'TRAINING' not in text and 'LEGAL BASIS' not in text
    whole = disclosed(html)
    assert 'Документы забрали сразу.' in whole
    for secret in SECRETS:
        assert secret not in whole, secret
    altered(t, html)


def altered(t, html):
    """One byte of the data, anywhere, is another: in the file, and, many more, in the page that is open."""
    wrong = t.browser.eval(MUTATE % MUTATIONS)
    assert wrong == [], wrong
    start, dice = html.index(TAG) + len(TAG), random.Random(5)
    data = html[start:html.index('</script>', start)].encode()
    before, after = html[:start].encode(), html[start:].encode()[len(data):]
    for at in [0, len(data) - 1] + [dice.randrange(len(data)) for _ in range(14)]:
        changed = bytearray(data)
        changed[at] ^= 1
        assert t.open(before + changed + after)[0] == 'altered', at
        assert 'Verified' not in t.text(), at
    t.checks += MUTATIONS


def on_a_basis(t, p):
    case = p.case(by='founder')[0]
    p.package('legal', case, OFFICE, 'ordered', '--legal-basis', RULE, '--without', 'perpetrators')
    t.wants('a legal basis', taken(p, 'ordered'))
    text = t.text()
    assert 'LEGAL BASIS' in text and text.index(RULE) < text.index('What is proved') < text.index('RS-1', text.index('The case'))
    assert 'Consent it was sent on' not in text


def agreed(t, p):
    """`casevault verify` says of a package that was made without its code what the page says."""
    def said(s, failed=()):
        t.wants('agreed', s.page(), failed)
        open(p.path('sample.zip'), 'wb').write(s.package())
        home = tempfile.mkdtemp(dir=p.dir)  # a user who has seen none before
        told = json.loads(p.run('verify', '--json', '--sender-key', s.vault.fingerprint, p.path('sample.zip'), rc=14 if failed else 0,
                                home=home))
        assert told['verified'] == (not failed), told
        assert {n for n, c in told['checks'].items() if c.get('why')} == set(failed), (failed, told)
    said(Sample())
    said(Sample(present_2={'kept': ('/previous', '/admin', '/exploitation')}))
    said(Sample(present_2={'kept': ('/previous', '/carried')}), ['records'])
    said(Sample(record_2={'carried': {'identity': 1, 'contact': 1, 'admin': 1}}), ['records'])
    said(Sample(record_2={'carried': {'identity': 7, 'contact': 1}}), ['records'])
    said(Sample(record_4={'payload': lambda claims: claims.update(vct='urn:casevault:record:2')}), ['records'])
    said(Sample(present_4={'nonce': 'another'}), ['binding'])
    said(Sample(proof_4={'index': 11}), ['proofs'])
    said(Sample(manifest=lambda m: dict(m, basis='', consents=[])), ['manifest'])
    said(Sample(template=lambda x: x.replace(b'Care needs', b'Convictions')), ['files'])


def of_training(t, p):
    p.run('demo', '--cases', '3', p.path('demo'))
    p.dir, place = p.path('demo'), p.dir
    case = p.json_as('legal', 'record', 'list', '--type', 'case')[0]['id']
    p.partner('Court')
    p.package('legal', case, 'Court', 'trained', '--legal-basis', RULE)
    t.wants('training', taken(p, 'trained', 'Court'))
    assert t.text().index('TRAINING') < t.text().index('Verified')
    numbered(t)
    p.dir = place


def test(p):
    sources()
    with browser.Browser() as chromium:
        t = Test(chromium)
        for part in (sound, special, by_strangers, by_insiders, mutations):
            part(t)
        for part in (of_a_vault, on_a_basis, agreed, of_training):
            part(t, p)
    p.checks += t.checks


if __name__ == '__main__':
    if browser.find() is None:
        print('there is no Chromium here')
        sys.exit(77)
    main(test)
