#!/usr/bin/env python3
"""Records typed at a terminal: what is asked, how answers are taken, the draft that survives, the review, and editing."""
import glob, json, os, re, signal

from common import PERSON, Dialog, main, today

def drafts(p):
    return glob.glob(os.path.join(p.home, '.local/state/casevault/*.draft-*'))


def id_of(shown):
    return re.findall(r'^([0-9A-Z]{26}\S)\r?$', shown, re.M)[-1]


def added(p):
    """A case from the first question to the last, with a mistake of every kind."""
    d = Dialog(p, 'protection', 'record', 'add', 'case')
    d.says('Enter leaves a field as it is', 'Administration (1 of ', 'Read by: protection (2)', 'Case number *: ')
    d.type('RS-2026-7')
    d.says('1 Active', 'Status *: ')
    d.type('clos')
    d.says('more than one of the choices')
    d.type('zebra')
    d.says('none of the choices')
    d.type('?')
    d.says('It is needed', '1 Active')
    d.type('act')
    d.says('= Active', 'Opened')
    d.type('3/4/2026')
    d.says('two ways')
    d.type('<')  # back, and on again
    d.says('Status * [Active]: ')
    d.type('', '3 April 2026')
    d.says('= 2026-04-03')
    d.type('\x1b[D2026')
    d.says('the arrows do not work here')
    d.type(b'\xff\xfe')
    d.says('does not send UTF-8')
    d.type('x' * 4200)
    d.says('too long for the terminal')
    d.type('>')
    d.says('Exploitation (2 of ', 'long text')
    d.type('+', 'Первая строка.', '', 'A line to lose.', 'Last: <, > and ! are text here.', '..begins with a point', '.nothing')
    d.says('.change 3')
    d.type('.delete 3', '.change 4', '.a point that is typed anew', '.insert 1', 'Before all.', '.end', 'After all.', '.show')
    d.says('1  Before all.', '5  .a point that is typed anew', '6  After all.')
    d.type('.')
    d.type('>')
    d.says('Perpetrators', 'none yet; + adds one')
    d.type('>', '>')
    d.says('Review', 'sealed to: protection (2), legal (2)', 'Case number: RS-2026-7', 'yes stores it')
    assert 'recovery' not in d.last  # is nobody
    d.type('no')
    d.says('Type one of these words')
    d.type('yes')
    shown = d.end(0)
    record = p.json_as('protection', 'record', 'show', id_of(shown))[0]
    assert record['admin'] == {'case_number': 'RS-2026-7', 'status': 'Active', 'opened': '2026-04-03'}, record
    assert record['exploitation'] == {'summary': 'Before all.\nПервая строка.\n\nLast: <, > and ! are text here.\n'
                                                 '.a point that is typed anew\nAfter all.'}, record
    assert not drafts(p)


def parts(p):
    """Fields with parts and with several values; a value that the template refuses; back out of a part."""
    d = Dialog(p, 'protection', 'record', 'add', 'person')
    d.type('1', '>')
    while 'First name' not in d.last:
        d.type('')
    d.type('Ана')
    while 'Also known as' not in d.last:
        d.type('')
    d.type('Ana; Anna')
    while 'Number of children' not in d.last:
        d.type('')
    d.type('-1')
    d.says('smaller than the template allows')
    d.type('2')
    while 'Documents' not in d.last:
        d.type('')
    d.type('help')
    d.says('Type + to add one')
    d.type('+', 'passp', 'PA 1', '', '')
    d.says('1. Kind: Passport; Number: PA 1')
    d.type('+', '<')  # nothing was typed: nothing is there
    assert '2. ' not in d.last, d.last
    d.type('+', '1', '', '', '')
    d.says('2. Kind: ')
    d.type('1', '', 'PA 2', '', '')
    d.says('Number: PA 2')
    d.type('-2')
    assert '2. ' not in d.last, d.last
    d.type('', '-')  # the first field of the next section has nothing to take away
    while 'Review' not in d.last:
        d.type('>')
    d.type('yes')
    record = p.json_as('protection', 'record', 'show', id_of(d.end(0)))[0]
    assert record['identity'] == {'first_name': 'Ана', 'also_known_as': ['Ana', 'Anna'], 'number_of_children': 2,
                                  'documents': [{'kind': 'Passport', 'number': 'PA 2'}]}, record
    assert record['admin']['role'] == 'Victim' and 'contact' not in {k for k, v in record.items() if v}, record


