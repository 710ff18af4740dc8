#!/usr/bin/env python3
"""Packages: what goes is chosen field by field, judged by consent and approved; what leaves is just that, sealed, and logged."""
import base64, csv, datetime, hashlib, io, json, os, subprocess

from common import PERSON, TESTIMONY, flip, main, today

OFFICE, DESK = 'Office of the Prosecutor', 'Return Desk'
SECRETS = ('Blue House', '+38050000111', 'insulin', 'Она хочет рассказать', 'a privileged thought')
RULE = 'Article 37 of the code of procedure'


def day(days):
    return str(datetime.date.today() + datetime.timedelta(days))


def claims(token):
    """What an SD-JWT discloses, put together without verifying anything: this house's verifier is not asked."""
    def decoded(part):
        return json.loads(base64.urlsafe_b64decode(part + '=' * (-len(part) % 4)))
    parts = token.split('~')
    payload = decoded(parts[0].split('.')[1])
    found = {base64.urlsafe_b64encode(hashlib.sha256(d.encode()).digest()).rstrip(b'=').decode(): decoded(d) for d in parts[1:-1]}

    def whole(v):
        if isinstance(v, dict):
            out = {k: whole(x) for k, x in v.items() if k not in ('_sd', '_sd_alg')}
            for digest in v.get('_sd', []):
                if digest in found:
                    _, name, value = found[digest]
                    out[name] = whole(value)
            return out
        if isinstance(v, list):
            return [whole(found[x['...']][1]) for x in v if x.get('...') in found] if v and isinstance(v[0], dict) and '...' in v[0] else v
        return v
    return whole(payload), decoded(parts[-1].split('.')[1])


def refused(p, detail):
    last = p.json_as('auditor', 'audit', 'log', '--action', 'refused')[-1]
    assert last['detail'] == 'no right to ' + detail, last


class Act:
    """The case that all of this is about."""

    def __init__(self, p):
        self.p = p
        self.case, self.person, self.testimony = p.case()
        p.as_('legal', 'record', 'edit', self.person, '-', stdin=b'{"legal":{"notes":"a privileged thought"}}')
        self.office = p.partner(OFFICE, 'CentralGovernmentOrganisation')
        self.desk = p.partner(DESK, 'ImmigrationService', 'Repatriation')

    def new(self, *more, who='legal', to=OFFICE, profile='prosecution', rc=0, err=None):
        text = self.p.as_(who, 'package', 'new', '--case', self.case, '--to', to, '--profile', profile, '--json', *more, rc=rc, err=err)
        return json.loads(text.split('\n')[0]) if text else None

    def write(self, id, file, *more, who='legal', rc=0, err=None):
        before = set(os.listdir(self.p.dir))
        self.p.as_(who, 'package', 'write', id, '-o', self.p.path(file), *more, rc=rc, err=err)
        made = set(os.listdir(self.p.dir)) - before
        assert made == ({file} if rc == 0 else set()), made

    def verify(self, file, *more, to=OFFICE, rc=0, err=None, show=False):
        home = self.p.path('partner')
        os.makedirs(home, exist_ok=True)
        return self.p.run('verify', *([] if show else ['--json']), '-i', self.p.path(to + '.key'), *more, self.p.path(file), rc=rc, err=err, home=home)


def without_consent(a, p):
    """No consent is a normal state; nothing leaves in it."""
    kinds = p.kinds()
    plan = a.new(rc=15, err='consent is missing of %s for the section admin: there is no consent' % a.person)
    assert {(m['person'], m['section']) for m in plan['missing']} >= {(a.person, 'admin'), (a.person, 'identity'), (a.person, 'exploitation')}
    assert 'hint: ask for it (`consent give`)' in p.told and not plan['consents']
    refused(p, 'export without consent')
    assert 'notice' not in p.kinds()[len(kinds):] and p.as_('legal', 'package', 'list') == ''
    # A case without a victim has nobody whose consent could cover it.
    empty = p.add('founder', {'type': 'case', 'admin': {'case_number': '2', 'status': 'Closed'}})
    p.as_('legal', 'package', 'new', '--case', empty, '--to', OFFICE, '--profile', 'prosecution', rc=15, err='it is not known whose it is')


