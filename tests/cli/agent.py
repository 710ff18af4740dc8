#!/usr/bin/env python3
"""The agent: the passphrase once, for a while; it forgets when told, by signals, and when its place is taken away."""
import glob, hashlib, json, os, signal, socket, struct, subprocess, sys, threading, time

from common import PERSON, main


def alone(p, name, *args, **kw):
    """A command with an identity, and without any passphrase."""
    return p.run(*args, '-i', p.path(name + '.identity'), '--vault', p.path('vault'), **kw)


def unlock(p, name, **kw):
    return p.run('unlock', '-i', p.path(name + '.identity'), '--passphrase-file', p.path('passphrase'), **kw)


def socket_of(p, name):
    return p.path('run', 'casevault', hashlib.sha256(open(p.path(name + '.identity'), 'rb').read()).hexdigest()[:16] + '.sock')


def agents():
    out = {}
    for path in glob.glob('/proc/[0-9]*/cmdline'):
        try:
            if open(path, 'rb').read().split(b'\0')[0] == b'casevault-agent':
                out[int(path.split('/')[2])] = path
        except OSError:
            pass
    return set(out)


def gone(pid):
    for _ in range(200):
        if pid not in agents():
            return True
        time.sleep(0.05)
    return False


def works(p, record):
    before = agents()
    alone(p, 'legal', 'status', rc=1, err='no terminal to ask for the passphrase')
    unlock(p, 'legal', err='Unlocked')
    pid, = agents() - before
    where = socket_of(p, 'legal')
    assert os.stat(where).st_mode & 0o777 == 0o600 and os.stat(os.path.dirname(where)).st_mode & 0o777 == 0o700
    assert 'Unlocked:    15 more minutes' in alone(p, 'legal', 'status')
    # The same answers as with the passphrase; every kind of work: reading, writing, signing, exporting.
    assert json.loads(alone(p, 'legal', 'record', 'show', '--json', record)) == p.json_as('legal', 'record', 'show', record)[0]
    alone(p, 'legal', 'record', 'edit', record, '-', stdin=b'{"legal":{"notes":"called the court"}}', out='version 2')
    case = p.as_('founder', 'record', 'add', '-', stdin=b'{"type":"case","admin":{"case_number":"1","status":"Active"}}').strip()
    p.partner('Court')
    alone(p, 'legal', 'package', 'new', '--case', case, '--to', 'Court', '--profile', 'prosecution', '--legal-basis', 'an order')
    package = json.loads(alone(p, 'legal', 'package', 'list', '--json'))['package']
    alone(p, 'legal', 'package', 'write', package, '-o', p.path('package'))
    # The others are not unlocked by it.
    alone(p, 'medical', 'status', rc=1, err='no terminal to ask')
    unlock(p, 'legal', rc=1, err='it is unlocked already')
    # What a passphrase is given for is done by it.
    p.as_('legal', 'status')
    return pid


def held_safely(p, pid):
    limits = open('/proc/%d/limits' % pid).read()
    assert [l.split()[4:6] for l in limits.split('\n') if l.startswith('Max core')] == [['0', '0']]
    assert open('/proc/%d/environ' % pid, 'rb').read() == b''
    assert os.readlink('/proc/%d/cwd' % pid) == '/'
    assert all(os.readlink('/proc/%d/fd/%d' % (pid, n)) == '/dev/null' for n in range(3))


def forgets(p, pid, record):
    p.run('lock', '-i', p.path('legal.identity'), err='Locked')
    assert gone(pid) and not os.path.exists(socket_of(p, 'legal'))
    alone(p, 'legal', 'record', 'show', record, rc=1, err='no terminal to ask')
    p.run('lock', '-i', p.path('legal.identity'), err='locked already')
    for sig in (signal.SIGHUP, signal.SIGTERM):
        before = agents()
        unlock(p, 'legal')
        pid, = agents() - before
        os.kill(pid, sig)
        assert gone(pid) and not os.path.exists(socket_of(p, 'legal'))
    # Killed outright: its dead socket is in nobody's way.
    before = agents()
    unlock(p, 'legal')
    pid, = agents() - before
    os.kill(pid, signal.SIGKILL)
    assert gone(pid) and os.path.exists(socket_of(p, 'legal'))
    alone(p, 'legal', 'status', rc=1, err='no terminal to ask')
    p.as_('legal', 'status', out='Locked:')
    unlock(p, 'legal', err='Unlocked')
    alone(p, 'legal', 'status')
    p.run('lock', '-i', p.path('legal.identity'))


