#!/usr/bin/env python3
"""One section of one record is opened to somebody who may not read it otherwise; what that does not open; refusals."""
import datetime, glob, json, os

from common import PERSON, TESTIMONY, main
from people import pseudonym, read

DAY = datetime.timedelta(days=1)


def today():
    return datetime.datetime.now(datetime.timezone.utc).date()


def notices(p, who, record):
    return [n for n in p.json_as(who, 'record', 'history', record) if 'about' in n]


def events(p, action):
    return [e for e in p.json_as('auditor', 'audit', 'log') if e['action'] == action]


def to_role(p):
    """All versions there are, to a role that reads no part of it; nothing else, and no later version."""
    record, other = p.add('protection', {k: v for k, v in PERSON.items() if k != 'medical'}), p.add('intake', PERSON)
    p.as_('analyst', 'record', 'show', '--section', 'contact', record, rc=13, err='none of your roles opens')
    p.as_('protection', 'grant', '--record', record, '--section', 'contact', '--to', 'analyst', '--reason', 'study 7',
          err='A version written later needs a grant of its own')
    shown = read(p, 'analyst', record)
    assert shown['contact']['mobile_phone'] == PERSON['contact']['mobile_phone']
    assert 'identity' not in shown and 'risk' not in shown and {'identity', 'risk'} <= set(shown['withheld'])
    p.as_('analyst', 'record', 'show', '--section', 'identity', record, rc=13, err='none of your roles opens')
    p.as_('analyst', 'record', 'show', '--section', 'contact', other, rc=13, err='none of your roles opens')
    # Each reading is an event, and so was the grant.
    assert [e['sections'] for e in events(p, 'read') if e['member'] == pseudonym(p, 'analyst')][-1] == ['contact', 'coded']
    assert events(p, 'grant')[-1]['reason'] == 'study 7' and events(p, 'grant')[-1]['detail'] == 'to analyst'
    # A version written later is closed to them, until it is granted as well.
    p.as_('protection', 'record', 'edit', record, '-', stdin=b'{"contact":{"mobile_phone":"+380501112233"}}')
    assert 'contact' not in read(p, 'analyst', record) and read(p, 'protection', record)['version'] == 2
    assert 'contact' in p.json_as('analyst', 'record', 'show', '--version', '1', record)[0]
    p.as_('analyst', 'record', 'show', '--version', '2', '--section', 'contact', record, rc=13)
    p.as_('protection', 'grant', '--record', record, '--section', 'contact', '--to', 'analyst', '--version', '2')
    assert read(p, 'analyst', record)['contact']['mobile_phone'] == '+380501112233'
    return record


def to_member(p):
    """One version, to one member: not to others of the role, not the other versions."""
    record = p.add('intake', TESTIMONY)
    p.as_('protection', 'record', 'edit', record, '-', stdin=json.dumps({'testimony': {'statements': [
        {'date': '2024-07-01', 'language': 'rus', 'text': 'Second.'}]}}).encode())
    who = pseudonym(p, 'medical')
    p.as_('legal', 'grant', '--record', record, '--section', 'testimony', '--to', who, '--version', '1')
    shown = p.json_as('medical', 'record', 'show', '--version', '1', '--section', 'testimony', record)[0]
    assert shown['testimony'] == TESTIMONY['testimony']
    p.as_('medical', 'record', 'show', '--version', '2', '--section', 'testimony', record, rc=13)
    p.as_('founder2', 'record', 'show', '--version', '1', '--section', 'testimony', record, rc=13)
    n = notices(p, 'protection', record)
    assert [(x['about'], x['section'], x['to'], x['version'], x['member']) for x in n] == [
        ('grant', 'testimony', who, 1, pseudonym(p, 'legal'))], n
    told = p.as_('protection', 'record', 'history', record)
    assert 'grant' in told and 'testimony of version 1 to ' + who in told and pseudonym(p, 'legal') in told
    return record


def carried(p):
    """What stands in an older version is opened with the version that was granted."""
    record = p.add('intake', PERSON)
    p.as_('protection', 'record', 'edit', record, '-', stdin=b'{"risk":{"level":"Low"}}')
    p.as_('protection', 'grant', '--record', record, '--section', 'contact', '--to', 'analyst', '--version', '2')
    assert p.json_as('analyst', 'record', 'show', '--version', '2', record)[0]['contact'] == PERSON['contact']
    p.as_('protection', 'grant', '--record', record, '--section', 'exploitation', '--to', 'analyst')
    for version in ('1', '2'):
        shown = p.json_as('analyst', 'record', 'show', '--version', version, record)[0]
        assert shown['exploitation'] == PERSON['exploitation'] and 'identity' not in shown


