#!/usr/bin/env python3
"""The log as static files, and whoever follows it from outside: nothing is written twice, and no lie passes."""
import base64, fcntl, functools, glob, hashlib, http.server, json, os, re, shutil, stat, subprocess, threading

from common import PERSON, main, persons



def publish(p, *more, where='www', **kw):
    return p.run('audit', 'publish', '--vault', p.path('vault'), p.path(where), *more, **kw)


def published(p, *more, **kw):
    return json.loads(publish(p, '--json', *more, **kw))


def follow(p, *more, where='www', **kw):
    return p.run('audit', 'verify', '--tiles', where if '://' in where else p.path(where), *more, **kw)


def fresh(p, *more, **kw):
    """As somebody who follows for the first time."""
    home = p.path('fresh')
    shutil.rmtree(home, ignore_errors=True)
    os.mkdir(home)
    return follow(p, '--log-key', p.key, *more, home=home, **kw)


def files(p, where='www'):
    """Every file: its inode, time and length."""
    out = {}
    for d, _, names in os.walk(p.path(where)):
        for n in names:
            info = os.stat(os.path.join(d, n))
            out[os.path.relpath(os.path.join(d, n), p.path(where))] = (info.st_ino, info.st_mtime_ns, info.st_size)
    return out


def add(p, n):
    """N records in one commit; what is published then, and which files changed."""
    p.as_('intake', 'record', 'import', '-', stdin=persons(n))
    before = files(p)
    head = published(p)
    after = files(p)
    assert head['files'] == len([f for f in after if before.get(f) != after[f]]), (before, after)
    return head, sorted(f for f in after if before.get(f) != after[f])


def writing(p):
    """Only what is new is written; what was complete stays as it was, to its time."""
    head = published(p)
    n = head['size']
    assert (head['before'], head['files'], head['mended']) == (0, 3, 0) and n < 200
    assert set(files(p)) == {'checkpoint', 'tile/0/000.p/%d' % n, 'tile/entries/000.p/%d' % n}
    p.key = head['log_key']
    was = files(p)
    assert published(p)['files'] == 0 and files(p) == was
    assert 'Nothing new' in publish(p)
    # Anybody may read it: it is for a web server.
    for d, _, names in os.walk(p.path('www')):
        assert stat.S_IMODE(os.stat(d).st_mode) == 0o755
        assert all(stat.S_IMODE(os.stat(os.path.join(d, f)).st_mode) == 0o644 for f in names)
    # The log key's signature, and no word of who made the commit.
    note = open(p.path('www', 'checkpoint')).read()
    assert note.count('\u2014') == 1 and '/member/' not in note
    # The entries are the leaf texts: kinds and hashes.
    raw, texts = open(p.path('www', 'tile/entries/000.p/%d' % n), 'rb').read(), []
    while raw:
        end = 2 + int.from_bytes(raw[:2], 'big')
        texts.append(raw[2:end].decode())
        raw = raw[end:]
    assert len(texts) == n and all(re.fullmatch(r'casevault leaf v1\n[0-9a-f]{64}\n%d\n[a-z]+\n[0-9a-f]{64}\n(-|[0-9a-f]{64})\n' % i, t)
                                   for i, t in enumerate(texts))
    assert [t.split('\n')[3] for t in texts] == p.kinds()[:n]
    # The next partial ones, beside the old; those go when the full one is there.
    head, new = add(p, 3)
    assert new == ['checkpoint', 'tile/0/000.p/%d' % head['size'], 'tile/entries/000.p/%d' % head['size']]
    head, new = add(p, 256 - head['size'] + 40)
    part = head['size'] - 256
    assert new == ['checkpoint', 'tile/0/000', 'tile/0/001.p/%d' % part, 'tile/1/000.p/1', 'tile/entries/000',
                   'tile/entries/001.p/%d' % part]
    assert not [f for f in files(p) if '000.p' in f and '/1/' not in f]
    shutil.copytree(p.path('www'), p.path('early'))
    follow(p, '--log-key', p.key, out='from its first entry: %d entries' % head['size'])
    head, new = add(p, 300)
    assert 'tile/0/000' not in new and 'tile/entries/001' in new and 'tile/1/000.p/2' in new, new
    p.size = head['size']


