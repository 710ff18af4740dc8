"""An hour of somebody's work, as lines that are typed and screens that are seen (README.md here says how they are written)."""
import re

from terminal import COLUMNS, ROWS

EDGE = '+' + '-' * COLUMNS + '+'
ANSWER = re.compile(r'> \[(.*?)\] ?(.*)$')


class Step:
    """One line of a script. kind: # ~ $ > key exit note screen."""

    def __init__(self, kind, number, text='', prompt=None, rows=None):
        self.kind, self.number, self.text, self.prompt, self.rows = kind, number, text, prompt, rows


def read(path):
    """The steps of a script."""
    lines, steps, n = open(path, encoding='utf-8').read().split('\n'), [], 0
    while n < len(lines):
        line, at = lines[n], n + 1
        n += 1
        first, _, rest = line.partition(' ')
        if line == 'screen':
            rows = None
            if n < len(lines) and lines[n] == EDGE:
                end = lines.index(EDGE, n + 1)
                rows = [l[1:-1].rstrip() for l in lines[n + 1:end]]
                rows, n = (rows + [''] * ROWS)[:ROWS], end + 1
            steps.append(Step('screen', at, rows=rows))
        elif ANSWER.match(line):
            prompt, text = ANSWER.match(line).groups()
            steps.append(Step('>', at, text, prompt))
        elif line == '' or first in ('#', '~', '$', 'key', 'exit', 'note'):
            steps.append(Step(first or '#', at, rest))
        else:
            raise ValueError('%s, line %d: not a line of a script: %s' % (path, at, line))
    return steps


def wide(row):
    """How many columns it takes."""
    import unicodedata
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in row)


def framed(rows):
    """A screen as it stands in a script; the empty rows at its end are left out."""
    last = max([i for i, r in enumerate(rows) if r] + [-1])
    return [EDGE] + ['|' + r + ' ' * (COLUMNS - wide(r)) + '|' for r in rows[:last + 1]] + [EDGE]


def write(path, steps):
    """The same script, with the screens that the steps have."""
    out = []
    for s in steps:
        if s.kind == 'screen':
            out += ['screen'] + (framed(s.rows) if s.rows is not None else [])
        elif s.kind == '>':
            out.append('> [%s]%s' % (s.prompt, ' ' + s.text if s.text else ''))
        elif s.kind == '#' and not s.text:
            out.append('')
        else:
            out.append('%s %s' % (s.kind, s.text))
    open(path, 'w', encoding='utf-8').write('\n'.join(out).rstrip('\n') + '\n')


def commands(steps, mistakes=False):
    """What is typed at the shell's prompt; without what ends in a mistake."""
    out = []
    for i, s in enumerate(steps):
        later = next((t for t in steps[i + 1:] if t.kind in ('$', 'exit')), None)
        if s.kind == '$' and (mistakes or later is None or later.kind != 'exit'):
            out.append(s.text)
    return out
