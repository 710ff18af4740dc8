#!/usr/bin/env python3
"""Partners are added with a key that they read out; consents are given, refused, withdrawn, and told in plain words."""
import datetime, hashlib, os, pty, re, subprocess, tarfile

from common import PERSON, main
from grants import events, today
from people import pseudonym
from screen import check_lines, screen

DAY = datetime.timedelta(days=1)
OFFICE = 'Office of the Prosecutor'
ADD = ('partner', 'add', '--name', OFFICE, '--purpose', 'Prosecution', '--country', 'RS')
PROSECUTION = ['admin', 'identity', 'exploitation', 'perpetrators', 'testimony', 'evidence']
NORMAL = 'nothing may leave, and support does'


def fresh_key():
    """A key that age itself made: the recipient, and its fingerprint as sha256sum tells it."""
    secret = subprocess.check_output(['age-keygen'], stderr=subprocess.DEVNULL)
    recipient = subprocess.check_output(['age-keygen', '-y'], input=secret).decode().strip()
    digits = hashlib.sha256(recipient.encode()).hexdigest()[:20]
    return recipient, '-'.join(re.findall('....', digits))


def partners(p, who='protection'):
    return p.json_as(who, 'partner', 'list')


def typed(p, answer, *args):
    """The command at a terminal of its own; what it wrote there, and its exit status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(p.binary, [p.binary, *args, *p.who('protection')], p.env())
    told = b''
    try:
        while True:
            told += os.read(fd, 4096)
            if b'Type what they read out: ' in told and answer is not None:
                os.write(fd, answer.encode() + b'\n')
                answer = None
    except OSError:
        pass
    p.checks += 1
    os.close(fd)
    return told.decode().replace('\r\n', '\n'), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def added(p):
    recipient, fingerprint = fresh_key()
    key = ('--recipient', recipient)
    p.as_('protection', 'partner', 'list', err='No partners that you may see')
    assert partners(p) == []
    # Nothing is stored that was not read out.
    wrong = fingerprint[:-1] + ('0' if fingerprint[-1] != '0' else '1')
    count = len(p.json_as('protection', 'record', 'list'))
    for said in (wrong, fingerprint[:-1], fingerprint + '0', '', fingerprint.replace('-', '_')):
        p.as_('protection', *ADD, *key, '--print', said, rc=13, err='not what was read out: it is not theirs; nothing was stored')
        assert 'hint: let them send the key another way' in p.told and fingerprint in p.told
    p.as_('protection', *ADD, *key, rc=13, err='nobody is there to confirm')
    assert fingerprint in p.told and 'printf %s age1... | sha256sum' in p.told
    told, rc = typed(p, wrong, *ADD, *key)
    assert rc == 13 and 'it is not theirs' in told
    assert len(p.json_as('protection', 'record', 'list')) == count and not events(p, 'create')[count:]
    # As they might say it: without groups, in capitals.
    told, rc = typed(p, fingerprint.replace('-', ' ').upper(), *ADD, *key)
    assert rc == 0 and 'sealed to %s, confirmed today' % fingerprint in ' '.join(told.split()), told
    one = partners(p)[0]
    assert one == {'id': one['id'], 'version': 1, 'name': OFFICE, 'type': None, 'purpose': 'Prosecution', 'country': 'RS',
                   'city': None, 'phone': None, 'age_recipient': recipient, 'confirmed': str(today()), 'fingerprint': fingerprint}
    p.as_('protection', *ADD, *key, '--print', fingerprint, rc=1, err='there is a partner %s already, record %s' % (OFFICE, one['id']))
    other = list(ADD)
    other[3] = 'Return Desk'
    told = p.json_as('founder', *other, *key, '--print', fingerprint.replace('-', ''), '--type', 'ImmigrationService', '--city',
                     'Tirana', '--phone', '+35542555010', '--reason', 'agreement 7')[0]
    assert told == {'id': told['id'], 'version': 1} and events(p, 'create')[-1]['reason'] == 'agreement 7'
    desk = partners(p, 'intake')[-1]
    assert (desk['id'], desk['type'], desk['city'], desk['phone']) == (told['id'], 'ImmigrationService', 'Tirana', '+35542555010')
    other[3] = 'Lantern'
    p.as_('protection', *other, '--passphrase', err='It is not kept here')
    lantern = partners(p)[-1]
    assert (lantern['age_recipient'], lantern['confirmed'], lantern['fingerprint']) == ('passphrase', None, None)
    return one


def not_added(p):
    recipient, fingerprint = fresh_key()
    key = ('--recipient', recipient, '--print', fingerprint)
    count = len(events(p, 'create'))
    changed = lambda name, value: [value if i > 0 and ADD[i - 1] == name else w for i, w in enumerate(ADD)]
    new = changed('--name', 'Another')
    wanted = 'wanted: --name NAME, --purpose PURPOSE, --country CC, and either --recipient age1... or --passphrase'
    for args, rc, err in (
            ((*new, '--recipient', recipient[:-1]), 1, 'not an age1... key; copy the whole of it again'),
            ((*new, '--recipient', recipient + ' '), 1, 'not an age1... key'),
            ((*new, '--recipient', recipient.upper()), 1, 'not an age1... key'),
            ((*new, '--recipient', 'passphrase'), 1, 'not an age1... key'),
            ((*new,), 2, wanted), ((*new, *key, '--passphrase'), 2, wanted), ((*ADD[:6], *key), 2, wanted),
            ((*new, '--passphrase', '--print', fingerprint), 2, '--print is of a recipient'),
            ((*changed('--purpose', 'Gossip'), *key), 1, 'purpose: Gossip is none of Prosecution, Repatriation, Referral, '),
            ((*new, *key, '--type', 'Club'), 1, 'type: Club is none of NGO, LawEnforcement, '),
            ((*changed('--country', 'Serbia'), *key), 1, 'partner.directory.country: not a country'),
            ((*new, *key, '--phone', '12'), 1, 'partner.directory.phone: not a telephone number'),
            ((*changed('--name', 'a\nb'), *key), 1, 'partner.directory.name: holds a control'),
            ((*changed('--name', ''), *key), 1, 'partner.directory.name: is empty')):
        p.as_('protection', *args, rc=rc, err=err)
    # Who may not write the directory is told so before anybody is called.
    for who in ('auditor', 'intake', 'legal', 'medical'):
        p.as_(who, *new, *key, rc=13, err='none of your roles may write the section directory')
        last = events(p, 'refused')[-1]
        assert (last['member'], last['detail'], last['sections']) == (pseudonym(p, who), 'no right to create', ['directory']), last
    assert len(events(p, 'create')) == count


def listed(p):
    """What others wrote into the directory is told as it is."""
    recipient, fingerprint = fresh_key()
    for name, more in (('Silent', {}), ('Wrong', {'age_recipient': 'age1x'}), ('Unheard', {'age_recipient': recipient})):
        p.add('protection', {'type': 'partner', 'directory': {'name': name, **more}})
    # A day says nothing of a key that was put in the place of the one whose fingerprint was read out.
    p.add('protection', {'type': 'partner', 'directory': {'name': 'Exchanged', 'age_recipient': recipient, 'confirmed': str(today()),
                                                          'fingerprint': '0000-0000-0000-0000-0000'}})
    rows = [re.split('  +', l) for l in p.as_('auditor', 'partner', 'list').strip().split('\n')]
    assert rows[0] == ['NAME', 'PURPOSE', 'COUNTRY', 'SEALED TO', 'CONFIRMED', 'PARTNER']
    told = {r[0]: r[1:5] for r in rows[1:]}
    assert told['Lantern'] == ['Prosecution', 'RS', 'passphrase', '-'] and told[OFFICE][3] == str(today())
    assert told['Silent'] == ['-', '-', 'nothing yet', '-'] and told['Wrong'] == ['-', '-', 'no good key', '-']
    assert told['Unheard'] == told['Exchanged'] == ['-', '-', fingerprint, 'not confirmed']
    look = [e for e in events(p, 'list') if e['detail'] != 'names of members'][-1]
    assert look['detail'] == 'partners' and look['sections'] == ['directory'] and look['member'] == pseudonym(p, 'auditor')
    assert len(look['ids']) == len(rows) - 1


def give(person, *more, to=OFFICE, purpose='Prosecution', spoken=('--language', 'rus', '--explained', 'Read out twice.')):
    return ('consent', 'give', '--person', person, '--to', to, '--purpose', purpose, *spoken, *more)


def shown(p, *args, who='protection'):
    return p.json_as(who, 'consent', 'show', *args)


def given(p, partner):
    person = p.add('protection', {k: v for k, v in PERSON.items() if k != 'medical'})
    case = p.add('protection', {'type': 'case', 'admin': {'case_number': 'A-1', 'status': 'Active'}})
    for args in ((), ('--person', person), ('--case', case)):
        assert p.as_('protection', 'consent', 'show', *args, err='No consent is recorded. That is a normal state') == ''
        assert NORMAL in p.told and shown(p, *args) == []
    # By name, with all that packages for it carry; from today on.
    one = p.as_('protection', *give(person), err='It covers: Administration, Identity, Exploitation, Perpetrators, Testimony').strip()
    assert 'Stored: from %s, until it is withdrawn' % today() in p.told
    row = shown(p, one)[0]
    assert row['consent'] == {'person': person, 'state': 'Given', 'purpose': 'Prosecution', 'from': str(today()), 'language': 'rus',
                              'explained': 'Read out twice.', 'sections': PROSECUTION, 'partner': partner['id']}
    assert (row['id'], row['version'], row['today'], row['in_force']) == (one, 1, 'in force', True)
    assert (row['person_name'], row['partner_name']) == ('Хатуна Щербакова', OFFICE)
    # By the partner's id, in small letters, as somebody typed it; with all the rest.
    until = str(today() + DAY)
    two = p.json_as('legal', *give(person.lower(), '--case', case, '--section', 'identity', '--section', 'admin', '--section', 'identity',
                                   '--from', '2020-01-31', '--until', until, '--guardian', 'Ana', '--research', '--withdrawal',
                                   'By word of mouth.', '--reason', 'interview 2', to=partner['id'].lower()))[0]
    assert two['version'] == 1 and events(p, 'create')[-1]['reason'] == 'interview 2'
    row = shown(p, '--case', case)[0]
    assert row['id'] == two['id'] and row['consent'] == {
        'case': case, 'person': person, 'state': 'Given', 'purpose': 'Prosecution', 'from': '2020-01-31', 'until': until,
        'language': 'rus', 'explained': 'Read out twice.', 'guardian': 'Ana', 'withdrawal': 'By word of mouth.', 'research': True,
        'sections': ['identity', 'admin'], 'partner': partner['id']}
    # To a kind of organisation; what needs a consent of its own is not in the default, and stands alone.
    p.as_('protection', *give(person, to='ImmigrationService', purpose='Repatriation'))
    data = shown(p)[-1]['consent']
    assert data['recipient'] == 'ImmigrationService' and 'partner' not in data
    assert data['sections'] == ['admin', 'identity', 'contact', 'risk']
    p.as_('protection', *give(person, '--section', 'medical', purpose='Medical', to='HealthServiceOrganisation'))
    assert shown(p)[-1]['consent']['sections'] == ['medical']
    assert [c['id'] for c in shown(p, '--person', person)][:2] == [one, two['id']] and len(shown(p, '--person', person)) == 4
    return person, case, one


def intake(p):
    """Who writes but does not read is taken at their word, and told what was not checked."""
    person = p.add('intake', PERSON)
    one = p.as_('intake', *give(person), err='You may not read when they were born').strip()
    assert shown(p, one)[0]['consent']['person'] == person
    p.as_('intake', 'consent', 'show', rc=13, err='none of your roles opens the section consent; the attempt is in the log')
    p.as_('intake', 'consent', 'withdraw', one, rc=13)


def said_no(p, person):
    """Saying no is a normal state."""
    no = p.as_('protection', *give(person, '--state', 'Refused'), err='Stored: they said no. That is a normal state').strip()
    p.as_('protection', *give(person, '--state', 'NotAsked', spoken=()), err='Stored: they were not asked. That is a normal state')
    row, other = shown(p, no)[0], shown(p)[-1]
    assert (row['today'], row['in_force'], row['consent']['sections']) == ('refused', False, PROSECUTION)
    assert other['today'] == 'not asked' and not {'from', 'sections', 'language'} & set(other['consent'])
    p.as_('protection', 'consent', 'show', no, out='In force today: no: they said no. That is a normal state')
    p.as_('protection', 'consent', 'withdraw', no, rc=1, err='was never given, so there is nothing to withdraw')


def not_given(p, person, case):
    none = '0' * 26 + '0'
    before, count = len(events(p, 'create')), len(shown(p))
    for args, rc, err in (
            (('consent', 'give', '--person', person), 2, 'wanted: --person ID, --to PARTNER or KIND, --purpose PURPOSE'),
            (give(person, spoken=()), 2, 'in which language was it explained, and how?'),
            (give(person, spoken=('--language', 'rus')), 2, 'in which language was it explained, and how?'),
            (give(person, '--state', 'Refused', spoken=()), 2, 'in which language was it explained, and how?'),
            (give(person, '--state', 'Withdrawn'), 2, 'is withdrawn with `consent withdraw ID`'),
            (give(person, '--state', 'Perhaps'), 1, 'state: Perhaps is none of Given, Refused'),
            (give(person, purpose='Gossip'), 1, 'purpose: Gossip is none of Prosecution'),
            (give(person, purpose='Medical'), 2, 'no package carries anything for Medical by itself'),
            (give(person, spoken=('--language', 'Russian', '--explained', 'x')), 1, 'consent.consent.language: not a language'),
            (give(person, '--section', 'gossip'), 2, 'there is no section gossip; see `section list`'),
            (give(person, '--section', 'audit'), 2, 'there is no section audit'),
            (give(person, '--section', 'identity', '--section', 'medical'), 2, 'medical needs a consent of its own'),
            (give(person, '--section', 'medical', '--section', 'admin'), 2, 'medical needs a consent of its own'),
            (give(person, '--until', str(today() - DAY)), 2, 'lies before the first day, %s' % today()),
            (give(person, '--from', '2030-01-02', '--until', '2030-01-01'), 2, '--until 2030-01-01 lies before the first day'),
            (give(person, '--from', '2030-02-30'), 2, '--from wants a day, as YYYY-MM-DD'),
            (give(person, '--until', '2030'), 2, '--until wants a day, as YYYY-MM-DD'),
            (give(case), 2, 'record %s is of type case, not person' % case),
            (give(person, '--case', person), 2, 'record %s is of type person, not case' % person),
            (give(none), 1, 'there is no record %s that you may see' % none),
            (give(person[:-1]), 1, 'consent.consent.person: not a record id, or mistyped'),
            (give(person, '--case', none), 1, 'there is no record'),
            (give(person, to='Nobody'), 1, '--to: no partner that you may see, and no kind: NGO, LawEnforcement, '),
            (give(person, to=none), 1, '--to: no partner that you may see'),
            (give(person, to=person), 2, 'record %s is of type person, not partner' % person)):
        p.as_('protection', *args, rc=rc, err=err)
    for who in ('auditor', 'medical', 'analyst'):
        p.as_(who, *give(person), rc=13, err='none of your roles may write the section consent')
        assert events(p, 'refused')[-1]['member'] == pseudonym(p, who) and events(p, 'refused')[-1]['sections'] == ['consent']
    for who in ('auditor', 'analyst'):
        p.as_(who, 'consent', 'show', rc=13, err='none of your roles opens the section consent; the attempt is in the log')
        assert events(p, 'refused')[-1]['member'] == pseudonym(p, who)
    # Two of one name, written past `partner add`: it must be said which.
    for _ in range(2):
        p.add('protection', {'type': 'partner', 'directory': {'name': 'Twin'}})
    p.as_('protection', *give(person, to='Twin'), rc=2, err='2 partners have the name Twin: say which by its id')
    assert len(events(p, 'create')) == before + 2 and len(shown(p)) == count


def minors(p):
    """A child's yes wants a guardian's; where only a year or month is known, who may be a child counts as one."""
    now, wanted = today(), 'they are under 18, or may be: somebody consents with them; add --guardian NAME'
    year = now.year - 18
    late = datetime.date(year, 12, 31) if (now.month, now.day) != (12, 31) else None
    rows = [(str(datetime.date(now.year - 17, 1, 1)), False), (str(year - 1), True), (str(year + 1), False),
            ('%d-%02d' % (year - 1, now.month), True), (None, True)]
    if now.day <= 28:
        rows += [(str(datetime.date(year, now.month, now.day)), True)]
        if now.day > 1:
            rows += [(str(datetime.date(year, now.month, now.day) - DAY), True), ('%d-%02d' % (year, now.month), False)]
    if late:
        rows += [(str(year), False), (str(late), False)]
    for birth, ok in rows:
        identity = {'first_name': 'A', **({'birth_date': birth} if birth else {})}
        person = p.add('protection', {'type': 'person', 'identity': identity})
        if ok:
            p.as_('protection', *give(person))
        else:
            p.as_('protection', *give(person), rc=2, err=wanted)
            assert shown(p, '--person', person) == []
    person = p.add('protection', {'type': 'person', 'identity': {'birth_date': str(now.year - 10)}})
    p.as_('protection', *give(person, '--guardian', 'Her aunt'))
    assert shown(p, '--person', person)[0]['consent']['guardian'] == 'Her aunt'
    # Looking was a reading. A no wants nobody's leave, and nobody looks.
    p.as_('protection', *give(person), rc=2)
    last = events(p, 'read')[-1]
    assert (last['record'], last['sections']) == (person, ['identity'])
    count = len(events(p, 'read'))
    p.as_('protection', *give(person, '--state', 'Refused'))
    assert len(events(p, 'read')) == count


def withdrawn(p, person, one):
    assert p.as_('legal', 'consent', 'withdraw', one, '--reason', 'she called', err='It does not reach packages') == one + ' version 2\n'
    assert 'see `package list`' in p.told
    assert events(p, 'edit')[-1]['reason'] == 'she called' and events(p, 'edit')[-1]['record'] == one
    row = shown(p, one)[0]
    assert (row['version'], row['today'], row['in_force'], row['consent']['state']) == (2, 'withdrawn', False, 'Withdrawn')
    assert row['consent']['sections'] == PROSECUTION, 'the rest stays as it was'
    none = '0' * 26 + '0'
    for who, args, rc, err in (
            ('legal', (one,), 1, 'consent %s was withdrawn already; nothing was changed' % one),
            ('legal', (person,), 2, 'record %s is of type person, not consent' % person),
            ('legal', (none,), 1, 'there is no record'), ('legal', ('x',), 1, ''), ('legal', (), 2, 'wrong number of arguments'),
            ('medical', (one,), 13, 'none of your roles may write the section consent'),
            ('auditor', (one,), 13, 'none of your roles opens any part of this record; the attempt is in the log')):
        p.as_(who, 'consent', 'withdraw', *args, rc=rc, err=err)
    two = [c['id'] for c in shown(p, '--person', person) if c['in_force']][0]
    assert p.json_as('protection', 'consent', 'withdraw', two)[0] == {'id': two, 'version': 2}
    # In the order of the last versions.
    order = [c['id'] for c in shown(p)]
    assert order[-2:] == [one, two]


def lost(p, person):
    """A withdrawal that cannot be read any more brings no consent back; one that was given later stands."""
    ours = lambda **more: {c['id']: c['today'] for c in shown(p, '--person', person, **more)}
    erased, damaged, last = (p.as_('protection', *give(person, to='NGO')).strip() for _ in range(3))
    for one in (erased, damaged):
        p.as_('protection', 'consent', 'withdraw', one)
    p.as_('protection', 'record', 'erase', erased, '--versions', '2-2', '--reason', 'x', '--really', '--confirm', erased)
    assert ours()[erased] == 'doubtful' and shown(p, erased)[0]['today'] == 'doubtful'
    entry = [r['entry'] for r in p.json_as('legal', 'record', 'list') if r['id'] == damaged][0]
    with open(p.path('vault', 'archive', list(p.archive())[-1]), 'r+b') as f:
        at = [m.offset_data + m.size // 2 for m in tarfile.open(fileobj=f).getmembers() if m.name == '%011d-record' % entry][0]
        f.seek(at)
        byte = f.read(1)[0]
        f.seek(at)
        f.write(bytes([byte ^ 1]))
    # Who knew of it finds it damaged; who did not, that something after it is.
    assert damaged not in ours()
    p.as_('protection', 'consent', 'show', damaged, rc=14)
    now = ours(who='medical')
    assert (now[damaged], now[erased], now[last]) == ('doubtful',) * 3, now
    assert shown(p, damaged, who='medical')[0]['in_force'] is False
    p.as_('medical', 'consent', 'show', damaged, out='In force today: no: something later cannot be read')
    # Asked again, and written down anew.
    p.as_('protection', *give(person, to='NGO'))
    assert [list(ours(who=w).values())[-1] for w in ('protection', 'medical')] == ['in force'] * 2


def told(p, person, one):
    """In plain words: whose, to whom, until when, and why not."""
    text = p.as_('protection', 'consent', 'show', one)
    for line in ('Consent %s, version 2: withdrawn' % one, '  Whose: Хатуна Щербакова (record %s)' % person,
                 '  In force today: no: it was withdrawn', '  For what: Prosecution', '  Explained in: rus',
                 '  It covers: Administration; Identity; Exploitation; Perpetrators; Testimony; Evidence',
                 '  How it was explained: Read out twice.'):
        assert line in text.split('\n'), (line, text)
    assert '  To whom: %s (record ' % OFFICE in text
    over = p.add('protection', {'type': 'consent', 'consent': {'person': person, 'state': 'Given', 'purpose': 'Referral',
                                                               'recipient': 'NGO', 'until': '2020-12-31'}})
    soon = p.as_('protection', *give(person, '--from', '2100-01-01', to='NGO', purpose='Referral')).strip()
    p.as_('protection', 'consent', 'show', over, out='no: it is over since its last day, 2020-12-31')
    p.as_('protection', 'consent', 'show', over, out='  To whom: anybody of the kind NGO\n')
    p.as_('protection', 'consent', 'show', soon, out='no: it begins on 2100-01-01')
    # Names are those that one may read; each look is in the log.
    p.as_('medical', 'consent', 'show', '--person', person, out='Whose: Хатуна Щербакова')
    looks = [e['detail'] for e in events(p, 'list') if e['member'] == pseudonym(p, 'medical')]
    assert looks[-3:] == ['consents', 'titles', 'partners'], looks
    none = '0' * 26 + '0'
    for args, rc, err in ((('--person', none), 1, 'there is no record'), (('--case', person), 2, 'is of type person, not case'),
                          ((none,), 1, 'there is no record'), ((person,), 2, 'is of type person, not consent'),
                          ((one, '--person', person), 2, 'give either the ID of a consent, or --person and --case')):
        p.as_('protection', 'consent', 'show', *args, rc=rc, err=err)
    for command in (['consent', 'show'], ['partner', 'list'], *([c, v, '--help'] for c, v in (
            ('consent', 'show'), ('consent', 'give'), ('consent', 'withdraw'), ('partner', 'add'), ('partner', 'list')))):
        check_lines(screen(p, 'protection', *command))
    assert any(l.startswith('PARTNER ') for l in screen(p, 'protection', 'partner', 'list'))


def asked_why(p, person, one):
    p.as_('founder', 'policy', 'set', '--require-reason')
    for args in (('partner', 'list'), ('consent', 'show'), ('consent', 'show', one), give(person), (*ADD[:3], 'New', *ADD[4:], '--passphrase')):
        p.as_('protection', *args, rc=2, err='this vault asks why')
        p.as_('protection', *args, '--reason', 'the yearly look')
    assert events(p, 'create')[-1]['reason'] == 'the yearly look'


def test(p):
    p.vault(('intake', 'protection', 'legal', 'medical', 'analyst', 'auditor'))
    partner = added(p)
    not_added(p)
    listed(p)
    person, case, one = given(p, partner)
    intake(p)
    said_no(p, person)
    not_given(p, person, case)
    minors(p)
    withdrawn(p, person, one)
    told(p, person, one)
    p.run('audit', 'verify', '--vault', p.path('vault'), out='The log is whole')
    p.run('check', '--vault', p.path('vault'), out='nothing is damaged')
    lost(p, person)
    asked_why(p, person, one)


if __name__ == '__main__':
    main(test)