def order(p):
    """The checkpoint comes last, and only when all else is durable."""
    p.add('intake', PERSON)
    trace = p.path('trace')
    subprocess.run(['strace', '-f', '-o', trace, '-e', 'trace=fsync,syncfs,renameat,renameat2,rename,unlinkat', p.binary, 'audit',
                    'publish', '--vault', p.path('vault'), p.path('www')], check=True, env=dict(p.env(), ASAN_OPTIONS='detect_leaks=0'),
                   stdout=subprocess.DEVNULL)
    told = []
    for line in open(trace):
        call = re.search(r'\b(syncfs|fsync|renameat2?|rename)\((.*)\) += 0', line)
        if call:
            told.append((call[1], (re.findall(r'"(.*?)"', call[2]) or [''])[-1]))
    made = [name for call, name in told if call == 'renameat']
    assert len(made) == 3 and made[-1] == 'checkpoint', told
    assert [call for call, _ in told[-4:]] == ['syncfs', 'fsync', 'renameat', 'fsync'], told
    assert all(told[i - 1][0] == 'fsync' for i, (call, _) in enumerate(told) if call == 'renameat'), told
    p.size = published(p)['size']
    follow(p, out='go')


def broken_off(p):
    """Killed at any renaming: whoever follows finds all that the checkpoint stands on, and the next time goes on."""
    p.as_('intake', 'record', 'import', '-', stdin=persons(256 - p.size % 256))
    shutil.copytree(p.path('www'), p.path('before'))
    kills = 0
    while True:
        kills += 1
        shutil.rmtree(p.path('www'))
        shutil.copytree(p.path('before'), p.path('www'))
        r = subprocess.run(['strace', '-f', '-o', p.path('trace'), '-e', 'inject=renameat:signal=SIGKILL:when=%d' % kills, p.binary,
                            'audit', 'publish', '--vault', p.path('vault'), p.path('www')], stdout=subprocess.DEVNULL,
                           env=dict(p.env(), ASAN_OPTIONS='detect_leaks=0'))
        fresh(p)
        if r.returncode == 0:
            break
        head = published(p)
        assert head['mended'] == 0 and head['files'] <= 7, head
        fresh(p, out='%d entries' % head['size'])
        assert not glob.glob(p.path('www', 'tile', '*', '*.p', '*.new'))
    assert kills == 7, kills  # once to its end: two full tiles, three partial ones, and the checkpoint
    p.size = head['size']
    follow(p)


def altered(path, how):
    """A file, altered by HOW(bytes), or removed; put back by calling what this gives."""
    whole = open(path, 'rb').read()
    os.remove(path)
    if how is not None:
        open(path, 'wb').write(how(whole))

    def back():
        open(path, 'wb').write(whole)
        os.chmod(path, 0o644)
    return back


def bit(at):
    return lambda b: b[:at] + bytes([b[at] ^ 1]) + b[at + 1:]


def digit(at):
    """Another digit of the hash that stands there in an entry: still the text of an entry."""
    return lambda b: b[:at] + (b'1' if b[at:at + 1] == b'0' else b'0') + b[at + 1:]


def tampering(p):
    """Each kind of file, altered in each way: named, by those who come for the first time and those who follow."""
    n = p.size
    part, ups = n % 256, n // 256
    last = n // 256
    bundle, tile, up = 'tile/entries/%03d.p/%d' % (last, part), 'tile/0/%03d.p/%d' % (last, part), 'tile/1/000.p/%d' % ups
    follow(p)
    rows = [(bundle, digit(140), bundle + ': entry %d does not hash to what %s holds' % (256 * last, tile)),
            (bundle, bit(10), bundle + ': entry %d is no entry of this log' % (256 * last)),
            (bundle, lambda b: b[:-1], bundle + ': not the %d entries it should be' % part),
            (bundle, lambda b: b + b'\0', bundle + ': not the %d entries it should be' % part),
            (bundle, None, bundle + ': missing'),
            (tile, bit(32), tile + ': not the hashes of the entries under it'),
            (tile, lambda b: b[:-32], tile + ': %d bytes long instead of %d' % (32 * part - 32, 32 * part)),
            (tile, lambda b: b + bytes(32), tile + ': %d bytes long instead of %d' % (32 * part + 32, 32 * part)),
            (tile, None, tile + ': missing'),
            (up, bit(0), up + ': not the hashes of the entries under it'),
            (up, lambda b: b'', up + ': 0 bytes long'),
            (up, None, up + ': missing'),
            ('checkpoint', bit(100), 'checkpoint: '), ('checkpoint', lambda b: b[:-3] + b'\n', 'checkpoint: '),
            ('checkpoint', lambda b: b.replace(b'\n%d\n' % n, b'\n%d\n' % (n + 1)), "checkpoint: the log key's signature does not verify"),
            ('checkpoint', lambda b: b'x' * 70000, 'checkpoint: longer than it can be'), ('checkpoint', lambda b: b'', 'checkpoint: not one of')]
    for name, how, err in rows:
        back = altered(p.path('www', name), how)
        fresh(p, rc=14, err=err)
        follow(p, rc=14, err=err)
        back()
    # Of full tiles each follower reads those that are new to them.
    rows = [('tile/entries/001', digit(140), 'tile/entries/001: entry 256 does not hash to what tile/0/001 holds'),
            ('tile/0/000', bit(8191), 'tile/0/000: not the hashes of the entries under it'),
            ('tile/0/001', None, 'tile/0/001: missing'), ('tile/entries/000', None, 'tile/entries/000: missing')]
    for name, how, err in rows:
        back = altered(p.path('www', name), how)
        fresh(p, rc=14, err=err)
        follow(p)
        back()
    # Bundle and tile altered alike: the root tells.
    backs = [altered(p.path('www', bundle), digit(140))]
    raw = open(p.path('www', bundle), 'rb').read()
    lie = hashlib.sha256(b'\0' + raw[2:2 + int.from_bytes(raw[:2], 'big')]).digest()
    backs.append(altered(p.path('www', tile), lambda b: lie + b[32:]))
    fresh(p, rc=14, err='checkpoint: its root is not that of the entries')
    follow(p, rc=14, err='checkpoint: its root is not that of the entries')
    for back in backs:
        back()
    # Not a file.
    os.rename(p.path('www', tile), p.path('aside'))
    os.mkfifo(p.path('www', tile))
    follow(p, rc=14, err='not a file')
    os.remove(p.path('www', tile))
    os.symlink(p.path('aside'), p.path('www', tile))
    follow(p, rc=1, err=tile)
    os.remove(p.path('www', tile))
    os.rename(p.path('aside'), p.path('www', tile))
    fresh(p)
    follow(p, rc=1, err='no log is published there', where='home')
    follow(p, rc=1, err='nowhere', where='nowhere')


