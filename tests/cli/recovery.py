#!/usr/bin/env python3
"""The way back when every key is lost: shares on paper, judged one by one, that let one new identity in, once."""
import hashlib, json, os, re, shutil, stat, subprocess, sys

from common import HERE, PERSON, READER, main
from people import pseudonym, read

DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'


def raw(text):
    n = 0
    for c in text.replace('-', ''):
        n = n * 32 + DIGITS.index(c)
    return n.to_bytes(45, 'big')


def text(body):
    """A share's text, with a check that holds."""
    n = int.from_bytes(body + hashlib.sha256(body).digest()[:2], 'big')
    digits = ''.join(DIGITS[n >> 5 * i & 31] for i in range(71, -1, -1))
    return '-'.join(digits[i:i + 4] for i in range(0, 72, 4))


def write(p, name, share):
    open(p.path(name), 'w').write(share)
    return p.path(name)


def split(p, who, shares, threshold):
    return [s['text'] for s in p.json_as(who, 'recovery', 'split', '--shares', str(shares), '--threshold', str(threshold)) if 'share' in s]


def pages(p):
    """Each share is a page that only its keeper can read, with the text and a code of the same."""
    os.mkdir(p.path('pages'))
    for shares, threshold, rc, err in (('5', '1', 2, 'at least 2 shares must be needed'),
                                       ('3', '5', 2, 'at most as many as there are'), ('33', '3', 2, 'at most 32'),
                                       ('0', '0', 2, 'wanted:'), ('5', '300', 2, 'at most as many')):
        p.as_('founder', 'recovery', 'split', '--shares', shares, '--threshold', threshold, '--pages', p.path('pages'), rc=rc, err=err)
    for who in ('legal', 'protection'):
        p.as_(who, 'recovery', 'split', '--shares', '5', '--threshold', '3', '--pages', p.path('pages'), rc=13, err='only a custodian')
    assert os.listdir(p.path('pages')) == []
    p.as_('legal', 'status', out='Recovery:    none')
    p.as_('founder', 'recovery', 'split', '--shares', '5', '--threshold', '3', '--pages', p.path('pages'),
          err='The shares were put together once')
    assert sorted(os.listdir(p.path('pages'))) == ['share-%d.html' % i for i in range(1, 6)]
    shares = []
    for i in range(1, 6):
        page = p.path('pages', 'share-%d.html' % i)
        assert stat.S_IMODE(os.stat(page).st_mode) == 0o600
        html = open(page).read()
        assert 'recovery share %d of 5' % i in html and '3 of 5 shares' in html and 'http' not in html.replace('http://www.w3.org', '')
        code = re.search(r'<code>(.*?)</code>', html, re.S)[1]
        shares.append('-'.join(re.findall('[0-9A-Z]{4}', code)))
        assert len(shares[-1]) == 89 and text(raw(shares[-1])[:-2]) == shares[-1]
        scanned(p, html, shares[-1])
    # Pages are not written over, and a split that has no place for them changes nothing.
    before = p.archive()
    for place, err in ((p.path('pages'), 'nothing was changed'), (p.path('nowhere'), 'No such file'), (p.path('passphrase'), '--pages')):
        p.as_('founder', 'recovery', 'split', '--shares', '5', '--threshold', '3', '--pages', place, rc=1, err=err)
    assert p.archive() == before
    return shares


