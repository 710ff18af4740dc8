#!/usr/bin/env python3
"""The guided tour, done as a learner does it: wrong first, then as it says; what it says is missing, and what it takes for done."""
import json, os, re, shutil, subprocess

from common import HERE, main

TRAINING = 'TRAINING - no real people are in this vault\n'
TEXT = os.path.join(HERE, '..', '..', 'cmd', 'tour.txt')
ELSE = 'somebody else did that: look at CASEVAULT_IDENTITY'
OTHER = 'it was done with something else'
READ = 'a record was read, and nothing was refused'
REFUSED = 'something was refused to them'


def table():
    """The exercises as cmd/tour.txt has them: name, role, title, what they come after, lines."""
    steps = []
    for part in re.split(r'^# ', open(TEXT).read(), flags=re.M)[1:]:
        head, *lines = part.rstrip('\n').split('\n')
        name, role, title = re.fullmatch(r'(\w+) (\w+): (.*)', head).groups()
        after = lines.pop(0)[7:].split(', ') if lines[0].startswith('after: ') else []
        steps.append((name, role, title, after, lines))
    return steps


def written():
    """What cmd/tour.txt must be like to be read and shown."""
    before, checks = [], 0
    for name, role, title, after, lines in table():
        assert role in ('intake', 'protection', 'legal', 'auditor', 'custodian', 'partner') and set(after) <= set(before), name
        said = [l for l in lines if not l.startswith('? ')]
        assert lines[:len(said)] == said and len(said) < len(lines), name
        assert not [l for l in said if len(re.sub(r'\{(\w+)\}', lambda m: 'x' * {'age': 62}.get(m[1], 27), l)) > 80 or '\t' in l], name
        for l in said:  # what is indented can be typed
            if l.startswith('     '):
                assert re.match(r'     (casevault |echo \$\?$|  --|  \{age\}$)', l), l
        assert any(l.startswith('     casevault ') for l in said), name
        assert all(' | ' in l for l in lines[len(said):]), name
        before.append(name)
        checks += len(lines) - len(said)
    assert (len(before), checks) == (22, 32), (len(before), checks)


class Learner:
    """Somebody at a shell, in a demonstration's directory, with a casevault that knows the passphrase."""

    def __init__(self, p, name):
        self.p, self.dir, self.whose, self.names = p, p.path(name), 'intake', {}
        p.run('demo', '--cases', '1', self.dir, out=TRAINING, err='casevault demo tour ' + self.dir)
        os.makedirs(p.path('bin'), exist_ok=True)
        with open(p.path('bin', 'casevault'), 'w') as f:
            f.write('#!/bin/sh\nexec "%s" "$@" --passphrase-file "%s/passphrase"\n' % (p.binary, self.dir))
        os.chmod(p.path('bin', 'casevault'), 0o755)

    def sh(self, text, rc=0, stdin=b''):
        env = dict(self.p.env(), CASEVAULT_DIR='vault', CASEVAULT_IDENTITY=self.whose + '.identity')
        env['PATH'] = self.p.path('bin') + ':' + env['PATH']
        r = subprocess.run(['sh', '-c', text], input=stdin, capture_output=True, env=env, cwd=self.dir, start_new_session=True)
        self.told = r.stdout.decode() + r.stderr.decode()
        assert r.returncode == rc, (text, r.returncode, self.told)
        self.p.checks += 1
        return r.stdout.decode()

    def as_(self, whose, text, rc=0, stdin=b''):
        before, self.whose = self.whose, whose
        try:
            return self.sh(text, rc, stdin)
        finally:
            self.whose = before

    def store(self, whose, record):
        return self.as_(whose, 'casevault record add -', stdin=json.dumps(record).encode()).strip().split('\n')[-1]

    def tour(self, *args, rc=0, missing=None):
        out = self.sh('casevault demo tour ' + ' '.join(args), rc)
        assert '--json' in args or not [l for l in out.split('\n') if len(l) > 80], out
        if missing is not None:
            lines = [l for l in self.told.split('\n') if l.startswith('casevault: ')]
            assert lines == ['casevault: not done yet: ' + missing], (lines, missing)
        return out

    def wrong(self, missing):
        """What was done is not it."""
        self.shown = self.tour(rc=1, missing=missing)

    def next(self, title):
        """What was shown is done; this comes now."""
        self.shown = self.tour()
        assert re.search(r'^Exercise \d+ of \d+, [^:]+(: a court)?: %s$' % re.escape(title), self.shown, re.M), (title, self.shown)
        self.whose = (re.findall(r'^     export CASEVAULT_IDENTITY=(\w+)\.identity$', self.shown, re.M) or [self.whose])[-1]

    def type(self, **into):
        """The commands that were shown, one after another, as they stand; but for words in capitals, and what is asked."""
        shown = re.sub(r' \\\n +', ' ', self.shown)
        out = ''
        for line in re.findall(r'^     ((?:casevault|echo) .*)$', shown, re.M):
            record = into.get(line.split()[-1]) if line.startswith('casevault record add') else None
            for word, value in into.items():
                line = re.sub(r'\b%s\b' % word, value, line) if isinstance(value, str) and word.isupper() else line
            if record is not None:
                into['CASE'] = self.store(self.whose, record)
                continue
            if line == 'echo $?':
                assert out.endswith('%d\n' % into['rc']), out
                continue
            line += into.get(' '.join(line.split()[1:3]), '')
            got = self.sh(line + '; echo $?').split('\n')
            out = '\n'.join(got)
            if line.startswith('casevault identity new'):
                into['LINE'] = got[0]
        return out