def keys(p):
    """Whose log it is has to be known."""
    home = p.path('stranger')
    os.mkdir(home)
    follow(p, rc=13, err='give its key with --log-key', home=home)
    name, id, key = p.key.split('+', 2)
    for bad in ('', 'x', p.key[:-1], '+'.join((name, '00000000', key)), 'a' * 300):
        follow(p, '--log-key', bad, rc=2, err='--log-key: not a key', home=home)
    raw = b'\x01' + bytes(range(32))
    other = '+'.join((name, hashlib.sha256(name.encode() + b'\n' + raw).hexdigest()[:8], base64.b64encode(raw).decode()))
    follow(p, '--log-key', other, rc=14, err='not signed by the log key you know', home=home)
    name = 'casevault/' + '0' * 64
    other = '+'.join((name, hashlib.sha256(name.encode() + b'\n' + raw).hexdigest()[:8], base64.b64encode(raw).decode()))
    follow(p, '--log-key', other, rc=14, err='another log than the key', home=home)
    assert glob.glob(home + '/.local/state/casevault/*') == []
    p.run('audit', 'verify', '--log-key', p.key, rc=2, err='--log-key goes with --tiles')
    # What is remembered is never taken for nothing.
    memory, = glob.glob(p.path('home', '.local', 'state', 'casevault', 'log-*'))
    whole = open(memory, 'rb').read()
    assert whole.decode().split('\n')[0::3] == ['casevault log v1', p.key]
    for bad in (b'', whole[:-1], whole[:40], b'x' + whole, whole + b'\n'):
        open(memory, 'wb').write(bad)
        follow(p, rc=1, err='log-')
    open(memory, 'wb').write(whole)
    follow(p)


def new_key(p):
    """A new log key is said, not taken: the history before it is held to all the same."""
    p.as_('founder', 'role', 'rotate', 'intake')
    p.add('intake', PERSON)
    was, p.key = p.key, published(p)['log_key']
    assert was != p.key
    follow(p, rc=14, err='not signed by the log key you know')
    follow(p, '--log-key', p.key, out='the new key you gave')
    follow(p, out='0 are new')
    follow(p, '--log-key', was, rc=14, err='not signed by the log key')
    follow(p)
    p.size = published(p)['size']


def catching_up(p):
    """Whoever read the checkpoint before partial tiles went, finds the full ones."""
    shutil.copytree(p.path('www'), p.path('racing'))
    shutil.copy(p.path('early', 'checkpoint'), p.path('racing', 'checkpoint'))
    old = p.path('racing', 'tile', '0', '001')
    assert os.path.isfile(old) and not os.path.exists(old + '.p')
    home = p.path('racer')
    os.mkdir(home)
    key = json.loads(follow(p, '--json', '--log-key', p.first_key, where='racing', home=home))
    assert key['before'] == 0 and 256 < key['size'] < 512
    follow(p, '--log-key', p.key, home=home, out='goes on from the %d entries you saw' % key['size'])