def refusals(p):
    p.run('unlock', '-i', p.path('legal.identity'), '--passphrase-file', p.path('words'), rc=12, err='the passphrase is wrong')
    p.run('unlock', '--idle', '100000', '-i', p.path('legal.identity'), rc=2, err='at most 10,000 minutes')
    os.chmod(p.path('run', 'casevault'), 0o755)
    unlock(p, 'legal', rc=13, err='nobody else may enter')
    p.as_('legal', 'status')
    os.chmod(p.path('run', 'casevault'), 0o700)
    del p.more['XDG_RUNTIME_DIR']
    unlock(p, 'legal', rc=1, err='XDG_RUNTIME_DIR names no directory')
    p.as_('legal', 'status')
    p.more['XDG_RUNTIME_DIR'] = p.path('run')


def ask(s, op, body=b''):
    s.sendall(struct.pack('>IB', len(body) + 1, op) + body)
    head = s.recv(5, socket.MSG_WAITALL)
    if len(head) < 5:
        return None, b''
    n, status = struct.unpack('>IB', head)
    return status, s.recv(n - 1, socket.MSG_WAITALL) if n > 1 else b''


def connected(path):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(path)
    return s


def hostile_clients(p, record):
    unlock(p, 'legal')
    path = socket_of(p, 'legal')
    for raw in (b'\0\0\0\0', b'\xff\xff\xff\xff', b'\0\0\0\1\x63', b'\0\0\0\2\1x', b'\0\0\0\3\3\0\5', b'\0\0\0\1\5\0\0\0\1\5'):
        s = connected(path)
        s.sendall(raw)
        answer = s.recv(100)
        assert answer == b'' or answer[4] != 0, raw
        s.close()
    s = connected(path)
    status, hello = ask(s, 1)
    assert status == 0 and hello.startswith(b'casevault-member-1:') and b'AGE-SECRET' not in hello
    status, sig = ask(s, 2, b'anything')
    assert status == 0 and len(sig) == 64
    assert ask(s, 3, struct.pack('>H', 1) + b'x' + struct.pack('>H', 4) + b'junk')[0] != 0
    # A thousand at once, most of them silent, some in the middle of a question: commands go on.
    many = [connected(path) for _ in range(1000)]
    for c in many[::3]:
        c.sendall(b'\0\0\0\x09\2half')
    began = time.monotonic()
    assert 'identity' in json.loads(alone(p, 'legal', 'record', 'show', '--json', record))
    assert time.monotonic() - began < 60
    for c in many:
        c.close()
    alone(p, 'legal', 'status')
    p.run('lock', '-i', p.path('legal.identity'))


def dies(p, record):
    """Killed in the middle of a command's work, after each of its answers: the command fails, and says why."""
    unlock(p, 'legal')
    path = socket_of(p, 'legal')
    real = p.path('run', 'real.sock')
    os.rename(path, real)
    answers, failed = 1, 0
    while True:
        door = socket.socket(socket.AF_UNIX)
        door.bind(path)
        os.chmod(path, 0o600)
        door.listen()

        def between():
            mine, theirs = door.accept()[0], connected(real)
            for _ in range(answers):
                head = mine.recv(5, socket.MSG_WAITALL)
                if len(head) < 5:
                    break
                rest = mine.recv(struct.unpack('>IB', head)[0] - 1, socket.MSG_WAITALL)
                status, body = ask(theirs, head[4], rest)
                if _ == answers - 1:  # whoever looks for it afterwards finds nobody
                    door.close()
                    os.unlink(path)
                mine.sendall(struct.pack('>IB', len(body) + 1, status) + body)
            for s in (mine, theirs, door):
                s.close()

        thread = threading.Thread(target=between)
        thread.start()
        r = subprocess.run([p.binary, 'record', 'show', record, '-i', p.path('legal.identity'), '--vault', p.path('vault')],
                           capture_output=True, env=p.env(), start_new_session=True)
        thread.join()
        if r.returncode == 0:
            break
        assert r.returncode == 1 and b'the agent that held your keys is gone' in r.stderr and r.stdout == b'', (answers, r.stderr)
        answers, failed = answers + 1, failed + 1
    assert failed > 2
    if os.path.exists(path):
        os.unlink(path)
    os.rename(real, path)
    p.run('lock', '-i', p.path('legal.identity'))


