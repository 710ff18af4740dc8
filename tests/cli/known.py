#!/usr/bin/env python3
"""Is this person known already? Likely the same ones are told before anything is stored, with the reasons, in whichever
alphabet; to whom; and nothing is merged."""
import json, os, pty, re, select, subprocess, sys, time

from common import main

JOVANA = {'type': 'person', 'admin': {'role': 'Victim'},
          'identity': {'first_name': 'Јована', 'second_name': 'Петровић', 'birth_date': '1999-03-01', 'also_known_as': ['Джоана'],
                       'documents': [{'kind': 'Passport', 'number': 'PA 123456'}]},
          'contact': {'mobile_phone': '+381601234567', 'email': 'jovana@example.org', 'shelter': 'Blue House'}}
ROWS = [
    # identity, contact -> points, likely, why
    ({'first_name': 'Jovana', 'second_name': 'Petrovic', 'birth_date': '1999-03-01'}, {}, 70, ['the same name: Јована Петровић', 'born on the same day: 1999-03-01']),
    ({'first_name': 'Petrović', 'second_name': 'JOVANA', 'birth_date': '1999-01-03'}, {}, 65,
     ['the same name: Јована Петровић', 'day and month of the birth date are swapped: 1999-03-01']),
    ({'first_name': 'Jovina', 'second_name': 'Petrobić', 'birth_date': '1999-03-01'}, {}, 60,
     ['the name sounds the same, or nearly: Јована Петровић', 'born on the same day: 1999-03-01']),
    ({'first_name': 'Jovana', 'second_name': 'Ilić', 'birth_date': '1999-03-01'}, {}, 45,
     ['a part of the name is the same: Јована Петровић', 'born on the same day: 1999-03-01']),
    ({'first_name': 'Yovana', 'second_name': 'Petrovitch'}, {}, 40, ['the same name: Јована Петровић']),
    ({'first_name': 'Jovana', 'second_name': 'Petrovic', 'birth_date': '1999'}, {}, 55,
     ['the same name: Јована Петровић', 'born in the same year, as far as it is known: 1999-03-01']),
    ({'first_name': 'Jovana', 'second_name': 'Petrovic', 'birth_date': '1999-03-07'}, {}, 55,
     ['the same name: Јована Петровић', 'one digit of the birth date differs: 1999-03-01']),
    ({'identity_number': 'ра-123456'}, {}, 60, ['the same document: PA 123456']),
    ({'first_name': 'Mila'}, {'home_phone': '+381601234567'}, 40, ['the same telephone: +381601234567']),
    ({'first_name': 'Jovana', 'second_name': 'Petrovic', 'birth_date': '1971-12-24'}, {'email': 'Jovana@Example.org'}, 60,
     ['the same account or e-mail: jovana@example.org', 'the same name: Јована Петровић', 'but another birth date: 1999-03-01']),
    # What says too little.
    ({'first_name': 'Jovana'}, {}, None, None),
    ({'first_name': 'Jovana', 'second_name': 'Petrovic', 'birth_date': '1971-12-24'}, {}, None, None),
    ({'first_name': 'Jovina', 'second_name': 'Petrobić'}, {}, None, None),
    ({'first_name': 'Mila', 'birth_date': '1999-03-01'}, {'shelter': 'Blue House'}, None, None),
    ({'first_name': 'Unknown', 'second_name': 'Unknown'}, {}, None, None),
]


def person(identity, contact=None, role='Victim'):
    return dict({'type': 'person', 'admin': {'role': role}, 'identity': identity}, **({'contact': contact} if contact else {}))


def searches(p):
    return [e for e in p.json_as('auditor', 'audit', 'log') if e['action'] == 'search']


