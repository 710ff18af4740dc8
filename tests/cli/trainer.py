#!/usr/bin/env python3
"""docs/TRAINING.md: its commands as they stand, what casevault says to each mistake word for word, its plan, and its count of exercises."""
import json, os, re, subprocess

from common import HERE, PERSON, PASSPHRASE, main

TEXT = open(os.path.join(HERE, '..', '..', 'docs', 'TRAINING.md')).read()
LINE = re.compile(r'^\| (\d+) \| (\d):(\d\d) \| ', re.M)


def plan():
    """Half a day: each part begins where the one before ends."""
    at = 0
    for minutes, hours, past in LINE.findall(TEXT):
        assert at == 60 * int(hours) + int(past), (at, hours, past)
        at += int(minutes)
    assert at == 240, at


class Room:
    """A shell in the training directory, with a casevault that knows the passphrase: nobody sits there to type it."""

    def __init__(self, p):
        self.p, self.room = p, p.path('room')
        self.dir = os.path.join(self.room, 'training')
        os.mkdir(self.room)
        os.mkdir(p.path('bin'))
        with open(p.path('bin', 'casevault'), 'w') as f:
            f.write('#!/bin/sh\ncase "$*" in *passphrase-file*) exec "%s" "$@" ;; esac\nexec "%s" "$@" --passphrase-file "%s/passphrase"\n'
                    % (p.binary, p.binary, self.dir))
        os.chmod(p.path('bin', 'casevault'), 0o755)
        os.mkdir(p.path('run'), 0o700)
        self.env = dict(p.env(), ROOM=self.room, CASEVAULT_DIR='vault', XDG_RUNTIME_DIR=p.path('run'))
        self.env['PATH'] = p.path('bin') + ':' + self.env['PATH']

    def sh(self, text):
        r = subprocess.run(['sh', '-c', text], env=self.env, cwd=self.dir if os.path.isdir(self.dir) else self.room, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, start_new_session=True)
        self.p.checks += text.count('casevault ')
        return r.returncode, r.stdout.decode()

    def json(self, who, args):
        rc, out = self.sh('casevault %s --json -i %s.identity 2>/dev/null' % (args, who))
        assert rc == 0, (args, out)
        return [json.loads(l) for l in out.split('\n') if l]


def block(room, text):
    """A block of commands, all of which succeed."""
    rc, out = room.sh('set -eu\n' + text)
    assert rc == 0, (text, out)


def dialogue(room, text):
    """Commands after `$ `, and what they say, line by line."""
    for part in re.split(r'^\$ ', text, flags=re.M)[1:]:
        command, said = part.split('\n', 1)
        rc, out = room.sh(command)
        lines = [l for l in out.rstrip('\n').split('\n') if l and not l.startswith('TRAINING - ') and not re.search(r'\b[0-9A-Z]{26}\S', l)]
        assert lines == said.rstrip('\n').split('\n') or (not said and not lines), 'docs/TRAINING.md: $ %s\n%s' % (command, '\n'.join(lines))


def roles(room):
    """How many exercises there are, of each role, with what they rest on."""
    def listed(more):
        rc, out = room.sh('casevault demo tour --list --json %s 2>/dev/null' % more)
        return [json.loads(l) for l in out.split('\n') if l]
    every = listed('')
    rows = re.findall(r'^\| [^|]+ \| `(\w+)` \| (\d+) \| (\d+) \| \d+ \|$', TEXT, re.M)
    assert [r[0] for r in rows] == list(dict.fromkeys([r[0] for r in rows])) and {r[0] for r in rows} == {e['role'] for e in every}
    for role, own, all_ in rows:
        assert int(own) == sum(e['role'] == role for e in every), (role, own)
        assert int(all_) == len(listed('--role ' + role)), (role, all_)
    assert ': %d of %d. The' % (len(listed('--role legal')), len(every)) in TEXT
    # The parts of the plan name all of them, in order.
    spans = [tuple(map(int, s)) for s in re.findall(r'exercises (\d+) to (\d+)', TEXT)]
    assert [n for a, b in spans for n in range(a, b + 1)] == list(range(1, len(every) + 1)), spans


def prepared(room):
    """What the page calls $HER, $CASE, $COURT and $LINE, and the files it names."""
    p = room.p
    open(os.path.join(room.room, 'person.json'), 'w').write(json.dumps({k: v for k, v in PERSON.items() if k != 'medical'}))
    open(os.path.join(room.room, 'wrong'), 'w').write(PASSPHRASE + '\n')
    person = room.json('protection', 'record list --type person')[0]['id']
    case = room.json('protection', 'record list --type case')[0]['id']
    room.env.update(HER=person, CASE=case, COURT='Training court', LINE=p.identity('real'))
    recipient = json.loads(p.run('identity', 'show', '--json', '-i', os.path.join(room.dir, 'partner.identity'), '--passphrase-file',
                                 os.path.join(room.dir, 'passphrase')))
    rc, out = room.sh('casevault partner add -i protection.identity --name "Training court" --purpose Prosecution --country RS '
                      '--recipient %s --print %s' % (recipient['age'], recipient['age_fingerprint']))
    assert rc == 0, out


def test(p):
    plan()
    room = Room(p)
    blocks = re.findall(r'^```(sh|console)\n(.*?)^```$', TEXT, re.M | re.S)
    assert [b[0] for b in blocks].count('sh') == 2 and [b[0] for b in blocks].count('console') >= 8, blocks
    for i, (kind, text) in enumerate(blocks):
        if kind == 'sh':
            block(room, text)
        else:
            dialogue(room, text)
        if i == 0:
            roles(room)
            prepared(room)
    assert os.listdir(room.room) and not os.path.exists(room.dir)


main(test)