def refused(p, record):
    grant = lambda *a: ('grant', '--record', record, *a)
    p.as_('legal', *grant('--section', 'contact', '--to', 'analyst'), rc=13, err='nobody can grant what they cannot read')
    assert events(p, 'refused')[-1]['detail'] == 'no right to grant' and events(p, 'refused')[-1]['record'] == record
    before = p.archive()
    # A grantee cannot hand it on; nor can who reads no record, nor who only writes.
    for who in ('analyst', 'auditor', 'intake'):
        p.as_(who, *grant('--section', 'contact', '--to', 'legal'), rc=13, err='the attempt is in the log')
        assert events(p, 'refused')[-1]['member'] == pseudonym(p, who) and 'grant' in events(p, 'refused')[-1]['detail']
    last = events(p, 'refused')[-1]['entry']
    for a, rc, err in (
            (('--section', 'contact', '--to', 'nobody'), 1, 'there is no role or member nobody'),
            (('--section', 'contact', '--to', 'recovery'), 1, 'there is no role or member recovery'),
            (('--section', 'nothing', '--to', 'legal'), 2, 'has no section nothing'),
            (('--section', 'contact', '--to', 'legal', '--version', '9'), 1, 'has no version 9'),
            (('--section', 'contact', '--to', 'legal', '--until', str(today() - DAY)), 2, 'a day to come'),
            (('--section', 'contact', '--to', 'legal', '--until', '2030-02-30'), 2, 'a day to come'),
            (('--section', 'contact', '--to', 'legal', '--until', '2030-2-3'), 2, 'a day to come'),
            (('--section', 'contact', '--to', 'legal', '--until', 'tomorrow'), 2, 'a day to come'),
            (('--section', 'contact'), 2, 'wanted:'), (('--to', 'legal'), 2, 'wanted:'),
            (('--section', 'contact', '--to', 'legal', '--query', 'all'), 2, 'wanted:')):
        p.as_('protection', *grant(*a), rc=rc, err=err)
    p.as_('protection', 'grant', '--record', '0' * 26, '--section', 'contact', '--to', 'legal', rc=1)
    assert events(p, 'grant')[-1]['entry'] < last, 'nothing was granted'
    assert all(p.archive()[f].startswith(before[f]) for f in before)


def until(p, record):
    """The last day is said, and said to be a rule; what happens after it: tests/unit/custodians.c."""
    day = str(today() + DAY)
    err = 'that is a rule, not a lock'
    p.as_('protection', 'grant', '--record', record, '--section', 'risk', '--to', 'legal', '--until', day, err=err)
    p.as_('protection', 'grant', '--record', record, '--section', 'risk', '--to', 'analyst', '--until', str(today()), err=err)
    assert 'risk' in read(p, 'legal', record) and 'risk' in read(p, 'analyst', record)
    assert 'to legal until ' + day in p.as_('legal', 'record', 'history', record)
    assert notices(p, 'legal', record)[-2]['until'] == day


def bulk(p):
    query = ('grant', '--section', 'contact', '--to', 'medical')
    people = p.json_as('protection', 'record', 'list', '--type', 'person')
    n, before = len(people), len(events(p, 'grant'))
    p.as_('protection', *query, '--query', 'person', '--dry-run', err='%d records fit; nothing was changed' % n)
    p.as_('protection', *query, '--query', 'person', rc=13, err='nobody is there to confirm this')
    p.as_('protection', *query, '--query', 'nonsense', '--yes', rc=1, err='no record that you may see fits')
    p.as_('protection', *query, '--query', 'identity.second_name=Nobody', '--yes', rc=1, err='no record that you may see fits')
    assert len(events(p, 'grant')) == before
    one = p.add('intake', {'type': 'person', 'identity': {'first_name': 'Sole', 'second_name': 'Only'}, 'contact': {'mobile_phone': '+380507778899'}})
    p.as_('protection', *query, '--query', 'identity.second_name=Only', '--dry-run', err='1 record fits')
    p.as_('protection', *query, '--query', 'identity.second_name=Only', '--yes', err='of 1 record to medical')
    assert read(p, 'medical', one)['contact'] == {'mobile_phone': '+380507778899'}
    p.as_('protection', *query, '--query', 'all', '--yes', err='of %d records to medical' % (n + 1))
    assert len(events(p, 'grant')) == before + 2 + n
    for r in people:
        assert 'contact' in read(p, 'medical', r['id'])
    # Somebody who may not read the section grants none of them.
    p.as_('legal', *query, '--query', 'person', '--yes', rc=13, err='nobody can grant what they cannot read')


