#!/usr/bin/env python3
"""What is left in memory: of a finished command no key, no passphrase and no word of a record; of the agent its
identity in locked memory alone, and after `lock` nothing. Nobody but root may look, and no dump is written.

usage: memory.py CASEVAULT EXIT_IMAGE (the programs as they are installed: sanitizers keep what was freed)"""
import base64, ctypes, glob, json, os, pty, re, resource, shutil, signal, socket, struct, subprocess, sys, time

import common
from common import PASSPHRASE, main

sys.path.insert(0, os.path.join(common.HERE, '..'))
import reader

WORDS = {'first name': 'Хатунахранимая', 'second name': 'Щербаковаукрытая', 'shelter': 'Bluehavenhouse', 'needs': 'insulinpeptide',
         'statement': 'Документызапечатаны', 'file': 'Bytesofanattachment', 'term': 'bluehavenh'}
NEW_PASSPHRASE = 'seven other staples were bent'


def forms(raw):
    """A key as it might stand somewhere."""
    plain = base64.b64encode(raw).rstrip(b'=')
    return {raw, raw.hex().encode(), plain, plain.replace(b'+', b'-').replace(b'/', b'_')}


def written(text):
    """A text as it might stand somewhere: UTF-8, escaped as in JSON, UTF-16; also in lower case, as it is searched for."""
    both = {text, text.casefold()}
    return {f for t in both for f in (t.encode(), json.dumps(t)[1:-1].encode(), t.encode('utf-16-le'))}


class Known:
    """What must not be found, by name."""

    def __init__(self):
        self.secrets, self.words = {}, {name: written(text) for name, text in WORDS.items()}
        for text in (PASSPHRASE, NEW_PASSPHRASE):
            self.secrets['passphrase ' + text] = {text.encode()}

    def key(self, name, raw):
        self.secrets[name] = forms(raw)

    def identity(self, p, name):
        """The keys in an identity file."""
        lines = reader.open_identity(p.path(name + '.identity'), PASSPHRASE.encode())
        self.key(name + "'s signing key", reader.b64u(lines['sign']))
        self.key(name + "'s sealing key", reader.b64u(lines['seal']))
        self.secrets[name + "'s age key"] = {lines['age'].encode(), lines['age'].lower().encode()}
        return lines

    def vault(self, p, name):
        """Keys that this member meets in reading: of roles, sections, batches, the first and the last records; the log's, the export's."""
        lines = self.identity(p, name)
        hpke, expand = reader.hpke_open, reader.expand

        def hpke_open(secret, info, sealed):
            raw = hpke(secret, info, sealed)
            self.key('sealed: %r' % info[60:], raw)
            return raw

        def expanded(prk, info, n, name='sha256'):
            raw = expand(prk, info, n, name)
            if info.startswith(b'casevault/1/'):
                self.key('derived: %r' % info[:40], raw)
                self.key('from: %r' % info[:40], prk)
            elif b'chunked-encryption' in info:
                self.key('message: %r' % info[-60:], raw[:32])
            return raw
        reader.hpke_open, reader.expand = hpke_open, expanded
        try:
            v = reader.Vault(p.path('vault'), lines)
            for s in v.seals:
                v.secret(s['of'], s['name'], s['of_epoch']) if s['of'] in ('role', 'section') else \
                    v.opened(s['to'], s['id'], s['epoch'], s['of'], s['name'], s['of_epoch'],
                             lambda: v.secret(s['to'], s['id'], s['epoch']) if s['to'] in ('role', 'section') else None)
            records = [data for kind, data, _ in v.log.values() if kind == 'record']
            for data in records[:6] + records[-6:]:
                env = reader.envelope(data)
                for part in env['parts']:
                    v.part(env, part)
        finally:
            reader.hpke_open, reader.expand = hpke, expand

    def all(self):
        return {**self.secrets, **self.words}


class Piece:
    """One mapping of an image."""

    def __init__(self, line, data):
        start, size, rest = line.split(' ', 2)
        self.start, self.size = int(start, 16), int(size)
        words = rest.split()
        self.flags = {w for w in words if len(w) == 2}
        self.name = rest.split(' ')[-1]
        self.data = data

    def locked(self):
        """On the heap for secrets: locked, and left out of dumps."""
        return {'lo', 'dd'} <= self.flags

    def finds(self, known):
        for name, ways in known.items():
            for way in ways:
                at = self.data.find(way)
                if at >= 0:
                    yield '%s: in %s at %d of %d, near %r' % (name, self.name, at, self.size, bytes(self.data[max(0, at - 40):at + 60]))


