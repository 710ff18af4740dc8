"""How the benchmark measures: the programs, a place for vaults, commands as whole processes with their time and memory, and
the vaults of the demo with the people in them."""
import glob, hashlib, json, os, shutil, subprocess, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PASSPHRASE = 'only for training'


class Missing(Exception):
    """What cannot be measured here, and what would help."""


class Bench:
    """The programs, built, and a place that goes away."""

    def __init__(self):
        subprocess.run([ROOT + '/script/setup', 'test'], check=True)
        self.sqlcipher = subprocess.run(['pkg-config', '--exists', 'sqlcipher']).returncode == 0
        targets = ['casevault', 'casevault-agent', 'bench', 'turns', 'floor', 'floor_openssl'] + ['peer'] * self.sqlcipher
        for command in (['cmake', '--preset', 'release'], ['cmake', '--build', '--preset', 'release', '--target', *targets]):
            subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        self.binary = ROOT + '/build/release/cmd/casevault'
        self.tests = ROOT + '/build/release/tests/'
        self.cores = len(os.sched_getaffinity(0))
        self.dir = tempfile.mkdtemp(prefix='bench-', dir=ROOT + '/build')
        self.vaults = []
        os.environ.update(HOME=self.dir, XDG_RUNTIME_DIR=self.dir + '/run')
        os.mkdir(self.dir + '/run', 0o700)
        for name in ('XDG_CACHE_HOME', 'XDG_STATE_HOME', 'CASEVAULT_DIR', 'CASEVAULT_IDENTITY'):
            os.environ.pop(name, None)

    def close(self):
        for vault in self.vaults:
            vault.lock()
        shutil.rmtree(self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def turns(self, rounds, *commands):
        """[(median microseconds, KiB at the highest)] of commands that run in turns, each a whole process."""
        words = []
        for command in commands:
            words += ['--'] * bool(words) + [str(w) for w in command]
        os.sync()  # what was written before is nobody's work here
        out = subprocess.run([self.tests + 'turns', str(rounds), *words], check=True, stdout=subprocess.PIPE).stdout
        return [(one['us'], one['kib']) for one in json.loads(out)]

    def once(self, *command):
        return self.turns(1, command)[0]

    def tool(self, name, *args):
        """What bench or peer measured in its own process."""
        if name == 'peer' and not self.sqlcipher:
            raise Missing('sqlcipher is not installed; script/bench --peers')
        os.sync()
        return json.loads(subprocess.run([self.tests + name, *map(str, args)], check=True, stdout=subprocess.PIPE).stdout)

    def demo(self, name, cases=1):
        vault = Vault(self, self.path(name), cases)
        self.vaults.append(vault)
        return vault


class Vault:
    """A TRAINING vault, and its people, whose keys the agent holds: so a command costs what it costs in a day's work."""

    def __init__(self, bench, dir, cases):
        self.bench, self.dir, self.vault, self.known = bench, dir, dir + '/vault', set()
        subprocess.run([bench.binary, 'demo', '--cases', str(cases), '-q', dir], check=True, stdout=subprocess.DEVNULL)
        self.before = self.occupied()

    def command(self, who, *words):
        """casevault WORDS, as WHO."""
        identity = '%s/%s.identity' % (self.dir, who)
        if who not in self.known:
            self.known.add(who)
            subprocess.run([self.bench.binary, 'unlock', '-q', '--idle', '1000', '--most', '1000', '-i', identity,  # a million records take an hour
                            '--passphrase-file', self.dir + '/passphrase'], check=True)
        return [self.bench.binary, *words, '-q', '--vault', self.vault, '-i', identity]

    def run(self, who, *words):
        """Once, measured: (microseconds, KiB)."""
        return self.bench.once(*self.command(who, *words))

    def ask(self, who, *words, stdin=None):
        p = subprocess.run(self.command(who, *words), input=stdin, capture_output=True)
        if p.returncode != 0:
            raise RuntimeError('%s: status %d\n%s' % (' '.join(words), p.returncode, p.stderr.decode()))
        return p.stdout.decode()

    def json(self, who, *words):
        return [json.loads(line) for line in self.ask(who, *words, '--json').split('\n') if line]

    def each(self, who, *words):
        """The same, one after the other, of what may be a million."""
        command = self.command(who, *words, '--json')
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as p:
            yield from map(json.loads, p.stdout)
        if p.returncode != 0:
            raise RuntimeError('%s: status %d' % (' '.join(words), p.returncode))

    def add(self, record, who='protection'):
        return self.ask(who, 'record', 'add', '--known-ok', '-', stdin=json.dumps(record).encode()).split()[-1]

    def import_command(self, lines):
        return self.command('protection', 'record', 'import', '--known-ok', '--again', lines)

    def verify(self):
        """That what was measured is a whole log; anything else ends the run."""
        self.bench.once(self.bench.binary, 'audit', 'verify', '-q', '--vault', self.vault)

    def lock(self):
        for who in self.known:
            subprocess.run([self.bench.binary, 'lock', '-q', '-i', '%s/%s.identity' % (self.dir, who)])
        self.known = set()

    def remove(self):
        self.lock()
        shutil.rmtree(self.dir)

    def archive(self):
        return sorted(glob.glob(self.vault + '/archive/*.tar'))

    def occupied(self):
        """Bytes on the disk."""
        return sum(os.stat(os.path.join(at, f)).st_blocks * 512 for at, _, files in os.walk(self.vault) for f in files)

    def grown(self):
        return self.occupied() - self.before

    def partner(self, name):
        """A partner with an age key of their own: their id, and where the key lies."""
        key = self.bench.path('%s-%s.key' % (os.path.basename(self.dir), name))
        subprocess.run(['age-keygen', '-o', key], check=True, stderr=subprocess.DEVNULL)
        recipient = subprocess.check_output(['age-keygen', '-y', key]).decode().strip()
        print_ = hashlib.sha256(recipient.encode()).hexdigest()[:20]
        return self.ask('protection', 'partner', 'add', '--name', name, '--purpose', 'Prosecution', '--country', 'RS',
                        '--recipient', recipient, '--print', print_).split()[-1], key

    def package(self, case, partner):
        """A package asked for: its number."""
        self.ask('protection', 'package', 'new', '--case', case, '--to', partner, '--profile', 'prosecution', '--legal-basis', 'a measurement')
        return self.json('protection', 'package', 'list')[-1]['package']