def asked_for(a, p):
    """What is shown before anything goes."""
    a.consent = p.consent(a.person, OFFICE)
    plan = a.new('-n')
    assert p.as_('legal', 'package', 'list') == '' and not plan['missing']
    fields = {i['record']: i['fields'] for i in plan['items']}
    assert fields[a.person] == ['/admin/role', '/admin/cases', '/admin/registered', '/identity/first_name', '/identity/second_name', '/identity/birth_date',
                                '/exploitation/type_of_exploitation']
    assert fields[a.testimony] == ['/admin/case', '/admin/person'] and '/consent/state' in fields[a.consent]
    assert plan['consents'] == [{'person': a.person, 'record': a.consent, 'version': 1, 'sections': ['admin', 'identity', 'exploitation']}]
    grounds = {(w['section'], w['ground']) for w in plan['withheld'] if w['record'] == a.person}
    assert grounds == {('contact', 'profile'), ('medical', 'profile'), ('risk', 'profile'), ('legal', 'profile'), ('coded', 'profile')}
    assert ('testimony', 'named') in {(w['section'], w['ground']) for w in plan['withheld'] if w['record'] == a.testimony}
    plain = p.as_('legal', 'package', 'new', '-n', '--case', a.case, '--to', OFFICE, '--profile', 'prosecution')
    for words in ('Хатуна Щербакова', 'goes  Identity: First name, Family name, Date of birth', 'stays Contact; Medical',
                  'stays Testimony: Statements (goes only where it is named', 'given'):
        assert words in plain, words


def narrowed(a, p):
    """The officer leaves out; nothing puts anything in."""
    plan = a.new('-n', '--without', 'exploitation', '--without', 'identity.birth_date', '--without', a.testimony)
    fields = {i['record']: i['fields'] for i in plan['items']}
    assert fields[a.person] == ['/admin/role', '/admin/cases', '/admin/registered', '/identity/first_name', '/identity/second_name']
    assert a.testimony not in fields and ('exploitation', 'choice') in {(w['section'], w['ground']) for w in plan['withheld']}
    assert not any(w['record'] == a.testimony for w in plan['withheld'])
    named = a.new('-n', '--statement', a.testimony + '.2')
    assert '/testimony/statements/1' in {f for i in named['items'] for f in i['fields']}
    assert '/testimony/statements/0' not in {f for i in named['items'] for f in i['fields']}
    for more, err in ((['--without', 'dragon'], 'no such section'), (['--without', 'identity.dragon'], 'no such section'),
                      (['--statement', a.testimony], 'RECORD.NUMBER'), (['--statement', a.testimony + '.0'], 'RECORD.NUMBER'),
                      (['--statement', a.testimony + '.x'], 'RECORD.NUMBER'), (['--statement', a.office + '.1'], 'RECORD.NUMBER'),
                      (['--expires', day(-1)], 'a day that is not over'), (['--expires', 'soon'], 'a day that is not over'),
                      (['--legal-basis', '  '], '--legal-basis wants the law')):
        a.new('-n', *more, rc=2, err=err)
    a.new('-n', '--statement', a.testimony + '.9')  # there is no ninth; nothing goes for it
    a.new(profile='dragon', rc=2, err='there are: prosecution, repatriation, referral, statistics')
    a.new(to='Nobody', rc=1, err='there is no partner Nobody')
    p.as_('legal', 'package', 'new', '--case', a.person, '--to', OFFICE, '--profile', 'prosecution', rc=2, err='is a person; name the case')
    p.as_('legal', 'package', 'new', '--case', a.case, rc=2, err='wanted: --case ID, --to PARTNER and --profile NAME')


def unread(a, p):
    """A record of the case that is damaged cannot go: it is said, and the rest goes."""
    index = p.json_as('protection', 'record', 'history', a.testimony)[0]['entry']
    segment = p.path('vault', 'archive', sorted(p.archive())[-1])
    whole = [i['record'] for i in a.new('-n')['items']]
    flip(segment, index)
    plan = a.new('-n', '-q', err='1 record could not be read, and is left out, if of this case; `casevault check` says which')
    assert [i['record'] for i in plan['items']] == [r for r in whole if r != a.testimony] and a.testimony in whole
    p.as_('protection', 'record', 'export', '--case', a.case, '--plain', '-o', p.path('left.json'), err='1 record could not be read, and is left out')
    flip(segment, index)
    assert [i['record'] for i in a.new('-n')['items']] == whole
    assert 'could not be read' not in p.both('legal', 'package', 'new', '-n', '--case', a.case, '--to', OFFICE, '--profile', 'prosecution')