def mending(p):
    """What is lost is written again; what was altered, when all of it is compared."""
    os.remove(p.path('www', 'tile', '0', '000'))
    head = published(p)
    assert head['files'] == 1 and head['mended'] == 0, head
    altered(p.path('www', 'tile', 'entries', '000'), digit(140))
    assert published(p)['files'] == 0
    fresh(p, rc=14)
    head = published(p, '--all')
    assert head['files'] == 1 and head['mended'] == 1, head
    # The partial ones are what the next are made of: they are always looked at.
    name = [f for f in files(p) if f.startswith('tile/entries/') and f.endswith('.p/%d' % (head['size'] % 256))][0]
    altered(p.path('www', name), digit(140))
    assert published(p)['mended'] == 1
    altered(p.path('www', name.replace('entries', '0')), lambda b: b[:-1])
    p.add('intake', PERSON)
    published(p)
    fresh(p)
    # A first time that was broken off before its checkpoint.
    os.remove(p.path('www', 'checkpoint'))
    head = published(p)
    assert head['files'] == 1 and head['before'] == 0
    fresh(p)
    p.size = head['size']


def refusals(p):
    home = p.path('newcomer')
    os.mkdir(home)
    publish(p, rc=13, err='you have not seen this vault before', home=home, where='nothing')
    assert not os.path.exists(p.path('nothing'))
    os.mkdir(p.path('page'))
    open(p.path('page', 'checkpoint'), 'w').write('somebody else\n')
    publish(p, rc=1, err='not the checkpoint of a log', where='page')
    assert os.listdir(p.path('page')) == ['checkpoint']
    publish(p, rc=1, err='cannot', where='passphrase')
    publish(p, rc=1, err='a directory of its own', where='vault')
    assert not os.path.exists(p.path('vault', 'tile'))
    fd = os.open(p.path('www'), os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    publish(p, rc=11, err='somebody else is publishing there')
    os.close(fd)
    p.run('init', p.path('second'), '-i', p.path('founder.identity'), '--passphrase-file', p.path('passphrase'))
    before = files(p)
    p.run('audit', 'publish', '--vault', p.path('second'), p.path('www'), rc=1, err='the log of another vault is published there')
    assert files(p) == before
    p.run('audit', 'publish', '--vault', p.path('second'), rc=2)


def going_back(p):
    """An older copy, and one that went another way: neither is published over the log, nor followed."""
    shutil.copytree(p.path('vault'), p.path('yesterday'))
    shutil.copytree(p.path('www'), p.path('www-yesterday'))
    fingerprint = p.json_as('founder', 'status')[0]['fingerprint']
    p.add('intake', PERSON)
    published(p)
    follow(p)
    before = files(p)
    other = p.path('other')
    os.mkdir(other)
    shutil.move(p.path('vault'), p.path('today'))
    shutil.move(p.path('yesterday'), p.path('vault'))
    publish(p, '--trust', fingerprint, rc=14, err='the vault has gone back; nothing was written', home=other)
    follow(p, where='www-yesterday', rc=14, err='the published log has gone back')
    for n in range(3):
        p.add('intake', PERSON, home=other)
        publish(p, rc=14, err='tells another story than this one', home=other)
        assert files(p) == before
        publish(p, home=other, where='www-yesterday')
        follow(p, where='www-yesterday', rc=14, err='tells another story than the one you saw')
    publish(p, home=other, where='elsewhere')
    follow(p, where='elsewhere', rc=14, err='tells another story than the one you saw')
    fresh(p, where='elsewhere')
    shutil.rmtree(p.path('vault'))
    shutil.move(p.path('today'), p.path('vault'))
    published(p)
    follow(p)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def by_http(p):
    if shutil.which('curl') is None:
        print('curl is not there')
        return
    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *args):  # a client that has read enough
            pass
    server = Server(('127.0.0.1', 0), functools.partial(Quiet, directory=p.path('www')))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = 'http://127.0.0.1:%d' % server.server_port
    fresh(p, where=url)
    follow(p, where=url + '/', out='goes on from')
    name = [f for f in files(p) if f.startswith('tile/0/') and f.endswith('.p/%d' % (published(p)['size'] % 256))][0]
    back = altered(p.path('www', name), None)
    follow(p, where=url, rc=14, err=name + ': missing')
    back()
    back = altered(p.path('www', name), lambda b: b * 300)
    follow(p, where=url, rc=14, err=name + ': longer than it can be')
    back()
    follow(p, where=url + '/nowhere', rc=1, err='no log is published there')
    follow(p, where=url + '/$(touch x)', rc=2, err='not a URL')
    p.more['PATH'] = p.path('nothing')
    follow(p, where=url, rc=1, err='the program curl is not installed')
    del p.more['PATH']
    server.shutdown()
    server.server_close()
    follow(p, where=url, rc=1, err='the server cannot be reached')


def test(p):
    p.vault(('intake', 'auditor'))
    writing(p)
    p.first_key = p.key
    order(p)
    broken_off(p)
    tampering(p)
    keys(p)
    new_key(p)
    catching_up(p)
    mending(p)
    refusals(p)
    by_http(p)
    going_back(p)


main(test)
