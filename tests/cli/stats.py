#!/usr/bin/env python3
"""Statistics: counts over coded fields, and an attacker who has all that is given out."""
import contextlib, csv, io, itertools, json, os, random, re, sqlite3, sys
from collections import Counter, deque

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import browser, common

K = 11
GENDERS = ['Feminine'] * 24 + ['Masculine'] * 12 + ['TransgenderFeminine'] * 2 + ['NonConforming'] * 1
FORMS = ['ForcedLabour', 'SexualExploitation', 'ForcedBegging', 'ForcedMarriage', 'OrganRemoval']
CONTROL = ['PhysicalThreats', 'DebtBondage', 'WithholdsDocuments', 'PsychologicalAbuse', 'SexualAbuse']
COUNTRIES = ['UA', 'UA', 'UA', 'MD', 'MD', 'GE', 'RS', 'RS', 'KG', 'NP']


def people(count, chance):
    """Persons as an intake officer types them."""
    for i in range(count):
        year = chance.choice([2022, 2023, 2023, 2024, 2024, 2024])
        yield {'type': 'person',
               'admin': {'role': 'Victim' if i % 9 else 'Witness', 'registered': '%d-03-0%d' % (year, 1 + i % 9)},
               'identity': {'first_name': 'Name%d' % i, 'birth_date': str(year - chance.choice([10, 15, 19, 22, 25, 33, 60])),
                            'gender': chance.choice(GENDERS),
                            'citizenship': sorted({chance.choice(COUNTRIES) for _ in range(1 + (i % 7 == 0))})},
               'exploitation': {'type_of_exploitation': sorted({FORMS[min(int(chance.expovariate(0.9)), 4)] for _ in range(1 + i % 2)}),
                                'methods_of_control': sorted({chance.choice(CONTROL) for _ in range(3)}),
                                'country_of_exploitation': [chance.choice(['RS', 'DE', 'DE', 'IT', 'AE'])],
                                'location_of_exploitation': 'A street that nobody must count by',
                                'trafficking_status': chance.choice(['ActualVictimOfTrafficking'] * 3 + ['PossibleVictimOfTrafficking'])}}


# ---- what the numbers are, counted apart from casevault ----

AGES = [(0, 8), (9, 17), (18, 20), (21, 23), (24, 26), (27, 29), (30, 38), (39, 47), (48, 200)]


def values(record, name):
    identity, exploitation, admin = record['identity'], record['exploitation'], record['admin']
    age = int(admin['registered'][:4]) - int(identity['birth_date'])
    group = next('%d-%d' % g if g[1] < 200 else '48+' for g in AGES if g[0] <= age <= g[1])
    return {'year': [admin['registered'][:4]], 'citizenship': identity['citizenship'], 'age': [group],
            'gender': [identity['gender']], 'form': exploitation['type_of_exploitation'],
            'control': exploitation['methods_of_control'], 'place': exploitation['country_of_exploitation'],
            'status': [exploitation['trafficking_status']], 'role': [admin['role']]}[name]


def truth(records, names):
    """Every number of a table, totals included, as nobody may see them."""
    counts = Counter()
    for r in records:
        for cell in itertools.product(*[values(r, n) + ['all'] for n in names]):
            counts[cell] += 1
    return counts


def shown(answer, names):
    """Category by category -> number, or None where it is suppressed."""
    return {tuple(c['in'].get(n, 'all') for n in names): c['count'] for c in answer['cells']}


def recode(counts, given, names):
    """The truth in the categories that were given out: those not named are `others`."""
    known = [{cell[i] for cell in given} for i in range(len(names))]
    out = Counter()
    for cell, n in counts.items():
        out[tuple(w if w in known[i] else 'others' for i, w in enumerate(cell))] += n
    return out


# ---- the attacker: what of a table of two dimensions can be known, by all that it shows ----

