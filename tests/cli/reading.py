#!/usr/bin/env python3
"""Reading at a terminal: a case with its timeline; long answers page by page, on a screen that leaves nothing behind."""
import json, os, time

from common import PERSON, Terminal, main, today

LONG = '\n'.join('Line %03d of what she said.' % i for i in range(1, 120))


class Screen(Terminal):
    """What a pager shows."""

    def __init__(self, p, who, *args, **env):
        super().__init__(p, who, *args, TERM='xterm', **env)

    def until(self, *ends):
        """What is shown until it ends like that, or it is over."""
        return self.read(lambda shown, quiet: bool(ends) and shown.endswith(ends), 0.1).decode()

    def type(self, keys):
        os.write(self.fd, keys)

    def end(self):
        return self.over()


def paged(p, testimony):
    if not os.path.exists('/usr/bin/less'):
        return
    for keys in (b'q', b'\x03q', b' q'):
        s = Screen(p, 'protection', 'record', 'show', testimony, LESS='-o' + p.path('leak'), LESSOPEN='|touch %s' % p.path('opened'))
        first = s.until(b':', b':\x1b[K')
        assert '\x1b[?1049h' in first and 'Line 001' in first and 'Line 119' not in first, first
        rest = ''
        for key in keys:
            time.sleep(0.5)  # Ctrl-C throws away what is typed while less sees to it
            s.type(bytes([key]))
            rest += s.until(*() if key == keys[-1] else (b':', b':\x1b[K'))
        assert '\x1b[?1049l' in rest, rest
        after = rest.split('\x1b[?1049l')[1]
        assert 'Line' not in after, after  # what was not read is not on the screen that stays
        assert s.end() == 0
        p.checks += 1
    # It starts nothing and writes nothing, whatever is typed.
    s = Screen(p, 'protection', 'record', 'show', testimony)
    s.until(b':', b':\x1b[K')
    for keys in (b'!', b'touch ran\n', b's', p.path('saved').encode() + b'\n', b'\n', b'q', b'q'):
        s.type(keys)
        time.sleep(0.3)
    shown = s.until()
    assert 'not available' in shown and s.end() == 0, shown
    assert not any(os.path.exists(p.path(f)) for f in ('ran', 'saved', 'leak', 'opened'))
    left = [os.path.join(d, f) for d, _, names in os.walk(p.home) for f in names]
    assert not any('less' in f for f in left), left
    # A short one is simply printed; so is everything where it is asked for, or where nobody sits.
    s = Screen(p, 'protection', 'record', 'show', '--section', 'admin', testimony)
    shown = s.until()
    assert '\x1b[?1049h' not in shown and 'Administration' in shown and s.end() == 0, shown
    s = Screen(p, 'protection', 'record', 'show', '--no-pager', testimony)
    shown = s.until()
    assert '\x1b[?1049h' not in shown and 'Line 119' in shown and s.end() == 0
    assert 'Line 119' in p.as_('protection', 'record', 'show', testimony)
    p.checks += 4


def cases(p):
    case, victim, _ = p.case()
    other = p.add('protection', {'type': 'event', 'admin': {'case': case}, 'exploitation': {'type': 'Transit', 'date': '2024-01-03'}})
    p.partner('Prosecutor', by='founder')
    p.consent(victim, 'Prosecutor', 'Prosecution', '--case', case)
    doc, = p.json_as('protection', 'case', 'show', case)
    assert doc['case'] == case and doc['title'] == 'RS-1' and doc['status'] == 'Active' and doc['unread'] == 0, doc
    assert [x['title'] for x in doc['persons']] == ['Хатуна Щербакова'] and doc['persons'][0]['role'] == 'Victim', doc
    dates = [m.get('date') for m in doc['moments']]
    assert dates == sorted(d for d in dates if d) + [None] * dates.count(None), dates
    what = {(m.get('date'), m['type']): m['text'] for m in doc['moments'] if 'type' in m}
    assert what[('2024-01-03', 'event')] == 'Transit' and what[('2024-05-01', 'testimony')].startswith('Документы'), what
    assert not any(m.get('date') == '1990-02-28' for m in doc['moments'])  # a birthday is nothing that happened in the case
    text = p.as_('protection', 'case', 'show', case, out='What happened')
    assert '2024-01-03 Event, Date: Transit (%s)' % other in text, text
    # What one may not read is not there; what is no case is none.
    doc, = p.json_as('medical', 'case', 'show', case)
    assert not any('Документы' in m['text'] for m in doc['moments']), doc
    p.as_('protection', 'case', 'show', victim, rc=2, err='name the case')
    p.as_('auditor', 'case', 'show', case, rc=13)
    # The log names every record that was looked into, under the reason.
    p.as_('protection', 'case', 'show', case, '--reason', 'hearing tomorrow')
    events = [e for e in p.json_as('auditor', 'audit', 'log') if e.get('reason') == 'hearing tomorrow']
    named = json.dumps(events)
    assert all(i in named for i in (case, victim, other)), events