PERSON = {'type': 'person', 'admin': {'role': 'Victim'}, 'identity': {'first_name': 'Mirela', 'second_name': 'Example'}}


def first(l):
    """Three exercises, each of them wrong in every way."""
    out = l.tour()
    assert out.startswith(TRAINING) and 'you were' in out and '     export CASEVAULT_DIR=vault\n' in out and ' cd ' not in out
    assert 'Exercise 1 of 22, intake worker: A person comes in' in out and '     casevault record add person\n' in out, out
    l.shown = out
    absent = 'nobody at the intake has stored a person yet'
    l.wrong(absent)
    l.store('protection', PERSON)
    l.wrong('%s (%s)' % (absent, ELSE))
    l.store('intake', {'type': 'case', 'admin': {'case_number': '7', 'status': 'Active'}})
    l.wrong('%s (%s)' % (absent, OTHER))
    l.store('intake', dict(PERSON, admin={'role': 'Witness'}))
    l.wrong('her role in the case is not Victim: store her again')
    l.store('intake', {'type': 'person', 'admin': {'role': 'Victim'}, 'identity': {'gender': 'Feminine'}})
    l.wrong('she has no first name: store her again, with one')
    l.type(person=PERSON)
    l.next('Who writes need not read')
    her = re.search(r'record show (\S{20,})', l.shown).group(1)
    l.as_('legal', 'casevault record show ' + her)
    l.wrong('nobody at the intake has tried to read her yet')
    l.type(rc=13)
    l.next('Find her again')
    l.sh('casevault search Nobody')
    l.wrong('no search of the protection officer has found her yet (%s)' % OTHER)
    l.type(NAME='mirela')
    return her


def officer(l, her):
    l.next('Read her record')
    l.wrong('the protection officer has not read her record yet')
    l.as_('legal', 'casevault record show ' + her)
    l.wrong('the protection officer has not read her record yet (%s)' % ELSE)
    l.type()
    l.next('There is a new threat')
    l.sh('casevault record edit %s --set risk.level=Low' % her)
    l.wrong('her risk is not High')
    l.type()
    l.next('What is not yours stays closed')
    l.sh('casevault record show ' + her)
    l.wrong('the protection officer has not tried the section medical yet (%s)' % READ)
    l.type(rc=13)
    l.next('Open a case')
    l.wrong('the protection officer has not stored a case yet')
    case = l.store('protection', {'type': 'case', 'admin': {'case_number': 'T-1', 'status': 'Active'}})
    l.wrong('she does not belong to that case yet')
    l.sh('casevault record link %s %s' % (her, case))
    l.next('A partner, and their key')
    print_ = re.search(r'^([0-9a-f]{4}(-[0-9a-f]{4}){4})$', l.shown, re.M).group(1)
    assert l.type(**{'partner add': ' --print 0000-0000-0000-0000-0000'}).endswith('13\n')
    l.wrong('there is no partner yet')
    add = ' '.join(re.sub(r' \\\n +', ' ', l.shown).split('casevault partner add ')[1].split('\n')[0].split())
    l.sh('casevault partner add %s --print %s' % (add.replace('Training court', 'Another court'), print_))
    l.wrong('the partner has another name than "Training court"')
    l.type(**{'partner add': ' --print ' + print_})