def reasons(p):
    """What is told, and why, in JSON; stored all the same, since a script is not held up."""
    known = p.json_as('protection', 'record', 'add', '-', stdin=json.dumps(JOVANA).encode())[0]
    assert set(known) == {'id', 'version'}, known
    known = known['id']
    for identity, contact, points, why in ROWS:
        got = p.json_as('protection', 'record', 'add', '-', stdin=json.dumps(person(identity, contact)).encode())[0]
        found = next((s for s in got.get('similar', []) if s['record'] == known), None)
        assert (found is None) == (points is None), (identity, got)
        if points is not None:
            assert found == {'record': known, 'name': 'Јована Петровић', 'points': points, 'likely': points >= 60, 'why': why}, (identity, found)
            assert found == got['similar'][0], 'the first is the likeliest: %s' % got
        # The event is there before, with who was looked at, and in which sections.
        e = searches(p)[-1]
        assert e['detail'] == 'is this person known already?', e
        terms = [v for v in list(identity.values()) + list(contact.values()) if v not in ('Unknown', 'Blue House')]
        assert all(t in e['terms'] for t in terms) and 'Blue House' not in e['terms'], e
        if points is not None:
            assert known in e['ids'] and set(e['sections']) == {'identity', 'contact'}, e
        # So that rows do not meet each other.
        p.as_('protection', 'record', 'edit', got['id'], '-', stdin=json.dumps({'identity': {}, **({'contact': {}} if contact else {})}).encode())
    # An old version says nothing any more, and five are enough.
    assert 'similar' not in p.json_as('protection', 'record', 'add', '-', stdin=json.dumps(person({'first_name': 'Mila', 'identity_number': 'QQ-77'})).encode())[0]
    for _ in range(7):
        last = p.json_as('protection', 'record', 'add', '-', stdin=json.dumps(person({'identity_number': 'QQ-77'})).encode())[0]
    assert len(last['similar']) == 5
    return known


def words(p, known):
    """On a screen; what no terminal obeys; what is not stored if it is not wanted."""
    record = json.dumps(person({'first_name': 'Jovana', 'second_name': 'Petrovic', 'birth_date': '1999-03-01'})).encode()
    id = p.as_('protection', 'record', 'add', '-', stdin=record, err='This person may be known already:\n  %s  Јована Петровић  (likely)\n' % known).strip()
    assert ('    - the same name: Јована Петровић\n    - born on the same day: 1999-03-01\n' in p.told and
            'Nothing was merged. If it is the same person: casevault record link %s ID' % id in p.told), p.told
    p.as_('protection', 'record', 'link', id, known)
    before = p.kinds().count('record')
    p.as_('protection', 'record', 'add', '--only-new', '-', stdin=record, rc=1, err='this person seems to be known: ')
    p.as_('protection', 'record', 'add', '--only-new', '--known-ok', '-', stdin=record, rc=2, err='say opposite things')
    assert p.kinds().count('record') == before
    p.as_('protection', 'record', 'add', '--only-new', '-', stdin=json.dumps(person({'first_name': 'Nova'})).encode())
    # One that could not be stored is not looked for; nor is what is no person.
    n = len(searches(p))
    p.as_('protection', 'record', 'add', '-', stdin=json.dumps(person({'first_name': 'Jovana', 'birth_date': 'yesterday'})).encode(), rc=1)
    p.as_('legal', 'record', 'add', '-', stdin=record, rc=13)
    p.as_('protection', 'record', 'add', '-', stdin=json.dumps({'type': 'case', 'admin': {'case_number': 'x', 'status': 'Active'}}).encode())
    assert len(searches(p)) == n


def rights(p, known):
    """Who may not read it is told that it could not be looked, and learns nothing."""
    record = json.dumps(dict(JOVANA)).encode()
    p.as_('intake', 'record', 'add', '-', stdin=record, err='Not looked whether this person is known by Identity, Contact: you may not read that of others.')
    assert known not in p.told and 'known already' not in p.told
    got = p.json_as('intake', 'record', 'add', '--only-new', '-', stdin=record)[0]
    assert 'similar' not in got and 'version' in got


