"""What the command-line tests share: a place of their own, a way to run casevault, and to say what went wrong."""
import fcntl, hashlib, io, itertools, json, os, pty, re, select, shutil, struct, subprocess, sys, tempfile, termios, time, zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
READER = os.path.join(HERE, '..', 'reader.py')
PASSPHRASE = 'correct horse battery staple'
HINTS = ('casevault: hint:', 'casevault: подсказка:', 'casevault: këshillë:')
LONG = os.environ.get('CASEVAULT_LONG') == '1'


def some(things, every):
    """All of them with script/test --long; otherwise each so-manieth, the first and the last among them."""
    return things if LONG else [t for i, t in enumerate(things) if i % every == 0 or i == len(things) - 1]


class Place:
    """A temporary directory with a home of its own; removed at the end."""

    def __init__(self, binary):
        self.binary = os.path.abspath(binary)
        self.dir = tempfile.mkdtemp(prefix='casevault-test-')
        self.home = self.path('home')
        os.mkdir(self.home)
        self.checks = 0
        self.more = {}  # of the environment
        open(self.path('passphrase'), 'w').write(PASSPHRASE + '\n')

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def env(self, home=None):
        env = {k: v for k, v in os.environ.items() if not k.startswith(('CASEVAULT', 'XDG_'))}
        env.update({'HOME': home or self.home, 'LC_ALL': 'C.UTF-8', **self.more})
        return env

    def run(self, *args, rc=0, err=None, out=None, stdin=b'', home=None, cwd=None):
        """Run casevault; assert its exit status, and words on stderr and stdout. Gives its stdout."""
        p = subprocess.run([self.binary, *args], input=stdin, capture_output=True, env=self.env(home),
                           cwd=cwd or self.dir, start_new_session=True)  # and no terminal to ask at
        text, errors = p.stdout.decode(), p.stderr.decode()
        self.told = errors
        told = '\n$ casevault %s\nstdout: %s\nstderr: %s' % (' '.join(args), text[-2000:], errors[-2000:])
        assert p.returncode == rc, 'exit status %d where %d is wanted%s' % (p.returncode, rc, told)
        assert err is None or err in errors, 'stderr lacks %r%s' % (err, told)
        assert out is None or out in text, 'stdout lacks %r%s' % (out, told)
        if rc != 0:
            lines = [l for l in errors.split('\n') if l.startswith('casevault: ') and not l.startswith(HINTS)]
            assert len(lines) == 1, 'not one clear line on stderr%s' % told
        self.checks += 1
        return text

    def who(self, name):
        return ['-i', self.path(name + '.identity'), '--passphrase-file', self.path('passphrase'),
                '--vault', self.path('vault')]

    def as_(self, name, *args, **kw):
        return self.run(*args, *self.who(name), **kw)

    def json_as(self, name, *args, **kw):
        return [json.loads(l) for l in self.as_(name, *args, '--json', **kw).split('\n') if l]

    def identity(self, name, *more):
        """A new identity, with little work in its scrypt; its public line."""
        return self.run('identity', 'new', '--work', '8', *more, self.path(name + '.identity'), '--passphrase-file',
                        self.path('passphrase')).strip()

    def vault(self, roles=('intake', 'protection', 'legal', 'medical', 'auditor')):
        """A vault founded by `founder`, with one member for each role."""
        self.identity('founder')
        self.run('init', self.path('vault'), '-i', self.path('founder.identity'), '--passphrase-file',
                 self.path('passphrase'))
        for role in roles:
            line = self.identity(role)
            self.as_('founder', 'member', 'add', '--role', role, '--name', 'Name of ' + role, line)

    def add(self, name, record, **kw):
        return self.as_(name, 'record', 'add', '-', stdin=json.dumps(record).encode(), **kw).strip()

    def partner(self, name, kind=None, purpose='Prosecution', country='RS', by='founder'):
        """A partner who has an age key of its own, in NAME.key; its record's id."""
        key = self.path(name + '.key')
        subprocess.run(['age-keygen', '-o', key], check=True, stderr=subprocess.DEVNULL)
        recipient = subprocess.check_output(['age-keygen', '-y', key]).decode().strip()
        return self.as_(by, 'partner', 'add', '--name', name, '--purpose', purpose, '--country', country, '--recipient', recipient,
                        '--print', hashlib.sha256(recipient.encode()).hexdigest()[:20], *(['--type', kind] if kind else [])).strip()

    def consent(self, person, to, purpose='Prosecution', *more, by='founder'):
        """That person's consent; its record's id."""
        return self.as_(by, 'consent', 'give', '--person', person, '--to', to, '--purpose', purpose, '--language', 'rus',
                        '--explained', 'Read out, with an interpreter.', *more).strip().split('\n')[0]

    def case(self, by='intake', statements=None, person=None):
        """A case with one victim and her testimony; their ids."""
        def filed(record):
            return self.add(by, record)
        case = filed({'type': 'case', 'admin': {'case_number': 'RS-1', 'status': 'Active'}})
        person = person or dict(PERSON, admin={'role': 'Victim', 'cases': [case]})
        victim = filed(dict(person, admin={'role': 'Victim', 'cases': [case]}))
        said = dict(TESTIMONY, admin={'case': case, 'person': victim})
        if statements is not None:
            said['testimony'] = {'statements': statements}
        return case, victim, filed(said)

    def package(self, who, case, to, file, *more, profile='prosecution', write=(), **kw):
        """Asked for, and written to FILE; its number."""
        self.as_(who, 'package', 'new', '--case', case, '--to', to, '--profile', profile, '-q', *more)
        id = self.json_as(who, 'package', 'list')[-1]['package']
        self.as_(who, 'package', 'write', id, '-o', self.path(file), *write, **kw)
        return id

    def opened(self, file, to):
        """What stands in a package, by name, as stock age and python's zip open it."""
        sealed = subprocess.run(['age', '-d', '-i', self.path(to + '.key'), self.path(file)], capture_output=True, check=True).stdout
        with zipfile.ZipFile(io.BytesIO(sealed)) as z:
            return {i.filename: z.read(i) for i in z.infolist()}

    def approve(self, name, **kw):
        """Sign what waits, the newest."""
        self.as_(name, 'policy', 'approve', str(self.json_as(name, 'policy', 'show')[-1]['waits_as']), **kw)

    def archive(self):
        """The bytes of the whole archive, by file."""
        d = self.path('vault', 'archive')
        return {f: open(os.path.join(d, f), 'rb').read() for f in sorted(os.listdir(d))}

    def kinds(self):
        """The kinds of the archive's entries, in order."""
        d = self.path('vault', 'archive')
        names = [subprocess.check_output(['tar', 'tf', os.path.join(d, f)]).decode().split() for f in sorted(os.listdir(d))]
        return [n.split('-')[1] for per_file in names for n in per_file]

    def both(self, name, *args, stdin=b''):
        """What a terminal would show of a command: stdout and stderr in one."""
        self.checks += 1
        return subprocess.run([self.binary, *args, *self.who(name)], input=stdin, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=self.env(), cwd=self.dir).stdout.decode()

    def done(self):
        shutil.rmtree(self.dir)
        print('%d checks' % self.checks)


