#!/usr/bin/env python3
"""The access log as auditors ask for it: every filter, alone and with others, to the very entries; as CSV; with names."""
import csv, io, itertools, json, time

from common import PERSON, TESTIMONY, main

LEAVING = ('export', 'disclose', 'agree', 'package', 'basis')
COLUMNS = ['entry', 'time', 'member', 'name', 'did', 'record', 'version', 'what', 'ids', 'reason']
FORMULA = '=HYPERLINK("http://x","y")\n"quoted", \u202ereversed'


def next_second():
    now = int(time.time())
    while int(time.time()) == now:
        time.sleep(0.02)


def about(e, record):
    return e.get('record') == record or record in e.get('ids', ())


def stamps(p):
    """What a day's work leaves, in three different seconds."""
    case, victim, statement = p.case()
    p.as_('protection', 'record', 'show', victim, '--reason', FORMULA)
    next_second()
    p.as_('medical', 'record', 'show', '--section', 'contact', victim, rc=13, err='none of your roles')
    p.as_('protection', 'record', 'list', '--titles')
    p.partner('Court')
    p.consent(victim, 'Court')
    next_second()
    p.package('legal', case, 'Court', 'out.age')
    p.as_('legal', 'record', 'show', statement)
    return case, victim, statement


def filters(p, members, records):
    """Each filter as its option, and as what it means."""
    whole = p.json_as('auditor', 'audit', 'log')
    end = whole[-2]['entry']  # before what the reading itself added
    whole = [e for e in whole if e['entry'] < end]
    times = sorted({e['time'] for e in whole})
    assert len(times) > 2
    legal = members['legal']
    choices = [
        [((), lambda e: True), (('--member', legal), lambda e: e['member'] == legal),
         (('--member', 'Name of legal'), lambda e: e['member'] == legal)],
        [((), lambda e: True)] + [(('--record', r), lambda e, r=r: about(e, r)) for r in records[:2]],
        [((), lambda e: True), (('--action', 'read'), lambda e: e['action'] == 'read'),
         (('--refused',), lambda e: e['action'] == 'refused'), (('--export',), lambda e: e['action'] in LEAVING),
         (('--action', 'package', '--export'), lambda e: e['action'] == 'package'),
         (('--action', 'read', '--refused'), lambda e: False)],
        [((), lambda e: True), (('--since', times[1]), lambda e: e['time'] >= times[1]),
         (('--until', times[1]), lambda e: e['time'] <= times[1]),
         (('--since', times[1], '--until', times[1]), lambda e: e['time'] == times[1]),
         (('--since', times[0][:10], '--until', times[-1][:10]), lambda e: times[0][:10] <= e['time'][:10] <= times[-1][:10]),
         (('--until', '2020-01-01'), lambda e: False)]]
    met = 0
    for i, combination in enumerate(itertools.product(*choices)):
        options = [o for opts, _ in combination for o in opts]
        if len(options) > 2 and i % 5:  # every filter alone, and every fifth of the rest
            continue
        got = [e for e in p.json_as('auditor', 'audit', 'log', *options) if e['entry'] < end]
        want = [e for e in whole if all(f(e) for _, f in combination)]
        assert got == want, (options, [e['entry'] for e in got], [e['entry'] for e in want])
        met += bool(want)
    assert met > 20
    assert {e['action'] for e in whole} >= {'disclose', 'export', 'package', 'refused', 'read', 'list', 'create'}


def as_csv(p, members, victim):
    text = p.as_('auditor', 'audit', 'log', '--csv', '--member', 'Name of protection')
    raw = text.encode()
    rows = list(csv.reader(io.StringIO(text, newline='')))
    assert rows[0] == COLUMNS and {len(r) for r in rows} == {10} and b'\r\n' in raw
    plain = p.json_as('auditor', 'audit', 'log', '--member', members['protection'])
    assert [int(r[0]) for r in rows[1:]] == [e['entry'] for e in plain]
    for row, e in zip(rows[1:], plain):
        assert row[1:7] == [e['time'], members['protection'], 'Name of protection', e['action'], e.get('record', ''), str(e.get('version', ''))]
        assert row[8] == ' '.join(e.get('ids', [])) and all(s in row[7] for s in e.get('sections', []))
        assert not any(c.startswith(('=', '+', '-', '@', '\t')) or '\u202e' in c for c in row)
    read = [r for r in rows if r[4] == 'read' and r[5] == victim][0]
    assert read[9] == "'" + FORMULA.replace('\u202e', '\ufffd') and 'identity' in read[7]
    titles = [r for r in rows if r[4] == 'list' and 'titles' in r[7]][0]
    assert victim in titles[8].split() and titles[5] == ''
    for options in (('--refused', '--csv'), ('--csv', '--export'), ('--csv', '--since', '2199-01-01')):
        assert list(csv.reader(io.StringIO(p.as_('auditor', 'audit', 'log', *options))))[0] == COLUMNS


