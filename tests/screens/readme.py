#!/usr/bin/env python3
"""The hours that README.md tells of are those that the screens here show: the same commands, in the same order; and its picture is
drawn from these screens."""
import os, re, subprocess, sys
import xml.etree.ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, '..', '..')
sys.dont_write_bytecode = True

import script

HOURS = (("The officer's hour", 'officer'), ("The administrator's hour", 'administrator'), ("The auditor's month", 'auditor'))


def told(text, heading):
    """The commands of the blocks under a heading; a line that ends with \\ goes on in the next."""
    part = re.search(r'^## %s\n(.*?)(?=^## |\Z)' % re.escape(heading), text, re.M | re.S).group(1)
    lines = '\n'.join(l[4:] for l in part.split('\n') if l.startswith('    '))
    return [re.sub(r'\s+# .*', '', l).rstrip() for l in re.sub(r' *\\\n +', ' ', lines).split('\n') if l.strip()]


def main():
    text, checks = open(os.path.join(ROOT, 'README.md'), encoding='utf-8').read(), 0
    for heading, name in HOURS:
        typed = script.commands(script.read(os.path.join(HERE, name + '.txt')))
        for i, (a, b) in enumerate(zip(told(text, heading) + [None], typed + [None])):
            if a != b:
                sys.exit('README.md, "%s", command %d:\n  it says   %s\n  typed is  %s' % (heading, i + 1, a, b))
            checks += 1
    assert '](docs/pictures/session.svg)' in '\n'.join(text.split('\n')[:25]), 'the picture is not on the first screen of README.md'
    xml.etree.ElementTree.parse(os.path.join(ROOT, 'docs', 'pictures', 'session.svg'))
    subprocess.run([sys.executable, os.path.join(ROOT, 'script', 'session-picture'), '--check'], check=True)
    print('%d checks' % (checks + 2))


main()