def pieces(path):
    """Those of one image, PATH.maps and PATH.mem."""
    mem, out = open(path + '.mem', 'rb').read(), []
    for line in open(path + '.maps'):
        size, at = int(line.split(' ')[1]), sum(p.size for p in out)
        out.append(Piece(line.rstrip('\n'), mem[at:at + size]))
    assert sum(p.size for p in out) == len(mem) > 0
    return out


def images(where):
    return sorted(f[:-5] for f in glob.glob(where + '/*.maps'))


class Watch:
    """Runs commands, and keeps what they leave."""

    def __init__(self, p, tool):
        self.p, self.tool, self.images, self.bytes = p, tool, [], 0

    def run(self, *args, rc=0, stdin=b'', typed=None):
        """With TYPED at a terminal of its own, if any."""
        where = self.p.path('images', '%03d' % len(self.images))
        os.makedirs(where)
        if typed is not None:
            return self.on_terminal(args, where, typed)
        r = subprocess.run([self.tool, where, self.p.binary, *args], input=stdin, capture_output=True, env=self.p.env(), cwd=self.p.dir,
                           start_new_session=True)
        assert r.returncode == rc, (args, r.returncode, r.stderr.decode())
        self.images.append((' '.join(args[:3]), where))
        self.p.checks += 1
        return r.stdout.decode()

    def on_terminal(self, args, where, typed):
        pid, fd = pty.fork()
        if pid == 0:
            os.execve(self.tool, [self.tool, where, self.p.binary, *args], self.p.env())
        shown = b''
        try:
            while True:
                shown += os.read(fd, 4096)
                if typed and b': ' in shown:
                    os.write(fd, typed + b'\n')
                    typed = b''
        except OSError:  # the end of a terminal
            pass
        assert os.waitpid(pid, 0)[1] == 0 and not typed, shown
        os.close(fd)
        self.images.append((' '.join(args[:3]), where))
        return shown.decode()

    def as_(self, name, *args, **kw):
        return self.run(*args, *self.p.who(name), **kw)

    def searched(self, known):
        found = []
        for command, where in self.images:
            assert images(where), command
            for name in images(where):
                for piece in pieces(name):
                    self.bytes += piece.size
                    found += ['%s: %s' % (command, f) for f in piece.finds(known)]
        return found


def person(case):
    return {'type': 'person', 'admin': {'role': 'Victim', 'cases': [case]}, 'contact': {'shelter': WORDS['shelter']}, 'medical': {'needs': WORDS['needs']},
            'identity': {'first_name': WORDS['first name'], 'second_name': WORDS['second name'], 'birth_date': '1990-02-28'}}


