#!/usr/bin/env python3
"""Records typed at a terminal: what is asked, how answers are taken, the draft that survives, the review, and editing."""
import glob, json, os, re, signal

from common import Terminal, main, today

ASKS = re.compile(rb'(: |\| |away\) )$')  # how a question ends


class Dialog(Terminal):
    """The questions, one after another."""

    def __init__(self, p, who, *args):
        super().__init__(p, who, *args)
        self.shown = b''
        self.until()

    def until(self):
        """Read until a question stands there, or it is over; what was shown since the last answer."""
        since = self.read(lambda shown, quiet: quiet and ASKS.search(shown), 0.05)
        self.shown += since
        self.last = since.decode(errors='replace')
        return self.last

    def type(self, *lines):
        for line in lines:
            os.write(self.fd, (line.encode() if isinstance(line, str) else line) + b'\n')
            self.until()
        return self.last

    def says(self, *words):
        for w in words:
            assert w in self.last, '%r is not in\n%s' % (w, self.last)
        self.p.checks += 1

    def end(self, rc):
        got = self.over()
        assert got == rc, 'exit status %d where %d is wanted\n%s' % (got, rc, self.shown.decode(errors='replace'))
        return self.shown.decode(errors='replace')


def drafts(p):
    return glob.glob(os.path.join(p.home, '.local/state/casevault/*.draft-*'))


def id_of(shown):
    return re.findall(r'^(\S{20,})\r?$', shown, re.M)[-1]


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
    record = p.json_as('protection', 'record', 'show', re.findall(r'^(\S{20,})\r?$', d.end(0), re.M)[-1])[0]
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
    d.says('You began this', 'has got a new version since')
    d.type('yes')
    d.type('1', 'RS-4', '>', 'yes')
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
    asked(p)


main(test)
