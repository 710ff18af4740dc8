#!/usr/bin/env python3
"""help: each task names commands and options that are there; tasks are found by name and by words; lines fit the screen."""
import re

from common import main


def test(p):
    listed = p.run('help')
    topics = re.findall(r'^  ([a-z-]+) +(\S.*)$', listed, re.M)
    assert len(topics) >= 10, listed
    commands = [l.strip() for l in re.findall(r'^  ([a-z ]{1,24}?)  +\S', p.run('--help'), re.M)]
    used = 0
    for name, title in topics:
        text = p.run('help', name, out=title)
        assert p.run('help', title) == text and p.run('help', *title.split()) == text, name
        assert not [l for l in text.split('\n') if len(l) > 80], name
        for line in re.findall(r'^     (casevault .*)$', text, re.M) + re.findall(r'`(casevault [^`]+)`', text):
            words = line.split()[1:]
            if words[0] == 'help':
                assert words[1] in dict(topics), line
                continue
            command = max((c for c in commands if words[:len(c.split())] == c.split()), key=len, default=None)
            assert command, 'no such command: ' + line
            about = p.run(*command.split(), '--help')
            for option in re.findall(r'--[a-z-]+', line):
                assert option in about, '%s has no %s: %s' % (command, option, line)
            used += 1
    assert used > 35, used
    # What the design asks to be found.
    for words, title in (('a new colleague', 'A new colleague'), ('a court asks', 'A court'), ('she withdrew her consent', 'She withdrew'),
                         ('the laptop is gone', 'The laptop')):
        p.run('help', *words.split(), out=title)
    p.run('help', 'zebra', rc=2, err='no topic has these words')
    p.run('help', 'a', rc=2, err='more than one topic')
    assert p.run('help', 'record', 'add') == p.run('record', 'add', '--help')


main(test)