def rights(a, p):
    for who in ('auditor', 'intake', 'medical'):
        p.as_(who, 'package', 'new', '--case', a.case, '--to', OFFICE, '--profile', 'prosecution', rc=13,
              err='none of your roles may send anything out')
        refused(p, 'export')
    silent = p.add('founder', {'type': 'partner', 'directory': {'name': 'Silent'}})
    a.new(to='Silent', rc=2, err='it is not known how packages for Silent are sealed')
    p.as_('founder', 'record', 'edit', silent, '--set', 'directory.age_recipient=age1x')
    a.new(to='Silent', rc=2, err='was not confirmed by a fingerprint')


def purposes(a, p):
    """Consent to one purpose, recipient, time or section is none to another."""
    a.new(to=DESK, profile='repatriation', rc=15, err='there is no consent to this purpose and recipient')
    a.new(profile='repatriation', rc=15, err='there is no consent')
    a.new(profile="statistics", rc=1, err="nothing of this case would go")
    a.new(profile='referral', to=DESK, rc=15, err='there is no consent')
    kind = p.consent(a.person, 'ImmigrationService', 'Repatriation', '--until', day(1))
    plan = a.new('-n', to=DESK, profile='repatriation', who='protection')
    assert plan['consents'][0]['record'] == kind
    assert '/risk/level' in {f for i in plan['items'] for f in i['fields']}
    # Somebody who may not read it cannot send it; others' rights are no matter of consent.
    plan = a.new('-n', to=DESK, profile='repatriation')
    assert ('risk', 'right') in {(w['section'], w['ground']) for w in plan['withheld']}
    for more, err in ((['--until', day(-1), '--from', day(-9)], 'the consent is over'), (['--from', day(1)], 'the consent does not begin yet'),
                      (['--state', 'Refused'], 'the consent was refused')):
        other = p.consent(a.person, DESK, 'Referral', *more)
        a.new('-n', to=DESK, profile='referral')
        plan = a.new(to=DESK, profile='referral', rc=15, err=err)
        assert not plan['consents']
        p.as_('founder', 'record', 'erase', other, '--reason', 'a test', '--really', '--confirm', other)
    p.as_('founder', 'consent', 'withdraw', kind)
    a.new(to=DESK, profile='repatriation', rc=15, err='the consent was withdrawn')
    # The last word counts: what is given after a withdrawal is given.
    again = p.consent(a.person, DESK, 'Repatriation')
    assert a.new('-n', to=DESK, profile='repatriation')['consents'][0]['record'] == again
    p.consent(a.person, 'ImmigrationService', 'Repatriation', '--state', 'Refused')
    a.new(to=DESK, profile='repatriation', rc=15, err='the consent was refused')
    p.consent(a.person, DESK, 'Repatriation')


def medical(a, p):
    """Medical needs its own consent, and somebody who reads it: by a grant."""
    needs = lambda **k: {f for i in a.new('-n', to=DESK, profile='repatriation', **k)['items'] for f in i['fields']}
    assert '/medical/needs' not in needs() and '/medical/needs' in needs(who='founder')
    plan = a.new(to=DESK, profile='repatriation', who='founder', rc=15, err='for the section medical: it needs a consent that names it alone')
    assert [m['section'] for m in plan['missing']] == ['medical']
    p.consent(a.person, DESK, 'Repatriation', '--section', 'medical')
    assert not a.new('-n', to=DESK, profile='repatriation', who='founder')['missing']
    p.as_('medical', 'grant', '--record', a.person, '--section', 'medical', '--to', 'legal')
    assert '/medical/needs' in needs()
    id = a.new(to=DESK, profile='repatriation', who='legal')['package']
    a.write(id, 'care')
    got = [claims(t.decode())[0] for n, t in p.opened('care', DESK).items() if n.endswith('.sd-jwt')]
    assert [c['medical'] for c in got if 'medical' in c] == [{'needs': 'insulin'}] and not any('contact' in c for c in got)


