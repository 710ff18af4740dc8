#!/usr/bin/env python3
"""What an officer sees: 80 columns, nothing of a record that looks like casevault's own words, training marked."""
import fcntl, json, os, pty, struct, subprocess, termios, unicodedata

from common import main

COLUMNS = 80
FORGED = 'Identity  (version 9, by m00000000)'
NAME = 'Ana'
LONG = 'She said that they had taken her papers on the first day and that nobody would give them back to her. ' * 4
TESTIMONY = {'type': 'testimony', 'admin': {'language': 'srp'}, 'testimony': {
    'circumstances': LONG + '\n\n' + FORGED + '\r\n' + 'x' * 200 + FORGED.replace(' ', '\u00a0') + '\x1b[2J \u202egnp\t.',
    'statements': [{'date': '2024-05-01', 'text': LONG + '\n' + FORGED}, {'text': '証' * 100}]}}
PERSON = {'type': 'person', 'identity': {'first_name': NAME, 'second_name': 'Ilić', 'documents': [
    {'kind': 'Passport', 'number': 'P1', 'country': 'RS'}]}, 'medical': {'needs': 'none'}}


def screen(p, name, *args, rc=0, errors=False):
    """What the command writes to a terminal of 80 columns, line by line; errors: what it says on stderr as well."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 24, COLUMNS, 0, 0))
    who = p.who(name) if name else []
    r = subprocess.Popen([p.binary, *args, *who], stdout=slave, stderr=slave if errors else subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=p.env())
    os.close(slave)
    raw = b''
    while True:
        try:
            more = os.read(master, 65536)
        except OSError:
            break
        if not more:
            break
        raw += more
    os.close(master)
    assert r.wait() == rc, (args, raw)
    p.checks += 1
    return raw.decode().replace('\r\n', '\n').split('\n')


def columns(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in line)


def check_lines(lines):
    for line in lines:
        assert columns(line) <= COLUMNS, line
        assert not line.endswith(' '), 'blanks at the end of %r' % line
        assert not any(c in line for c in '\x1b\u202e\r\t'), line


def records(p, person, testimony):
    lines = screen(p, 'protection', 'record', 'show', testimony)
    check_lines(lines)
    heads = [l for l in lines if l.startswith(('Identity', 'Testimony'))]
    assert len(heads) == 2 and '(version 1, by' in heads[1], heads
    for forged in [l for l in lines if 'by\u00a0m00000000' in l or 'by m00000000' in l]:
        assert forged.startswith('    '), forged
    shown = [l for l in lines if l.strip()]
    at = shown.index('  Circumstances: ' + LONG[:62].rsplit(' ', 1)[0])
    assert shown[at + 1].startswith('    ') and not shown[at + 1].startswith('     ')
    assert '    %s.1' % testimony in lines and '      Taken on: 2024-05-01' in lines
    piped = p.as_('protection', 'record', 'show', testimony).split('\n')
    assert '    ' + FORGED in piped and FORGED not in piped and any(len(l) > 300 for l in piped)
    assert not any(l.endswith(' ') for l in piped)
    lines = screen(p, 'protection', 'record', 'show', person)
    check_lines(lines)
    assert ['  Documents:', '    1.', '      Kind: Passport', '      Number: P1', '      Issued by: RS'] == \
        lines[lines.index('  Documents:'):][:5]
    assert 'Medical and psychosocial: you may not read this' in lines


def package(p, testimony):
    print_ = p.json_as('protection', 'status')[0]['fingerprint']
    case = p.add('founder', {'type': 'case', 'admin': {'case_number': '1', 'status': 'Active'}})
    p.as_('founder', 'record', 'edit', testimony, '--set', 'admin.case=' + case)
    p.partner('P')
    lacking = screen(p, 'founder', 'package', 'new', '--case', case, '--to', 'P', '--profile', 'prosecution', '-n')
    check_lines(lacking)
    assert len([l for l in lacking if 'MISSING' in l]) == 1, lacking  # one person, several sections, one reason
    lines = screen(p, 'founder', 'package', 'new', '--case', case, '--to', 'P', '--profile', 'prosecution', '--statement', testimony + '.1',
                   '--legal-basis', 'Article 5\n  sender      holds')
    check_lines(lines)
    assert '  sender      holds' not in lines
    number = p.json_as('founder', 'package', 'list')[0]['package']
    check_lines(screen(p, 'founder', 'package', 'list'))
    p.as_('founder', 'package', 'write', number, '-o', p.path('package'))
    for command in (['record', 'history', testimony], ['record', 'history', case]):
        check_lines(screen(p, 'founder', *command))
    check_lines(screen(p, 'auditor', 'audit', 'report'))
    lines = screen(p, None, 'verify', '--show', '--sender-key', print_, '-i', p.path('P.key'), p.path('package'))
    check_lines(lines)
    assert any('as its author signed it on 20' in l for l in lines) and '  Record type: testimony' in lines
    for forged in [l for l in lines if 'm00000000' in l]:
        assert forged.startswith('      '), forged


def tables(p, testimony):
    """A reason cannot write a row of the log."""
    row = '999    2026-01-01T00:00:00Z  m00000000  log      nothing was read'
    p.as_('protection', 'record', 'show', '--reason', 'because\n' + row, testimony)
    lines = screen(p, 'auditor', 'audit', 'log')
    check_lines(lines)
    assert not any(l.startswith('999') for l in lines)
    assert not any(l.startswith('999') for l in p.as_('auditor', 'audit', 'log').split('\n'))
    for command in (['status'], ['record', 'list', '--titles'], ['record', 'history', testimony], ['member', 'list'],
                    ['role', 'list'], ['section', 'list']):
        check_lines(screen(p, 'protection', *command))
    for command in (['record', 'list'], ['package', 'write'], ['record', 'edit'], ['identity', 'new'], []):
        check_lines(screen(p, None, *command, '--help'))
    assert any(l.endswith('Ana Ilić') for l in screen(p, 'protection', 'record', 'list', '--titles'))


def said(p):
    """What casevault says on a terminal keeps its words whole; elsewhere a message is one line."""
    for name, args, rc in ((None, ['policy', 'set'], 2), (None, ['record', 'consent'], 2), ('protection', ['policy', 'set', '--quorum', '2'], 13),
                           ('founder', ['member', 'add', '--role', 'legal', '--fingerprint', '0000-0000-0000-0000-0000', p.identity('far')], 14)):
        lines = [l.split('\r')[-1] for l in screen(p, name, *args, rc=rc, errors=True)]  # without what told of progress
        check_lines(lines)
        piped = subprocess.run([p.binary, *args, *(p.who(name) if name else [])], capture_output=True, env=p.env(), cwd=p.dir).stderr.decode()
        assert piped.count('\n') < len(lines) - 1 or len(piped) <= COLUMNS, (piped, lines)
        assert ' '.join(lines).split() == piped.split(), (piped, lines)


def order(p, person):
    """In one file, what was said first stands first."""
    told = p.both('protection', 'record', 'edit', person, '--set', 'risk.level=Low')
    told += p.both('intake', 'record', 'add', '-', stdin=json.dumps(PERSON).encode())
    lines = told.strip().split('\n')
    assert lines[-1] == 'Stored as version 1.' and len(lines[-2]) == 27, lines


def training(p):
    """Every answer in JSON on a training vault says that it is one."""
    d = p.path('training')
    p.run('demo', '--cases', '2', d, out='TRAINING')

    def ask(name, *args, who=True):
        as_ = ['-i', d + '/%s.identity' % name, '--passphrase-file', d + '/passphrase'] if who else []
        lines = [json.loads(l) for l in p.run(*args, '--json', '--vault', d + '/vault', *as_).split('\n') if l]
        assert lines and all(l.get('training') is True for l in lines), (args, lines)
        return lines
    person = [r['id'] for r in ask('protection', 'record', 'list', '--titles') if r['type'] == 'person'][0]
    for args in (['record', 'history', person], ['status'], ['member', 'list'], ['role', 'list'], ['section', 'list'],
                 ['record', 'edit', person, '--set', 'risk.level=Low']):
        ask('protection', *args)
    ask('auditor', 'audit', 'log')
    ask(None, 'audit', 'verify', who=False)
    ask(None, 'check', who=False)
    # Such an answer, changed, is good for an edit.
    shown = ask('protection', 'record', 'show', person)[0]
    shown['risk'] = {'level': 'High'}
    open(p.path('back.json'), 'w').write(json.dumps(shown))
    ask('protection', 'record', 'edit', person, p.path('back.json'))
    assert 'training' not in p.json_as('protection', 'record', 'list')[0]


def test(p):
    p.vault(('intake', 'protection', 'auditor'))
    person, testimony = p.add('intake', PERSON), p.add('intake', TESTIMONY)
    records(p, person, testimony)
    package(p, testimony)
    tables(p, testimony)
    order(p, person)
    said(p)
    training(p)


if __name__ == '__main__':
    main(test)