def few_files(p):
    """Where a process may have few descriptors, fewer are served at once."""
    subprocess.run(['prlimit', '--nofile=64:64', p.binary, 'unlock', '-q', '-i', p.path('legal.identity'), '--passphrase-file', p.path('passphrase')],
                   env=p.env(), check=True)
    many = [connected(socket_of(p, 'legal')) for _ in range(100)]
    alone(p, 'legal', 'status', out='Unlocked:')
    for c in many:
        c.close()
    p.run('lock', '-i', p.path('legal.identity'))


def removed(p):
    """A member removed while their agent is unlocked."""
    unlock(p, 'medical')
    alone(p, 'medical', 'status')
    who = json.loads(p.run('identity', 'show', '--json', '-i', p.path('medical.identity'), '--passphrase-file',
                           p.path('passphrase')))['pseudonym']
    p.as_('founder', 'member', 'remove', who)
    alone(p, 'medical', 'status', rc=13, err='is not a member')
    p.run('lock', '-i', p.path('medical.identity'))


def another_passphrase(p):
    """Whoever changes the passphrase leaves no agent behind that nobody finds any more."""
    before = agents()
    unlock(p, 'legal')
    pid, = agents() - before
    open(p.path('new'), 'w').write('another long passphrase\n')
    p.run('identity', 'passphrase', '--work', '8', '-i', p.path('legal.identity'), '--passphrase-file', p.path('passphrase'),
          '--new-passphrase-file', p.path('new'), err='The agent has forgotten your keys')
    assert gone(pid)
    alone(p, 'legal', 'status', rc=1, err='no terminal to ask for the passphrase')


def all_at_once(p):
    """At a logout: every agent of this user forgets, also beside a socket where nobody answers."""
    before = agents()
    for name in ('legal', 'medical'):
        unlock(p, name, err='Unlocked')
    pids = agents() - before
    assert len(pids) == 2, pids
    where = os.path.join(os.path.dirname(socket_of(p, 'legal')), '0000000000000000.sock')
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(where)
    dead.close()
    alone(p, 'legal', 'lock', '--all', err='the keys of 2 identities')
    assert all(gone(pid) for pid in pids)
    os.unlink(where)
    alone(p, 'legal', 'lock', '--all', err='the keys of 0 identities')


def not_dumpable(p):
    """As another user than root: what the kernel shows of a process that may not be dumped belongs to root."""
    if os.getuid() != 0:
        return
    home = p.path('nobody')
    os.makedirs(os.path.join(home, 'run'), 0o700)
    for d in (home, os.path.join(home, 'run')):
        os.chown(d, 65534, 65534)
    os.chmod(p.dir, 0o755)
    def as_nobody(*args):
        r = subprocess.run([p.binary, *args], capture_output=True, user=65534, group=65534, extra_groups=[],
                           env=dict(p.env(), HOME=home, XDG_RUNTIME_DIR=os.path.join(home, 'run')))
        assert r.returncode == 0, r.stderr
    identity = os.path.join(home, 'id')
    before = agents()
    os.chmod(p.path('passphrase'), 0o644)
    as_nobody('identity', 'new', '--work', '8', identity, '--passphrase-file', p.path('passphrase'))
    as_nobody('unlock', '-i', identity, '--passphrase-file', p.path('passphrase'))
    pid, = agents() - before
    assert os.stat('/proc/%d/mem' % pid).st_uid == 0, 'it can be dumped'
    as_nobody('lock', '-i', identity)
    assert gone(pid)


def test(p):
    os.makedirs(p.path('run'), 0o700)
    p.more = {'XDG_RUNTIME_DIR': p.path('run')}
    open(p.path('words'), 'w').write('another passphrase\n')
    p.vault(('intake', 'protection', 'legal', 'medical'))
    record = p.add('intake', PERSON)
    pid = works(p, record)
    held_safely(p, pid)
    forgets(p, pid, record)
    refusals(p)
    hostile_clients(p, record)
    all_at_once(p)
    dies(p, record)
    few_files(p)
    removed(p)
    another_passphrase(p)
    not_dumpable(p)


main(test)