def package(l, her):
    l.next('Two people for what leaves')
    l.wrong('packages need no approval of one colleague yet')
    l.type()
    l.next('Without her consent nothing leaves')
    new = re.sub(r' \\\n +', ' ', l.shown).split('     casevault package new ')[1].split('\n')[0]
    l.sh('casevault package new -n ' + new)
    l.wrong('the legal officer has not asked for the package yet')
    l.type(rc=15)
    l.next('She agrees')
    give = re.sub(r' \\\n +', ' ', l.shown).split('     casevault consent give ')[1].split('\n')[0]
    l.sh('casevault consent give ' + give.replace('Prosecution', 'Repatriation'))
    l.wrong('this consent is not for Prosecution')
    l.sh('casevault consent give --state Refused ' + give)
    l.wrong('this consent is not in force')
    l.type()
    l.next('Ask for the package again')
    l.as_('protection', 'casevault package new ' + new)
    l.wrong('the legal officer has not asked for a package of this case yet')
    l.type()
    l.next('Somebody else agrees')
    number = re.search(r'package approve (\S+)', l.shown).group(1)
    l.as_('legal', 'casevault package approve --yes ' + number, rc=13)
    l.wrong('the protection officer has not approved the package yet')
    l.type(**{'package approve': ' --yes'})
    l.next('Make the package')
    l.wrong('the package is not written yet')
    l.type()
    l.next('The other side')
    verify = re.sub(r' \\\n +', ' ', l.shown).split('     casevault verify ')[1].split('\n')[0]
    l.sh('casevault verify ' + re.sub(r'[0-9a-f-]{24}', '0000-0000-0000-0000-0000', verify), rc=14)
    l.wrong('the package was not verified by this user yet')
    l.sh('casevault verify ' + verify.replace('--training ', ''), rc=13)  # the checks were done; it is refused all the same
    assert 'made in a TRAINING vault' in l.told
    assert l.type().endswith('0\n')
    l.next('She has changed her mind')
    l.wrong('her consent is not withdrawn yet')
    l.type()


def others(l):
    l.next('Who tried what')
    l.as_('custodian', 'casevault audit log --refused', rc=13)
    l.wrong('the auditor has not read the access log yet')
    out = l.type()
    assert out.count('refused') >= 3 and 'no right to export without consent' in out, out
    l.next('The auditor reads no record')
    l.wrong('the auditor has not tried to read her record yet')
    assert l.type().endswith('13\n')
    l.next('Is the log whole?')
    l.sh('casevault audit verify && casevault audit log')
    l.wrong('the auditor has not verified the contents of the log yet (%s)' % OTHER)
    l.type()
    l.next('No real keys in a training vault')
    l.wrong('nobody has tried to let a real identity in yet')
    l.type(rc=13)
    l.next('A new colleague')
    l.wrong('there is no new member who works as intake')
    l.type()
    l.next('The colleague leaves')
    l.wrong('the colleague is a member still')
    l.type()
    out = l.tour()
    assert out == TRAINING + 'Done: The colleague leaves\n' + out.split('Done: The colleague leaves\n')[1], out
    assert 'That was all: 22 of 22 exercises are done.' in out
    assert l.tour().endswith(out.split('leaves\n')[1])


