#!/usr/bin/env python3
"""Every test that SECURITY.md names is there: a promise nobody shows any more must not go unnoticed."""
import os, re, sys

HERE = os.path.dirname(os.path.abspath(__file__))
text = open(os.path.join(HERE, '..', 'SECURITY.md')).read()
lists = open(os.path.join(HERE, 'CMakeLists.txt')).read()
tests = {'unit/' + n for n in re.findall(r'cv_unit\(\w+ (\w+)\)', lists)} | {'cli/' + n for n in re.findall(r'cv_cli\((\w+)\)', lists)}
tests |= set(re.findall(r'add_test\(NAME (\w+/[\w-]+)', lists)) - {'unit/', 'cli/'}
missing, seen = [], 0
for name, inside in re.findall(r'\b((?:unit|cli|vectors|interop)/[\w-]+)(?: \(((?:`\w+`(?:, )?)+)\))?', text):
    seen += 1
    if name not in tests:
        missing.append(name)
        continue
    path = os.path.join(HERE, name + ('.py' if name.startswith('cli/') else '.c'))
    for word in re.findall(r'`(\w+)`', inside):
        if not re.search(r'^(?:def |static void (?:test_)?)%s\(' % word, open(path).read(), re.M):
            missing.append('%s (%s)' % (name, word))
promises = re.findall(r'^\| \d+ \|.*\| (.*) \|$', text, re.M)
missing += ['a promise without a test: %s' % p for p in promises if not re.search(r'\w+/[\w*-]+', p)]
if missing or seen < 20 or len(promises) < 20:
    sys.exit('SECURITY.md names what is not there: ' + '; '.join(missing or ['hardly anything']))
print('%d tests named by %d promises' % (seen, len(promises)))