def scanned(p, html, share):
    """What a telephone reads in the code is what stands beside it."""
    if shutil.which('zbarimg') is None:
        return
    svg = re.search(r'<svg.*</svg>', html, re.S)[0]
    side = int(re.search(r'viewBox="0 0 (\d+)', svg)[1])
    dark = set()
    for x, y, w in re.findall(r'M(\d+)[ ,](\d+)h(\d+)', svg):
        dark |= {(int(x) + i, int(y)) for i in range(int(w))}
    assert dark, svg[:300]
    bits = bytearray()
    for y in range(side * 8):
        for x in range(side * 8):
            bits.append(0 if (x // 8, y // 8) in dark else 255)
    open(p.path('code.pgm'), 'wb').write(b'P5 %d %d 255\n' % (side * 8, side * 8) + bits)
    read_ = subprocess.run(['zbarimg', '--raw', '-q', p.path('code.pgm')], capture_output=True, text=True)
    assert read_.stdout.strip() == share, read_


def combine(p, who, *files, **kw):
    return p.as_(who, 'recovery', 'combine', *files, **kw)


def refused(p, shares, earlier, foreign):
    """What is wrong with a share is said of it, and nothing is written."""
    files = [write(p, 'share-%d' % (i + 1), s) for i, s in enumerate(shares)]
    body = bytearray(raw(shares[1])[:-2])
    body[20] ^= 1
    altered = write(p, 'altered', text(bytes(body)))
    other_x = bytearray(raw(shares[1])[:-2])
    other_x[10] = 9
    mistyped = write(p, 'mistyped', ('1' if shares[1][0] != '1' else '2') + shares[1][1:])
    before = p.archive()
    keys = open(p.path('vault', 'release.keys'), 'rb').read()
    for given, rc, err in (
            (files[:2], 2, '2 shares were given and 3 are needed: 1 more'),
            (files[:1], 2, '1 share was given and 3 are needed: 2 more'),
            ([files[0], files[2], files[0]], 14, 'share number 1 was given twice'),
            ([files[0], altered, files[2]], 14, 'share number 2 was altered'),
            ([files[0], write(p, 'nine', text(bytes(other_x))), files[2]], 14, 'share number 9 was altered'),
            ([files[0], mistyped, files[2]], 1, 'mistyped: not a share as it was written down'),
            ([files[0], write(p, 'cut', shares[1][:-1]), files[2]], 1, 'cut: not a share as it was written down'),
            ([files[0], write(p, 'empty', ''), files[2]], 1, 'empty: not a share'),
            ([files[0], write(p, 'foreign', foreign[0]), files[2]], 14, 'share 2 of those given belongs to another vault'),
            ([files[0], files[1], write(p, 'earlier', earlier[2])], 14, 'share 3 of those given is from another split'),
            ([write(p, 'earlier-%d' % i, s) for i, s in enumerate(earlier[:3])], 14, 'share 1 of those given is from another split'),
            ([files[0], files[1], p.path('nothing there')], 1, 'nothing there')):
        combine(p, 'saviour', *given, rc=rc, err=err)
    assert p.archive() == before and open(p.path('vault', 'release.keys'), 'rb').read() == keys
    # As people type them.
    return [write(p, 'typed-1', shares[0].lower().replace('-', ' ').replace('0', 'o').replace('1', 'l') + '\n'), files[4], files[2]]


def recovered(p, typed, old):
    """With all identities gone, a new one gets everything; auditors see that before anything else."""
    for name in ('founder', 'legal', 'protection', 'auditor', 'intake'):
        shutil.move(p.path(name + '.identity'), p.path(name + '.lost'))
    p.as_('saviour', 'status', rc=13, err='is not a member')
    combine(p, 'saviour', *typed, err='is a custodian now and holds every role')
    me = pseudonym(p, 'saviour')
    assert read(p, 'saviour', old)['identity'] == PERSON['identity'] and 'medical' in read(p, 'saviour', old)
    new = p.add('saviour', PERSON)
    assert read(p, 'saviour', new)['identity'] == PERSON['identity']
    lines = p.as_('saviour', 'audit', 'log').split('\n')
    assert lines[0].startswith('RECOVERY: entry ') and 'signed by recovery shares' in lines[0], lines[0]
    assert re.match(r'RECOVERY: entry \d+, .*: shares were combined, and %s got every role$' % me, lines[1]) and lines[2].startswith('ENTRY')
    event = [e for e in p.json_as('saviour', 'audit', 'log') if e['action'] == 'recovery']
    assert len(event) == 1 and event[0]['member'] == me
    status = p.as_('saviour', 'status')
    assert 'RECOVERY:    shares were used: policy ' in status and 'Recovery:    none' in status
    assert p.json_as('saviour', 'status')[0]['recovered_by_policy'] == p.json_as('saviour', 'status')[0]['policy']
    p.run('audit', 'verify', '--vault', p.path('vault'), home=p.path('other-home'), out='goes on')
    p.run('check', '--vault', p.path('vault'), out='nothing is damaged')
    return new


def used_up(p, typed, old, new):
    """The shares open nothing more; those who were members still are."""
    p.identity('second')
    combine(p, 'second', *typed, rc=13, err='the secret was never split')
    p.as_('second', 'status', rc=13, err='is not a member')
    for name in ('founder', 'legal', 'protection', 'auditor', 'intake'):
        shutil.move(p.path(name + '.lost'), p.path(name + '.identity'))
    assert p.as_('auditor', 'audit', 'log').startswith('RECOVERY: ')
    p.as_('legal', 'status', out='RECOVERY:    shares were used')
    p.as_('legal', 'audit', 'log', rc=13)
    p.as_('auditor', 'audit', 'verify', '--contents', out='nothing is without its event')
    for who in ('founder', 'legal', 'protection'):
        for record in (old, new):
            assert read(p, who, record)['identity'] == PERSON['identity']
    p.as_('intake', 'record', 'show', old, rc=13)
    # The new custodian clears up: who lost their keys goes.
    p.as_('saviour', 'member', 'remove', pseudonym(p, 'founder'), err='Removed')
    p.as_('founder', 'status', rc=13, err='is not a member')
    assert read(p, 'legal', p.add('intake', PERSON))['identity'] == PERSON['identity']
    again = split(p, 'saviour', 2, 2)
    p.as_('legal', 'status')
    combine(p, 'second', *[write(p, 'again-%d' % i, s) for i, s in enumerate(again)], err='is a custodian now')
    assert read(p, 'second', old)['identity'] == PERSON['identity']
    assert sum(l.startswith('RECOVERY: ') for l in p.as_('auditor', 'audit', 'log').split('\n')) == 4


def independent(p, *records):
    for record in records:
        r = subprocess.run([sys.executable, READER, p.path('vault'), 'show', p.path('saviour.identity'), p.path('passphrase'), record],
                           capture_output=True)
        assert r.returncode == 0, r.stderr
        assert json.loads(r.stdout) == read(p, 'saviour', record)
    log = json.loads(subprocess.check_output([sys.executable, READER, p.path('vault'), 'log']))
    mine = json.loads(p.run('audit', 'verify', '--json', '--vault', p.path('vault')))
    assert (log['entries'], log['root']) == (mine['entries'], mine['root'])


def several(p):
    """Where several custodians must sign, shares count when the others have signed."""
    p.as_('founder', 'member', 'add', '--role', 'custodian', p.identity('other'))
    p.as_('founder', 'policy', 'set', '--quorum', '2')
    p.as_('founder', 'recovery', 'split', '--shares', '3', '--threshold', '2', err='it has 1 of 2 signatures')
    shown = p.as_('other', 'policy', 'show')
    assert 'recovery: 2 of 3 new shares will be needed' in shown and 'gets new keys in:' in shown
    p.approve('other', err='it is done')
    p.as_('founder', 'policy', 'set', '--quorum', '1')
    p.approve('other', err='it is done')


def test(p):
    p.vault(roles=('intake', 'protection', 'legal', 'auditor'))
    os.mkdir(p.path('other-home'))
    fingerprint = p.json_as('founder', 'status')[0]['fingerprint']
    p.run('audit', 'verify', '--trust', fingerprint, '--vault', p.path('vault'), home=p.path('other-home'))
    old = p.add('intake', PERSON)
    earlier = pages(p)
    several(p)
    elsewhere = p.path('elsewhere')
    p.run('init', elsewhere, '-i', p.path('founder.identity'), '--passphrase-file', p.path('passphrase'))
    foreign = [json.loads(l)['text'] for l in p.run(
        'recovery', 'split', '--shares', '3', '--threshold', '2', '--json', '-i', p.path('founder.identity'), '--passphrase-file',
        p.path('passphrase'), '--vault', elsewhere).split('\n') if '"share"' in l]
    shares = split(p, 'founder', 5, 3)
    assert len(shares) == 5
    p.identity('saviour')
    typed = refused(p, shares, earlier, foreign)
    new = recovered(p, typed, old)
    independent(p, old, new)
    used_up(p, typed, old, new)


if __name__ == '__main__':
    main(test)