def attention(p):
    """status --full: consents that are about to end, records that need not be kept, heads without their cosignatures."""
    before = p.json_as('protection', 'status', '--full')[0]
    assert before['consents_ending'] == 0 and before['records_due'] == 0 and 'heads_asked' not in before, before
    assert 'consents_ending' not in p.json_as('protection', 'status')[0]
    person = p.add('protection', {'type': 'person', 'admin': {'role': 'Victim'}, 'identity': {'first_name': 'Vera'}})
    soon = time.strftime('%Y-%m-%d', time.gmtime(time.time() + 10 * 86400))
    later = time.strftime('%Y-%m-%d', time.gmtime(time.time() + 60 * 86400))
    for until in (later, soon, today()):
        p.consent(person, 'Prosecutor', 'Prosecution', '--until', until)
    p.add('protection', {'type': 'case', 'admin': {'case_number': 'Old', 'status': 'Closed', 'opened': '1980-01-01', 'closed': '1985-01-01'}})
    doc = p.json_as('protection', 'status', '--full')[0]
    assert doc['consents_ending'] == 2 and doc['records_due'] == 1, doc
    said = p.as_('protection', 'status', '--full', out='2 will be over within 30 days, the first on ' + today())
    assert '1 need not be kept' in said and not [l for l in said.split('\n') if len(l) > 80], said
    # Who may not read them is not told.
    assert 'consents_ending' not in p.json_as('auditor', 'status', '--full')[0]


