#!/usr/bin/env python3
"""The usual mistakes: each ends with its status, and the last line of what is said names a command or an act."""
import json, os, re, subprocess

from common import HERE, main

# What a last line may tell somebody to do.
COMMAND = re.compile(r'`[a-z][^`]+`|\bcasevault [a-z]+ [a-z-]+|--[a-z]+')
ACT = re.compile(r'\b(add|asks?|begins anew|goes on|move|change|choose|close|give|keep|look|mend|must|name|nothing is to do|put|say|see|take|tell|try|type|wait|wanted|wants|write)\b', re.I)


def say(p, rc, words, *args, who='protection', cwd=None, stdin=b'', env=None):
    """A mistake: its status, words of its first line, and a last line that leads on."""
    more = p.who(who) if who else []
    done = subprocess.run([p.binary, *args, *more], input=stdin, capture_output=True, env=dict(p.env(), **(env or {})), cwd=cwd or p.dir,
                          start_new_session=True)
    lines = [l for l in done.stderr.decode().split('\n') if l]
    told = '$ casevault %s\n%s' % (' '.join(args), '\n'.join(lines))
    assert done.returncode == rc, '%d where %d is wanted\n%s' % (done.returncode, rc, told)
    errors = [l for l in lines if l.startswith('casevault: ') and 'hint:' not in l]
    assert len(errors) == 1 and words in errors[0], 'not one error with %r\n%s' % (words, told)
    assert COMMAND.search(lines[-1]) or ACT.search(lines[-1]), 'the last line leads nowhere\n%s' % told
    assert not [l for l in lines if 'hint:' in l and len(l) > 130], 'a long hint\n%s' % told
    p.checks += 1


def ways_in(p):
    """Before a vault is open."""
    identity = ['-i', p.path('protection.identity')]
    phrase = ['--passphrase-file', p.path('passphrase')]
    vault = ['--vault', p.path('vault')]
    open(p.path('wrong'), 'w').write('not this one at all\n')
    open(p.path('empty'), 'w').write('\n')
    for rc, words, args in [
        (2, 'did you mean `record show`', ['record', 'shwo', 'x']),
        (2, 'after record one of these is wanted', ['record']),
        (2, 'there is no command', ['zzzzzzzzzzzz']),
        (2, 'has no option', ['record', 'show', '--colour', 'x']),
        (2, 'wrong number of arguments', ['record', 'show']),
        (2, 'wants a value', ['record', 'show', 'x', '--version']),
        (2, 'whose vault work is this?', ['record', 'list', *vault]),
        (1, 'no terminal to ask', ['record', 'list', *identity, *vault]),
        (1, 'No such file', ['record', 'list', '-i', p.path('nobody.identity'), *phrase, *vault]),
        (12, 'the passphrase is wrong', ['record', 'list', *identity, '--passphrase-file', p.path('wrong'), *vault]),
        (2, 'the passphrase is empty', ['record', 'list', *identity, '--passphrase-file', p.path('empty'), *vault]),
        (1, 'nofile', ['record', 'list', *identity, '--passphrase-file', p.path('nofile'), *vault]),
        (10, 'no vault here', ['record', 'list', *identity, *phrase]),
        (10, 'no vault here', ['record', 'list', *identity, *phrase, '--vault', p.home]),
        (1, 'already there', ['identity', 'new', '--work', '8', p.path('protection.identity'), *phrase]),
        (2, 'too easy', ['identity', 'new', '--work', '8', p.path('new.identity'), '--passphrase-file', p.path('easy')]),
        (1, '', ['init', p.path('vault'), '-i', p.path('founder.identity'), *phrase]),
        (2, 'no topic has these words', ['help', 'zzzzzz']),
    ]:
        open(p.path('easy'), 'w').write('password12345678\n')
        say(p, rc, words, *args, who=None)
    # Somebody who was never let in.
    p.identity('stranger')
    say(p, 13, '', 'record', 'list', who='stranger')