def interval(rows, columns, total, given, cell):
    """The least and the most that a hidden cell can be, exactly: a flow in a network of rows and columns."""
    true = {}
    # Any table that shows the same will do to begin with: filled from the left, then pushed about.
    row_left = {r: given[(r, 'all')] - sum(given[(r, c)] or 0 for c in columns) for r in rows}
    column_left = {c: given[('all', c)] - sum(given[(r, c)] or 0 for r in rows) for c in columns}
    hidden = {(r, c) for r in rows for c in columns if given[(r, c)] is None}
    flow = {e: 0 for e in hidden}

    def augment(sources, sinks, banned=None):
        """Move one person along a shortest path of hidden cells; False if there is no way."""
        seen, queue = {s: None for s in sources}, deque(sources)
        while queue:
            node = queue.popleft()
            if node in sinks:
                while seen[node] is not None:
                    before, edge, sign = seen[node]
                    flow[edge] += sign
                    node = before
                return True
            kind, name = node
            for r, c in hidden:
                if (r, c) == banned:
                    continue
                if kind == 'r' and r == name and ('c', c) not in seen:
                    seen[('c', c)] = (node, (r, c), 1)
                    queue.append(('c', c))
                if kind == 'c' and c == name and flow[(r, c)] > 0 and ('r', r) not in seen:
                    seen[('r', r)] = (node, (r, c), -1)
                    queue.append(('r', r))
        return False

    while any(row_left.values()):
        source = next(r for r in rows if row_left[r] > 0)
        sinks = {('c', c) for c in columns if column_left[c] > 0}
        before = {c: sum(flow[(r, c)] for r in rows if (r, c) in hidden) for c in columns}
        assert augment([('r', source)], sinks), 'what is shown does not add up'
        row_left[source] -= 1
        for c in columns:
            column_left[c] -= sum(flow[(r, c)] for r in rows if (r, c) in hidden) - before[c]
    r, c = cell
    while flow[cell] > 0 and augment([('r', r)], {('c', c)}, banned=cell):
        flow[cell] -= 1
    least = flow[cell]
    while flow[cell] < 3 * K and augment([('c', c)], {('r', r)}, banned=cell):
        flow[cell] += 1
    return least, flow[cell]


def attack(given, counts):
    """Nobody can tell a small number that is hidden from any other small one, as far as the totals let it."""
    rows, columns = sorted({r for r, c in given} - {'all'}), sorted({c for r, c in given} - {'all'})
    total, tried = given[('all', 'all')], 0
    for r, c in itertools.product(rows, columns):
        true = counts[(r, c)]
        assert given[(r, c)] is None if true < K else given[(r, c)] in (None, true), (r, c)
        if true >= K:
            continue
        row, column = given[(r, 'all')], given[('all', c)]
        least, most = interval(rows, columns, total, given, (r, c))
        assert least <= max(0, row + column - total) and most >= min(K - 1, row, column), (r, c, true, least, most)
        tried += 1
    return tried


def check_counts(p, records, names, *more):
    """Every number that is given is true; none under K; totals that are given out are those of all."""
    answer = p.json_as('analyst', 'stats', '--by', ','.join(names), *more)[0]
    counted = records[:answer['counted']]
    given = shown(answer, names)
    counts = recode(truth(counted, names), given, names)
    assert answer['counted'] == len(records) // K * K and answer['waiting'] == len(records) % K, answer['counted']
    assert answer['suppressed'] == sum(v is None for v in given.values()) and answer['k'] >= K
    for cell, number in given.items():
        if number is None:
            continue
        # A value that nobody has is said to be of nobody only where no other one is small.
        assert number == counts[cell] and (number >= K or number == 0), (cell, number, counts[cell])
    small = [v for v in Counter(truth(counted, names[:1])).values() if 0 < v < K]
    assert len(names) > 1 or not small or 0 not in given.values(), names
    return answer, given, counts


def check_csv(p, given, names):
    rows = list(csv.reader(io.StringIO(p.as_('analyst', 'stats', '--by', ','.join(names), '--csv'))))
    assert rows[0] == names + ['count', 'suppressed'] and len(rows) == len(given) + 1, rows[0]
    for row in rows[1:]:
        number = given[tuple(row[:len(names)])]
        assert row[-2:] == (['', 'yes'] if number is None else [str(number), 'no']), row