def remembered(l):
    """What is kept of a tour tells where it was, and no more; it is not typed by anybody unless it is sound."""
    listed = l.tour('--list')
    assert re.findall(r'^(\w+) +(\w+) +(.*)$', listed, re.M)[:22] == [('done', s[1], s[2]) for s in table()], listed
    assert listed.endswith('22 of 22 are done.\n')
    kept = open(os.path.join(l.dir, 'tour')).read()
    assert sorted(json.loads(kept)) == ['begun', 'casevault', 'done', 'from', 'names', 'role', 'shown'] and 'Mirela' not in kept
    assert sorted(json.loads(kept)['names']) == ['case', 'colleague', 'consent', 'her', 'package', 'partner']
    for bad in ('', '{}', kept[:-9], kept.replace('"her":"', '"her":"$(x) '), kept.replace('tour v1', 'tour v2'), kept.replace('"done"', '"made"'),
                re.sub('"begun":[0-9]+', '"begun":-1', kept), 'x' * 70000):
        open(os.path.join(l.dir, 'tour'), 'w').write(bad)
        l.tour(rc=1)
        assert 'is not what a tour remembers, or damaged' in l.told and '--again' in l.told, l.told
    os.remove(os.path.join(l.dir, 'tour'))
    os.mkfifo(os.path.join(l.dir, 'tour'))
    l.tour(rc=1)
    os.remove(os.path.join(l.dir, 'tour'))


def around(l):
    """The exercises of a role, and from the beginning; answers for machines."""
    # Legal staff cannot do without what the others did.
    l.tour('--again', '--role', 'legal')
    names = [json.loads(line)['exercise'] for line in l.tour('--list', '--json').split('\n') if line]
    assert names == ['store', 'case', 'partner', 'approvals', 'noconsent', 'consent', 'ask', 'agree', 'write'], names
    o = json.loads(l.tour('--json', rc=1, missing='nobody at the intake has stored a person yet'))
    assert (o['exercise'], o['done'], o['of'], o['training'], o['missing']) == (
        'store', 0, 9, True, 'nobody at the intake has stored a person yet') and 'casevault record add person' in o['text'], o
    l.tour('--role', 'queen', rc=2)
    assert 'nobody is called queen' in l.told
    l.shown = l.tour('--role', 'all', rc=1)
    assert 'Exercise 1 of 22' in l.shown
    l.whose = 'intake'
    # Once more: what is there from the first time counts where it could not be done twice.
    for title in ('Who writes need not read', 'Find her again', 'Read her record', 'There is a new threat', 'What is not yours stays closed',
                  'Open a case', 'A partner, and their key'):
        l.type(**{'person': PERSON, 'case': {'type': 'case', 'admin': {'case_number': 'T-2', 'status': 'Active'}}, 'NAME': 'Mirela', 'rc': 13})
        l.next(title)
    l.next('Two people for what leaves')
    l.next('Without her consent nothing leaves')
    os.remove(os.path.join(l.dir, 'tour'))


def elsewhere(p, l):
    """From outside, by a name that needs quoting; of what is no demonstration, or one for real work."""
    odd = p.path("it's here")
    os.rename(l.dir, odd)
    out = p.run('demo', 'tour', odd, out='Exercise 1 of 22')
    assert "     cd '%s'\n" % odd.replace("'", "'\\''") in out, out
    p.run('demo', 'tour', '--vault', os.path.join(odd, 'vault'), rc=1, err='not done yet: nobody at the intake')
    p.run('demo', 'tour', cwd=os.path.join(odd, 'vault', 'archive'), rc=1, err='not done yet: nobody at the intake')
    os.remove(os.path.join(odd, 'partner.identity'))
    p.run('demo', 'tour', odd, rc=1, err='partner.identity')
    p.run('demo', 'tour', p.path('home'), rc=10, err='no demonstration is here')
    p.run('demo', 'tour', rc=10, err='this directory: no demonstration is here')
    p.vault(('auditor',))
    p.run('demo', 'tour', p.dir, rc=13, err='is a vault for real work')
    assert not os.path.exists(p.path('tour'))
    shutil.rmtree(odd)


def test(p):
    written()
    l = Learner(p, 'training')
    her = first(l)
    officer(l, her)
    package(l, her)
    others(l)
    remembered(l)
    around(l)
    elsewhere(p, l)


main(test)