def records(p, case, person):
    """With records."""
    other = '7' * 26
    for rc, words, args in [
        (1, 'there is no record', ['record', 'show', '0' * 27]),
        (1, 'mistyped', ['record', 'show', person[:-1] + ('A' if person[-1] != 'A' else 'B')]),
        (1, '', ['record', 'show', 'Ana']),
        (2, 'has no section', ['record', 'show', '--section', 'nonsense', person]),
        (13, 'none of your roles opens the section medical', ['record', 'show', '--section', 'medical', person]),
        (1, 'has no version 9', ['record', 'show', '--version', '9', person]),
        (1, 'nosuch', ['record', 'add', './nosuch.json']),
        (2, 'needs a terminal', ['record', 'add', 'person']),
        (2, 'needs a terminal', ['record', 'edit', person]),
        (2, 'has no field', ['record', 'edit', person, '--set', 'identity.nonsense=1']),
        (2, '--set wants', ['record', 'edit', person, '--set', 'first_name']),
        (1, 'gender', ['record', 'edit', person, '--set', 'identity.gender=Purple']),
        (1, 'birth_date', ['record', 'edit', person, '--set', 'identity.birth_date=yesterday']),
        (13, 'may write the section', ['record', 'edit', person, '--set', 'medical.needs=x']),
        (2, 'name the case', ['case', 'show', person]),
        (2, 'search terms', ['search', ' ! ']),
        (2, '--person ID', ['consent', 'give', '--person', person]),
        (1, 'no partner that you may see', ['consent', 'give', '--person', person, '--to', 'Nobody', '--purpose', 'Prosecution', '--language', 'rus', '--explained', 'x']),
        (2, 'is of type', ['consent', 'withdraw', person]),
        (2, 'wanted: --case ID', ['package', 'new', '--case', case]),
        (1, '', ['package', 'new', '--case', case, '--to', 'Nobody', '--profile', 'prosecution']),
        (1, '', ['package', 'write', other, '-o', p.path('x.age')]),
        (2, '--output', ['document', 'get', person + '.1']),
        (1, '', ['document', 'add', '--record', person, p.path('nosuch.jpg')]),
        (1, '', ['record', 'import', p.path('nosuch.csv')]),
        (2, 'which records?', ['record', 'export', '-o', p.path('out')]),
        (2, 'reason', ['record', 'erase', person]),
        (13, '', ['member', 'remove', 'NOBODY']),
        (13, '', ['audit', 'log']),
        (1, 'under no legal hold', ['hold', 'clear', case, '--reason', 'x']),
    ]:
        say(p, rc, words, *args)
    for rc, words, stdin in [(1, 'line 1', b'{"type":"person",'), (1, 'type', b'{"type":"nonsense"}'), (1, 'wrong UTF-8', b'\xff\xfe'),
                             (1, 'colour', json.dumps({'type': 'person', 'identity': {'colour': 'red'}}).encode())]:
        say(p, rc, words, 'record', 'add', '-', stdin=stdin)
    p.partner('Prosecutor')
    say(p, 15, 'consent', 'package', 'new', '--case', case, '--to', 'Prosecutor', '--profile', 'prosecution', '-q', who='legal')
    say(p, 13, '', 'record', 'add', '-', who='auditor', stdin=json.dumps({'type': 'case', 'admin': {'case_number': 'X', 'status': 'Active'}}).encode())



def damaged(p, case):
    """The vault itself is not as it was."""
    segment = max((os.path.join(p.path('vault', 'archive'), f) for f in os.listdir(p.path('vault', 'archive'))))
    with open(segment, 'r+b') as f:
        f.seek(3000)
        byte = f.read(1)
        f.seek(3000)
        f.write(bytes([byte[0] ^ 1]))
    say(p, 14, '', 'check')


def written(p):
    """Of every kind of failure something is said for all that end so; where there is none for all, each says it: those that say what
    is there already, or that somebody gave up."""
    root = os.path.join(HERE, '..', '..')
    kinds = set(re.findall(r'\b(CV_ERR_[A-Z]+)\b', open(os.path.join(root, 'crypto', 'status.h')).read()))
    said = set(re.findall(r'\{ (CV_ERR_[A-Z]+), N_\("', open(os.path.join(root, 'cmd', 'next.c')).read()))
    assert len(kinds) > 12 and kinds - said == {'CV_ERR_ARG', 'CV_ERR_EXISTS'}, kinds ^ said  # the first is told where to read of usage
    count = 0
    for floor in ('cmd', 'vault'):
        for name in sorted(os.listdir(os.path.join(root, floor))):
            text = open(os.path.join(root, floor, name)).read() if name.endswith('.c') else ''
            for call in re.findall(r'CV_ERR_EXISTS,\s*((?:"(?:[^"\\]|\\.)*"\s*)+)', text):
                words = ''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', call))
                count += 1
                assert COMMAND.search(words) or ACT.search(words), '%s/%s: %s' % (floor, name, words)
    assert count > 25, count
    p.checks += count


def test(p):
    written(p)

    p.vault()
    case, person, _ = p.case()
    ways_in(p)
    records(p, case, person)
    damaged(p, case)


main(test)
