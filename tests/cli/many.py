#!/usr/bin/env python3
"""Many at once: processes of several members write, read, search, verify and change keys in one vault, and are killed at any
moment, agents as well. A ledger knows what was acknowledged and what was only tried; whoever reads must see a state that
was committed, and at the end everything acknowledged is there, and of the rest all or nothing.

Usage: many.py CASEVAULT [--seconds N] [--at-once N] [--seed N]     (--long: five minutes, 24 at once)"""
import argparse, collections, hashlib, json, os, random, signal, socket, struct, subprocess, sys, threading, time

import common
from common import PERSON, Place

sys.path.insert(0, os.path.join(common.HERE, '..'))
import reader

LOCKED, NOKEY, DAMAGE = 11, 13, 14
KILLED = -signal.SIGKILL
MEMBERS = {'intake': ['intake'], 'protection': ['protection'], 'legal': ['legal'], 'medical': ['medical'], 'auditor': ['auditor'],
           'second': ['custodian', 'protection']}
# Whose memory and cache of the vault is whose: some share them, as processes of one user do.
HOMES = {'founder': 'home', 'intake': 'home', 'protection': 'home', 'second': 'home2', 'legal': 'home2', 'medical': 'home2', 'auditor': 'home'}


class Wrong(Exception):
    pass


def need(ok, *what):
    if not ok:
        raise Wrong(*what)


class Ledger:
    """What is known to be in the vault. A write is a token, which stands in every section that it writes."""

    def __init__(self):
        self.lock = threading.Lock()
        self.tried = {}     # token: what became of it: 'running', 'done', 'killed', 'refused'
        self.record = {}    # token: the record that it edits; None where it creates one
        self.known = {}     # record: {version: token}, as acknowledged or seen
        self.edits = collections.Counter()  # record: how many edits were begun
        self.batches = []   # tokens that one commit writes
        self.heads = {}     # size: root
        self.prints = []    # (size, print)
        self.top = 0        # the largest size that somebody was shown
        self.guests = {}    # name: 'asked', 'in', 'leaving', 'out'
        self.next = 0

    def begin(self, seed, record=None, n=1):
        with self.lock:
            tokens = []
            for _ in range(n):
                self.next += 1
                digest = hashlib.sha256(b'%d %d' % (seed, self.next)).digest()
                token = 'z' + ''.join(chr(97 + b % 26) for b in digest[:14])
                self.tried[token], self.record[token] = 'running', record
                tokens.append(token)
            if record is not None:
                self.edits[record] += 1
            elif n > 1:
                self.batches.append(tokens)
            return tokens

    def end(self, tokens, rc):
        with self.lock:
            for token in tokens:
                self.tried[token] = 'done' if rc == 0 else 'killed' if rc == KILLED else 'refused'

    def is_version(self, record, version, token):
        """It was acknowledged as that, or somebody saw it so: then it is so for everybody, for ever."""
        with self.lock:
            versions = self.known.setdefault(record, {})
            need(token in self.tried, 'nobody wrote this', record, version, token)
            need(versions.get(version, token) == token, 'one version, two contents', record, version, token, versions)
            need(self.tried[token] != 'refused', 'what was refused is there', record, version, token)
            need(self.record[token] in (None, record), 'written to another record', record, version, token)
            need((self.record[token] is None) == (version == 1), 'not the version that it was written as', record, version, token)
            need(all(n == version for n, t in versions.items() if t == token), 'written twice', record, version, token)
            versions[version] = token

    def floor(self):
        """Every record that is known, and the version that nobody may be shown less than."""
        with self.lock:
            return {id: max(v) for id, v in self.known.items()}

    def head(self, size, root, least):
        with self.lock:
            need(size >= least, 'the log was longer before', size, least)
            need(self.heads.setdefault(size, root) == root, 'two roots of one size', size)
            self.top = max(self.top, size)


