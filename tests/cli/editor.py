#!/usr/bin/env python3
"""A record in somebody's own editor: what it sees, what it can leave behind, how it ends, and what is stored then."""
import glob, os, signal, subprocess, sys, time

from common import Dialog, main

WORD = 'Marrakesh-of-the-editor'

# An editor that does all that it should not: it copies the text wherever it is let.
NOSY = r'''#!/bin/sh
echo "file $1 in $PWD; HOME $HOME, TMPDIR $TMPDIR, XDG $XDG_CACHE_HOME $XDG_STATE_HOME; mode $(stat -c %%a .); secrets [$CASEVAULT_IDENTITY$DISPLAY]"
sed -i 's/"case_number": ""/"case_number": "%(word)s"/; s/"status": ""/"status": "Active"/' "$1"
cp "$1" "$1~"; cp "$1" "$HOME/.viminfo"; cp "$1" "$TMPDIR/swap"
for d in / /tmp /var/tmp /dev/shm /run %(dir)s %(dir)s/home %(dir)s/vault; do
    cp "$1" "$d/leaked" 2>/dev/null && [ "$d" != "$HOME" ] && echo "LEAKED $d"
done
mount -o remount,bind,rw / 2>/dev/null && echo LEAKED mount
umount "$HOME" 2>/dev/null && echo LEAKED umount
for l in /proc/[0-9]*/root; do cp "$1" "$l%(dir)s/leaked" 2>/dev/null && echo LEAKED "$l"; done
cat /proc/net/route 2>/dev/null | wc -l | sed 's/^/routes /'
ls /proc/self/fd | tr '\n' ' ' | sed 's/^/open /'
(sleep 600; cp "$1" %(dir)s/later) &
printf '\nwaiting: '
read answer < /dev/tty
exit ${answer:-0}
'''

BROKEN = r'''#!/bin/sh
if grep -q BROKEN "$1"; then sed -i '/BROKEN/d; s/"status": ""/"status": "Active"/' "$1"
else sed -i 's/"case_number": ""/"case_number": "Mended"/' "$1"; echo BROKEN >> "$1"; fi
'''


def script(p, name, text):
    path = p.path(name)
    open(path, 'w').write(text.replace('%%', '%') if '%(' not in text else text % {'word': WORD, 'dir': p.dir})
    os.chmod(path, 0o755)
    return path


def at(p, editor, *args, who='protection', confirm=True):
    p.more = dict(EDITOR=editor, VISUAL='', DISPLAY=':7')
    d = Dialog(p, who, 'record', *args)
    if confirm:
        d.says('WARNING', 'other programs of yours', 'swap area', 'clipboard', 'Type yes: ')
        d.type('yes')
    return d


def found(p):
    """Files outside that hold what was written."""
    places = [p.dir, '/mnt', '/media', '/srv', '/var/tmp', '/dev/shm', '/run/user']
    out = subprocess.run(['grep', '-rlsF', '--devices=skip', WORD, *places], capture_output=True).stdout.decode()
    leaked = [f for d in ('/', '/tmp/', '/run/', '/var/tmp/') for f in glob.glob(d + 'leaked*')]
    return [f for f in out.split('\n') if f and not f.endswith('/nosy')] + leaked


def mounts():
    return open('/proc/self/mounts').read()


def running(path):
    """Processes that have this name in their command line."""
    count = 0
    for f in glob.glob('/proc/[0-9]*/cmdline'):
        try:
            count += path.encode() in open(f, 'rb').read() and int(f.split('/')[2]) != os.getpid()
        except OSError:
            pass
    return count


def gone(path):
    for _ in range(100):
        if running(path) == 0:
            return True
        time.sleep(0.05)
    return False