def approved(a, p):
    p.as_('founder', 'policy', 'set', '--package-approvals', '9', rc=13, err='could never come together')
    p.as_('founder', 'policy', 'set', '--package-approvals', '1')
    assert p.json_as('legal', 'policy', 'show')[0]['package_quorum'] == 1
    id = a.new('--statement', a.testimony + '.1')['package']
    a.write(id, 'out', rc=15, err='it has 0 of the 1 approval')
    refused(p, 'export without approval')
    p.as_('legal', 'package', 'approve', '--yes', id, rc=13, err='you asked for it yourself')
    p.as_('medical', 'package', 'approve', '--yes', id, rc=13, err='only those who may send packages')
    p.as_('protection', 'package', 'approve', id, rc=13, err='nobody is there to confirm')
    p.as_('protection', 'package', 'approve', '--yes', a.office, rc=1, err='there is no package')
    told = p.as_('protection', 'package', 'approve', '--yes', '--reason', 'agreed with the team', id, err='Approved: 1 of 1')
    assert 'testimony.statements.0' in told and 'asked for by ' in told
    p.as_('protection', 'package', 'approve', '--yes', id, rc=1, err='you have approved it already')
    agreed = p.json_as('auditor', 'audit', 'log', '--action', 'agree')[-1]
    assert agreed['reason'] == 'agreed with the team' and a.person in agreed['ids']
    # Consent withdrawn after the approval stops it.
    p.as_('protection', 'consent', 'withdraw', a.consent)
    a.write(id, 'out', rc=15, err='consent is missing of %s for the section admin: the consent was withdrawn' % a.person)
    refused(p, 'export without consent')
    # One that was given since is not the one that it was approved with.
    a.consent = p.consent(a.person, OFFICE)
    a.write(id, 'out', rc=15, err='the consents are not those that it was asked for with')
    id = a.new('--statement', a.testimony + '.1')['package']
    p.as_('protection', 'package', 'approve', '--yes', id)
    a.write(id, 'out')
    a.write(id, 'twice', rc=1, err='this package was made already')
    p.as_('protection', 'package', 'approve', '--yes', id, rc=1, err='made already')
    return id


def left(a, p, id):
    """What is in the file: the chosen fields, and of the others not a letter."""
    files = p.opened('out', OFFICE)
    whole = b''.join(files.values())
    decoded = whole + b''.join(base64.urlsafe_b64decode(d + '=' * (-len(d) % 4)) for n, t in files.items() if n.endswith('.sd-jwt')
                               for d in t.decode().split('~')[1:-1])
    for secret in SECRETS:
        assert secret.encode() not in decoded and secret not in decoded.decode('utf-8', 'replace'), secret
    m = json.loads(files['manifest.json'])
    assert m['id'] == id and m['partner']['name'] == OFFICE and m['purpose'] == 'Prosecution' and m['basis'] == ''
    assert m['approved_by'] == [p.json_as('protection', 'status')[0]['member']]
    assert [(c['person'], c['record']) for c in m['consents']] == [(a.person, a.consent)]
    assert {f['name']: f['sha256'] for f in m['files']} == {n: hashlib.sha256(t).hexdigest() for n, t in files.items()
                                                           if n not in ('index.html', 'manifest.json', 'manifest.sig', 'padding')}
    by = {}
    for r in m['records']:
        told, binding = claims(files[r['sdjwt']].decode())
        assert (told['record_id'], told['version'], binding['aud'], binding['nonce']) == (r['record'], r['version'], OFFICE, id)
        for name, value in told.items():
            by.setdefault(r['record'], {})[name] = value
    assert by[a.person]['identity'] == PERSON['identity'] and by[a.person]['admin'] == {'role': 'Victim', 'cases': [a.case], 'registered': today()}
    assert [s['text'] for s in by[a.testimony]['testimony']['statements']] == [TESTIMONY['testimony']['statements'][0]['text']]
    assert not {'contact', 'medical', 'risk', 'legal', 'coded'} & set(by[a.person])
    rows = list(csv.reader(io.StringIO(files['redactions.csv'].decode())))
    assert [a.person, 'medical', 'the profile does not carry it'] in rows
    assert files['README.txt'].decode().count(OFFICE) == 1 and p.json_as('legal', 'status')[0]['fingerprint'] in files['README.txt'].decode()