def numbers(p, records):
    tried = 0
    for name in ('year', 'citizenship', 'age', 'gender', 'form', 'control', 'place', 'status', 'role'):
        _, given, counts = check_counts(p, records, [name])
        if name == 'gender':
            check_csv(p, given, [name])
            assert ('TransgenderFeminine',) not in given and ('NonConforming',) not in given
            assert given[('others',)] == counts[('others',)] >= K
    for pair in (['year', 'gender'], ['gender', 'year'], ['age', 'gender'], ['status', 'age'], ['year', 'age'], ['gender', 'status'], ['age', 'role']):
        answer, given, counts = check_counts(p, records, pair)
        assert answer['several'] == []
        tried += attack(given, counts)
        check_csv(p, given, pair)
    assert tried > 30, tried
    # Where one person can be in several nothing adds up; the numbers are true all the same, and small ones hidden.
    for pair in (['citizenship', 'year'], ['form', 'gender'], ['form', 'control'], ['place', 'form']):
        answer, given, counts = check_counts(p, records, pair)
        assert answer['several'], pair
        for cell, number in given.items():
            inside = [i for i, w in enumerate(cell) if w != 'all']
            if number is None or len(inside) < 2:
                continue
            for i in inside:  # and those of the one that are not in the other are no few, either
                of = given[tuple('all' if j == i else w for j, w in enumerate(cell))]
                assert pair[i] not in answer['several'] or of is None or of - number >= K, (cell, number, of)
    # Asked for the other way round, the same numbers are hidden: else two answers would tell what one does not.
    one, two = (check_counts(p, records, names)[1] for names in (['year', 'gender'], ['gender', 'year']))
    assert {(b, a): n for (a, b), n in two.items()} == one


def three(p, records):
    """Three at once: what is hidden in a table of two is hidden here, and no line gives one number away."""
    names = ['status', 'role', 'gender']
    answer, given, counts = check_counts(p, records, names)
    for i, j in itertools.combinations(range(3), 2):
        pair = [names[i], names[j]]
        table = check_counts(p, records, pair)[1]
        for cell, number in table.items():
            place = ['all'] * 3
            place[i], place[j] = cell
            assert given[tuple(place)] == number, (cell, number)
    for cell, number in given.items():
        if 'all' in cell or number is not None:
            continue
        for i in range(3):  # along every line whose total is shown there is another one hidden
            line = [c for c in given if all(c[j] == cell[j] for j in range(3) if j != i) and c[i] != 'all']
            total = given[tuple('all' if j == i else cell[j] for j in range(3))]
            hidden = [c for c in line if given[c] is None]
            assert total is None or len(hidden) > 1 and sum(counts[c] for c in hidden) >= K - 1, (cell, line)
    return answer


def filters(p, records):
    """A filter is one more dimension: what it shows is a part of the table that stands under the same rules."""
    cross = check_counts(p, records, ['year', 'gender'])[1]
    for gender in ('Feminine', 'Masculine', 'others'):
        if gender == 'others':  # who is in it nobody is told
            for word in ('TransgenderFeminine', 'NonConforming', 'TransgenderMasculine', 'not said'):
                p.as_('analyst', 'stats', '--by', 'year', '--where', 'gender=' + word, rc=1, err='too few records have gender=' + word)
            continue
        part = p.json_as('analyst', 'stats', '--by', 'year', '--where', 'gender=' + gender)[0]
        assert part['where'] == {'gender': gender}
        assert {(y, gender): n for (y,), n in shown(part, ['year']).items()} == {c: n for c, n in cross.items() if c[1] == gender}
    both = p.json_as('analyst', 'stats', '--by', 'age', '-w', 'role=Victim', '-w', 'status=ActualVictimOfTrafficking')[0]
    assert both['where'] == {'role': 'Victim', 'status': 'ActualVictimOfTrafficking'}
    rows = list(csv.reader(io.StringIO(p.as_('analyst', 'stats', '--by', 'year', '--where', 'gender=Feminine', '--csv'))))
    assert rows[0] == ['year', 'gender', 'count', 'suppressed'] and rows[1][1] == 'Feminine'