def stored(p):
    """It sees a place of its own, and the record is stored as any other; outside there is nothing, before and after."""
    nosy, before = script(p, 'nosy', NOSY), mounts()
    d = at(p, nosy, 'add', '--editor', 'case')
    d.says('waiting: ', 'file record.json in /mnt; HOME /mnt, TMPDIR /mnt, XDG /mnt /mnt; mode 700; secrets []')
    assert 'LEAKED' not in d.last, d.last
    assert running(nosy) and mounts() == before and not found(p), (found(p), mounts())
    d.type('0')
    shown = d.end(0)
    assert 'LEAKED' not in shown, shown
    assert gone(nosy) and mounts() == before and not found(p)  # what it left behind to run is gone as well
    case = shown.split()[-1] if 'Stored' not in shown else shown.split('Stored')[0].split()[-1]
    record = p.json_as('protection', 'record', 'show', case)[0]
    assert record['admin']['case_number'] == WORD and record['admin']['status'] == 'Active' and 'exploitation' in record, record
    assert [e['action'] for e in p.json_as('auditor', 'audit', 'log') if e.get('record') == case][:1] == ['create']
    return case


def killed(p):
    """Whatever ends: nothing is stored, and nothing is left."""
    nosy, before = p.path('nosy'), mounts()
    records = p.kinds().count('record')
    for sig in (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP):
        d = at(p, nosy, 'add', '--editor', 'case')
        d.says('waiting: ')
        os.kill(d.pid, sig)
        d.end(-sig)
        assert gone(nosy) and mounts() == before and not found(p)
    d = at(p, nosy, 'add', '--editor', 'case')
    d.type('3')
    d.says('ended with an error (exit status 3)', 'nothing was stored')
    d.end(1)
    d = at(p, script(p, 'dies', '#!/bin/sh\nkill -9 $$\n'), 'add', '--editor', 'case')
    d.says('(signal 9)', 'nothing was stored')
    d.end(1)
    d = at(p, p.path('no-such-editor'), 'add', '--editor', 'case')
    d.says('no-such-editor', 'set VISUAL or EDITOR')
    d.end(1)
    d = at(p, script(p, 'removes', '#!/bin/sh\nrm "$1"\n'), 'add', '--editor', 'case')
    d.says('it left no file')
    d.end(1)
    d = at(p, script(p, 'links', '#!/bin/sh\nln -sf %s "$1"\n' % p.path('passphrase')), 'add', '--editor', 'case')
    d.says('it left no file')
    d.end(1)
    d = at(p, script(p, 'long', '#!/bin/sh\nhead -c 1100000 /dev/zero > "$1"\n'), 'add', '--editor', 'case')
    d.says('too long')
    d.end(1)
    assert gone(nosy) and not found(p) and p.kinds().count('record') == records


def texts(p, case):
    """What is not changed is not stored; what does not parse goes back, with its line, or away."""
    records = p.kinds().count('record')
    d = at(p, 'true', 'add', '--editor', 'case')
    d.says('nothing was written, and nothing was stored')
    d.end(1)
    d = at(p, 'true', 'edit', '--editor', case)
    d.says('Nothing was changed, so nothing was stored.')
    d.end(0)
    broken = script(p, 'broken', BROKEN)
    d = at(p, broken, 'add', '--editor', 'case')
    d.says('cannot be stored yet', 'line ', 'edit opens the editor again')
    d.type('forget')
    d.says('thrown away')
    d.end(1)
    assert p.kinds().count('record') == records
    d = at(p, 'sh %s' % broken, 'add', '--editor', 'case')  # a line for the shell
    d.type('what?', 'edit')
    d.end(0)
    assert p.kinds().count('record') == records + 1
    d = at(p, "sed -i 's/\"status\": \"Active\"/\"status\": \"Nonsense\"/'", 'edit', '--editor', case)
    d.says('cannot be stored yet', 'status')
    d.type('forget')
    d.end(1)
    d = at(p, "sed -i 's/\"status\": \"Active\"/\"status\": \"FollowUp\"/'", 'edit', '--editor', case)
    d.says('version 2')
    d.end(0)
    record = p.json_as('protection', 'record', 'show', case)[0]
    assert record['admin']['status'] == 'FollowUp' and record['admin']['case_number'] == WORD, record
    d = at(p, "sed -i 's/.*\"status\".*/\"status\": \"Active\"/; s/\"exploitation\": {/\"exploitation\": 7, \"x\": {/'", 'edit', '--editor', case)
    d.says('cannot be stored yet')
    d.type('forget')
    d.end(1)