def told_afterwards(a, p, id):
    """Which field went to whom, when, on which consent: the list, the history, the report."""
    row = [r for r in p.json_as('protection', 'package', 'list', '--case', a.case) if r['package'] == id][0]
    assert row['made'] and row['needed'] == 1 and len(row['approved_by']) == 1
    for record, field in ((a.person, '/identity/first_name'), (a.testimony, '/testimony/statements/0')):
        went = [h for h in p.json_as('protection', 'record', 'history', record) if h.get('about') == 'package' and h['package'] == id][0]
        assert field in went['fields'] and went['partner']['name'] == OFFICE and went['consents'][0]['record'] == a.consent
    assert 'for Prosecution, to ' + OFFICE in p.as_('protection', 'record', 'history', a.person)
    report = [e for e in p.json_as('auditor', 'audit', 'report', '--package', id)]
    mine = [e for e in report if e['record'] == a.person][0]
    assert 'identity.birth_date' in mine['sections'] and OFFICE in mine['detail'] and 'consent ' + a.consent in mine['detail']
    assert all(e['action'] == 'package' for e in report) and {e['record'] for e in report} >= {a.case, a.person, a.testimony, a.consent}
    rows = list(csv.reader(io.StringIO(p.as_('auditor', 'audit', 'report', '--csv', '--record', a.testimony))))
    assert rows[0] == ['time', 'by', 'record', 'field', 'what', 'reason'] and 'testimony.statements.0' in [r[3] for r in rows]
    p.as_('legal', 'audit', 'report', rc=13, err='none of your roles reads the access log')
    assert not p.json_as('intake', 'package', 'list')