def passed_by(p):
    """A section that was gone through and says nothing is not stored, and is no fault; what is filled by itself is shown."""
    d = Dialog(p, 'protection', 'record', 'add', 'person')
    d.type('>')
    while 'First name' not in d.last:
        d.type('')
    d.type('Vesna')
    while 'Review' not in d.last:
        d.type('>')
    d.says('yes stores it')
    d.type('yes')
    record = p.json_as('protection', 'record', 'show', id_of(d.end(0)))[0]
    assert record['identity'] == {'first_name': 'Vesna'} and not record['admin'], record
    d = Dialog(p, 'protection', 'record', 'add', 'person')
    d.type('1')
    while 'Review' not in d.last:
        d.type('>')
    d.says('Registered on: ' + today())
    d.type('forget')
    d.end(1)
    # Whoever left nothing behind: a value with a line's end in it is one line of a prompt.
    person = p.add('protection', {'type': 'case', 'admin': {'case_number': 'X', 'status': 'Active'}, 'exploitation': {'location_of_recruitment': 'here'}})
    d = Dialog(p, 'protection', 'record', 'edit', person)
    d.type('1', '', '-')  # the required one is taken away: that is told of, and of nothing else
    while 'cannot be stored yet' not in d.last:
        d.type('>')
    d.says('Administration: Status')
    d.type('forget')
    d.end(1)


def kept(p):
    """What was typed outlives the line, the terminal and the process; sealed; and for its writer alone."""
    def begin():
        d = Dialog(p, 'protection', 'record', 'add', 'case')
        d.type('Marrakesh-9', '1', '>', '+', 'Unmistakable words.')
        return d
    for ending in (signal.SIGKILL, signal.SIGINT, signal.SIGHUP, 'close', 'eof', '!'):
        d = begin()
        if ending == 'close':
            os.close(d.fd)
            os.waitpid(d.pid, 0)
        elif ending in ('eof', '!'):
            d.type(b'.\n!' if ending == '!' else b'.')
            if ending == 'eof':
                os.write(d.fd, b'\x04')
                d.until()
            d.says('nothing was stored', 'kept, sealed for you alone')
            d.end(1)
        else:
            os.kill(d.pid, ending)
            d.end(-ending)
        left, = drafts(p)
        assert os.stat(left).st_mode & 0o777 == 0o600
        held = open(left, 'rb').read()
        assert len(held) > 1000 and not any(w in held for w in (b'Marrakesh', b'Unmistakable', b'case', b'admin')), held
        other = Dialog(p, 'legal', 'record', 'add', 'case')  # at the same account, and of the same type
        assert 'You began this' not in other.shown.decode()
        other.type('!')
        other.end(1)
        d = Dialog(p, 'protection', 'record', 'add', 'case')
        d.says('You began this on 20', 'have not stored it')
        d.type('perhaps')
        d.says('Type yes or no')
        d.type('yes')
        d.says('Review', 'Marrakesh-9', 'Unmistakable words.')
        d.type('forget')
        d.says('thrown away')
        d.end(1)
        assert left not in drafts(p)
        for f in drafts(p):
            os.unlink(f)
    assert not any('Marrakesh' in json.dumps(r) for r in p.json_as('protection', 'record', 'list', '--titles')[0:])
    # A damaged draft costs itself; a draft that is declined is gone.
    for i, word in enumerate(('damaged', 'You began this')):
        d = begin()
        os.kill(d.pid, signal.SIGKILL)
        d.end(-signal.SIGKILL)
        left, = drafts(p)
        if i == 0:
            raw = bytearray(open(left, 'rb').read())
            raw[700] ^= 1
            open(left, 'wb').write(raw)
        d = Dialog(p, 'protection', 'record', 'add', 'case')
        d.says(word)
        if i == 1:
            d.type('no')
            assert not drafts(p)
        d.says('Case number *: ')
        d.type('!')
        d.end(1)


def in_the_way(p):
    """A draft that cannot be written costs no answer, one that was cut costs itself, and one that another terminal took away is
    kept again by who goes on."""
    first = Dialog(p, 'protection', 'record', 'add', 'case')
    first.type('Kept-1', '1')
    second = Dialog(p, 'protection', 'record', 'add', 'case')
    second.says('You began this')
    second.type('no')
    assert not drafts(p)
    first.type('!')
    first.says('is kept, sealed for you alone')
    first.end(1)
    second.type('!')
    second.says('nothing was typed')
    second.end(1)
    again = Dialog(p, 'protection', 'record', 'add', 'case')
    again.says('You began this')  # the one who typed nothing took nothing away
    again.type('no', '!')
    again.end(1)
    assert not drafts(p)
    d = Dialog(p, 'protection', 'record', 'add', 'case')
    d.type('Kept-2')
    os.kill(d.pid, signal.SIGKILL)
    d.end(-signal.SIGKILL)
    left, = drafts(p)
    os.truncate(left, os.path.getsize(left) - 1)
    d = Dialog(p, 'protection', 'record', 'add', 'case')
    d.says('damaged', 'begins anew')
    os.unlink(left)
    os.mkdir(left)
    d.type('Kept-3')
    d.says('not kept for later')
    d.type('1')
    while 'Review' not in d.last:
        d.type('>')
    d.type('yes')
    d.says('could not be removed')
    record = p.json_as('protection', 'record', 'show', re.findall(r'^([0-9A-Z]{26}\S)\r?$', d.end(0), re.M)[-1])[0]
    assert record['admin']['case_number'] == 'Kept-3', record
    os.rmdir(left)


