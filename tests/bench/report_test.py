#!/usr/bin/env python3
"""What the benchmark makes of its figures: the verdicts, the comparison with an earlier run, the chart. Nothing is measured."""
import json, os, sys, tempfile, xml.dom.minidom

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import chart, history, table  # noqa: E402
from table import Figure, Further, Row  # noqa: E402

ROWS = (Row('quick', 'a quick thing', 'its floor', 1.5), Row('slow', 'a slow thing', 'a <peer>', 1.0, red='the disk is slow.'),
        Row('peerless', 'an import', 'a peer', 1.5, stretch=1.0), Row('wide', 'a wide thing', 'JSON', 1.5, unit='bytes', most=True))


def results(slow=2.0):
    return {n: {'quick': Figure(150.4, 100), 'slow': Figure(slow * n, n), 'peerless': Figure(why='no peer is installed'),
                'wide': Figure(3 * n, 2 * n)} for n in (1000, 100000, 1000000)}


def amounts():
    for value, unit, wanted in ((0.5, 'us', '0.50 us'), (1234, 'us', '1.23 ms'), (12.34e6, 'us', '12.3 s'), (999, 'us', '999 us'),
                                (2048, 'KiB', '2.00 MiB'), (5 << 30, 'bytes', '5.00 GiB')):
        assert table.amount(value, unit) == wanted, (value, unit, table.amount(value, unit))


def verdicts():
    text = table.text(ROWS, results(), [1000, 100000, 1000000])
    lines = text.split('\n')
    quick, slow, wide = (next(l for l in lines if l.strip().startswith(w)) for w in ('its floor', 'a <peer>', 'JSON'))
    assert quick.endswith('holds') and '1.50' in quick, quick  # as it is printed, so it is judged
    assert slow.endswith('RED') and ' 100,000 ' in slow, slow
    assert ' 1,000,000 ' in wide, wide
    assert 'not measured: no peer is installed' in text
    assert 'a slow thing is RED: the disk is slow.' in lines
    silent = table.text([Row('slow', 'a slow thing', 'x', 1.0)], results(), [1000])
    assert 'no reason is written down' in silent, silent
    page = table.markdown(ROWS, results(), [1000, 100000, 1000000])
    assert '**RED**' in page and '- **a slow thing** is red: the disk is slow.' in page and 'no peer' in page, page


def earlier_rows():
    for row, end in ((Further('w', 3, 2, 1.5), 'holds'), (Further('w', 3.2, 2, 1.5), 'RED'), (Further('w', 3, 2), ''),
                     (Further('w', 10, 2, 8, 'KiB', more=True), 'holds'), (Further('w', 11, 2, 8, 'KiB', more=True), 'RED'),
                     (Further('w', why='no peer'), 'no peer')):
        assert row.line().endswith(end), row.line()


def kept():
    then = history.of('2026-01-02', 2, ROWS, results())
    with tempfile.TemporaryDirectory() as d:
        assert history.latest(d) is None
        history.keep(d, dict(then, date='2026-01-01'))
        history.keep(d, then)
        assert sorted(os.listdir(d)) == ['2026-01-01.json', '2026-01-02.json']
        assert history.latest(d) == json.loads(json.dumps(then))
    assert 'peerless' in then['rows'] and then['rows']['peerless'] == {}
    same = history.slower(then, then)
    assert same == ['9 ratios compared with those of 2026-01-02, 0 slower by more than 15 %.'], same
    barely, more = (history.slower(then, history.of('2026-01-03', 2, ROWS, results(slow))) for slow in (2.29, 2.31))
    assert len(barely) == 1 and len(more) == 4, (barely, more)
    assert more[1] == 'slower than on 2026-01-02: slow at 100,000 records: 2.31, was 2.00', more
    assert history.slower(None, then) == ['No earlier run is kept to compare with.']


def charts():
    for figures in (results(), {1000: results()[1000]}):
        picture = chart.svg(ROWS, figures)
        lines = xml.dom.minidom.parseString(picture).getElementsByTagName('polyline')
        assert len(lines) == 2 + 3, picture  # two of time on the left, all that were measured on the right
    for wanted, places in (([], []), ([5], [5]), ([10, 11, 90], [8, 13, 30]), ([29, 29], [25, 30]), ([0, 1], [0, 5]),
                           ([10, 16, 17], [9, 14, 19])):
        got = chart.apart(wanted, 5, 0, 30)
        assert [round(y) for y in got] == places, (wanted, got)
    text = 'before %s old %s after' % (chart.BEGIN, chart.END)
    assert chart.between(chart.between(text, 'new'), 'new') == 'before %s\nnew\n%s after' % (chart.BEGIN, chart.END)
    for broken in ('nothing', chart.BEGIN, chart.END + chart.BEGIN, text + chart.BEGIN):
        try:
            chart.between(broken, 'new')
        except ValueError:
            continue
        raise AssertionError('took %r' % broken)


for test in (amounts, verdicts, earlier_rows, kept, charts):
    test()
print('5 tests of what script/bench tells')
