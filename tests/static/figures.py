#!/usr/bin/env python3
"""What the tests of a run tell in figures: `figures: N what, N what` in their output, summed up kind by kind; shares, which end
in %, stand as they are. usage: figures.py LOG..."""
import re, sys


def gather(text):
    sums = {}
    for line in re.findall(r'^figures: (.*)$', text, re.M):
        for one in line.split(', '):
            number, percent, what = re.match(r'([\d.]+)( %)? (.+)$', one).groups()
            sums[what] = '%s %%' % number if percent else sums.get(what, 0) + int(number)
    return sums


def main():
    sums = gather(''.join(open(f, errors='replace').read() for f in sys.argv[1:]))
    print('Figures of this run:')
    for what in sorted(sums):
        value = sums[what]
        print('%14s  %s' % (value if isinstance(value, str) else '{:,}'.format(value), what))


if __name__ == '__main__':
    assert gather('x\nfigures: 3 cuts, 1.5 % of it\nfigures: 4 cuts\n') == {'cuts': 7, 'of it': '1.5 %'}
    main()
