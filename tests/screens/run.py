#!/usr/bin/env python3
"""Plays an hour of somebody's work in a terminal of 80x24, and compares each screen with what is to be seen.

Usage: tests/screens/run.py CASEVAULT SCRIPT [--record]   (--record writes down what is seen instead, for a person to look at)"""
import argparse, datetime, difflib, os, re, shutil, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'cli'))
sys.dont_write_bytecode = True

import script
from common import PASSPHRASE, Place
from pretend import KINDS, Pretend
from terminal import COLUMNS, Terminal

MOST, STILL = 900, 300  # seconds: for a screen to be as it should be; without any change, before it is given up
SEEN = 1.5  # seconds without a change, before --record takes a screen to be whole
PROMPT = '$ '
PLACE_MOST = 30  # letters of where temporary directories are: a socket's name is short, and paths stand in lines
# What others do meanwhile, out of sight: `new NAME` makes keys, `as NAME COMMAND...` is casevault in their hands.
OUT_OF_SIGHT = '''set -eu
new() { casevault identity new --work 8 "$HOME/$1.identity" --passphrase-file "$HOME/passphrase" 2>"$HOME/said"; }
as() { who=$1; shift; casevault "$@" -i "$HOME/$who.identity" --passphrase-file "$HOME/passphrase" 2>"$HOME/said"; }
'''


def today():
    return datetime.datetime.now(datetime.timezone.utc).date()


class Mismatch(AssertionError):
    pass