def usage(p):
    """One clear line each, and nothing is opened."""
    before = p.archive()
    for args, err in ((['--by', ''], 'what to count by'), ([], 'what to count by'), (['--by', 'name'], 'not counted by name, but by: year, citizenship'),
                      (['--by', 'year,year'], 'year is named twice'), (['--by', 'year,'], 'are not counted by'),
                      (['--by', 'year', '-w', 'year=2024'], 'year is named twice'),
                      (['--by', 'year,age,gender,form'], 'at most 3'), (['--by', 'year,age', '-w', 'gender=Feminine', '-w', 'form=Servitude'], 'at most 3'),
                      (['--by', 'year', '-w', 'gender'], 'NAME=VALUE'), (['--by', 'year', '-w', '=x'], 'NAME=VALUE'),
                      (['--by', 'year', '-w', 'gender=King'], 'is none of Feminine, Masculine'),
                      (['--by', 'year', '-w', 'gender=\x1b[31m'], 'is none of'), (['--by', 'year', '-w', "place=x' OR 1=1"], 'two capital letters'),
                      (['--by', 'year', '-w', 'place=' + 'A' * 70], 'NAME=VALUE'), (['--by', 'y' * 300], 'at most 3'),
                      (['--by', 'first_name'], 'not counted by'), (['--by', 'birth_year'], 'not counted by'),
                      (['--by', 'year', '--of', 'testimony'], 'nothing to count testimony records by'), (['--by', 'year', '--of', 'x\n'], 'nothing to count'),
                      (['--by', 'year', '-k', '10'], '11 at least'), (['--by', 'year', '-k', '0'], ''), (['--by', 'year', '-k', '-1'], ''),
                      (['--by', 'year', '-k', '99999999'], '11 at least'), (['--by', 'year', '-o', 'x.txt'], 'ends in .html')):
        p.as_('analyst', 'stats', *args, rc=2, err=err)
    assert p.archive() == before


def refusals(p):
    """Who may not read coded fields is refused, and the log says so."""
    for who in ('intake', 'protection', 'legal', 'medical', 'auditor'):
        p.as_(who, 'stats', '--by', 'year', '-r', 'curious', rc=13, err='which you may not read')
    events = p.json_as('auditor', 'audit', 'log', '--action', 'refused')
    assert len(events) == 5 and all('coded' in e['sections'] and e['reason'] == 'curious' for e in events), events
    assert p.as_('analyst', 'record', 'list', '--type', 'testimony', '-q') == ''


