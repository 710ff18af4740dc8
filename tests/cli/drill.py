#!/usr/bin/env python3
"""The drill of docs/RECOVERY.md, its commands as they stand there."""
import os, re, subprocess

from common import HERE, PERSON, main


def test(p):
    p.vault(('intake', 'protection', 'auditor'))
    record = p.add('intake', PERSON)
    text = open(os.path.join(HERE, '..', '..', 'docs', 'RECOVERY.md')).read()
    blocks = re.findall(r'^```sh\n(.*?)^```$', text, re.M | re.S)
    assert len(blocks) >= 5, blocks
    os.mkdir(p.path('spare'))
    os.mkdir(p.path('bin'))
    os.symlink(p.binary, p.path('bin', 'casevault'))
    before = p.archive()
    env = dict(p.env(), VAULT=p.path('vault'), BACKUP=p.path('backup'), SPARE=p.path('spare'), CASEVAULT_IDENTITY=p.path('founder.identity'))
    env['PATH'] = p.path('bin') + ':' + env['PATH']
    told = ''
    for block in blocks:
        r = subprocess.run(['sh', '-eu', '-c', re.sub(r'; test \$\? -eq 14$', ' || test $? -eq 14', block, flags=re.M)], env=env, cwd=p.dir,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        told += r.stdout.decode()
        assert r.returncode == 0, (block, told)
        p.checks += block.count('casevault ')
    for words in ('The backup is whole', 'Restored into', 'entry ', 'The vault is whole again', 'release.keys: was missing', 'The log is whole'):
        assert words in told, (words, told)
    assert p.archive() == before and os.listdir(p.path('spare')) == []
    p.as_('protection', 'record', 'show', record)
    # Every command that the page names is there.
    for command in set(re.findall(r'casevault (backup|restore|repair|check|rebuild|audit verify)', text)):
        p.run(*command.split(), '--help')


main(test)