def glance(p):
    """Above a record: its versions, and the consents of a person, or in a case: which hold, for what, until when."""
    person = p.add('protection', {'type': 'person', 'admin': {'role': 'Victim'}, 'identity': {'first_name': 'Vesna'}})
    case = p.add('protection', {'type': 'case', 'admin': {'case_number': 'RS-77', 'status': 'Active'}})
    author = p.json_as('protection', 'record', 'history', person)[0]['author']
    shown = p.as_('protection', 'record', 'show', person, out='Versions: 1, by %s on %s\n' % (author, today()))
    assert '  Consents: none is recorded, which is normal: nothing may leave\n' in shown, shown
    def day(days):
        return time.strftime('%Y-%m-%d', time.gmtime(time.time() + days * 86400))
    p.consent(person, 'Prosecutor', 'Prosecution', '--until', day(20), '--case', case)
    p.consent(person, 'IOM', 'Repatriation', '--from', day(30))
    p.consent(person, 'Prosecutor', 'Prosecution', '--from', '2020-01-01', '--until', '2020-02-01')
    gone = p.consent(person, 'IOM', 'Repatriation')
    p.as_('founder', 'consent', 'withdraw', gone, '--reason', 'she said so')
    p.consent(person, 'ImmigrationService', 'Repatriation', '--state', 'Refused')
    p.as_('founder', 'record', 'edit', person, '--set', 'identity.first_name=Vesna Ana')
    founder = p.json_as('protection', 'record', 'history', person)[1]['author']
    p.as_('protection', 'record', 'list')
    before = p.kinds().count('event')
    shown = p.as_('protection', 'record', 'show', person)
    # A reading of the record, of all consents, and of those whom they name; nothing else is one.
    assert p.kinds().count('event') == before + 3
    head = shown.split('\n\n')[0].split('\n')
    assert head[1:] == ['  Versions: 2; this is the latest, by %s on %s' % (founder, today()),
                        '  Consents, as of today (`casevault consent show --person ID` tells more)',
                        '    in force   Prosecution, to Prosecutor, until ' + day(20),
                        '    not yet    Repatriation, to IOM, from ' + day(30),
                        '    EXPIRED    Prosecution, to Prosecutor, its last day was 2020-02-01',
                        '    withdrawn  Repatriation, to IOM',
                        '    refused    Repatriation, to ImmigrationService'], shown
    shown = p.as_('protection', 'record', 'show', '--version', '1', person)
    assert 'Versions: 2; the latest is 2, by %s; this is an older one, by %s on ' % (founder, author) in shown, shown
    shown = p.as_('protection', 'record', 'show', case)
    assert 'consent show --case ID' in shown and shown.count('Prosecution') == 1 and 'EXPIRED' not in shown, shown
    # What tells of a person says where theirs are; what tells of several, or of none by name, that each one's count, as for a package.
    other = p.add('protection', {'type': 'person', 'admin': {'role': 'Victim'}, 'identity': {'first_name': 'Mira'}})
    for type, admin in (('testimony', {'person': person, 'case': case}), ('event', {'persons': [person]})):
        shown = p.as_('protection', 'record', 'show', p.add('protection', {'type': type, 'admin': admin}))
        head = shown.split('\n\n')[0].split('\n')
        assert head[2:] == ['  Consents: `casevault consent show --person %s`' % person], shown
    for admin in ({'persons': [person, other]}, {'persons': [person, other], 'case': case}, {'case': case}):
        shown = p.as_('protection', 'record', 'show', p.add('protection', {'type': 'event', 'admin': admin}))
        head = shown.split('\n\n')[0].split('\n')
        assert head[2:] == ["  Consents: each person's count: `casevault consent show --person ID`"], shown
    bare = p.add('protection', {'type': 'case', 'admin': {'case_number': 'RS-78', 'status': 'Active'}})
    p.as_('protection', 'record', 'show', bare, out="Consents: none names this case; each person's count: ")
    # Who may not read consents is told that, and asked for nothing; who asks for one section gets that; machines get what they got.
    p.as_('founder', 'member', 'add', '--role', 'analyst', '--name', 'N', p.identity('analyst'))
    shown = p.as_('analyst', 'record', 'show', person, out='  Consents: you may not read these\n')
    assert 'in force' not in shown and 'Prosecution' not in shown and 'Identity: you may not read this' in shown, shown
    assert not p.json_as('auditor', 'audit', 'log', '--refused', '--member', p.json_as('analyst', 'status')[0]['member'])
    assert 'Consents' not in p.as_('protection', 'record', 'show', '--section', 'identity', person)
    doc, = p.json_as('protection', 'record', 'show', person)
    assert not any('consents' in k or 'versions' in k for k in doc), doc
    # In 80 columns, with a partner's long name.
    name = 'The Prosecutor for Crimes of a Long Name that Goes on in the Next Line'
    p.partner(name, by='founder')
    p.consent(person, name, 'Prosecution')
    s = Screen(p, 'protection', 'record', 'show', '--no-pager', person)
    shown = s.until()
    assert s.end() == 0 and 'until it is withdrawn' in ' '.join(shown.split()), shown
    assert not [l for l in shown.split('\r\n') if len(l) > 80], shown


def test(p):
    p.vault()
    testimony = p.add('protection', {'type': 'testimony', 'testimony': {'statements': [{'date': '2024-05-01', 'language': 'eng', 'text': LONG}]}})
    paged(p, testimony)
    cases(p)
    attention(p)
    p.partner('IOM', purpose='Repatriation', by='founder')
    glance(p)


main(test)
