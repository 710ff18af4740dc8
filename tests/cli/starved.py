#!/usr/bin/env python3
"""Memory that is not there: each allocation, mapping and thread of a command is refused once, at each way that leads to it.
The command says so in one line with status 1, or does without; the vault is as before or as after.

usage: starved.py CASEVAULT STARVE.SO [--only COMMAND [--every]]      (each way of one command; otherwise some ways of each)
--every: each of the allocations, not only the first of each way to one: an hour and more for a command.
The program is the one that is installed: sanitizers bring allocators of their own."""
import collections, hashlib, json, os, random, shutil, signal, subprocess, sys, time

from common import PERSON, TESTIMONY, main

SEED, SAMPLE = 8, 8  # so many ways of each command in an ordinary run: all of them take an hour
TEXT = json.dumps(PERSON).encode()
LINES = b''.join(json.dumps(dict(PERSON, identity={'first_name': 'Ana', 'second_name': 'Banić %d' % i})).encode() + b'\n' for i in range(3))

# libarchive ends a process by itself, in the middle of its work: a commit bears that as it does SIGKILL.
LIBARCHIVE = 'Fatal Internal Error in libarchive: Out of memory'


class Starved:
    def __init__(self, p, library):
        self.p, self.library = p, os.path.abspath(library)
        self.told = collections.Counter()
        self.words = collections.Counter()

    def fresh(self):
        """The vault and what its user remembers, as they were."""
        for name in ('vault', 'home', 'run', 'out'):
            shutil.rmtree(self.p.path(name), ignore_errors=True)
        for name in ('vault', 'home'):
            shutil.copytree(self.p.path('kept', name), self.p.path(name))
        os.mkdir(self.p.path('run'), 0o700)
        os.mkdir(self.p.path('out'))

    def run(self, args, stdin, **env):
        try:
            return subprocess.run([self.p.binary, *args], input=stdin, capture_output=True, cwd=self.p.dir, start_new_session=True, timeout=60,
                                  env=dict(self.p.env(), LD_PRELOAD=self.library, **env))
        except subprocess.TimeoutExpired:
            raise AssertionError('%s hangs with %s' % (args, env))

    def ways(self, args, stdin):
        """The number of the first allocation of each way that leads to one."""
        log = self.p.path('ways')
        open(log, 'wb').close()
        self.fresh()
        r = self.run(args, stdin, STARVE_LOG=log)
        assert r.returncode == 0, (args, r.stderr)
        raw, seen = open(log, 'rb').read(), {}
        for n in range(len(raw) // 8):
            seen.setdefault(raw[8 * n:8 * n + 8], n + 1)
        return sorted(seen.values()), len(raw) // 8

    def once(self, case, n, more):
        """One command, one refusal; what it says, and what is there afterwards."""
        self.fresh()
        r = self.run(case.args, case.stdin, STARVE_AT=str(n), **more)
        again = 'STARVE_AT=%d %s LD_PRELOAD=%s casevault %s' % (n, more, self.library, ' '.join(case.args))
        told = r.stderr.decode().split('\n')
        lines = [l for l in told if l.startswith('casevault: ') and 'hint:' not in l] or [l for l in told if l.startswith(LIBARCHIVE)]
        assert r.returncode in (0, 1), (again, r.returncode, r.stdout[-300:], r.stderr[-500:])
        assert (r.returncode == 0) or (len(lines) == 1 and len(lines[0]) > len('casevault: ')), (again, r.stderr)
        self.words.update(lines[:1] if r.returncode else [])
        self.told['refused' if r.returncode else 'done'] += 1
        try:
            case.holds(r)
        except AssertionError as e:
            raise AssertionError('%s: status %d, %r; then %s' % (again, r.returncode, r.stderr[-300:], e)) from e


class Case:
    """A command, and what must hold after it."""

    def __init__(self, p, *args, stdin=b'', who='founder', after=None):
        self.p, self.stdin, self.after = p, stdin, after
        self.args = [*args, *(p.who(who) if who else [])]

    def holds(self, r):
        p = self.p
        if self.after is not None:
            self.after(p, r)
        if os.path.isdir(p.path('vault')):
            p.run('audit', 'verify', '-q', '--vault', p.path('vault'))
            p.run('check', '-q', '--vault', p.path('vault'))
            assert p.record in p.as_('founder', 'record', 'list', '--json'), 'what was acknowledged'


def records(p):
    return [r['id'] for r in p.json_as('founder', 'record', 'list')]


def stored(count):
    """So many more records if it said so; none or so many if not."""
    def after(p, r):
        more = len(records(p)) - p.count
        assert more == count if r.returncode == 0 else more in (0, count), more
    return after


def same(p):
    """What is shown is what is shown with memory enough, or nothing was done."""
    wanted = []
    def after(p, r):
        if not wanted:
            wanted.append(r.stdout)
        assert r.returncode != 0 or r.stdout == wanted[0], r.stdout
    return after


def edited(p, r):
    risk = p.json_as('founder', 'record', 'show', p.record)[0]['risk']['level']
    assert risk == 'Low' if r.returncode == 0 else risk in ('High', 'Low'), risk


def founded(p, r):
    new = p.path('out', 'new')
    if r.returncode == 0:
        p.run('status', '-i', p.path('founder.identity'), '--passphrase-file', p.path('passphrase'), '--vault', new)
    else:
        shutil.rmtree(new, ignore_errors=True)


def unlocked(p, r):
    """Whoever is told that it failed may be unlocked all the same, if it was only the words that had no room."""
    if r.returncode == 0:
        p.run('status', '-i', p.path('founder.identity'), '--vault', p.path('vault'))
    p.run('lock', '-i', p.path('founder.identity'))
    p.run('status', '-i', p.path('founder.identity'), '--vault', p.path('vault'), rc=1)


def wrote(p, r):
    """Whole or not at all; also where it was only the words that had no room."""
    path = p.path('out', 'package')
    assert os.listdir(p.path('out')) == (['package'] if os.path.exists(path) else []), os.listdir(p.path('out'))
    assert os.path.exists(path) or r.returncode != 0
    if os.path.exists(path):
        p.run('verify', path, '-i', p.path('Court.key'), '--sender-key', p.print_)


def erased(p, r):
    assert r.returncode != 0 or p.victim not in records(p)


def cases(p):
    id = ['-i', p.path('founder.identity'), '--passphrase-file', p.path('passphrase')]
    return [
        Case(p, 'init', p.path('out', 'new'), *id, who=None, after=founded),
        Case(p, 'unlock', *id, who=None, after=unlocked),
        Case(p, 'status', after=same(p)),
        Case(p, 'record', 'add', '-', stdin=TEXT, after=stored(1)),
        Case(p, 'record', 'show', p.record, after=same(p)),
        Case(p, 'record', 'list', after=same(p)),
        Case(p, 'record', 'edit', p.record, '-', stdin=b'{"risk":{"level":"Low"}}', after=edited),
        Case(p, 'search', 'Banić', after=same(p)),
        Case(p, 'record', 'import', '--known-ok', '-', stdin=LINES, after=stored(3)),
        Case(p, 'package', 'new', '--case', p.case_, '--to', 'Court', '--profile', 'prosecution', '-q', '--legal-basis', 'an order'),
        Case(p, 'package', 'write', p.package_, '-o', p.path('out', 'package'), after=wrote),
        Case(p, 'record', 'erase', p.victim, '--reason', 'her wish', '--really', '--confirm', p.victim, after=erased),
        Case(p, 'audit', 'log', after=None),
        Case(p, 'audit', 'verify', '--vault', p.path('vault'), who=None, after=same(p)),
        Case(p, 'check', '--vault', p.path('vault'), who=None, after=same(p)),
        Case(p, 'verify', p.path('kept', 'package'), '-i', p.path('Court.key'), '--sender-key', p.print_, who=None, after=same(p)),
    ]


def test(p):
    s = Starved(p, sys.argv[2])
    only = sys.argv[sys.argv.index('--only') + 1] if '--only' in sys.argv else None
    p.more = {'XDG_RUNTIME_DIR': p.path('run')}
    p.vault(())
    os.mkdir(p.path('kept'))
    p.partner('Court')
    p.case_, p.victim, p.said = p.case(by='founder')
    p.record = p.add('founder', PERSON)
    p.print_ = p.json_as('founder', 'status')[0]['fingerprint']
    p.package('founder', p.case_, 'Court', 'kept/package', '--legal-basis', 'an order')
    p.as_('founder', 'package', 'new', '--case', p.case_, '--to', 'Court', '--profile', 'prosecution', '-q', '--legal-basis', 'an order')
    p.package_ = p.json_as('founder', 'package', 'list')[-1]['package']
    p.as_('founder', 'search', 'Banić')
    p.count = len(records(p))
    for name in ('vault', 'home'):
        shutil.copytree(p.path(name), p.path('kept', name))
    failed, chance = [], random.Random(SEED)
    for case in cases(p):
        name = ' '.join(w for w in case.args[:2] if not w.startswith(('/', '-')))
        if only is not None and not (name + ' ').startswith(only + ' '):
            continue
        ways, asked = s.ways(case.args, case.stdin)
        chosen = range(1, asked + 1) if '--every' in sys.argv else ways if only is not None else sorted(chance.sample(ways, min(SAMPLE, len(ways))))
        if case.after is not None:
            s.fresh()
            case.holds(s.run(case.args, case.stdin))
        began, before = time.monotonic(), s.told['refused']
        for n in chosen:
            for more in ({}, {'STARVE_ALL': '1'})[:2 if n % 4 == 0 else 1]:
                try:
                    s.once(case, n, more)
                except AssertionError as e:
                    failed.append(e)
                    print(e, flush=True)
        print('%-14s %6d asked for, in %4d ways; %4d tried, %4d said so (%.0f s)' % (name, asked, len(ways), len(chosen), s.told['refused'] - before,
                                                                                     time.monotonic() - began), flush=True)
    print('figures: %d times that commands were refused memory' % sum(s.told.values()))
    print('%d refusals of memory; %d commands said so, %d did without' % (sum(s.told.values()), s.told['refused'], s.told['done']))
    for line, n in s.words.most_common(12 if only is not None else 0):
        print('  %4d  %s' % (n, line))
    assert not failed, '%d of them failed' % len(failed)


main(test)