def refused(p, case):
    """Sections that are not one's own are refused as ever, and logged; who was overtaken loses nothing; the form's draft comes first."""
    person = p.add('protection', {'type': 'person', 'admin': {'role': 'Victim'}, 'identity': {'first_name': 'Ana'}})
    d = at(p, "sed -i 's/\"medical\": {/\"admin\": {\"role\": \"Witness\"}, \"medical\": {/'", 'edit', '--editor', person, who='medical')
    d.says('may write the section admin')
    d.end(13)
    assert [e['record'] for e in p.json_as('auditor', 'audit', 'log', '--refused')][-1] == person
    for f in glob.glob(os.path.join(p.home, '.local/state/casevault/*.draft-*')):
        os.unlink(f)
    waits = script(p, 'waits', '#!/bin/sh\nsed -i \'s/"case_number": .*"/"case_number": "Typed"/\' "$1"\nprintf "waiting: "\nread x < /dev/tty\n')
    d = at(p, waits, 'edit', '--editor', case)
    p.as_('founder', 'record', 'edit', case, '--set', 'admin.status=Closed')
    d.type('')
    d.says('somebody else has changed', 'nothing was stored', 'is kept, sealed for you alone')
    d.end(11)
    d = at(p, waits, 'edit', '--editor', case)
    d.says('in the form for this')
    d.end(1)
    d = Dialog(p, 'protection', 'record', 'edit', case)
    d.type('yes')
    d.says('Case number: Typed')
    d.type('yes')
    d.end(0)
    record = p.json_as('protection', 'record', 'show', case)[0]
    assert record['admin']['case_number'] == 'Typed' and record['admin']['status'] == 'Closed', record


def asked(p, case):
    """It is asked for by its option, at a terminal, with a yes; and refused where there is no such place."""
    d = at(p, 'true', 'edit', '--editor', case, confirm=False)
    d.type('no')
    d.says('not confirmed')
    d.end(13)
    d = at(p, '', 'edit', '--editor', case, confirm=False)
    d.says('set VISUAL or EDITOR')
    d.end(2)
    p.more = {'EDITOR': 'true'}
    p.as_('protection', 'record', 'add', '--editor', 'case', rc=2, err='needs a terminal')
    p.as_('protection', 'record', 'edit', '--editor', case, rc=2, err='needs a terminal')
    p.as_('protection', 'record', 'edit', '--editor', case, 'file', rc=2, err='--editor goes with the ID alone')
    d = at(p, 'true', 'add', '--editor', 'file.json')
    d.says('wants a TYPE')
    d.end(2)
    # A kernel that gives no namespaces: a user namespace that may have none inside.
    none = ['unshare', '-Ur', 'sh', '-c', 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', 'sh']
    if subprocess.run([*none, 'true'], capture_output=True).returncode != 0:
        return
    binary, p.binary = p.binary, script(p, 'closed', '#!/bin/sh\nexec %s "$@"\n' % ' '.join("'%s'" % w if ' ' in w else w for w in [*none, p.binary]))
    d = at(p, 'true', 'edit', '--editor', case, confirm=False)
    d.says('no place in memory alone', 'leave --editor away')
    d.end(1)
    p.binary = binary


def test(p):
    p.vault()
    case = stored(p)
    killed(p)
    texts(p, case)
    refused(p, case)
    asked(p, case)


if subprocess.run(['unshare', '-Umn', 'true'], capture_output=True).returncode != 0:
    print('this system has no user namespaces')
    sys.exit(77)
main(test)