class Player:
    def __init__(self, place, path, record):
        self.p, self.path, self.record = place, path, record
        self.steps = script.read(path)
        self.pretend, self.names, self.noted = Pretend(today(), place.home), {}, set()
        self.elsewhere, self.statuses = place.path('elsewhere'), place.path('statuses')
        for d in (self.elsewhere, place.path('run')):
            os.mkdir(d, 0o700)
        shutil.copy(place.path('passphrase'), os.path.join(self.elsewhere, 'passphrase'))
        open(self.statuses, 'w').close()
        self.env = dict(place.env(), PATH=os.path.dirname(place.binary) + os.pathsep + os.environ['PATH'], TZ='UTC',
                        XDG_RUNTIME_DIR=place.path('run'), PS1=PROMPT, STATUSES=self.statuses,
                        PROMPT_COMMAND='echo $? >>"$STATUSES"')
        for name in ('TMUX', 'TMUX_PANE', 'INPUTRC', 'HISTFILE', 'LESS', 'PAGER'):
            self.env.pop(name, None)
        self.t = Terminal(place.dir, self.env, ['bash', '--norc', '--noprofile'], place.home)
        self.typed_at = -1  # the row of the last answer, counted from the first
        self.commands = 0

    def where(self, step):
        return '%s, line %d' % (os.path.basename(self.path), step.number)

    def really(self, text):
        """What a script says, with the real values of its names and days."""
        names = '|'.join(sorted(self.names, key=len, reverse=True))
        text = self.pretend.typed(text)
        return re.sub(r'\b(%s)\b' % names, lambda m: self.names[m.group(1)], text) if names else text

    def wait(self, done, what):
        """Look until done(rows, x, y, row) says so. How it is told that it does not come to that: what()."""
        end, still, before = time.monotonic() + MOST, time.monotonic() + STILL, None
        pause = 0.02
        while True:
            seen = self.t.look()
            if done(*seen):
                return seen
            now = time.monotonic()
            if seen != before:
                before, still, pause = seen, now + STILL, 0.02
            if now > min(end, still):
                raise Mismatch(what(seen[0]))
            time.sleep(pause)
            pause = min(pause * 1.3, 0.2)

    def finished(self):
        """How many commands are over."""
        return len(open(self.statuses).read().split())

    def status(self):
        return int(open(self.statuses).read().split()[-1])

    def at_prompt(self, rows, x, y, row):
        return self.finished() > self.commands and x == len(PROMPT) and ''.join(rows[y]).rstrip() == PROMPT.strip()

    def shell(self, step):
        """A command at an otherwise empty screen."""
        self.wait(self.at_prompt, lambda rows: '%s: the command before is not over:\n%s' % (self.where(step), self.plain(rows)))
        self.commands = self.finished()
        self.t.key('C-l')
        self.wait(lambda rows, x, y, row: y == 0 and x == len(PROMPT) and not any(''.join(r).strip() for r in rows[1:]),
                  lambda rows: '%s: the screen does not get empty:\n%s' % (self.where(step), self.plain(rows)))
        self.t.type(self.really(step.text))
        self.typed_at = -1

    def asked(self, step, rows, x, y, row):
        line = ''.join(rows[y])[:x].rstrip()
        return row > self.typed_at and self.shown_line(line).endswith(step.prompt)

    def answer(self, step):
        """An answer to a question that stands where the cursor is."""
        seen = self.wait(lambda *seen: self.asked(step, *seen),
                         lambda rows: '%s: it does not ask [%s], but:\n%s' % (self.where(step), step.prompt, self.plain(rows)))
        self.typed_at = seen[3]
        self.t.type(self.really(step.text))

    def shown_line(self, line):
        return self.pretend.copy().shown([list(line.ljust(COLUMNS)[:COLUMNS])])[0]

    def plain(self, rows):
        return '\n'.join(script.framed(self.pretend.copy().shown(rows)))

    def screen(self, step):
        if self.record:
            rows = self.settled(step)
            step.rows = self.pretend.shown(rows)
            return
        if step.rows is None:
            raise Mismatch('%s: no screen is written down here: look at it with --record' % self.where(step))
        seen = self.wait(lambda rows, *_: self.pretend.copy().shown(rows) == step.rows, lambda rows: self.differs(step, rows))
        self.pretend.shown(seen[0])
        self.p.checks += 1

    def settled(self, step):
        """A screen that does not change any more; where a question or a page is to stand at its end, that stands there."""
        later = next((s for s in self.steps[self.steps.index(step) + 1:] if s.kind in '$>' or s.kind in ('key', 'exit')), None)
        whole = (lambda *seen: self.asked(later, *seen)) if later and later.kind == '>' else \
                (lambda rows, *_: ''.join(rows[-1]).startswith((':', '(END)'))) if later and later.kind == 'key' else self.at_prompt
        last = [None, 0]

        def done(*seen):
            if seen != last[0]:
                last[:] = [seen, time.monotonic()]
            return time.monotonic() - last[1] > SEEN and whole(*seen)
        return self.wait(done, lambda rows: '%s: it goes on, or is over:\n%s' % (self.where(step), self.plain(rows)))[0]

    def differs(self, step, rows):
        seen = script.framed(self.pretend.copy().shown(rows))
        diff = difflib.unified_diff(script.framed(step.rows), seen, 'to be seen', 'seen', n=24, lineterm='')
        return '%s: another screen is seen (after looking, --record writes it down)\n%s' % (self.where(step), '\n'.join(diff))

    def over(self, step):
        self.wait(self.at_prompt, lambda rows: '%s: the command is not over:\n%s' % (self.where(step), self.plain(rows)))
        if self.status() != int(step.text):
            raise Mismatch('%s: exit status %d, where %s is wanted\n%s'
                           % (self.where(step), self.status(), step.text, self.plain(self.t.look()[0])))
        self.p.checks += 1

    def meanwhile(self, step):
        """Out of sight: a shell line; NAME := LINE keeps what it prints as NAME."""
        name, found, line = step.text.partition(' := ')
        r = subprocess.run(['bash', '-c', OUT_OF_SIGHT + self.really(line if found else step.text)], cwd=self.p.home, capture_output=True,
                           env=dict(self.env, HOME=self.elsewhere, CASEVAULT_DIR=os.path.join(self.p.home, 'vault')),
                           stdin=subprocess.DEVNULL, start_new_session=True)
        if r.returncode != 0:
            said = os.path.join(self.elsewhere, 'said')
            raise Mismatch('%s: exit status %d: %s%s' % (self.where(step), r.returncode, r.stderr.decode(),
                                                        open(said).read() if os.path.exists(said) else ''))
        if found:
            self.names[name] = r.stdout.decode().strip()

    def note(self, step):
        """NAME [KIND]: the last value of this kind on the screen which has no name yet."""
        name, _, kind = step.text.partition(' ')
        rows = self.wait(self.at_prompt, lambda rows: '%s: the command is not over:\n%s' % (self.where(step), self.plain(rows)))[0]
        self.pretend.shown(rows)
        values = [v for v in self.pretend.found(rows, kind or 'id') if v not in self.noted]
        if not values:
            raise Mismatch('%s: nothing on the screen that could be noted\n%s' % (self.where(step), self.plain(rows)))
        self.names[name] = values[-1]
        self.noted.add(values[-1])

    def play(self):
        acts = {'$': self.shell, '>': self.answer, 'key': lambda s: self.t.key(s.text), 'screen': self.screen, 'exit': self.over,
                '~': self.meanwhile, 'note': self.note, '#': lambda s: None}
        expected = None
        for i, step in enumerate(self.steps):
            if step.kind == '$' or (step.kind == '~' and expected is not None):
                self.well(expected, i)
                expected = step if step.kind == '$' else None
            if step.kind == 'exit':
                expected = None
            acts[step.kind](step)
        self.well(expected, len(self.steps))

    def well(self, command, i):
        """A command that is not said to fail has done what it should."""
        if command is not None:
            self.over(script.Step('exit', command.number, '0'))

    def end(self):
        self.t.close()
        if self.record:
            script.write(self.path, self.steps)
        subprocess.run([self.p.binary, 'lock', '--all'], env=self.env, capture_output=True)


def once(binary, path, record):
    place = Place(binary)
    player = Player(place, path, record)
    try:
        player.play()
    finally:
        player.end()
        shutil.rmtree(place.dir)
    return place.checks


def main():
    a = argparse.ArgumentParser()
    a.add_argument('casevault')
    a.add_argument('script')
    a.add_argument('--record', action='store_true')
    args = a.parse_args()
    if not shutil.which('tmux') or not shutil.which('bash'):
        print('there is no tmux here')
        sys.exit(77)
    if args.script.find('/') < 0:
        args.script = os.path.join(HERE, args.script)
    if len(tempfile.gettempdir()) > PLACE_MOST:
        tempfile.tempdir = '/tmp'
    day = today()
    try:
        checks = once(args.casevault, args.script, args.record)
    except Mismatch as e:
        if today() == day:
            sys.exit(str(e))
        checks = once(args.casevault, args.script, args.record)  # midnight (UTC) lay between: once more
    print('%d checks' % checks)


main()