class Terminal:
    """casevault at a terminal of its own, of 80 columns and 20 lines."""

    def __init__(self, p, who, *args, **env):
        self.p = p
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(p.dir)
            os.execve(p.binary, [p.binary, *args, *p.who(who)], dict(p.env(), **env))
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack('HHHH', 20, 80, 0, 0))

    def read(self, enough, pause):
        """What is shown until enough(it, quiet) says so, with nothing new for a pause (quiet) or with something; or it is over."""
        shown, end = b'', time.monotonic() + 60
        while time.monotonic() < end:
            if not select.select([self.fd], [], [], pause)[0]:
                if enough(shown, True):
                    break
                continue
            try:
                more = os.read(self.fd, 4096)
            except OSError:
                break
            shown += more
            if not more or enough(shown, False):
                break
        return shown

    def over(self):
        """Its exit status."""
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return status


ASKS = re.compile(rb'(?<!casevault)(: |\| |away\) )$')  # how a question ends


class Dialog(Terminal):
    """The questions, one after another."""

    def __init__(self, p, who, *args):
        super().__init__(p, who, *args)
        self.shown = b''
        self.until()

    def until(self):
        """Read until a question stands there, or it is over; what was shown since the last answer."""
        since = self.read(lambda shown, quiet: quiet and ASKS.search(shown), 0.05)
        self.shown += since
        self.last = since.decode(errors='replace')
        return self.last

    def type(self, *lines):
        for line in lines:
            os.write(self.fd, (line.encode() if isinstance(line, str) else line) + b'\n')
            self.until()
        return self.last

    def says(self, *words):
        for w in words:
            assert w in self.last or w in ' '.join(self.last.split()), '%r is not in\n%s' % (w, self.last)  # a terminal breaks lines
        self.p.checks += 1

    def end(self, rc):
        got = self.over()
        assert got == rc, 'exit status %d where %d is wanted\n%s' % (got, rc, self.shown.decode(errors='replace'))
        return self.shown.decode(errors='replace')


def today():
    """The day of the vault, which is in UTC."""
    return time.strftime('%Y-%m-%d', time.gmtime())


PERSON = {'type': 'person', 'admin': {'role': 'Victim'},
          'identity': {'first_name': 'Хатуна', 'second_name': 'Щербакова', 'birth_date': '1990-02-28'},
          'contact': {'mobile_phone': '+38050000111', 'shelter': 'Blue House'},
          'exploitation': {'type_of_exploitation': ['ForcedLabour']},
          'medical': {'needs': 'insulin'}, 'risk': {'level': 'High'}}


def flip(segment, index):
    """One bit inside of an entry; the same again undoes it."""
    with open(segment, 'r+b') as f:
        raw, at = f.read(), 0
        while int(raw[at:at + 11]) != index:
            at += 512 + (int(raw[at + 124:at + 135], 8) + 511) // 512 * 512
        f.seek(at + 600)
        f.write(bytes([raw[at + 600] ^ 1]))


def persons(n, counter=itertools.count(1)):
    """So many lines to import, none like another that this function ever gave: what is there already is not imported again."""
    return b''.join(json.dumps(dict(PERSON, identity=dict(PERSON['identity'], second_name='Щербакова %d' % next(counter)))).encode() + b'\n'
                    for _ in range(n))


TESTIMONY = {'type': 'testimony', 'testimony': {'statements': [
    {'date': '2024-05-01', 'language': 'rus', 'text': 'Документы забрали сразу.'},
    {'date': '2024-06-01', 'language': 'rus', 'text': 'Она хочет рассказать это один раз.'}]}}


def main(test):
    place = Place(sys.argv[1])
    try:
        test(place)
    except BaseException:
        print('left for you to look at:', place.dir, file=sys.stderr)
        raise
    place.done()