def kept(p):
    """Coded fields are opened once, and what is kept of them is sealed: deleted or damaged, it is made again."""
    ask = ('analyst', 'stats', '--by', 'age,form')
    opened = lambda: [e['detail'] for e in p.json_as('auditor', 'audit', 'log', '--action', 'list') if 'coded fields' in e.get('detail', '')]
    was, events = p.json_as(*ask)[0]['cells'], opened()
    assert events == ['coded fields of %d new versions' % (p.counted // K * K)], events
    found = b''.join(open(f + end, 'rb').read() for f in catalogs(p) for end in ('', '-wal') if os.path.exists(f + end))
    assert b'/coded/person' in found and b'ForcedLabour' not in found and b'Feminine' not in found
    other = "CASE WHEN substr(sealed, length(sealed)) = x'00' THEN x'01' ELSE x'00' END"  # than the byte that is there
    for sql in ("UPDATE ring SET sealed = substr(sealed, 1, length(sealed) - 1) || %s WHERE member GLOB '*/coded/*'" % other,
                "UPDATE ring SET sealed = x'00' WHERE member GLOB '*/coded/*'", 'DELETE FROM ring'):
        change_catalogs(p, sql)
        assert p.json_as(*ask)[0]['cells'] == was and len(opened()) == len(events) + 1, sql
        events = opened()
    assert p.json_as(*ask)[0]['cells'] == was and opened() == events


def log(p, count):
    """An event says what was counted, names no record, and stays small; contents and events agree."""
    p.as_('analyst', 'stats', '--by', 'form,year', '--where', 'gender=Feminine', '-k', '20', '--reason', 'The yearly report')
    event = p.json_as('auditor', 'audit', 'log', '--action', 'stats')[-1]
    assert 'ids' not in event and event['sections'] == ['coded'] and event['reason'] == 'The yearly report', event
    assert event['detail'].startswith('by form, year, where gender=Feminine; nothing under 20; %d records of type person, up to entry ' % (count // K * K)), event
    assert len(json.dumps(event)) < 1000
    p.as_('auditor', 'audit', 'verify', '--contents')


def steps(p, records, chance):
    """The next record changes no number; the one that fills a step, an edit and an erasure do, with all that waited."""
    ask = ('stats', '--by', 'gender,status')
    missing = K - len(records) % K
    cells = lambda: p.json_as('analyst', *ask)[0]
    was = cells()
    extra = list(people(missing, chance))
    ids = []
    for r in extra[:-1]:
        ids.append(p.add('intake', r))
    now = cells()
    assert now['cells'] == was['cells'] and now['waiting'] == was['waiting'] + missing - 1 and now['entry'] == was['entry']
    # An edit of one that is counted waits, too.
    first = p.json_as('protection', 'record', 'list', '--type', 'person')[0]['id']
    gender = p.json_as('protection', 'record', 'show', first)[0]['identity']['gender']
    new = 'Masculine' if gender == 'Feminine' else 'Feminine'
    p.as_('protection', 'record', 'edit', first, '--set', 'identity.gender=' + new)
    assert cells()['cells'] == was['cells']
    p.add('intake', extra[-1])
    records = [dict(r) for r in records] + extra
    records[0] = dict(records[0], identity=dict(records[0]['identity'], gender=new))
    check_counts(p, records, ['gender', 'status'])
    assert cells()['entry'] > was['entry'] and cells()['waiting'] == 0
    p.as_('protection', 'record', 'erase', first, '--really', '--confirm', first, '--reason', 'asked for')
    after = cells()
    assert after['counted'] == len(records) - K and after['waiting'] == K - 1, after
    return p.json_as('protection', 'record', 'list', '--type', 'person')[0]['id']


def page(p, folder):
    """In a real browser: no request, no script, the same numbers; and both files or none."""
    p.as_('analyst', 'stats', '--by', 'year,gender', '-o', p.path('s.html'), '--csv', out='', err='suppressed')
    assert os.path.exists(p.path('s.csv')) and os.stat(p.path('s.html')).st_mode & 0o777 == 0o600
    p.as_('analyst', 'stats', '--by', 'year', '-o', p.path('s.html'), rc=1, err='s.html')
    p.as_('analyst', 'stats', '--by', 'citizenship,status', '--where', 'gender=Feminine', '-o', p.path('t.html'), '-q')
    p.as_('analyst', 'stats', '--by', 'form', '-o', p.path('u.html'), '-q')
    p.as_('analyst', 'stats', '--by', 'year,status,role', '-o', p.path('v.html'), '-q')
    text = open(p.path('s.html')).read()
    assert "default-src 'none'" in text and '<script' not in text and 'http://' not in text and 'https://' not in text
    if not browser.find():
        return
    given = shown(p.json_as('analyst', 'stats', '--by', 'year,gender')[0], ['year', 'gender'])
    with browser.Browser(width=1000) as b:
        for name in 'stuv':
            assert b.open(p.path(name + '.html')) == 'statistics'
            b.eval("document.readyState === 'complete' || new Promise(done => addEventListener('load', () => done(true)))")
            assert b.requests == ['file://' + p.path(name + '.html')] and b.complaints == [], (b.requests, b.complaints)
            assert b.eval('document.documentElement.scrollWidth <= innerWidth'), 'wider than the window'
            if folder:
                b.screenshot(os.path.join(folder, name + '.png'), full=True)
        b.open(p.path('s.html'))
        table = b.eval("[...document.querySelectorAll('.cross tr')].map(r => [...r.cells].map(c => c.innerText.trim()))")
        head = table[0][1:]
        said = lambda word: re.sub('(?<=[a-z])[A-Z]', lambda m: ' ' + m.group().lower(), word)  # as a form says it
        assert {(r[0], g): None if n == '\u00b7' else int(n) for r in table[1:] for g, n in zip(head, r[1:])} == {(y, said(g)): n for (y, g), n in given.items()}
        bars = b.eval("document.querySelectorAll('.bar').length")
        assert bars == sum(n is not None and 'all' != g for (y, g), n in given.items()), bars
        said = b.eval("document.querySelector('#meaning').innerText")
        assert '%d of %d numbers are suppressed' % (sum(n is None for n in given.values()), len(given)) in said, said
        b.pdf(p.path('s.pdf'))
        p.checks += 5


def few(p):
    """Under eleven there is nothing to be said, and of cases the status counts as of persons."""
    answer = p.json_as('analyst', 'stats', '--of', 'case', '--by', 'status,year')[0]
    assert answer['counted'] == 0 and answer['waiting'] == 0
    for i in range(K + 3):
        p.add('intake', {'type': 'case', 'admin': {'case_number': 'RS-%d' % i, 'status': 'Closed' if i % 4 else 'Active', 'opened': '2024-01-%02d' % (1 + i)}})
        if i in (3, 9):
            answer = p.json_as('analyst', 'stats', '--of', 'case', '--by', 'status')[0]
            assert answer['counted'] == 0 and answer['waiting'] == i + 1 and not any(c['count'] for c in answer['cells']), answer
    answer = p.json_as('analyst', 'stats', '--of', 'case', '--by', 'status')[0]
    assert shown(answer, ['status']) == {('others',): K, ('all',): K}, answer
    answer = p.json_as('analyst', 'stats', '--of', 'case', '--by', 'year')[0]
    assert shown(answer, ['year']) == {('2024',): K, ('all',): K}, answer


def undated(p):
    """Who is registered without a day is so today: the year and the age are counted."""
    today = common.today()
    new = [{'type': 'person', 'admin': {'role': 'Victim'}, 'identity': {'birth_date': str(int(today[:4]) - 16)}} for _ in range(K + 1)]
    by = lambda name: shown(p.json_as('analyst', 'stats', '--by', name)[0], [name])
    years, ages = by('year'), by('age')
    id = p.add('protection', new[0])
    assert p.json_as('protection', 'record', 'show', id)[0]['admin'] == {'role': 'Victim', 'registered': today}
    p.as_('intake', 'record', 'import', '-', stdin='\n'.join(map(json.dumps, new[1:])).encode())
    assert (today[:4],) not in years and by('year')[(today[:4],)] == K + 1, (years, by('year'))
    assert by('age')[('9-17',)] >= ages[('9-17',)] + K + 1 and ('not said',) not in by('age'), (ages, by('age'))
    # An edit that takes the day away is not undone.
    p.as_('protection', 'record', 'edit', id, '--set', 'admin.registered=')
    assert p.json_as('protection', 'record', 'show', id)[0]['admin'] == {'role': 'Victim'}


def hostile(p):
    """What no field could hold counts as not said; a word that would be a formula stands in no cell."""
    assert not p.as_('analyst', 'stats', '--by', 'citizenship', '--csv').count('=')
    shown_text = p.as_('analyst', 'stats', '--by', 'place,year')
    assert 'street' not in shown_text and 'Name' not in shown_text
    assert all(len(l) <= 80 for l in p.both('analyst', 'stats', '--by', 'year,gender').split('\n') if not l.startswith(('Newer', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'gender')))


def catalogs(p):
    return [os.path.join(d, f) for d, _, names in os.walk(p.home) for f in names if f == 'catalog.db']


def change_catalogs(p, sql):
    for f in catalogs(p):
        with contextlib.closing(sqlite3.connect(f)) as db, db:
            db.execute(sql)


def unread(p, id):
    """A damaged entry costs itself, and the answer says so; where the vault asks why, so does this."""
    ask = ('analyst', 'stats', '--by', 'gender')
    counted = p.json_as(*ask)[0]['counted']
    index = p.json_as('protection', 'record', 'history', id)[0]['entry']
    segment = p.path('vault', 'archive', sorted(os.listdir(p.path('vault', 'archive')))[-1])
    common.flip(segment, index)
    assert p.json_as(*ask)[0]['unread'] == 0, 'what was opened before needs no archive'
    change_catalogs(p, 'DELETE FROM ring')
    p.as_(*ask, err='1 could not be read, and is not counted')
    answer = p.json_as(*ask)[0]
    assert answer['unread'] == 1 and answer['counted'] == counted - 1, answer
    common.flip(segment, index)
    assert p.json_as(*ask)[0]['counted'] == counted
    p.as_('founder', 'policy', 'set', '--require-reason')
    before = p.archive()
    p.as_(*ask, rc=2, err='add --reason TEXT')
    assert p.archive() == before
    p.as_(*ask, '--reason', 'The yearly report')


def test(p):
    p.vault(roles=('intake', 'protection', 'legal', 'medical', 'auditor', 'analyst'))
    chance = random.Random(7)
    records = list(people(236, chance))
    p.as_('intake', 'record', 'import', '-', stdin='\n'.join(map(json.dumps, records)).encode())
    p.counted = len(records)
    numbers(p, records)
    three(p, records)
    kept(p)
    filters(p, records)
    refusals(p)
    usage(p)
    page(p, os.environ.get('STATS_PICTURES'))
    log(p, len(records))
    hostile(p)
    few(p)
    id = steps(p, records, chance)
    undated(p)
    unread(p, id)


if __name__ == '__main__':
    common.main(test)
