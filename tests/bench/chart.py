"""The chart of how cost grows, as SVG: on the left what one of each costs, on the right its ratio to what was to be reached;
one line for each row, both axes logarithmic."""
import math, os
from html import escape

from table import amount

COLOURS = ('#0b6e99', '#b3541e', '#3f7d20', '#8a2c7a', '#a88400', '#2d4fa2', '#c0304a', '#2f8f83', '#6b5b95', '#555555')
HEIGHT, TOP, PLOT = 540, 70, 400
LEFT, PANEL, LABELS, GAP = 70, 300, 270, 60
BEGIN, END = '<!-- bench: begin -->', '<!-- bench: end -->'


class Panel:
    """One plot: where a value lies, its frame, and lines with their names at the end."""

    def __init__(self, at, title, sizes, low, high, ticks, say):
        self.at, self.title, self.sizes, self.ticks, self.say = at, title, sizes, ticks, say
        self.low, self.high, self.lines = low, high, []

    def x(self, n):
        first, last = math.log10(self.sizes[0]), math.log10(self.sizes[-1])
        return self.at + (PANEL / 2 if last == first else (math.log10(n) - first) / (last - first) * PANEL)

    def y(self, value):
        low, high = math.log10(self.low), math.log10(self.high)
        return TOP + PLOT - (math.log10(value) - low) / (high - low) * PLOT

    def frame(self):
        yield '<text x="%g" y="%g" class="title">%s</text>' % (self.at, TOP - 22, escape(self.title))
        for value in self.ticks:
            y = self.y(value)
            yield '<line x1="%g" x2="%g" y1="%.1f" y2="%.1f" class="grid"/>' % (self.at, self.at + PANEL, y, y)
            yield '<text x="%g" y="%.1f" class="tick end">%s</text>' % (self.at - 8, y + 4, escape(self.say(value)))
        for n in self.sizes:
            yield '<line x1="%.1f" x2="%.1f" y1="%g" y2="%g" class="grid"/>' % (self.x(n), self.x(n), TOP, TOP + PLOT)
            yield '<text x="%.1f" y="%g" class="tick middle">%s</text>' % (self.x(n), TOP + PLOT + 20, '{:,}'.format(n))
        yield '<text x="%g" y="%g" class="tick middle">records in the vault</text>' % (self.at + PANEL / 2, TOP + PLOT + 44)

    def draw(self):
        """The lines; their names stand apart from each other, each led to its line."""
        for points, name, colour in self.lines:
            at = ['%.1f,%.1f' % (self.x(n), self.y(v)) for n, v in points]
            yield '<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>' % (' '.join(at), colour)
            for p in at:
                yield '<circle cx="%s" cy="%s" r="3" fill="%s"/>' % (*p.split(','), colour)
        ends = sorted(((self.y(points[-1][1]), points[-1][0], name, colour) for points, name, colour in self.lines))
        for (y, n, name, colour), label in zip(ends, apart([e[0] for e in ends], 17, TOP, TOP + PLOT)):
            right = self.at + PANEL
            yield '<path d="M%.1f %.1f L%g %.1f L%g %.1f" fill="none" stroke="%s" stroke-width="0.7"/>' % (
                self.x(n), y, right + 6, y, right + 18, label, colour)
            yield '<text x="%g" y="%.1f" class="name" fill="%s">%s</text>' % (right + 21, label + 4, colour, escape(name))


def apart(wanted, least, top, bottom):
    """Places as near to the wanted ones (in order) as they can be, no two nearer than ${least}, none outside. Those that would
    touch make a group around the middle of what they want."""
    def placed(group):
        span = (len(group) - 1) * least
        start = min(max(sum(group) / len(group) - span / 2, top), bottom - span)
        return [start + i * least for i in range(len(group))]
    groups = []
    for y in wanted:
        groups.append([y])
        while len(groups) > 1 and placed(groups[-1])[0] - placed(groups[-2])[-1] < least:
            last = groups.pop()
            groups[-1] += last
    return [y for group in groups for y in placed(group)]


def decades(values):
    """Powers of ten around all values."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return [10.0 ** e for e in range(low, max(high, low + 1) + 1)]


def svg(rows, results):
    sizes = sorted(results)
    series = []
    for row, colour in zip(rows, COLOURS):
        found = [(n, results[n][row.key]) for n in sizes if not results[n][row.key].why]
        if found:
            series.append((row, colour, found))
    costs = decades([f.ours for row, _, found in series if row.unit == 'us' for _, f in found])
    shares = [f.ratio / row.limit for row, _, found in series for _, f in found]
    ticks = [t for t in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if min(shares) / 2.5 < t < max(shares) * 2.5 or t == 1]
    left = Panel(LEFT, 'What one of each costs', sizes, costs[0], costs[-1], costs, lambda v: amount(v, 'us').replace('.00', '').replace('.0', ''))
    right = Panel(LEFT + PANEL + LABELS + GAP, 'Its ratio, beside the most it may be (1)', sizes, min(*ticks, *shares), max(*ticks, *shares),
                  ticks, lambda v: '%g' % v)
    for row, colour, found in series:
        if row.unit == 'us':
            left.lines.append(([(n, f.ours) for n, f in found], row.work, colour))
        right.lines.append(([(n, f.ratio / row.limit) for n, f in found], row.work, colour))
    width = right.at + PANEL + LABELS
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">' % (width, HEIGHT, width, HEIGHT),
           '<title>How the cost of each kind of work grows with the number of records</title>',
           '<style>text{font:13px sans-serif}.title{font-size:15px;font-weight:bold;fill:#222}.tick{fill:#555;font-size:12px}'
           '.end{text-anchor:end}.middle{text-anchor:middle}.grid{stroke:#ddd}.most{stroke:#c00;stroke-dasharray:5 4;stroke-width:1.5}</style>',
           '<rect width="%d" height="%d" fill="#fff"/>' % (width, HEIGHT)]
    out += [*left.frame(), *right.frame()]
    out.append('<line x1="%g" x2="%g" y1="%.1f" y2="%.1f" class="most"/>' % (right.at, right.at + PANEL, right.y(1), right.y(1)))
    out += [*left.draw(), *right.draw(), '</svg>']
    return '\n'.join(out) + '\n'


def between(text, inside):
    """The document with what stands between the two marks made anew."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError('the document lacks its two marks, in order')
    return text[:text.index(BEGIN)] + BEGIN + '\n' + inside + '\n' + text[text.index(END):]


def keep(docs, rows, results, table):
    with open(os.path.join(docs, 'pictures', 'performance.svg'), 'w') as f:
        f.write(svg(rows, results))
    path = os.path.join(docs, 'PERFORMANCE.md')
    with open(path) as f:
        text = between(f.read(), table)
    with open(path, 'w') as f:
        f.write(text)
