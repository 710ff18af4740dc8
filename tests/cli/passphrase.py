#!/usr/bin/env python3
"""Passphrases: easy ones are refused, wrong ones make the next wait, and stock age opens an identity."""
import os, pty, re, shutil, time

from common import PASSPHRASE, main

EASY = ('short', 'fifteen letters', 'passwordpassword', 'a' * 60, 'abcdefghijklmnopqrstuvwxyz', '98765432109876543210',
        'ababababababababababab', '123412341234123412341234', 'приветпривет', '😀' * 30, '')
GOOD = (PASSPHRASE, 'sixteen letters!', 'Тихо вода брег рони', '雨ニモマケズ風ニモマケズ雪ニモ夏', 'gnu-plank-ozone-rivet-mural', 'x9$Kq2!vRm7&Zt4w')


def strength(p):
    for i, (word, good) in enumerate([(w, False) for w in EASY] + [(w, True) for w in GOOD]):
        open(p.path('word'), 'w').write(word + '\n')
        file = p.path('strength-%d' % i)
        p.run('identity', 'new', '--work', '8', file, '--passphrase-file', p.path('word'), rc=0 if good else 2,
              err=None if good else 'too easy' if word else 'is empty')
        assert os.path.exists(file) == good, word
    # A new one in place of an old one, by the same rule; an old one that is easy still opens what it sealed.
    file = p.path('strength-%d' % len(EASY))
    open(p.path('word'), 'w').write('passwordpassword\n')
    before = open(file, 'rb').read()
    p.run('identity', 'passphrase', '--work', '8', '-i', file, '--passphrase-file', p.path('passphrase'), '--new-passphrase-file',
          p.path('word'), rc=2, err='too easy')
    assert open(file, 'rb').read() == before


def slowed(p):
    """Three wrong ones cost nothing; each more makes the next take twice as long, the right one too; then it is forgotten."""
    open(p.path('word'), 'w').write('not the passphrase\n')
    ask = lambda file, rc, **kw: p.run('identity', 'show', '-i', p.path('founder.identity'), '--passphrase-file', p.path(file), rc=rc, **kw)
    tally = lambda: [f for f in os.listdir(os.path.join(p.home, '.local/state/casevault')) if f.startswith('wrong-')]
    assert not tally()
    for _ in range(3):
        ask('word', 12, err='the passphrase is wrong')
    name, = tally()
    path = os.path.join(p.home, '.local/state/casevault', name)
    assert os.stat(path).st_size == 3 and os.stat(path).st_mode & 0o777 == 0o600
    # Whole seconds count: the last wrong one was in the coming second, however long this machine takes.
    just_now = lambda: os.utime(path, (int(time.time()) + 1,) * 2)
    just_now()
    ask('word', 12, err='3 wrong passphrases in a row: this takes 1 seconds longer')
    just_now()
    start = time.monotonic()
    ask('passphrase', 0, err='4 wrong passphrases in a row: this takes')
    assert time.monotonic() - start > 0.9 and not tally()
    ask('word', 12)
    assert os.stat(path).st_size == 1
    # Never longer than half a minute, whatever was counted, and none once that time is over; a clock set back is no trap.
    for count, age, said in ((40, 29, r'40 wrong passphrases in a row: this takes [1-3] seconds'), (40, 33, None), (3, -9999, '3 wrong .* takes 1 seconds')):
        open(path, 'w').write('x' * count)
        os.utime(path, (time.time() - age,) * 2)
        p.run('identity', 'show', '-i', p.path('founder.identity'), '--passphrase-file', p.path('word'), rc=12)
        told = p.told
        assert bool(re.search(said, told)) if said else 'in a row' not in told, (count, age, told)
    # Another identity is not slowed; nor does it matter where this one lies, or whether a tally can be kept.
    p.run('identity', 'show', '-i', p.path('legal.identity'), '--passphrase-file', p.path('passphrase'))
    os.unlink(path)
    os.mkdir(path)
    ask('word', 12)
    ask('passphrase', 0)
    os.rmdir(path)


def age(p):
    """An identity file is an age file: without casevault, age opens it, and the words in it say what they are."""
    if not shutil.which('age'):
        return
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp('age', ['age', '-d', '-o', p.path('opened'), p.path('legal.identity')])
    said = b''
    while b'passphrase' not in said:
        said += os.read(terminal, 1024)
    time.sleep(0.2)
    os.write(terminal, PASSPHRASE.encode() + b'\n')
    assert os.waitpid(pid, 0)[1] == 0
    text = open(p.path('opened')).read()
    words = [l.split(' ')[0] for l in text.split('\n')]
    assert words == ['casevault', 'training', 'sign', 'seal', 'age', ''], words
    assert 'age AGE-SECRET-KEY-1' in text
    p.checks += 1


def test(p):
    p.identity('founder')
    p.identity('legal')
    strength(p)
    slowed(p)
    age(p)


main(test)