def typed(p, answer, *args, stdin=b''):
    """At a terminal: what it showed, and the exit status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(p.dir)
        os.execve(p.binary, [p.binary, *args, *p.who('protection')], p.env())
    shown, answered, end = b'', False, time.monotonic() + 60
    while time.monotonic() < end:
        if not select.select([fd], [], [], 1)[0]:
            continue
        try:
            more = os.read(fd, 4096)
        except OSError:
            break
        if not more:
            break
        shown += more
        if b'Type yes: ' in shown and not answered:
            os.write(fd, answer + b'\n')
            answered = True
    p.checks += 1
    return shown.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), answered


def terminal(p, known):
    open(p.path('new.json'), 'w').write(json.dumps(person({'first_name': 'Jovana', 'second_name': 'Petrovic', 'birth_date': '1999-03-01'})))
    before = p.kinds().count('record')
    shown, rc, asked = typed(p, b'no', 'record', 'add', 'new.json')
    assert asked and rc == 1 and 'not confirmed; nothing was stored' in shown and 'born on the same day' in shown, (rc, shown)
    assert p.kinds().count('record') == before
    shown, rc, asked = typed(p, b'yes', 'record', 'add', 'new.json')
    assert asked and rc == 0 and 'Stored as version 1.' in shown, (rc, shown)
    assert p.kinds().count('record') == before + 1
    shown, rc, asked = typed(p, b'', 'record', 'add', '--known-ok', 'new.json')
    assert not asked and rc == 0 and 'This person may be known already:' in shown, (rc, shown)
    shown, rc, asked = typed(p, b'', 'record', 'add', '--json', 'new.json')
    assert not asked and rc == 0 and '"similar":[' in shown and 'may be known' not in shown, (rc, shown)


def erased(p):
    """Whom an erasure reached nobody is like any more."""
    record = person({'first_name': 'Vesna', 'identity_number': 'VV 555'})
    id = p.add('protection', record)
    assert id in json.dumps(p.json_as('protection', 'record', 'add', '-', stdin=json.dumps(record).encode()))
    p.as_('protection', 'record', 'erase', id, '--reason', 'she withdrew', '--really', '--confirm', id)
    again = p.json_as('protection', 'record', 'add', '-', stdin=json.dumps(record).encode())[0]
    assert len(again['similar']) == 1 and id not in json.dumps(again), again


def hostile(p):
    """What people wrote into names stays text, also of a record that a program of somebody's own wrote."""
    name = 'Zla\u00ad\ufeff<b>' + 'x' * 900
    p.add('protection', person({'first_name': name, 'second_name': 'Ime', 'identity_number': 'ZZ 999 999'}))
    p.as_('protection', 'record', 'add', '-', stdin=json.dumps(person({'first_name': 'Mira', 'identity_number': 'zz999999'})).encode(),
          err='the same document: ZZ 999 999')
    assert not re.search('[\x00-\x08\x0b-\x1f\x7f\ufeff]', p.told) and all(len(l) < 80 for l in p.told.split('\n')[:3]), p.told