def commands(p, w):
    """Whatever meets keys, passphrases or records."""
    line = w.run('identity', 'new', '--work', '8', p.path('colleague.identity'), '--passphrase-file', p.path('passphrase')).strip()
    w.as_('founder', 'member', 'add', '--role', 'protection', line)
    case = w.as_('founder', 'record', 'add', '-', stdin=b'{"type":"case","admin":{"case_number":"RS-1","status":"Active"}}').strip()
    id = w.as_('founder', 'record', 'add', '-', stdin=json.dumps(person(case), ensure_ascii=False).encode()).strip()
    said = w.as_('founder', 'record', 'add', '-', stdin=json.dumps({'type': 'testimony', 'admin': {'case': case, 'person': id}, 'testimony': {'statements': [
        {'date': '2024-05-01', 'language': 'rus', 'text': WORDS['statement']}]}}).encode()).strip()
    w.as_('founder', 'record', 'show', id)
    w.as_('founder', 'record', 'show', '--json', said)
    w.as_('founder', 'record', 'list')
    w.as_('founder', 'record', 'history', id)
    w.as_('founder', 'record', 'edit', id, '-', stdin=json.dumps({'medical': {'needs': WORDS['needs'] + ' twice'}}).encode())
    w.as_('founder', 'search', typed=(WORDS['term'] + '*').encode())
    w.as_('founder', 'search', '-', stdin=(WORDS['term'] + 'ouse').encode())
    csv = 'prs_FirstName,prs_SecondName,cas_Status\n%s,%s,Active\n' % (WORDS['first name'], WORDS['second name'])
    for name, text in (('rows.csv', csv.encode()), ('rows1251.csv', csv.replace(WORDS['first name'], WORDS['statement']).encode('cp1251'))):
        open(p.path(name), 'wb').write(text)
        w.as_('founder', 'record', 'import', p.path(name), *(['--encoding', 'windows-1251'] if name != 'rows.csv' else []))
    lines = ''.join(json.dumps(dict(person(case), medical={'findings': WORDS['statement'] + ' %d' % i})) + '\n' for i in range(300))
    w.as_('founder', 'record', 'import', '--known-ok', '-', stdin=lines.encode())
    w.as_('founder', 'record', 'import', '-', rc=1, stdin=lines.encode() + b'{"type": "person", "identity": {"first_name": 5}}')
    w.as_('founder', 'record', 'export', '--all', '--seal-passphrase-file', p.path('new passphrase'), '-o', p.path('all.age'))
    open(p.path('file'), 'w').write((WORDS['file'] + '\n') * 9000)
    piece = w.as_('founder', 'record', 'add', '-', stdin=b'{"type":"evidence","evidence":{"kind":"Recording"}}').strip()
    w.as_('founder', 'document', 'add', '--record', piece, p.path('file'))
    w.as_('founder', 'document', 'get', piece + '.1', '-o', p.path('file again'))
    w.as_('founder', 'related', case)
    w.as_('founder', 'stats', '--by', 'gender')
    p.partner('Court')
    p.consent(id, 'Court')
    w.as_('founder', 'package', 'new', '--case', case, '--to', 'Court', '--profile', 'prosecution', '--legal-basis', 'an order')
    number = p.json_as('founder', 'package', 'list')[-1]['package']
    w.as_('founder', 'package', 'write', number, '-o', p.path('package'))
    w.run('verify', '--show', p.path('package'), '--identity', p.path('Court.key'), '--sender-key', p.json_as('founder', 'status')[0]['fingerprint'])
    w.as_('founder', 'grant', '--record', said, '--section', 'testimony', '--to', 'auditor')
    w.as_('founder', 'audit', 'log')
    w.as_('founder', 'audit', 'report')
    w.as_('founder', 'audit', 'verify', '--contents')
    w.as_('founder', 'check', '--contents')
    w.as_('founder', 'role', 'rotate', 'legal')
    w.as_('founder', 'status')
    w.run('identity', 'passphrase', '--work', '8', '-i', p.path('colleague.identity'), '--passphrase-file', p.path('passphrase'),
          '--new-passphrase-file', p.path('new passphrase'))
    w.as_('intake', 'record', 'show', id, rc=13)
    w.run('record', 'show', id, '-i', p.path('founder.identity'), '--passphrase-file', p.path('new passphrase'), '--vault', p.path('vault'), rc=12)
    return id, said


def finds_what_is_there(p, w):
    """A program that does hold a passphrase and a word: a search that finds nothing there would find nothing anywhere."""
    where = p.path('images', 'held')
    os.makedirs(where)
    subprocess.run([w.tool, where, sys.executable, '-c', 'import os, sys; held = [open(f).read() for f in sys.argv[1:]]; os._exit(0)',
                    p.path('passphrase'), p.path('file')], check=True)
    known = {'passphrase': {PASSPHRASE.encode()}, 'word': written(WORDS['file'])}
    found = {f.split(':')[0] for name in images(where) for piece in pieces(name) for f in piece.finds(known)}
    assert found == set(known), found


class Agent:
    """casevault-agent, started as `unlock` starts it."""

    def __init__(self, p, w, name, tool):
        self.p, self.path = p, p.path(name + '.sock')
        self.where = p.path('images', 'agent-' + name + str(time.monotonic()))
        os.makedirs(self.where)
        ours, theirs = socket.socketpair()
        lines = reader.open_identity(p.path('founder.identity'), PASSPHRASE.encode())
        self.lines = 'casevault identity v1\n' + ''.join('%s %s\n' % item for item in lines.items())
        program = os.path.join(os.path.dirname(p.binary), 'casevault-agent')
        self.process = subprocess.Popen([*([w.tool, self.where] if tool else []), program], env={}, close_fds=False, stderr=subprocess.DEVNULL,
                                        preexec_fn=lambda: os.dup2(theirs.fileno(), 3))
        theirs.close()
        ours.sendall(('600 600\n%s\n%s' % (self.path, self.lines)).encode())
        ours.shutdown(socket.SHUT_WR)
        self.said = ours.recv(1)
        ours.close()

    def ask(self, op, body=b''):
        s = socket.socket(socket.AF_UNIX)
        s.connect(self.path)
        s.sendall(struct.pack('>IB', len(body) + 1, op) + body)
        n, status = struct.unpack('>IB', s.recv(5, socket.MSG_WAITALL))
        assert status == 0
        return s.recv(n - 1, socket.MSG_WAITALL) if n > 1 else b''


