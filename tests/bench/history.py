"""The figures of the table, kept by date, so that what became slower is seen. Ratios are compared, not times: they mean the
same on another machine."""
import glob, json, os

SLOWER = 1.15


def digits(value):
    return float('%.4g' % value)


def of(date, cores, rows, results):
    """A run as it is kept: no names of machines, no paths."""
    kept = {row.key: {str(n): {'ours': digits(f.ours), 'floor': digits(f.floor), 'ratio': digits(f.ratio), 'limit': row.limit}
                      for n, f in sorted((n, figures[row.key]) for n, figures in results.items()) if not f.why}
            for row in rows}
    return {'date': date, 'cores': cores, 'sizes': sorted(results), 'rows': kept}


def keep(directory, run):
    os.makedirs(directory, exist_ok=True)
    rows = ',\n'.join('  %s: {\n%s\n  }' % (json.dumps(key), ',\n'.join('    %s: %s' % (json.dumps(n), json.dumps(f)) for n, f in sizes.items()))
                      for key, sizes in run['rows'].items())
    with open(os.path.join(directory, run['date'] + '.json'), 'w') as f:
        f.write('{"date": "%s", "cores": %d, "sizes": %s, "rows": {\n%s\n}}\n' % (run['date'], run['cores'], json.dumps(run['sizes']), rows))


def latest(directory):
    """The run that was kept last; None if none was."""
    kept = sorted(glob.glob(os.path.join(directory, '????-??-??.json')))
    if not kept:
        return None
    with open(kept[-1]) as f:
        return json.load(f)


def slower(before, run):
    """A line for each ratio that grew by more than 15 %, and one that says what was compared."""
    if before is None:
        return ['No earlier run is kept to compare with.']
    lines, compared = [], 0
    for key, sizes in run['rows'].items():
        for n, now in sizes.items():
            then = before['rows'].get(key, {}).get(n)
            if then is None:
                continue
            compared += 1
            if now['ratio'] > then['ratio'] * SLOWER:
                lines.append('slower than on %s: %s at %s records: %.2f, was %.2f' % (
                    before['date'], key, '{:,}'.format(int(n)), now['ratio'], then['ratio']))
    return lines + ['%d ratios compared with those of %s, %d slower by more than 15 %%.' % (compared, before['date'], len(lines))]