def importing(p):
    """Line by line: in a dry run before anything is stored; else of rows whose commits stand."""
    known = p.add('protection', person({'first_name': 'Тамара', 'second_name': 'Томић', 'birth_date': '1992-02-02'}))
    rows = [person({'first_name': 'Nada', 'second_name': 'Nadić', 'birth_date': '1980-05-06'}),
            {'type': 'case', 'admin': {'case_number': 'I-1', 'status': 'Active'}},
            person({'first_name': 'Tamara', 'second_name': 'Tomic', 'birth_date': '1992-02-02'}),
            person({'first_name': 'Нада', 'second_name': 'Надић', 'birth_date': '1980-06-05'})]
    open(p.path('rows.jsonl'), 'w').write(''.join(json.dumps(r) + '\n' for r in rows))
    before = p.kinds().count('record')
    p.as_('protection', 'record', 'import', '--dry-run', 'rows.jsonl', out='4 records would be stored',
          err='line 3: this person may be known already:\n')
    assert known in p.told and 'line 1:' not in p.told and 'line 4:' not in p.told and p.kinds().count('record') == before, p.told
    lines = p.json_as('protection', 'record', 'import', 'rows.jsonl', err='2 persons may be known already. Nothing was merged: `record link` joins')
    ids, similar = [l['id'] for l in lines if 'id' in l], {l['line']: l['similar'] for l in lines if 'line' in l}
    assert sorted(similar) == [3, 4] and known in [s['record'] for s in similar[3]], similar
    # Two rows of one person are found as well, which is told of the later; none is found to be like itself.
    assert [s['record'] for s in similar[4]] == [ids[0]], similar
    assert similar[4][0]['why'] == ['the same name: Nada Nadić', 'day and month of the birth date are swapped: 1980-05-06'], similar
    e = searches(p)[-1]
    assert {ids[0], known} == set(e['ids']), e
    n = len(searches(p))
    p.as_('protection', 'record', 'import', '--known-ok', '--again', 'rows.jsonl', out='4 records stored')
    assert 'known' not in p.told and len(searches(p)) == n, p.told
    p.as_('intake', 'record', 'import', '--again', 'rows.jsonl', err='Not looked whether this person is known by Identity: you may not')
    assert 'may be known' not in p.told


def many(p):
    """Of more than can be compared the likeliest are, and it is said that there are more."""
    phone = {'mobile_phone': '+38111555444'}
    rows = [person({'first_name': 'Tenant'}, phone) for _ in range(204)] + [person({'first_name': 'Mila', 'birth_date': '1984-07-09'}, phone)]
    open(p.path('many.jsonl'), 'w').write(''.join(json.dumps(r) + '\n' for r in rows))
    last = [l['id'] for l in p.json_as('protection', 'record', 'import', '--known-ok', 'many.jsonl') if 'id' in l][-1]
    new = json.dumps(person({'first_name': 'Vera', 'birth_date': '1984-07-09'}, phone)).encode()
    got = p.json_as('protection', 'record', 'add', '-', stdin=new, err='Only the 200 likeliest were compared; 5 more records share a number or a name.\n')[0]
    assert got['similar'][0] == {'record': last, 'name': 'Mila', 'points': 70, 'likely': True,
                                 'why': ['the same telephone: +38111555444', 'born on the same day: 1984-07-09']}, got
    open(p.path('two.jsonl'), 'wb').write((new + b'\n') * 2)
    p.as_('protection', 'record', 'import', '--again', 'two.jsonl', err='For 2 persons only the 200 likeliest records were compared.\n')
    p.as_('protection', 'record', 'add', '-', stdin=json.dumps(person({'first_name': 'Mila', 'birth_date': '1984-07-09'})).encode())
    assert 'likeliest' not in p.told, p.told


def asks_why(p):
    """A vault that asks why asks it here, too."""
    p.as_('founder', 'policy', 'set', '--require-reason')
    record = json.dumps(person({'first_name': 'Jovana', 'second_name': 'Petrovic', 'birth_date': '1999-03-01'})).encode()
    p.as_('protection', 'record', 'add', '-', stdin=record, rc=2, err='this vault asks why: add --reason TEXT')
    p.as_('protection', 'record', 'add', '--reason', 'intake at the border', '-', stdin=record, err='may be known already')
    assert searches(p)[-1]['reason'] == 'intake at the border'
    p.as_('protection', 'record', 'import', '--again', '-', stdin=record, out='1 record stored', err='this vault asks why; add --reason TEXT')


def test(p):
    p.vault(('intake', 'protection', 'legal', 'auditor'))
    known = reasons(p)
    words(p, known)
    rights(p, known)
    terminal(p, known)
    importing(p)
    erased(p)
    hostile(p)
    many(p)
    asks_why(p)
    p.as_('auditor', 'audit', 'verify', '--contents', err='')


main(test)