def edited(p):
    case = p.add('protection', {'type': 'case', 'admin': {'case_number': 'RS-3', 'status': 'Active'},
                                'exploitation': {'summary': 'One.\nTwo.'}})
    d = Dialog(p, 'protection', 'record', 'edit', case)
    d.says('This is the record', 'Case number: RS-3', 'yes stores it')
    d.type('yes')
    d.says('Nothing was changed')
    d.end(0)
    d = Dialog(p, 'protection', 'record', 'edit', case)
    d.type('2', '+', '.change 2', '2.', '.')
    while 'yes stores it' not in d.last:
        d.type('>')
    d.type('1', '<')
    d.says('This is the beginning')
    d.type('', 'closed referred', '>')
    d.says('Status: ', 'yes stores it')
    os.kill(d.pid, signal.SIGKILL)  # a draft holds only what was changed
    d.end(-signal.SIGKILL)
    p.as_('protection', 'record', 'edit', case, '--set', 'admin.case_number=RS-4')
    d = Dialog(p, 'protection', 'record', 'edit', case)
    d.says('You began this', 'has got a new version since', '(2, by ')
    d.type('yes')
    d.says('They changed nothing that you had changed', 'Case number: RS-4', 'Status: ')
    d.type('yes')
    d.says('version 3')
    d.end(0)
    record = p.json_as('protection', 'record', 'show', case)[0]
    assert record['admin'] == {'case_number': 'RS-4', 'status': 'ClosedReferred'} and record['exploitation'] == {'summary': 'One.\n2.'}, record
    # Sections that are not one's own are not asked for.
    d = Dialog(p, 'medical', 'record', 'edit', case)
    assert 'no section of this Case is yours to write' in d.last, d.last
    d.end(13)
    person = p.add('protection', {'type': 'person', 'admin': {'role': 'Victim'}, 'identity': {'first_name': 'Ana'}})
    d = Dialog(p, 'medical', 'record', 'edit', person)
    d.says('1 Medical')
    assert 'Administration' not in d.last, d.last
    d.type('!')
    d.end(1)


def overtaken(p):
    """What somebody else stored while a form was open is not written over: that is said, with who and when; what was typed is
    kept, and goes over what the record says then."""
    case = p.add('protection', {'type': 'case', 'admin': {'case_number': 'RS-9', 'status': 'Active'}, 'exploitation': {'summary': 'One.'}})
    other = p.add('protection', {'type': 'case', 'admin': {'case_number': 'RS-10', 'status': 'Active'}})
    d = Dialog(p, 'protection', 'record', 'edit', case)
    d.type('1', 'RS-9a', 'follow', '>')
    p.as_('founder', 'record', 'edit', other, '--set', 'admin.status=Closed')  # which is in nobody's way
    p.as_('founder', 'record', 'edit', case, '--set', 'admin.status=Closed', '--set', 'admin.owner=Ana')
    version = p.json_as('protection', 'record', 'history', case)[1]
    before = p.kinds()
    d.type('yes')
    d.says('somebody else has changed %s meanwhile' % case, 'version 2 is by %s of %s' % (version['author'], today()), 'nothing was stored',
           'what you typed is kept, sealed for you alone')
    d.end(11)
    assert p.kinds().count('record') == before.count('record')
    assert p.json_as('protection', 'record', 'show', case)[0]['admin']['status'] == 'Closed'
    d = Dialog(p, 'protection', 'record', 'edit', case)
    d.says('You began this', '(2, by %s on %s)' % (version['author'], today()))
    d.type('yes')
    d.says('These you both changed', 'Administration, Status: Follow up (the record says: Closed)', 'Case number: RS-9a', 'yes stores it')
    assert 'Case number: RS-9a (the' not in d.last, d.last
    os.kill(d.pid, signal.SIGKILL)
    d.end(-signal.SIGKILL)
    p.as_('founder', 'record', 'edit', case, '--set', 'admin.case_number=RS-9b')  # and once more
    d = Dialog(p, 'protection', 'record', 'edit', case)
    d.type('yes')
    d.says('Case number: RS-9a (the record says: RS-9b)', 'Status: Follow up (the record says: Closed)')
    d.type('1', 'RS-9c', '>', 'yes')
    d.says('version 4')
    d.end(0)
    record = p.json_as('protection', 'record', 'show', case)[0]
    assert record['admin'] == {'case_number': 'RS-9c', 'status': 'FollowUp', 'owner': 'Ana'}, record
    assert not drafts(p)


