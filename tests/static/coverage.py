#!/usr/bin/env python3
"""Which lines and branches of crypto and formats the unit tests, vectors, replays of fuzzing and a few tests of commands run; fewer branches than LEAST
are a failure. usage: coverage.py BUILD      BUILD: with CASEVAULT_COVERAGE, built

Branches are what gcc makes of the source, both ways of each; nothing is left out, failed allocations included. (C has no
exceptions: there are no throw branches to exclude.)"""
import json, os, shutil, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FLOORS = ('crypto', 'formats')
# Tests of commands that are the ones to use some of formats whole: columns of imports, figures, pages, packages.
COMMANDS = ('audit', 'auditlog', 'auditpage', 'exporting', 'importing', 'package', 'recovery', 'stats', 'timestamp', 'verify')
LEAST = 85.0  # per cent of branches, of both floors together and of each


def run(*args):
    done = subprocess.run(args, capture_output=True, text=True, cwd=ROOT)  # gcovr's filters begin where it runs
    if done.returncode != 0:
        sys.exit('%s: %s' % (args[0], (done.stdout + done.stderr)[-3000:]))


def share(files, what):
    return 100.0 * sum(f[what + '_covered'] for f in files) / sum(f[what + '_total'] for f in files)


def main():
    if not shutil.which('gcovr'):
        print('gcovr is not here')
        return 77
    build = os.path.abspath(sys.argv[1])
    for where, _, names in os.walk(build):
        for name in names:
            if name.endswith('.gcda'):
                os.unlink(os.path.join(where, name))
    os.environ.pop('CASEVAULT_LONG', None)  # a choice suffices to be counted
    run('ctest', '--test-dir', build, '-j', str(os.cpu_count()), '-R', '^(unit|vectors|fuzz)/|^cli/(%s)$' % '|'.join(COMMANDS))
    out = os.path.join(build, 'coverage.json')
    run('gcovr', '--root', ROOT, '--object-directory', build, '--filter', '(crypto|formats)/', '--json-summary', out,
        *[os.path.join(build, floor) for floor in FLOORS])
    files = [f for f in json.load(open(out))['files'] if f['filename'].endswith('.c')]
    for f in sorted(files, key=lambda f: f['branch_covered'] - f['branch_total'])[:15]:
        print('%-28s %4d of %4d branches are never taken' % (f['filename'], f['branch_total'] - f['branch_covered'], f['branch_total']))
    bad = 0
    for floor in FLOORS:
        here = [f for f in files if f['filename'].startswith(floor + '/')]
        bad += share(here, 'branch') < LEAST
        print('figures: %.1f %% of lines run in %s, %.1f %% of branches taken in %s' % (share(here, 'line'), floor, share(here, 'branch'), floor))
    if bad or len(files) < 60:
        print('fewer branches than %.0f %% are taken' % LEAST)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