HELLO, SIGN, LOCK = 1, 2, 5


def agent(p, w, known):
    """While it is unlocked, after `lock`, and one that was not needed."""
    identity = {name: ways for name, ways in known.secrets.items() if name.startswith("founder's")}
    a = Agent(p, w, 'one', tool=False)
    assert a.said == b'\0' and len(a.ask(SIGN, b'something')) == 64
    a.ask(HELLO)
    subprocess.run([w.tool, a.where, '--of', str(a.process.pid)], check=True)
    name, = images(a.where)
    locked = {f.split(':')[0] for piece in pieces(name) if piece.locked() for f in piece.finds(identity)}
    loose = [f for piece in pieces(name) for f in piece.finds(known.all() if not piece.locked() else {k: v for k, v in known.all().items() if k not in identity})]
    assert locked == set(identity), locked
    assert not loose, loose
    other = Agent(p, w, 'one', tool=True)
    assert other.said not in (b'\0', b'') and other.process.wait() == 1
    nothing_in(other.where, known)
    a.ask(LOCK)
    assert a.process.wait() == 0
    b = Agent(p, w, 'two', tool=True)
    assert b.said == b'\0' and len(b.ask(SIGN, b'something')) == 64
    b.ask(LOCK)
    assert b.process.wait() == 0
    nothing_in(b.where, known)
    p.checks += 3


def nothing_in(where, known):
    found = [f for name in images(where) for piece in pieces(name) for f in piece.finds(known.all())]
    assert images(where) and not found, found


def most_dumps():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)


def asleep(pid):
    """It has begun its work, and waits."""
    for _ in range(1000):
        state = re.search(r'^State:\s+(\w)', open('/proc/%d/status' % pid).read(), re.M)[1]
        if state == 'S' and open('/proc/%d/comm' % pid).read().startswith(('casevault', 'cat')):
            return
        time.sleep(0.01)
    raise AssertionError('it does not come to rest')


def waiting(p, *command, user=None):
    """A process that was started and waits at its standard input."""
    who = dict(user=user, group=user, extra_groups=[]) if user is not None else {}
    q = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd='/', env=p.env(),
                         preexec_fn=most_dumps, **who)
    asleep(q.pid)
    return q


def dumps(q, sig):
    """Ended by a signal that dumps: does the kernel say that it did?"""
    os.kill(q.pid, sig)
    _, status = os.waitpid(q.pid, 0)
    q.returncode = -sig
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == sig, status
    return os.WCOREDUMP(status)


def no_dumps(p, w):
    """Of a command that waits for a record, or for the passphrase, and of an agent nothing is dumped."""
    for sig in (signal.SIGSEGV, signal.SIGABRT, signal.SIGQUIT):
        assert not dumps(waiting(p, p.binary, 'record', 'add', '-', *p.who('founder')), sig), sig
        assert not dumps(waiting(p, p.binary, 'identity', 'show', '-i', p.path('founder.identity'), '--passphrase-fd', '0'), sig), sig
        a = Agent(p, w, 'dumped%d' % sig, tool=False)
        assert a.said == b'\0' and not dumps(a.process, sig), sig
        p.checks += 3
    return dumps(waiting(p, 'cat'), signal.SIGABRT)


PTRACE_ATTACH = 16