def names(p, members):
    shown = p.as_('auditor', 'audit', 'log')
    assert members['legal'] + ' Name of legal' in shown and 'Щербакова' not in shown
    events = p.json_as('auditor', 'audit', 'log')
    assert {e['name'] for e in events if e['member'] == members['legal']} == {'Name of legal'}
    assert not any('name' in e for e in events if e['member'] == members['founder'])
    look = [e for e in events if e.get('detail') == 'names of members'][-1]
    assert look['action'] == 'list' and look['member'] == members['auditor'] and look['sections'] == ['directory']
    assert len(look['ids']) == 5 and events[-1]['action'] == 'log'
    # Who says that somebody has another name does not take the first one away.
    p.add('protection', {'type': 'staff', 'directory': {'name': 'Somebody Else', 'pseudonym': members['legal']}})
    assert 'Name of legal / Somebody Else' in p.as_('auditor', 'audit', 'log', '--member', members['legal'])
    both = [p.json_as('auditor', 'audit', 'log', '--action', 'package', '--member', n) for n in ('Name of legal', 'Somebody Else')]
    assert both[0] == both[1] != []


def wrong(p, members):
    before = p.archive()
    for options, rc, err in (
            (('--since', 'yesterday'), 2, '--since wants a day that exists, YYYY-MM-DD, or a time in UTC'),
            (('--since', '2026-02-30'), 2, '--since wants a day that exists'),
            (('--until', '2026-11'), 2, '--until wants a day'),
            (('--until', '2026-11-25T10:00'), 2, '--until wants a day'),
            (('--since', ''), 2, '--since wants a day'),
            (('--since', '2026-11-25', '--until', '2026-11-24'), 2, '--since is after --until'),
            (('--csv', '--json'), 2, '--csv and --json: which of them?'),
            (('--record', '0' * 26 + '1'), 1, 'mistyped')):
        assert p.as_('auditor', 'audit', 'log', *options, rc=rc, err=err) == ''
    assert p.archive() == before, 'something was written for what could not be meant'
    p.as_('auditor', 'audit', 'log', '--member', 'Name of lega', rc=1, err='Name of lega is no member, wrote no entry')
    p.as_('auditor', 'audit', 'log', '--action', 'raed', rc=2, err='no entry has the action raed; actions are: init, ')
    assert p.json_as('auditor', 'audit', 'log', '--action', 'hold') == []
    p.as_('auditor', 'audit', 'log', '--member', members['intake'], '--refused')


def others(p):
    for options in ((), ('--csv',), ('--member', 'Name of legal'), ('--json',)):
        for who in ('legal', 'protection', 'intake', 'medical'):
            assert p.as_(who, 'audit', 'log', *options, rc=13, err='none of your roles reads the access log').strip() == ''
    last = p.json_as('auditor', 'audit', 'log', '--refused')[-1]
    assert last['detail'] == 'no right to read the log'


def asked_why(p):
    """Where readers must say why, the log is read without names; with a reason, with them."""
    p.as_('founder', 'policy', 'set', '--require-reason')
    silent = p.as_('auditor', 'audit', 'log')
    assert 'Name of legal' not in silent and 'with --reason TEXT names are shown' in p.told
    assert 'Name of legal' in p.as_('auditor', 'audit', 'log', '--reason', 'the month of May')
    assert p.json_as('auditor', 'audit', 'log', '--action', 'list')[-1]['reason'] == 'the month of May'


def prominent(p, case):
    """What nobody may overlook stands there whatever is asked for; beside CSV, not in it."""
    p.package('legal', case, 'Court', 'urgent.age', '--legal-basis', 'Article 9', '--reason', '=ordered')
    assert p.as_('auditor', 'audit', 'log', '--record', case).startswith('WITHOUT CONSENT: entry ')
    assert p.as_('auditor', 'audit', 'log', '--action', 'hold').startswith('WITHOUT CONSENT: entry ')
    assert p.as_('auditor', 'audit', 'log', '--csv', '--refused').startswith('"entry",')
    assert 'WITHOUT CONSENT: entry ' in p.told


def test(p):
    p.vault()
    case, victim, statement = stamps(p)
    roles = {m['name']: m['member'] for m in p.json_as('founder', 'member', 'list')}
    members = {n.split(' ')[-1]: m for n, m in roles.items() if n}
    members['founder'] = roles[None]
    wrong(p, members)
    filters(p, members, (victim, statement))
    as_csv(p, members, victim)
    names(p, members)
    others(p)
    prominent(p, case)
    asked_why(p)


main(test)
