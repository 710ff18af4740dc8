#!/usr/bin/env python3
"""Statistics: counts over coded fields, and an attacker who has all that is given out."""
import csv, io, itertools, json, os, random, sys
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


def test(p):
    p.vault(roles=('intake', 'protection', 'legal', 'medical', 'auditor', 'analyst'))
    chance = random.Random(7)
    records = list(people(236, chance))
    p.as_('intake', 'record', 'import', '-', stdin='\n'.join(map(json.dumps, records)).encode())
    print(p.both('analyst', 'stats', '--by', 'year,gender'))
    print(p.both('analyst', 'stats', '--by', 'form'))
    print(p.both('analyst', 'stats', '--by', 'citizenship,year'))
    print(p.both('analyst', 'stats', '--by', 'year', '--where', 'gender=Feminine'))
    print(p.both('analyst', 'stats', '--by', 'year,gender,status'))


if __name__ == '__main__':
    common.main(test)