def checked(a, p, id):
    """The other side: with nothing but the file and its key."""
    print_ = p.json_as('legal', 'status')[0]['fingerprint']
    told = json.loads(a.verify('out', rc=13, err='sender: you do not know the vault ' + print_))
    assert not told['verified'] and told['checks']['records'] == {'holds': True} and 'records' not in told
    a.verify('out', '--sender-key', 'aaaa-bbbb-cccc-dddd-eeee', rc=14, err='sender: it comes from the vault ' + print_)
    told = json.loads(a.verify('out', '--sender-key', print_))
    assert told['verified'] and all(c == {'holds': True} for c in told['checks'].values()), told['checks']
    assert {r['record_id'] for r in told['records']} >= {a.person, a.testimony} and told['manifest']['id'] == id
    assert json.loads(a.verify('out'))['verified']  # the sender is remembered
    shown = a.verify('out', '--show', show=True)
    assert 'First name: Хатуна' in shown and 'Text: Документы забрали сразу.' in shown and '  holds        it is one whole package' in shown
    assert 'insulin' not in shown
    a.verify('out', to=DESK, rc=13, err='sealed to another key')
    p.run('verify', p.path('out'), rc=2, err='name the file that holds yours', home=p.path('partner'))
    p.run('verify', p.path('passphrase'), rc=1, err='neither sealed with age nor a zip', home=p.path('partner'))
    sealed = open(p.path('out'), 'rb').read()
    for at in (200, 5000, len(sealed) - 3):
        bad = bytearray(sealed)
        bad[at] ^= 4
        open(p.path('bad'), 'wb').write(bad)
        a.verify('bad', rc=14)
    for cut in (len(sealed) - 1, len(sealed) // 2):
        open(p.path('bad'), 'wb').write(sealed[:cut])
        a.verify('bad', rc=14)


def by_hand(a, p, id):
    """As README.txt says: with age, unzip, sha256sum and openssl alone."""
    tool = lambda *args, **kw: subprocess.run(args, check=True, capture_output=True, cwd=p.path('by_hand'), **kw).stdout.decode()
    os.mkdir(p.path('by_hand'))
    tool('age', '-d', '-i', p.path(OFFICE + '.key'), '-o', 'package.zip', p.path('out'))
    assert 'No errors detected' in tool('unzip', '-t', 'package.zip')
    tool('unzip', '-q', 'package.zip')
    note = open(p.path('by_hand', 'manifest.sig')).read()
    text, lines = note.split('\n\n')
    _, vault, stated = text.split('\n')
    m = json.load(open(p.path('by_hand', 'manifest.json')))
    assert json.loads(stated) == {'manifest': tool('sha256sum', 'manifest.json').split()[0]} and vault == m['vault']
    sums = ''.join('%s  %s\n' % (f['sha256'], f['name']) for f in m['files'])
    tool('sha256sum', '-c', '--quiet', '-', input=sums.encode())
    policies = sorted(os.listdir(p.path('by_hand', 'policies')), key=lambda n: int(n.split('.')[0]))
    first, last = [open(p.path('by_hand', 'policies', n)).read() for n in (policies[0], policies[-1])]
    assert hashlib.sha256('\n'.join(first.split('\n')[:3] + ['']).encode()).hexdigest() == vault
    name, signature = lines.split(' ')[1:]
    keys = {}
    for member in json.loads(last.split('\n')[2])['members']:
        raw = base64.urlsafe_b64decode(member['line'].split(':')[1] + '==')
        keys['m' + hashlib.sha256(raw[:-64]).hexdigest()[:8]] = raw[5:37]
    open(p.path('by_hand', 'key.der'), 'wb').write(bytes.fromhex('302a300506032b6570032100') + keys[m['by']])
    open(p.path('by_hand', 'text'), 'w').write(text + '\n')
    open(p.path('by_hand', 'signature'), 'wb').write(base64.b64decode(signature)[4:])
    assert name.endswith('/member/' + m['by'])
    assert 'Verified' in tool('openssl', 'pkeyutl', '-verify', '-pubin', '-keyform', 'DER', '-inkey', 'key.der', '-rawin', '-in', 'text',
                              '-sigfile', 'signature')


def on_a_basis(a, p):
    """Without consent, on a law that is named: in the manifest, in the log, in every list."""
    p.as_('founder', 'policy', 'set', '--no-package-approvals')
    p.as_('protection', 'consent', 'withdraw', a.consent)
    plan = a.new('--legal-basis', RULE, '--reason', 'letter 7')
    a.write(plan['package'], 'ordered')
    assert json.loads(p.opened('ordered', OFFICE)['manifest.json'])['basis'] == RULE
    assert RULE in a.verify('ordered', show=True)
    log = p.as_('auditor', 'audit', 'log').split('\n')
    shouted = [l for l in log if l.startswith('WITHOUT CONSENT: ') and plan['package'] in l and 'LEGAL BASIS: ' + RULE in l]
    assert len(shouted) == 2 and log.index(shouted[0]) < [i for i, l in enumerate(log) if l.startswith('ENTRY')][0], log[:4]
    assert 'letter 7' in shouted[0]
    assert 'on a LEGAL BASIS' in p.as_('legal', 'package', 'list')
    assert 'LEGAL BASIS where consent is missing' in p.as_('legal', 'record', 'history', a.person)
    a.consent = p.consent(a.person, OFFICE)


def changed_since(a, p):
    """What was asked for is what goes, or nothing does."""
    id = a.new()['package']
    p.as_('protection', 'record', 'edit', a.person, '--set', 'identity.first_name=Мария')
    a.write(id, 'older')  # the version that was looked at
    assert 'Хатуна' in a.verify('older', '--show', show=True)
    id = a.new()['package']
    other = p.partner('Other')
    key = [r for r in p.json_as('founder', 'partner', 'list') if r['id'] == other][0]
    p.as_('founder', 'record', 'edit', a.office, '--set', 'directory.age_recipient=' + key['age_recipient'])
    a.write(id, 'elsewhere', rc=15, err="the partner's name or key was changed")
    p.as_('founder', 'record', 'edit', a.office, '--set', 'directory.name=Another office', '--set',
          'directory.age_recipient=' + p.json_as('legal', 'package', 'list')[-1]['partner']['recipient'])
    a.write(id, 'elsewhere', rc=15, err="the partner's name or key was changed")
    p.as_('founder', 'record', 'edit', a.office, '--set', 'directory.name=' + OFFICE)
    p.as_('founder', 'record', 'erase', a.person, '--reason', 'a test', '--really', '--confirm', a.person)
    a.write(id, 'erased', rc=1, err='erased')
    open(p.path('there'), 'w').write('mine')
    p.as_('legal', 'package', 'write', a.new('--without', a.person, '--legal-basis', 'hers no more')['package'], '-o', p.path('there'), rc=1, err='not overwritten')
    assert open(p.path('there')).read() == 'mine'


def no_longer(a, p):
    """A consent that expired yesterday, or covers something else by now, stops what was asked for under it."""
    id = a.new()['package']
    for change, err in (({'from': day(-9), 'until': day(-1)}, 'the consent is over'), ({'purpose': 'Referral'}, 'consent is missing of '),
                        ({'from': day(1)}, 'does not begin yet'), ({'sections': ['admin']}, 'does not name it'),
                        ({'partner': a.desk}, 'consent is missing of ')):
        before = p.json_as('founder', 'record', 'show', a.consent)[0]['consent']
        p.as_('founder', 'record', 'edit', a.consent, '-', stdin=json.dumps({'consent': dict(before, **change)}).encode())
        a.write(id, 'stale', rc=15, err=err)
        refused(p, 'export without consent')
        p.as_('founder', 'record', 'edit', a.consent, '-', stdin=json.dumps({'consent': before}).encode())
    # As it was, but another version than the one that was looked at.
    a.write(id, 'stale', rc=15, err='the consents are not those that it was asked for with')


def attached(a, p):
    """Files go along whose digests their records name; no others."""
    data = os.urandom(300000)
    open(p.path('photo.jpg'), 'wb').write(data)
    evidence = p.add('intake', {'type': 'evidence', 'admin': {'case': a.case, 'person': a.person}, 'evidence': {
        'kind': 'Photograph', 'attachments': [{'name': '../door é.jpg', 'sha256': hashlib.sha256(data).hexdigest(), 'bytes': len(data)}]}})
    id = a.new('--without', 'testimony')['package']
    open(p.path('other.jpg'), 'wb').write(data[:-1])
    a.write(id, 'with', '--attachment', p.path('other.jpg'), rc=2, err='stands in no record that goes')
    a.write(id, 'with', '--attachment', p.path('nowhere.jpg'), rc=1, err='nowhere.jpg')
    a.write(id, 'with', '--attachment', p.path('photo.jpg'))
    files = p.opened('with', OFFICE)
    assert files['attachments/1-..door.jpg'] == data, list(files)
    told = json.loads(a.verify('with'))
    assert told['verified'] and evidence in {r['record_id'] for r in told['records']}


def by_passphrase(a, p):
    p.as_('founder', 'partner', 'add', '--name', 'Lantern', '--purpose', 'Prosecution', '--country', 'AL', '--passphrase',
          '--type', 'LegalService')
    p.consent(a.person, 'Lantern')
    id = a.new(to='Lantern')['package']
    open(p.path('word'), 'w').write('too easy\n')
    a.write(id, 'locked', '--seal-passphrase-file', p.path('word'), rc=2)
    a.write(id, 'locked', rc=1, err='no terminal to ask')
    open(p.path('word'), 'w').write('seven lanterns over the harbour\n')
    a.write(id, 'locked', '--seal-passphrase-file', p.path('word'))
    home = p.path('partner')
    assert json.loads(p.run('verify', '--json', p.path('locked'), '--passphrase-file', p.path('word'), home=home))['verified']
    p.run('verify', p.path('locked'), '--passphrase-file', p.path('passphrase'), rc=12, err='wrong passphrase', home=home)
    p.run('verify', p.path('locked'), rc=1, err='no terminal to ask', home=home)


def test(p):
    p.vault()
    a = Act(p)
    for step in (without_consent, asked_for, narrowed, unread, rights, purposes, medical):
        step(a, p)
    id = approved(a, p)
    for step in (left, told_afterwards, checked, by_hand):
        step(a, p, id)
    for step in (on_a_basis, no_longer, attached, by_passphrase, changed_since):
        step(a, p)
    p.as_('auditor', 'audit', 'verify', '--contents', out='nothing is without its event')


if __name__ == '__main__':
    main(test)