def named(p):
    """Records are named by what people call them, from what this member may read; ids are taken still."""
    def begin(who='protection'):
        d = Dialog(p, who, 'record', 'add', 'testimony')
        while 'Case (' not in d.last:
            d.type('')
        return d
    for i in range(9):
        p.add('protection', {'type': 'case', 'admin': {'case_number': 'Other-%d' % i, 'status': 'Active'}})
    long = p.add('protection', {'type': 'case', 'admin': {'case_number': 'MD-2026-71', 'status': 'Active'}})
    short = p.add('protection', {'type': 'case', 'admin': {'case_number': 'MD-2026-7', 'status': 'Active'}})
    person = p.add('intake', dict(PERSON, admin={'role': 'Victim'}))
    d = begin()
    d.says('a part of the name or number; ? lists them')
    d.type('2026-999')
    d.says('No name or number that you may read has that in it')
    d.type('?')
    d.says('The newest that you may read', ' 1 MD-2026-7\r', ' 2 MD-2026-71\r', ' 9 ')
    d.type('2')
    d.says('= MD-2026-71 (%s)' % long)
    d.type('<')
    d.says('[MD-2026-71]')
    d.type('md-2026')
    d.says('These have that in them', ' 1 MD-2026-7\r', ' 2 MD-2026-71\r')
    d.type('MD 2026 7')  # is one, and the beginning of another
    d.says('= MD-2026-7 (%s)' % short)
    d.type('Shcherb')
    d.says('= Хатуна Щербакова (%s)' % person)
    while 'Review' not in d.last:
        d.type('>')
    d.says('Case: ' + short, 'Person: ' + person)
    d.type('forget')
    d.end(1)
    # Two of one name are told apart; an id is an id; several stand between semicolons.
    twin = p.add('intake', dict(PERSON, admin={'role': 'Victim'}))
    d = begin()
    d.type(long.lower(), 'хатуна')
    d.says('1 Хатуна Щербакова (%s)' % twin, '2 Хатуна Щербакова (%s)' % person)
    d.type('!')
    d.end(1)
    d = Dialog(p, 'protection', 'record', 'add', 'person')
    d.type('1')
    while 'Cases (' not in d.last:
        d.type('')
    d.type('MD-2026-71 ; md-2026-7')
    while 'Review' not in d.last:
        d.type('>')
    d.says(long + '; ' + short)
    d.type('forget')
    d.end(1)
    # What one may not read is not offered, and what was looked at is in the log.
    d = begin('intake')
    d.type('?')
    d.says('There is none whose name you may read')
    d.type('MD-2026-7')
    d.says('No name or number')
    d.type(short)
    d.says('Person')
    d.type('!')
    d.end(1)
    for f in drafts(p):
        os.unlink(f)
    events = [e for e in p.json_as('auditor', 'audit', 'log') if e.get('detail') == 'titles']
    assert any(short in json.dumps(e) for e in events), events


def asked(p):
    """Without a word it asks what; without a terminal a form is refused, and a file is taken as ever."""
    d = Dialog(p, 'protection', 'record', 'add')
    d.says('What do you want to record?', '1 Case')
    d.type('99', 'x', '1')
    d.says('Case number *: ')
    d.type('!')
    d.end(1)
    p.as_('protection', 'record', 'add', 'person', rc=2, err='needs a terminal')
    p.as_('protection', 'record', 'edit', 'W0000-00000-00000-00000-00000', rc=2, err='needs a terminal')
    p.as_('auditor', 'record', 'add', 'nosuchfile', rc=1, err='nosuchfile')
    open(p.path('bare'), 'w').write(json.dumps({'type': 'case', 'admin': {'case_number': 'B', 'status': 'Active'}}))
    p.as_('protection', 'record', 'add', 'bare')
    d = Dialog(p, 'auditor', 'record', 'add', 'case')
    assert 'is yours to write' in d.shown.decode(), d.shown
    d.end(13)


def test(p):
    p.vault()
    added(p)
    parts(p)
    passed_by(p)
    kept(p)
    in_the_way(p)
    edited(p)
    overtaken(p)
    named(p)
    asked(p)


main(test)
