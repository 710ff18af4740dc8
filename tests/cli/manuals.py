#!/usr/bin/env python3
"""Manuals and completions are made from the tables of commands and options, and have all of them."""
import json, os, re, shutil, subprocess, sys

from common import HERE, main

TRY = r'''
compopt() { :; }
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_casevault
printf '%s\n' "${COMPREPLY[@]}"
'''

LANGUAGES = {'ru': ('NAME', 'КОД ВОЗВРАТА', 'СМОТРИТЕ ТАКЖЕ', 'неверная парольная фраза'),
             'sq': ('NAME', 'GJENDJA E DALJES', 'SHIHNI EDHE', 'frazëkalim i gabuar')}


def test(p):
    if shutil.which('scdoc') is None:
        print('scdoc is not installed')
        sys.exit(77)
    made = subprocess.run([os.path.join(HERE, '../../script/manuals'), p.binary, p.path('made')], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    everywhere, *commands = map(json.loads, p.run('help', '--json').splitlines())
    listed = re.findall(r'^  ([a-z ]{1,24}?)  +\S', p.run('--help'), re.M)
    assert [c['command'] for c in commands] == [l.strip() for l in listed]
    man = p.path('made', 'man/man1')
    assert sorted(os.listdir(man)) == sorted(['casevault.1', 'casevault-agent.1'] + ['casevault-%s.1' % c['command'].replace(' ', '-') for c in commands])
    def words(name, man=man):
        text = re.sub(r'\\([-`])', r'\1', re.sub(r'^\.\\".*$', '', open(os.path.join(man, name)).read(), flags=re.M)).replace('\\&', '')
        return ' '.join(re.sub(r'\\f[A-Z]', '', text).split())
    everything = words('casevault.1')
    for c in commands:
        text, about = words('casevault-%s.1' % c['command'].replace(' ', '-')), p.run(*c['command'].split(), '--help')
        assert ' '.join(c['summary'].split()) in everything and ' '.join(c['summary'].split()) in text, c['command']
        assert 'details' not in c or ' '.join(c['details'].split())[-30:] in text, c['command']
        for o in c['options'] + everywhere['everywhere']:
            assert '--' + o['name'] in text and '--' + o['name'] in about and o['help'].split()[-1] in text, (c['command'], o)
        p.checks += 1
    # In each language, and nothing of it in English.
    pages = [os.path.join(man, f) for f in os.listdir(man)]
    for language, says in LANGUAGES.items():
        there = p.path('made', 'man', language, 'man1')
        assert sorted(os.listdir(there)) == sorted(os.listdir(man)), language
        for c in commands:
            text = words('casevault-%s.1' % c['command'].replace(' ', '-'), there)
            for english in (c['summary'], c.get('details', 'DESCRIPTION'), 'EXIT STATUS', 'wrong usage', *(o['help'] for o in c['options'])):
                assert ' '.join(english.split()) not in text, (language, c['command'], english)
            assert all(w in text for w in says), (language, c['command'])
            p.checks += 1
        overview = words('casevault.1', there) + words('casevault-agent.1', there)
        assert not re.findall(r'[a-z]{3,} (?:the|of|and|is) [a-z]{3,}', overview), language
        pages += [os.path.join(there, f) for f in os.listdir(there)]
    if shutil.which('mandoc'):
        lint = subprocess.run(['mandoc', '-T', 'lint', '-W', 'error'] + pages, capture_output=True, text=True)
        assert lint.returncode == 0, lint.stdout
    # Completion: what may follow, and the options of a command that is there.
    open(p.path('try'), 'w').write(TRY)
    def completed(*line):
        return subprocess.run(['bash', p.path('try'), p.path('made/bash/casevault'), 'casevault', *line], capture_output=True, text=True,
                              check=True).stdout.split()
    assert completed('rec') == ['record', 'recovery'], completed('rec')
    assert set(completed('record', '')) == {c['command'].split()[1] for c in commands if c['command'].startswith('record ')}
    assert completed('audit', 'timestamp', 'r') == ['request']
    for c in commands:
        got = completed(*c['command'].split(), '--')
        assert sorted(got) == sorted('--' + o['name'] for o in c['options'] + everywhere['everywhere']), c['command']
    for shell, file in (('zsh', 'zsh/_casevault'), ('fish', 'fish/casevault.fish')):
        if shutil.which(shell):
            subprocess.run([shell, '-n', p.path('made', file)], check=True)
    if shutil.which('fish'):
        got = subprocess.run(['fish', '-c', 'source %s; complete -C "casevault record a"; complete -C "casevault record add --k"' % p.path('made/fish/casevault.fish')],
                             capture_output=True, text=True, env=p.env())
        assert re.findall(r'^\S+', got.stdout, re.M) == ['add', '--known-ok'] and not got.stderr, got


main(test)
