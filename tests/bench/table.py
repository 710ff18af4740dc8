"""What the benchmark's figures are, and how they are told. Nothing is measured here."""
from dataclasses import dataclass

UNITS = {'us': ((1e6, 's'), (1e3, 'ms'), (1, 'us')), 'bytes': ((1 << 30, 'GiB'), (1 << 20, 'MiB'), (1 << 10, 'KiB'), (1, 'B')),
         'KiB': ((1 << 20, 'GiB'), (1 << 10, 'MiB'), (1, 'KiB'))}


def amount(value, unit):
    """Three digits and a unit that a person takes in."""
    size, name = next(((s, n) for s, n in UNITS[unit] if abs(value) >= s), UNITS[unit][-1])
    shown = value / size
    return '%.*f %s' % (2 if abs(shown) < 10 else 1 if abs(shown) < 100 else 0, shown, name)


@dataclass
class Figure:
    """One measurement beside its floor; `why` where there is none, `note` what else is to be known of it."""
    ours: float = None
    floor: float = None
    why: str = None
    note: str = None

    @property
    def ratio(self):
        return None if self.why else self.ours / self.floor


@dataclass(frozen=True)
class Row:
    """A row of the table that is to be reached. `red` is why it cannot be reached, should it be red."""
    key: str
    work: str
    floor: str
    limit: float
    unit: str = 'us'
    most: bool = False  # stands in the table at the largest size, not at 100,000
    stretch: float = None
    bound: str = ''
    red: str = None

    def verdict(self, figure):
        return 'holds' if round(figure.ratio, 2) <= self.limit else 'RED'


@dataclass
class Further:
    """A row from earlier work. With `more`, the limit is for how much more than the floor it may be, in its unit."""
    work: str
    ours: float = None
    floor: float = None
    limit: float = None
    unit: str = 'us'
    more: bool = False
    why: str = None

    def line(self):
        if self.why:
            return '%-72s not measured: %s' % (self.work, self.why)
        value = self.ours - self.floor if self.more else self.ours / self.floor
        shown = ('%+.0f %s' % (value, self.unit)) if self.more else '%.2f' % value
        limit = '' if self.limit is None else '%+.0f' % self.limit if self.more else '%g' % self.limit
        verdict = '' if self.limit is None else 'holds' if value <= self.limit else 'RED'
        return '%-72s %9s %9s %12s %7s  %s' % (self.work, amount(self.ours, self.unit), amount(self.floor, self.unit), shown, limit,
                                               verdict)


def headline(row, sizes, usual=100000):
    """The size at which a row stands in the table."""
    return sizes[-1] if row.most else max([n for n in sizes if n <= usual], default=sizes[0])


def text(rows, results, sizes):
    """The table on a terminal; below it, why red rows are red, and what is not measured."""
    lines = ['%-42s %9s %9s %9s %6s %5s' % ('', 'records', 'ours', 'floor', 'ratio', 'most')]
    below = []
    for row in rows:
        n = headline(row, sizes)
        figure = results[n][row.key]
        work = row.work + (', beside' if row.floor else '')
        lines.append(work)
        if figure.why:
            lines.append('  %-40s not measured: %s' % (row.floor, figure.why))
            continue
        lines.append('  %-40s %9s %9s %9s %6.2f %5g  %s%s' % (
            row.floor, '{:,}'.format(n), amount(figure.ours, row.unit), amount(figure.floor, row.unit), figure.ratio, row.limit,
            row.verdict(figure), ' (stretch %g: %s)' % (row.stretch, 'reached' if figure.ratio <= row.stretch else 'not reached')
            if row.stretch else ''))
        if figure.note:
            lines.append('    ' + figure.note)
        if row.verdict(figure) == 'RED':
            below.append('%s is RED: %s' % (row.work, row.red or 'no reason is written down for it yet (tests/bench/rows.py).'))
    return '\n'.join(lines + below)


def markdown(rows, results, sizes):
    """The same for docs/PERFORMANCE.md: the table, how the ratios grow, and the reasons."""
    out = ['![How cost grows with the number of records](pictures/performance.svg)', '', '| work | beside | records | ours | floor | ratio | at most | |', '|---|---|---|---|---|---|---|---|']
    reasons = []
    for row in rows:
        n = headline(row, sizes)
        figure = results[n][row.key]
        if figure.why:
            out.append('| %s | %s | {:,} | | | | %g | not measured: %s |'.format(n) % (row.work, row.floor, row.limit, figure.why))
            continue
        verdict = row.verdict(figure)
        out.append('| %s | %s | {:,} | %s | %s | %.2f | %g | %s |'.format(n) % (
            row.work, row.floor, amount(figure.ours, row.unit), amount(figure.floor, row.unit), figure.ratio, row.limit,
            ('holds' if verdict == 'holds' else '**RED**') + ('; ' + figure.note if figure.note else '')))
        if verdict == 'RED':
            reasons.append('- **%s** is red: %s' % (row.work, row.red or 'no reason is written down for it yet.'))
    out += ['', *reasons, ''] if reasons else ['']
    out += ['What one of each costs, and its ratio, as the vault grows; and what it is bound by:', '',
            '| work | ' + ' | '.join('{:,}'.format(n) for n in sizes) + ' | bound by |', '|---' * (len(sizes) + 2) + '|']
    for row in rows:
        cells = [results[n][row.key] for n in sizes]
        shown = ['-' if f.why else '%s (%.2f)' % (amount(f.ours, row.unit), f.ratio) for f in cells]
        out.append('| %s |' % ' | '.join([row.work, *shown, row.bound]))
    return '\n'.join(out)