class Many:
    def __init__(self, place, options):
        self.p, self.o = place, options
        self.ledger = Ledger()
        self.count = collections.Counter()
        self.took = collections.defaultdict(lambda: 0.2)
        self.failure = None
        self.stop = threading.Event()
        self.custody = threading.Lock()
        self.prey = {}  # what is to be killed while it holds the lock, by its pid

    # ---- running, and killing ----

    def argv(self, who, *args, agent=False):
        p = self.p
        return [p.binary, *args, '-i', p.path(who + '.identity'), '--vault', p.path('vault'),
                *([] if agent else ['--passphrase-file', p.path('passphrase')])]

    def run(self, rng, what, argv, home, stdin=b'', deadly=0.25):
        """Run a process, perhaps to be killed. Gives status, stdout and stderr."""
        kill = rng.random() < deadly
        started = time.monotonic()
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.p.dir,
                                   env=self.p.env(self.p.path(home)), start_new_session=True)
        timer = threading.Timer(rng.random() * 1.3 * self.took[what], process.kill) if kill and rng.random() < 0.4 else None
        if timer:
            timer.start()
        elif kill:
            self.prey[process.pid] = process
        try:
            out, err = process.communicate(stdin, timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Wrong('it does not end', argv)
        finally:
            if timer:
                timer.cancel()
            self.prey.pop(process.pid, None)
        rc = process.returncode
        with self.ledger.lock:
            if not kill:
                self.took[what] += 0.2 * (time.monotonic() - started - self.took[what])
            self.count['processes'] += 1
            self.count['%s, %s' % (what, {0: 'done', KILLED: 'killed', LOCKED: 'put off'}.get(rc, 'refused'))] += 1
            self.count['killed'] += rc == KILLED
            self.count['put off'] += rc == LOCKED
        return rc, out.decode(), err.decode()

    def look(self, rng, what, home, *args):
        """The same of a command without a key. One who was killed in the middle of a write may have left a part of it: that is said
        (exit 14) until the next write has closed it off."""
        for _ in range(8):
            rc, out, err = self.run(rng, what, [self.p.binary, *args, '--vault', self.p.path('vault')], home)
            if rc != DAMAGE or not any(w in out + err for w in (' to no commit', 'a write that was cut short')):
                break
            with self.ledger.lock:
                self.count['cut short'] += 1
            self.add(rng)
        need(rc in (0, KILLED, LOCKED), args, rc, out, err)
        return rc, out

    def as_(self, rng, who, what, *args, stdin=b'', may=(), **kw):
        """The same by a member; only what ${may} names (status, words) may go wrong, being killed and being put off apart."""
        rc, out, err = self.run(rng, what, self.argv(who, *args), HOMES.get(who, 'home2'), stdin, **kw)
        need(rc in (0, KILLED, LOCKED) or any(rc == s and words in err for s, words in (*may, (1, "somebody else has just"))), args, rc, err)
        return rc, out, err

    # ---- writing ----

    def fields(self, token, first):
        own = {'identity': dict(PERSON['identity'], second_name=token), 'contact': {'mobile_phone': '+38050000111', 'shelter': token}}
        return dict(PERSON, **own, medical={'needs': token}) if first else own

    def add(self, rng, deadly=0.25):
        token, = self.ledger.begin(self.o.seed)
        rc, out, _ = self.as_(rng, 'intake', 'add', 'record', 'add', '-', stdin=json.dumps(self.fields(token, True)).encode(), deadly=deadly)
        if out.endswith('\n'):  # told, if it was killed afterwards or not
            self.ledger.is_version(out.strip(), 1, token)
            rc = 0
        self.ledger.end([token], rc)

    def load(self, rng):
        tokens = self.ledger.begin(self.o.seed, n=rng.randint(2, 12))
        rows = b''.join(json.dumps(self.fields(t, True)).encode() + b'\n' for t in tokens)
        rc, _, _ = self.as_(rng, 'intake', 'import', 'record', 'import', '-', '--known-ok', '-q', stdin=rows)
        self.ledger.end(tokens, rc)

    def edit(self, rng):
        known = list(self.ledger.floor())
        if not known:
            return
        # Some records are edited by many at once.
        id = rng.choice(known[:5] if rng.random() < 0.5 else known)
        token, = self.ledger.begin(self.o.seed, id)
        rc, out, _ = self.as_(rng, rng.choice(('protection', 'second')), 'edit', 'record', 'edit', id, '-',
                              stdin=json.dumps(self.fields(token, False)).encode())
        if out.endswith('\n'):
            need(out.split()[:2] == [id, 'version'], out)
            self.ledger.is_version(id, int(out.split()[2]), token)
            rc = 0
        self.ledger.end([token], rc)

    # ---- reading ----

    def shown(self, who, record, floor):
        """One record as somebody was shown it: whole, and not older than what was known before they asked."""
        id, version = record['id'], record['version']
        token = record['identity']['second_name']
        need(version >= floor.get(id, 1), 'an older version than before', who, id, version, floor.get(id))
        if 'contact' in record:
            need(record['contact'] == self.fields(token, False)['contact'], 'sections of two versions', who, record)
        if 'medical' in record:
            first = record['medical']['needs']
            need(self.ledger.record.get(first, 0) is None, 'nobody wrote this', who, record)
            self.ledger.is_version(id, 1, first)
        self.ledger.is_version(id, version, token)

    def show(self, rng):
        floor = self.ledger.floor()
        if not floor:
            return
        id, who = rng.choice(list(floor)), rng.choice(('protection', 'legal', 'medical', 'second', 'founder'))
        rc, out, _ = self.as_(rng, who, 'show', 'record', 'show', '--json', id)
        if rc == 0:
            self.shown(who, json.loads(out), floor)
            with self.ledger.lock:
                self.count['records read'] += 1

    def list(self, rng):
        floor = self.ledger.floor()
        rc, out, _ = self.as_(rng, rng.choice(('protection', 'legal', 'medical')), 'list', 'record', 'list', '--type', 'person', '--json')
        if rc == 0:
            there = {r['id']: r['version'] for r in map(json.loads, out.splitlines())}
            for id, version in floor.items():
                need(there.get(id, 0) >= version, 'a list without what was there before', id, version, there.get(id))
            with self.ledger.lock:
                self.count['records listed'] += len(there)

    def search(self, rng):
        def unsettled(id):
            return any(self.ledger.record[t] == id and state in ('running', 'killed') for t, state in self.ledger.tried.items())
        with self.ledger.lock:
            begun = dict(self.ledger.edits)
            created = [t for t, state in self.ledger.tried.items() if state == 'done' and self.ledger.record[t] is None]
            still = [(id, v[max(v)]) for id, v in self.ledger.known.items() if not unsettled(id)]
        if not created:
            return
        # One whose record is known, or one of an import, whose record the answer tells.
        id, token = rng.choice(still) if still and rng.random() < 0.7 else (None, rng.choice(created))
        rc, out, _ = self.as_(rng, rng.choice(('protection', 'legal', 'second')), 'search', 'search', token, '--json')
        if rc != 0:
            return
        hits = [h for h in map(json.loads, out.splitlines()) if not h['almost']]
        need(len(hits) <= 1, 'one write, several records', token, hits)
        with self.ledger.lock:
            self.count['searches'] += 1
            edited = self.ledger.edits[id] != begun.get(id, 0)
        if id is not None and not edited:
            need([h['id'] for h in hits] == [id], 'not found', id, token, hits)
        if id is None and hits and hits[0]['version'] == 1:
            self.ledger.is_version(hits[0]['id'], 1, token)

    def verify(self, rng):
        with self.ledger.lock:
            least, older = self.ledger.top, rng.choice(self.ledger.prints) if self.ledger.prints else None
        since = ['--since', '%d %s' % older] if older else []
        rc, out = self.look(rng, 'verify', rng.choice(('home', 'home2')), 'audit', 'verify', '--json', *since)
        if rc == 0:
            said = json.loads(out)
            self.ledger.head(said['size'], said['root'], least)
            with self.ledger.lock:
                self.count['heads proved to go on from an older one'] += older is not None

    def head(self, rng):
        with self.ledger.lock:
            least = self.ledger.top
        rc, out = self.look(rng, 'head', 'home', 'audit', 'head', '--json')
        if rc == 0:
            said = json.loads(out)
            self.ledger.head(said['size'], said['root'], least)
            with self.ledger.lock:
                self.ledger.prints.append((said['size'], said['print']))

    def check(self, rng):
        self.look(rng, 'check', 'home2', 'check')

    # ---- keys and members: two custodians sign ----

    def sign(self, rng):
        """Whoever has not signed yet signs what waits."""
        for who in ('founder', 'second'):
            rc, out, _ = self.as_(rng, who, 'show policy', 'policy', 'show', '--json', deadly=0)
            for waits in [json.loads(l) for l in out.splitlines() if '"waits_as"' in l]:
                self.as_(rng, who, 'approve', 'policy', 'approve', str(waits['waits_as']),
                         may=((1, 'you have signed this already'), (1, 'nothing waits')))

    def pseudonym(self, rng, name):
        rc, out, err = self.run(rng, 'identity', self.argv(name, 'identity', 'show', '--json')[:-4] +
                                ['--passphrase-file', self.p.path('passphrase')], 'home2', deadly=0)
        need(rc == 0, err)
        return json.loads(out)['pseudonym']

    def keys(self, rng):
        if not self.custody.acquire(blocking=False):
            return self.show(rng)
        try:
            what = rng.choice(('rotate', 'rotate', 'join', 'leave'))
            guests = [g for g, state in self.ledger.guests.items() if state == 'in']
            if what == 'rotate':
                self.as_(rng, 'founder', 'rotate', 'role', 'rotate', rng.choice(('legal', 'protection', 'medical', 'intake')))
            elif what == 'join' or not guests:
                name = 'guest%d' % len(self.ledger.guests)
                line = self.p.identity(name)
                self.ledger.guests[name] = 'asked'
                self.as_(rng, 'founder', 'join', 'member', 'add', '--role', 'legal', '--name', name, line)
            else:
                self.ledger.guests[guests[0]] = 'leaving'
                self.as_(rng, 'founder', 'leave', 'member', 'remove', self.pseudonym(rng, guests[0]))
            self.sign(rng)
            self.settle(rng)
        finally:
            self.custody.release()

    def settle(self, rng):
        """Who is in now; whoever is out stays out."""
        rc, out, _ = self.as_(rng, 'founder', 'members', 'member', 'list', '--json', deadly=0)
        if rc != 0:
            return
        members = {m['member'] for m in map(json.loads, out.splitlines())}
        for name, state in list(self.ledger.guests.items()):
            there = self.pseudonym(rng, name) in members if state in ('asked', 'leaving', 'in') else False
            need(there or state != 'in', 'a member is gone whom nobody removed', name)
            if state == 'leaving' and not there:
                self.ledger.guests[name] = 'out'
            elif state == 'asked' and there:
                self.ledger.guests[name] = 'in'

    def guest(self, rng):
        """A newcomer reads, once a holder's command has sealed the key to them; who left does not."""
        guests = [(g, s) for g, s in list(self.ledger.guests.items()) if s in ('in', 'out')]
        floor = self.ledger.floor()
        if not guests or not floor:
            return self.show(rng)
        name, state = rng.choice(guests)
        id = rng.choice(list(floor))
        rc, out, err = self.as_(rng, name, 'guest', 'record', 'show', '--json', id,
                                may=((NOKEY, 'has not been sealed to you yet'), (NOKEY, 'is not a member')))
        if state == 'out':
            need(rc != 0, 'who was removed reads', name, id)
        elif rc == 0:
            self.shown(name, json.loads(out), floor)
        elif rc == NOKEY and 'is not a member' in err:
            need(self.ledger.guests[name] != 'in', 'a member is refused', name, err)

    # ---- the agent ----

    def agent(self, rng):
        """Somebody who works through an agent, which is killed as well."""
        floor = self.ledger.floor()
        if not floor:
            return
        id = rng.choice(list(floor))
        rc, out, err = self.run(rng, 'show by agent', self.argv('protection', 'record', 'show', '--json', id, agent=True), 'home')
        if rc == 0:
            self.shown('agent', json.loads(out), floor)
        need(rc in (0, 1, KILLED, LOCKED), rc, err)
        if rc == 1:
            # The last where another worker has unlocked again already.
            need(any(w in err for w in ('no terminal to ask', 'the agent that held your keys is gone', 'input or output failed')), err)
            rc, _, err = self.run(rng, 'unlock', [self.p.binary, 'unlock', '-i', self.p.path('protection.identity'), '--passphrase-file',
                                                  self.p.path('passphrase')], 'home')
            need(rc in (0, KILLED) or 'unlocked already' in err, rc, err)
        elif rng.random() < 0.3:
            self.kill_agent()

    def kill_agent(self):
        name = hashlib.sha256(open(self.p.path('protection.identity'), 'rb').read()).hexdigest()[:16]
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect(self.p.path('run', 'casevault', name + '.sock'))
            except OSError:
                return
            pid, _, _ = struct.unpack('3i', s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        os.kill(pid, signal.SIGKILL)
        with self.ledger.lock:
            self.count['agents killed'] += 1

    # ---- all of it ----

    ACTS = (('add', 22), ('load', 6), ('edit', 22), ('show', 18), ('list', 5), ('search', 10), ('verify', 5), ('head', 4), ('check', 2),
            ('keys', 9), ('guest', 4), ('agent', 6))

    def work(self, number):
        rng = random.Random(self.o.seed * 1000 + number)
        names, weights = zip(*self.ACTS)
        while not self.stop.is_set():
            act = rng.choices(names, weights)[0]
            try:
                getattr(self, act)(rng)
            except BaseException as e:
                if self.failure is None:
                    self.failure = (act, e)
                self.stop.set()
                if not isinstance(e, Wrong):
                    raise

    def hunt(self):
        """Kill in the middle of commits: whoever is to die, and holds the vault's lock. (Commands take it once to say what they will
        read, and once to write.)"""
        rng, lock = random.Random(self.o.seed), b':%d ' % os.stat(self.p.path('vault', 'lock')).st_ino
        while not self.stop.is_set():
            with open('/proc/locks', 'rb') as f:
                holders = [int(line.split()[4]) for line in f if lock in line and b'FLOCK' in line and b'->' not in line]
            for pid in holders:
                process = self.prey.get(pid)
                if process is not None and rng.random() < 0.5:
                    time.sleep(rng.random() * 0.04)
                    process.kill()
                    with self.ledger.lock:
                        self.count['in a commit'] += 1
            time.sleep(0.001)

    def found(self):
        p = self.p
        p.more['XDG_RUNTIME_DIR'] = p.path('run')
        for d in ('run', 'home2', 'fresh'):
            os.mkdir(p.path(d), 0o700)
        p.identity('founder')
        p.run('init', p.path('vault'), '-i', p.path('founder.identity'), '--passphrase-file', p.path('passphrase'))
        for name, roles in MEMBERS.items():
            p.as_('founder', 'member', 'add', *[a for r in roles for a in ('--role', r)], '--name', name, p.identity(name))
        p.as_('founder', 'policy', 'set', '--quorum', '2')
        self.print = p.json_as('founder', 'status')[0]['fingerprint']
        p.as_('second', 'status', '--trust', self.print, home=p.path('home2'))

    def finish(self):
        """Nobody works any more: all that was acknowledged is there, and of what was only tried all or nothing."""
        p, ledger = self.p, self.ledger
        fresh = p.path('fresh')
        self.add(random.Random(self.o.seed), deadly=0)  # which closes off what the last one who was killed left
        p.run('lock', '-i', p.path('protection.identity'))
        p.as_('founder', 'status', '--trust', self.print, home=fresh)
        p.run('check', '--vault', p.path('vault'), out='nothing is damaged', home=fresh)
        said = json.loads(p.run('audit', 'verify', '--json', '--vault', p.path('vault'), home=fresh))
        ledger.head(said['size'], said['root'], ledger.top)
        for size, print_ in ledger.prints[:: max(1, len(ledger.prints) // 10)]:
            p.run('audit', 'verify', '--since', '%d %s' % (size, print_), '--vault', p.path('vault'), home=fresh)
        p.as_('founder', 'audit', 'verify', '--contents', out='nothing is without its event', home=fresh)
        # The latest versions, as the program says; all versions, as the independent reader says.
        p.as_('founder', 'record', 'export', '--all', '--plain', '-o', p.path('all'), '-q', home=fresh)
        latest = [r for r in map(json.loads, open(p.path('all'))) if r['type'] == 'person']
        listed = {r['id']: r['version'] for r in p.json_as('founder', 'record', 'list', '--type', 'person', home=fresh)}
        need(len(listed) == len(latest), 'the list and the export differ')
        floor = ledger.floor()
        vault = reader.Vault(p.path('vault'), reader.open_identity(p.path('founder.identity'), common.PASSPHRASE.encode()))
        self.count['torn'] = sum(kind == 'torn' for kind, _, _ in vault.log.values())
        for record in latest:
            record['version'] = listed[record['id']]
            self.shown('export', record, floor)
            for version in range(1, record['version'] + 1):
                one = vault.show(record['id'], version)
                self.shown('reader', one, {})
                self.count['versions in the vault'] += 1
        there = {t for v in ledger.known.values() for t in v.values()}
        need({r['id'] for r in latest} == set(ledger.known), 'records that were known are not there')
        need(all(sorted(v) == list(range(1, max(v) + 1)) for v in ledger.known.values()), 'a version is missing')
        lost = [t for t, state in ledger.tried.items() if state == 'done' and t not in there]
        need(not lost, 'acknowledged, and not there', lost)
        for batch in ledger.batches:
            need(len({t in there for t in batch}) == 1, 'a part of a commit', batch)
        self.count['acknowledged writes'] = sum(state == 'done' for state in ledger.tried.values())
        self.count['killed writes that are there'] = sum(state == 'killed' and t in there for t, state in ledger.tried.items())
        self.count['killed writes that are not'] = sum(state == 'killed' and t not in there for t, state in ledger.tried.items())
        self.find(latest, fresh)

    def find(self, latest, fresh):
        """The index that many made while they were killed finds what a new one finds."""
        for record in random.Random(self.o.seed).sample(latest, min(len(latest), self.o.search)):
            for home in (fresh, self.p.path('home')):
                hits = self.p.json_as('protection', 'search', record['identity']['second_name'], home=home)
                need([h['id'] for h in hits] == [record['id']], 'not found at the end', record['id'], hits)

    def tell(self):
        c = self.count
        print('%d processes in %d s, %d at once, seed %d: %d killed, %d of them in or after a commit, and %d agents; %d put off by others' %
              (c['processes'], self.o.seconds, self.o.at_once, self.o.seed, c['killed'], c['in a commit'], c['agents killed'], c['put off']))
        print('%d writes acknowledged, %d killed of which %d were there whole and %d not at all; %d versions in the vault' %
              (c['acknowledged writes'], c['killed writes that are there'] + c['killed writes that are not'],
               c['killed writes that are there'], c['killed writes that are not'], c['versions in the vault']))
        print('%d records read, %d listed, %d searches, %d verifications (%d from an older head), %d rotations and memberships' %
              (c['records read'], c['records listed'], c['searches'], c['verify, done'], c['heads proved to go on from an older one'],
               c['approve, done']))
        print('%d times a write that was cut short was told of, and closed off; %d such are in the archive' %
              (c['cut short'], c['torn']))
        print('nothing lost, nothing torn, nothing seen that was not committed')
        print('figures: %d processes at work in one vault, %d processes killed at work in one vault' % (c['processes'], c['killed']))
        for name in sorted(n for n in c if ', ' in n) if self.o.tell else []:
            print('  %-30s %6d' % (name, c[name]))


def main():
    a = argparse.ArgumentParser()
    a.add_argument('binary')
    a.add_argument('--seconds', type=int, default=18)
    a.add_argument('--at-once', type=int, default=10)
    a.add_argument('--seed', type=int, default=1)
    a.add_argument('--search', type=int, default=5)
    a.add_argument('--long', action='store_true', default=os.environ.get('CASEVAULT_LONG') == '1')
    a.add_argument('--tell', action='store_true')
    o = a.parse_args()
    if o.long:
        o.seconds, o.at_once, o.search, o.tell = max(o.seconds, 300), max(o.at_once, 24), 50, True
    place = Place(o.binary)
    m = Many(place, o)
    m.found()
    workers = [threading.Thread(target=m.work, args=(i,)) for i in range(o.at_once)]
    for w in [threading.Thread(target=m.hunt, daemon=True), *workers]:
        w.start()
    m.stop.wait(o.seconds)
    m.stop.set()
    for w in workers:
        w.join()
    try:
        if m.failure is not None:
            raise Wrong(*m.failure)
        m.finish()
    except BaseException:
        print('seed %d; left for you to look at: %s' % (o.seed, place.dir), file=sys.stderr)
        raise
    m.tell()
    place.done()


main()