def newcomers(p, record):
    """A grant to a role is the role's: newcomers use it, rotations do not end it, who left has it no more."""
    p.as_('founder', 'member', 'add', '--role', 'analyst', p.identity('late'))
    assert read(p, 'late', record)['contact']['mobile_phone'] == '+380501112233'
    p.as_('founder', 'role', 'rotate', 'analyst')
    for who in ('late', 'analyst'):
        assert read(p, who, record)['contact']['mobile_phone'] == '+380501112233'
    p.as_('founder', 'member', 'add', '--role', 'analyst', p.identity('later'))
    assert read(p, 'later', record)['contact']['mobile_phone'] == '+380501112233'
    p.as_('founder', 'role', 'grant', pseudonym(p, 'late'), 'auditor')
    p.as_('founder', 'role', 'revoke', pseudonym(p, 'late'), 'analyst')
    p.as_('late', 'record', 'show', '--section', 'contact', record, rc=13)
    assert read(p, 'later', record)['contact']['mobile_phone'] == '+380501112233'
    p.as_('protection', 'grant', '--record', record, '--section', 'identity', '--to', 'analyst')
    assert read(p, 'later', record)['identity']['first_name'] == PERSON['identity']['first_name']


def searched(p):
    """What was granted is found by who got it, in the version that was granted as long as it stands; that reading names each record."""
    mine = lambda action: [e for e in events(p, action) if e['member'] == pseudonym(p, 'auditor')]
    record = p.add('intake', {'type': 'person', 'identity': {'first_name': 'Khatuna', 'second_name': 'Beridze'},
                              'contact': {'shelter': 'Violet House', 'mobile_phone': '+381641112223'}, 'risk': {'level': 'High'}})
    other = p.add('intake', {'type': 'person', 'contact': {'shelter': 'Violet House'}})
    def found(terms):
        return p.json_as('auditor', 'search', '-', stdin=terms.encode())
    def kept():
        return {f: os.stat(f).st_mtime_ns for f in glob.glob(p.home + '/.cache/casevault/*/index/*') if '/contact-' in f or '/identity-' in f}
    assert found('violet') == []
    p.as_('auditor', 'search', 'shelter:violet', rc=13, err='none of your roles opens the field shelter')
    to = pseudonym(p, 'auditor')
    for section in ('contact', 'identity'):
        p.as_('protection', 'grant', '--record', record, '--section', section, '--to', to)
    listed, cache = len(mine('list')), kept()
    assert [(h['id'], h['title'], h['found_in']) for h in found('violet')] == [(record, 'Khatuna Beridze', ['contact.shelter'])]
    e, = [e for e in mine('list')[listed:] if e.get('detail') == 'what was granted']
    assert e['ids'] == [record] and sorted(e['sections']) == ['contact', 'identity'], e
    e = mine('search')[-1]
    assert e['ids'] == [record] and sorted(e['sections']) == ['contact', 'identity'] and e['terms'] == 'violet', e
    assert [h['id'] for h in found('хатуна shelter:violet')] == [record] == found('00381641112223')[0]['id'].split()
    assert found('high') == [] and [h['id'] for h in found('Khatina')] == [record] and other not in str(found('violet OR house'))
    p.as_('auditor', 'search', 'level:high', rc=13, err='none of your roles opens the field level')
    # Nothing of it is kept, and what stands in a later version is closed, and not found by what stood before.
    assert kept() == cache
    p.as_('auditor', 'audit', 'verify', '--contents')
    p.as_('protection', 'record', 'edit', record, '-', stdin=b'{"contact":{"shelter":"Amber House"}}')
    assert found('amber') == []
    p.as_('protection', 'grant', '--record', record, '--section', 'contact', '--to', to)
    assert [h['id'] for h in found('amber khatuna')] == [record] and found('violet') == []
    # Who reads it by a role finds it as before, and once.
    assert [h['id'] for h in p.json_as('protection', 'search', 'amber')] == [record]


def test(p):
    p.vault(roles=('intake', 'protection', 'legal', 'medical', 'analyst', 'auditor'))
    p.as_('founder', 'member', 'add', '--role', 'medical', p.identity('founder2'))
    record = to_role(p)
    to_member(p)
    searched(p)
    carried(p)
    refused(p, record)
    until(p, record)
    bulk(p)
    newcomers(p, record)
    p.run('audit', 'verify', '--vault', p.path('vault'), out='The log is whole')
    p.run('check', '--vault', p.path('vault'), out='nothing is damaged')


if __name__ == '__main__':
    main(test)
