#!/usr/bin/env python3
"""What need not be kept any more is listed, and nothing more; a hold, an open case and a later date keep it."""
import datetime, json

from common import PERSON, main
from grants import events
from people import pseudonym

YEAR, MONTH = datetime.date.today().year, datetime.date.today().month
PAST = '2001-05-31'  # due ten years later
LONG_AGO = '%d-%02d-01' % (YEAR - 10, MONTH)  # due on the first of this month
ALMOST = '%d-%02d-01' % (YEAR - 10 + MONTH // 12, MONTH % 12 + 1)  # due on the first of the next


def case(p, number, closed=None):
    return p.add('protection', {'type': 'case', 'admin': {'case_number': number, 'status': 'Closed' if closed else 'Active', **({'closed': closed} if closed else {})}})


def of(p, kind, **admin):
    return p.add('protection', {'type': kind, 'admin': admin})


def due(p, who='protection', *more):
    return {r['id']: r['due'] for r in p.json_as(who, 'record', 'list', '--due', *more)}


def erase(p, record):
    p.as_('protection', 'record', 'erase', record, '--reason', 'the time is over', '--really', '--confirm', record)


def listed(p):
    past, long_ago, almost, open_ = case(p, 'A', PAST), case(p, 'B', LONG_AGO), case(p, 'C', ALMOST), case(p, 'D')
    person = lambda *cases: p.add('intake', {**PERSON, 'admin': {'role': 'Victim', 'cases': list(cases)}})
    gone, kept, later, loose = person(past), person(past, open_), person(past, long_ago), p.add('intake', PERSON)
    lower = person(past.lower())  # as somebody typed it
    comment, other = (of(p, 'comment', case=c, comment='x') for c in (past, almost))
    none = of(p, 'comment', comment='of no case')
    first = '%d-%02d-01' % (YEAR, MONTH)
    want = {past: '2011-05-31', gone: '2011-05-31', lower: '2011-05-31', comment: '2011-05-31', long_ago: first, later: first}
    assert due(p) == want, (due(p), want)
    # A version that carries its dates from an older one.
    p.as_('protection', 'record', 'edit', past, '-', stdin=b'{"risk":{"reviewed":"2020-01-01"}}')
    assert due(p) == want
    assert list(due(p).values()) == sorted(want.values())
    assert due(p, 'protection', '--type', 'comment') == {comment: '2011-05-31'}
    rows = p.json_as('protection', 'record', 'list', '--due', '--titles')
    assert [r['title'] for r in rows if r['id'] == past] == ['A'] and {r['id'] for r in rows} == set(want)
    told = p.as_('protection', 'record', 'list', '--due', err='Nothing is erased by this')
    assert 'DUE SINCE' in told and 'HELD BY' not in told and kept not in told
    # Looking is a reading, and the log names what was looked into.
    look = [e for e in events(p, 'list') if e.get('detail') == 'due'][-1]
    assert set(look['ids']) >= set(want) and look['sections'] == ['admin'] and look['member'] == pseudonym(p, 'protection')
    # Somebody who reads none of it is told nothing.
    p.as_('auditor', 'record', 'list', '--due', err='Nothing that you may see is due')
    return past, gone, kept, want


def reopened(p, past, want):
    """A case that is opened again keeps all of its records."""
    p.as_('protection', 'record', 'edit', past, '--set', 'admin.closed=')
    assert not set(due(p)) & {i for i, d in want.items() if d == '2011-05-31'}
    p.as_('protection', 'record', 'edit', past, '--set', 'admin.closed=' + PAST)
    assert due(p) == want


def acted(p, past, gone, kept, want):
    """Nothing goes without the act; what is held is said to be; an erased case keeps nothing any more."""
    p.as_('legal', 'hold', 'set', gone, '--reason', 'trial')
    held = {r['id']: r['held_by'] for r in p.json_as('protection', 'record', 'list', '--due')}
    assert held.pop(gone) == pseudonym(p, 'legal') and set(held.values()) == {None}
    p.as_('protection', 'record', 'erase', gone, '--reason', 'x', '--really', '--confirm', gone, rc=13)
    p.as_('legal', 'hold', 'clear', gone)
    assert 'held_by' not in p.json_as('protection', 'record', 'list', '--due')[0]
    erase(p, past)
    today = datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%d')
    now = due(p)
    assert past not in now and now[gone] == today and kept not in now
    assert set(now) == set(want) - {past}
    erase(p, gone)
    assert gone not in due(p)


def test(p):
    p.vault()
    past, gone, kept, want = listed(p)
    reopened(p, past, want)
    acted(p, past, gone, kept, want)
    p.as_('founder', 'policy', 'set', '--require-reason')
    p.as_('protection', 'record', 'list', '--due', rc=2, err='this vault asks why')
    p.as_('protection', 'record', 'list', '--due', '--reason', 'the yearly look')
    assert events(p, 'list')[-1]['reason'] == 'the yearly look'


if __name__ == '__main__':
    main(test)
