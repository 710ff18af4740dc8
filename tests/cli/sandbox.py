#!/usr/bin/env python3
"""Who parses what strangers sent: a process with nothing open but that and a socket to its parent, no key in memory, and no way to
anything else. Seen from outside, in /proc, while it is at work; then killed, as its filter would, and as a fault would."""
import ctypes, hashlib, json, os, re, shutil, signal, socket, subprocess, sys, time, urllib.error, urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
from common import PASSPHRASE, main, persons
from reader import b64u, open_identity

SECRETS = {}  # what must not be in the memory of who parses, by name


def children(pid):
    """Processes that this one started."""
    found = []
    for p in filter(str.isdigit, os.listdir('/proc')):
        try:
            if int(open('/proc/%s/stat' % p).read().rsplit(')', 1)[1].split()[1]) == pid:
                found.append(int(p))
        except OSError:
            pass
    return found


def status(pid):
    return dict(l.split(':\t', 1) for l in open('/proc/%d/status' % pid).read().splitlines() if ':\t' in l)


def wanted(kind):
    """Does this kernel have it? Asked of it, and not of casevault."""
    if kind == 'seccomp':
        return 'kill_process' in open('/proc/sys/kernel/seccomp/actions_avail').read()
    return ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) > 0  # landlock_create_ruleset: which ABI?