def looked_at(pid, user):
    """What a process of that user gets to see of another one."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        for name in ('mem', 'maps', 'environ'):
            try:
                os.close(os.open('/proc/%d/%s' % (pid, name), os.O_RDONLY))
                os.write(theirs, name.encode() + b' ')
            except OSError:
                pass
        if ctypes.CDLL(None).ptrace(PTRACE_ATTACH, pid, None, None) == 0:
            os.write(theirs, b'ptrace ')
        os._exit(0)
    os.close(theirs)
    with open(ours, 'rb') as f:
        seen = f.read().decode().split()
    assert os.waitpid(child, 0)[1] == 0
    return seen


def nobody_looks(p):
    """Another process of the same user sees nothing of it, where it sees all of `cat`."""
    if os.environ.get('UNSHARED') is not None:
        return  # there is no other user here
    def seen(q):
        found = looked_at(q.pid, 65534)
        q.kill()
        q.wait()
        return found
    os.chmod(p.dir, 0o755)
    binary = shutil.copy(p.binary, p.path('casevault'))
    for f in ('casevault', 'passphrase'):
        os.chmod(p.path(f), 0o755)
    identity = shutil.copy(p.path('founder.identity'), p.path('of-nobody'))
    os.chown(identity, 65534, 65534)
    control = seen(waiting(p, 'cat', user=65534))
    assert {'mem', 'maps', 'environ'} <= set(control), control
    assert seen(waiting(p, binary, 'identity', 'show', '-i', identity, '--passphrase-fd', '0', user=65534)) == []
    p.checks += 2


def nowhere_told(p, w, known):
    """What is on command lines, in environments and in messages, of all commands: seen from outside, by strace."""
    execs = p.path('execs')
    told = b''
    strace = ['strace', '-f', '-v', '-s', '65536', '-A', '-o', execs, '-e', 'trace=execve,connect']
    unlocking = subprocess.Popen([*strace, p.binary, 'unlock', *p.who('founder')], stderr=subprocess.PIPE, env=p.env(), cwd=p.dir)
    while b'Unlocked' not in told and unlocking.poll() is None:
        told += unlocking.stderr.readline()
    for args, stdin, rc in (
            (['record', 'add', '-'], json.dumps(person('x')).encode(), 1),
            (['record', 'add', '-'], WORDS['statement'].encode(), 1),
            (['record', 'add', '-'], json.dumps({'type': 'person', 'admin': {'role': WORDS['shelter']}}).encode(), 1),
            (['record', 'add', '-'], json.dumps({'type': 'person', 'identity': {'birth_date': WORDS['shelter']}}).encode(), 1),
            (['record', 'import', '-'], json.dumps(dict(person('x'), type=WORDS['shelter'])).encode(), 1),
            (['record', 'import', p.path('hostile.csv')], b'', 1),
            (['search', '-'], ('"' + WORDS['shelter']).encode(), 2),
            (['status'], b'', 0)):
        r = subprocess.run([*strace, p.binary, *args, *p.who('founder')], input=stdin, capture_output=True, env=p.env(), cwd=p.dir, start_new_session=True)
        assert r.returncode == rc, (args, r.returncode, r.stderr)
        told += r.stderr + (r.stdout if rc != 0 else b'')
    p.run('lock', '-i', p.path('founder.identity'))
    told += unlocking.communicate()[1]
    assert unlocking.returncode == 0, told
    traced = open(execs, 'rb').read()
    assert traced.count(b'execve(') >= 10 and b'casevault-agent' in traced and b'/dev/log' not in traced
    for name, ways in known.all().items():
        for way in ways:
            assert way not in told, ('said', name, told)
            assert way not in traced and ''.join('\\%o' % c for c in way).encode() not in traced, ('seen from outside', name)
    p.checks += 9


def may_look():
    """Who is not root here is it in a name space; else the test is left out, and says so."""
    if os.getuid() == 0:
        return
    if subprocess.run(['unshare', '-r', 'true'], capture_output=True).returncode == 0:
        os.execvpe('unshare', ['unshare', '-r', sys.executable, *sys.argv], dict(os.environ, UNSHARED='1'))
    print('no right to look into the memory of processes: left out')
    sys.exit(77)


def test(p):
    w, known = Watch(p, os.path.abspath(sys.argv[2])), Known()
    os.makedirs(p.path('run'), 0o700)
    p.more = {'XDG_RUNTIME_DIR': p.path('run')}
    p.vault(('intake', 'protection', 'legal', 'auditor'))
    open(p.path('hostile.csv'), 'w').write('prs_FirstName,prs_Gender,cas_Status\n%s,%s,%s\n' % (WORDS['first name'], WORDS['second name'], WORDS['shelter']))
    open(p.path('new passphrase'), 'w').write(NEW_PASSPHRASE + '\n')
    commands(p, w)
    for name in ('founder', 'intake', 'protection'):
        known.identity(p, name)
    known.vault(p, 'founder')
    finds_what_is_there(p, w)
    agent(p, w, known)
    dumped = no_dumps(p, w)
    nobody_looks(p)
    nowhere_told(p, w, known)
    found = w.searched(known.all())
    assert not found, '\n'.join(found)
    print('without casevault, %s' % ('the kernel dumps here' if dumped else 'nothing is dumped here either'))
    print('%d commands left %d MiB that are not zeros; none of %d secrets and %d words in them' %
          (len(w.images), w.bytes >> 20, len(known.secrets), len(known.words)))


may_look()
main(test)