def shut_in(pid, within=20.0):
    """The child of ${pid} that is in the sandbox, once it is there."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        for c in children(pid):
            try:
                s = status(c)
            except OSError:
                continue
            if s.get('NoNewPrivs') == '1' and (s.get('Seccomp') == '2' or not wanted('seccomp')) and limit(c) == '0':
                return c
        time.sleep(0.02)
    raise AssertionError('no process that parses is shut in')


def limit(pid):
    """How many descriptors it may still open; the last thing before the filter."""
    return re.search(r'Max file size +(\w+)', open('/proc/%d/limits' % pid).read()).group(1)


def memory(pid):
    """All that it can read of its own memory, piece by piece."""
    with open('/proc/%d/mem' % pid, 'rb', 0) as m:
        for line in open('/proc/%d/maps' % pid):
            where, rights, *_ = line.split()
            begin, end = (int(x, 16) for x in where.split('-'))
            if not rights.startswith('rw') or end - begin > 1 << 31:  # the sanitizers' shadow is not kept, nor read
                continue
            try:
                m.seek(begin)
                yield m.read(end - begin)
            except (OSError, ValueError, OverflowError):
                pass


def holds(pid, what):
    return any(what in piece for piece in memory(pid))


def looked_at(p, pid, kept, known):
    """What is open in it, and what is in its memory: nothing of our keys; ${known} is what must be found there, so that we look right."""
    assert status(pid)['NoNewPrivs'] == '1' and (status(pid)['Seccomp'] == '2' or not wanted('seccomp'))
    if os.geteuid() == 0:  # nobody else may look so far into it
        opened = {int(f): os.readlink('/proc/%d/fd/%s' % (pid, f)) for f in os.listdir('/proc/%d/fd' % pid)}
        assert all(opened.pop(n) == '/dev/null' for n in range(3)), opened
        assert set(opened) == {3, 4} and opened[3].startswith('socket:') and opened[4].startswith(kept), opened
        assert holds(pid, known), 'we do not know how to look into memory'
        for name, secret in SECRETS.items():
            assert not holds(pid, secret), '%s is in the memory of who parses' % name
    p.checks += 1


def keys_of(p, name):
    id = open_identity(p.path(name + '.identity'), PASSPHRASE.encode())
    for k in ('sign', 'seal'):
        SECRETS['%s of %s' % (k, name)] = b64u(id[k])


def start(p, *args, stdin=subprocess.DEVNULL, **kw):
    return subprocess.Popen([p.binary, *args], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=p.env(), cwd=p.dir,
                            start_new_session=True, **kw)


def ended(run, rc, *words):
    out, err = (x.decode() for x in run.communicate(timeout=60))
    assert run.returncode == rc, (run.returncode, out, err)
    lines = [l for l in err.split('\n') if l.startswith('casevault: ') and 'hint:' not in l]
    assert len(lines) == (0 if rc == 0 else 1) and all(w in err for w in words), err
    return out


DEATHS = ((signal.SIGSYS, 14, ('was stopped', 'may be an attack')), (signal.SIGKILL, 1, ('has died', 'signal 9')))


# ---- verify ----

def verifying(p, waits):
    """verify, of a package that is sealed: until the passphrase is there, nothing comes through to who parses."""
    read, write = os.pipe()
    run = start(p, 'verify', p.path('sealed.age'), '--sender-key', p.print, '-i', p.path('founder.identity'), '--passphrase-fd',
                str(read), pass_fds=(read,))
    os.close(read)
    child = shut_in(run.pid)
    waits(child)
    try:
        os.write(write, PASSPHRASE.encode() + b'\n')
    except BrokenPipeError:
        pass
    os.close(write)
    return run


def verified(p):
    def stop(child):
        looked_at(p, child, 'pipe:', b'sealed.age')
        os.kill(child, signal.SIGSTOP)
        stopped.append(child)
    stopped = []
    run = verifying(p, stop)
    time.sleep(1)  # the key is at work, next to a process that does not get it
    looked_at(p, stopped[0], 'pipe:', b'sealed.age')
    os.kill(stopped[0], signal.SIGCONT)
    ended(run, 0, 'Verified')
    for sig, rc, words in DEATHS:
        ended(verifying(p, lambda child: os.kill(child, sig)), rc, 'sealed.age', *words)
    p.checks += 3


def opened(p):
    """Who has the key to the package is shut in as well, once it has it; while nobody reads, it waits."""
    def stop(child):
        os.kill(child, signal.SIGSTOP)
        stopped.append(child)
    stopped = []
    run = verifying(p, stop)
    until = time.monotonic() + 30
    other = [c for c in children(run.pid) if c != stopped[0]][0]
    while status(other)['NoNewPrivs'] != '1' or status(other)['Seccomp'] == '0' and wanted('seccomp'):
        assert time.monotonic() < until, 'who opens the package is not shut in'
        time.sleep(0.02)
    os.kill(other, signal.SIGSYS)
    os.kill(stopped[0], signal.SIGCONT)
    ended(run, 14, 'whoever opens it', 'may be an attack')
    p.checks += 1


def traced(p, *args, inject=(), rc=0, err=None, out=None):
    """Run under strace: what each process asked of the kernel, in order, by its number."""
    log = p.path('trace')
    q = subprocess.run(['strace', '-f', '-q', '-o', log, '-e', 'signal=none', *sum((['-e', 'inject=' + i] for i in inject), []), p.binary,
                        *args], capture_output=True, env=dict(p.env(), ASAN_OPTIONS='detect_leaks=0'), cwd=p.dir, start_new_session=True)
    assert q.returncode == rc and (err is None or err in q.stderr.decode()), (q.returncode, q.stdout, q.stderr)
    assert out is None or (out in q.stdout.decode() and all(len(l) <= 80 for l in q.stdout.decode().split('\n') if p.dir not in l)), q.stdout
    p.checks += 1
    by = {}
    for line in open(log, errors='replace'):
        pid, call = line.split(None, 1)
        calls = by.setdefault(pid, [])
        if call.startswith('<... '):  # the rest of the one before
            calls[-1] = calls[-1].split(' <unfinished')[0] + call.split('resumed>', 1)[1]
        else:
            calls.append(call)
    return by


def order(p):
    """Nothing is read of the file before the process is shut in, and nothing is opened after."""
    by = traced(p, 'verify', p.path('plain.zip'))
    parsers = [calls for calls in by.values() if any(c.startswith('read(4, "PK') for c in calls)]
    assert len(parsers) == 1, len(parsers)
    calls = parsers[0]
    first = next(i for i, c in enumerate(calls) if c.startswith('read(4, "PK'))
    assert any('PR_SET_NO_NEW_PRIVS' in c for c in calls[:first])
    if wanted('seccomp'):
        assert any(c.startswith('seccomp(SECCOMP_SET_MODE_FILTER') and c.rstrip().endswith('= 0') for c in calls[:first])
    if wanted('landlock'):
        assert any('landlock_restrict_self' in c and c.rstrip().endswith('= 0') for c in calls[:first])
    tried = [c for c in calls[first:] if not re.match(r'(read|sendto|mmap|munmap|mremap|madvise|brk|futex|sigaltstack|exit_group)\(|\+', c)]
    assert not tried, tried
    p.checks += 1


def fallbacks(p):
    """Kernels, and containers, that have one of both or neither; and those that promise what they do not keep."""
    verify = ['verify', p.path('plain.zip')]
    none = ('landlock_create_ruleset:error=ENOSYS', 'seccomp:error=ENOSYS')
    for level in (none, none[:1], none[1:], ('close_range:error=ENOSYS',), ('landlock_create_ruleset:error=EOPNOTSUPP',), ('landlock_create_ruleset:error=EPERM',)):
        traced(p, *verify, inject=level)
    for broken in ('landlock_restrict_self:error=EPERM', 'prctl:error=EPERM:when=1+') if wanted('landlock') else ():
        traced(p, *verify, inject=(broken,), rc=1, err='cannot be shut in')


def said(p):
    """status tells what is in force, and what is not."""
    told = p.json_as('founder', 'status')[0]
    assert told['seccomp'] == wanted('seccomp') and (told['landlock'] > 0) == wanted('landlock'), told
    landlock = 'Landlock %d' % told['landlock'] if told['landlock'] else 'no Landlock here'
    p.as_('founder', 'status', out='(seccomp; %s)\n' % landlock if told['seccomp'] else 'this system has')
    none = ('landlock_create_ruleset:error=ENOSYS', 'seccomp:error=ENOSYS')
    if shutil.which('strace') and told['seccomp'] and told['landlock']:
        for inject, words in ((none, 'NOT GUARDED: this system has neither'), (none[:1], '(seccomp; no Landlock here)'),
                              (none[1:], 'in part: files from others')):
            traced(p, 'status', *p.who('founder'), inject=inject, out=words)


# ---- documents ----

def looked_at_pictures(p, record):
    """A picture is looked at before any key is in memory, by a process that is shut in first."""
    open(p.path('face.png'), 'wb').write(b'\x89PNG\r\n\x1a\n' + bytes(100))
    by = traced(p, 'document', 'add', '--record', record, p.path('face.png'), *p.who('protection'), rc=2, err='keeps no files')
    calls = next(c for c in by.values() if any(x.startswith('pread64(4, ') for x in c))
    first = next(i for i, x in enumerate(calls) if x.startswith('pread64(4, '))
    assert any('PR_SET_NO_NEW_PRIVS' in x for x in calls[:first])
    assert not wanted('seccomp') or any(x.startswith('seccomp(SECCOMP_SET_MODE_FILTER, 0') for x in calls[:first])
    assert not [x for x in calls if 'protection.identity' in x and 'open' in x]
    p.checks += 1


# ---- record import ----

def importing(p, *more, first=b'type,', waits=lambda child: None):
    """record import, of what comes through a pipe that we hold; a line or less of it is there when it is shut in."""
    run = start(p, 'record', 'import', '-', *p.who('intake'), '--known-ok', *more, stdin=subprocess.PIPE)
    run.stdin.write(first)
    run.stdin.flush()
    child = shut_in(run.pid)
    waits(child)
    return run, child


def imported(p):
    rows = persons(3)
    run, child = importing(p, first=rows[:40])
    until = time.monotonic() + 30  # until the parent has opened the vault, and has its keys
    while os.geteuid() == 0 and not holds(run.pid, SECRETS['sign of intake']):
        assert time.monotonic() < until, 'its parent has no key either, or we do not know how to find it'
        time.sleep(0.2)
    looked_at(p, child, 'pipe:', b'record')
    out = ended_with(run, rows[40:], 0)
    assert '3 records stored' in out, out
    for sig, rc, words in DEATHS:
        before = p.kinds().count('record')
        run, child = importing(p, first=persons(2))
        os.kill(child, sig)
        out = ended_with(run, b'', rc, 'standard input', *words)
        assert '0 records stored' in out and p.kinds().count('record') == before, out
    # A map is somebody's file as well: what is wrong with it is said by who is shut in.
    open(p.path('map.json'), 'w').write('{"casevault": "columns v1", "columns": 7}')
    if not shutil.which('strace'):
        return
    by = traced(p, 'record', 'import', p.path('rows.csv'), '--map', p.path('map.json'), *p.who('intake'), rc=1, err='map.json')
    told = [c for calls in by.values() for c in calls if c.startswith('sendto(3')]
    assert len(told) == 1, len(told)  # by no one else
    p.checks += 5


def ended_with(run, rest, rc, *words):
    try:
        run.stdin.write(rest)
        run.stdin.close()
    except BrokenPipeError:
        pass
    run.stdin = None
    return ended(run, rc, *words)


# ---- the witness ----

def post(place, body):
    try:
        with urllib.request.urlopen(urllib.request.Request(place, body, method='POST'), timeout=30) as r:
            return r.status
    except urllib.error.HTTPError as e:
        return e.code


def sockets(pid):
    return sum(os.readlink('/proc/%d/fd/%s' % (pid, f)).startswith('socket:') for f in os.listdir('/proc/%d/fd' % pid))


def witnessed(p):
    """The one that has the clients has no key; what it is sent comes to the one that has it as fields of told lengths."""
    key = p.path('w.key')
    p.run('audit', 'witness', 'new', '--work', '8', '--passphrase-file', p.path('passphrase'), key)
    p.log = log = json.loads(p.run('audit', 'witness', 'request', '--vault', p.path('vault'), '-o', p.path('request'), '--json'))['log']
    request = open(p.path('request'), 'rb').read()
    with_key = ['--key', key, '--passphrase-file', p.path('passphrase'), '--log', log]

    def serve():
        run = start(p, 'audit', 'witness', 'serve', '--listen', '127.0.0.1:0', *with_key)
        return run, run.stdout.readline().decode().split()[-1], shut_in(run.pid)

    run, place, child = serve()
    assert post(place, b'x') == 400 and post(place, request) == 200 and post(place, request) == 409
    until = time.monotonic() + 20  # until it has noticed that its clients are gone
    while os.geteuid() == 0 and len(os.listdir('/proc/%d/fd' % child)) > 5 and time.monotonic() < until:
        time.sleep(0.1)
    looked_at(p, child, 'socket:', b'w.key')
    # The clients are that process's alone.
    host, port = place.split('/')[2].split(':')
    with socket.create_connection((host, int(port))) as s:
        s.sendall(b'POST /add-checkpoint HTTP/1.1\r\n')
        time.sleep(0.5)
        mine, theirs = (sockets(pid) if os.geteuid() == 0 else n for pid, n in ((run.pid, 1), (child, 3)))
        assert (mine, theirs) == (1, 3), (mine, theirs)
    run.terminate()
    ended(run, 0)
    for sig, rc, words in DEATHS:
        run, place, child = serve()
        os.kill(child, sig)
        ended(run, rc, 'a request', *words)
    p.checks += 7


def signed(p):
    """By file, likewise: the request is read before there is a key."""
    by = traced(p, 'audit', 'witness', 'sign', '--key', p.path('w.key'), '--passphrase-file', p.path('passphrase'), '--log', p.log,
                '--checkpoint', p.path('request'), rc=1, err='the checkpoint last cosigned')
    calls = next(c for c in by.values() if any('w.key' in x and 'openat' in x for x in c))
    started, opened = (next(i for i, x in enumerate(calls) if re.match(what, x)) for what in (r'(clone|fork)', r'openat.*w\.key'))
    assert started < opened, (started, opened)


def test(p):
    p.vault()
    case, victim, _ = p.case()
    p.partner('Office')
    own = p.run('identity', 'show', '--json', '-i', p.path('founder.identity'), '--passphrase-file', p.path('passphrase'))
    recipient = re.search(r'age1\w+', own).group(0)
    p.as_('founder', 'partner', 'add', '--name', 'Desk', '--purpose', 'Prosecution', '--country', 'RS', '--recipient', recipient,
          '--print', hashlib.sha256(recipient.encode()).hexdigest()[:20])
    for to, file in (('Office', 'package.age'), ('Desk', 'sealed.age')):
        p.consent(victim, to)
        p.package('founder', case, to, file)
    plain = subprocess.run(['age', '-d', '-i', p.path('Office.key'), p.path('package.age')], capture_output=True, check=True).stdout
    open(p.path('plain.zip'), 'wb').write(plain)
    p.print = p.run('status', *p.who('founder')).split('Fingerprint: ')[1].split('\n')[0]
    SECRETS['the passphrase'] = PASSPHRASE.encode()
    for name in ('founder', 'intake'):
        keys_of(p, name)
    verified(p)
    opened(p)
    imported(p)
    witnessed(p)
    said(p)
    if shutil.which('strace'):
        fallbacks(p)
        if os.geteuid() == 0:  # of a process that nobody may look into, others see calls, and not what they say
            order(p)
            looked_at_pictures(p, victim)
            signed(p)


if __name__ == '__main__':
    main(test)
