"""The peak memory of every kind of command but search, in one vault: what must not grow with the number of records."""
import itertools, json, os


def peaks(vault, import_kib, lines):
    """{command: KiB at the highest}, each run once in a vault that has just been imported into."""
    b, found = vault.bench, {'record import': import_kib}

    def run(who, *words, called=None):
        name = called or ' '.join(itertools.takewhile(lambda w: w.isalpha() and w.islower(), words))
        found[name] = vault.run(who, *words)[1]

    def path(name):
        return '%s/%s' % (vault.dir, name)
    # The demo's own case is a whole one, with persons, consents and partners; what was imported stands behind it.
    first, last = {}, {}
    for r in vault.each('protection', 'record', 'list'):
        first.setdefault(r['type'], r['id'])
        last[r['type']] = r['id']
    with open(path('one.json'), 'w') as f, open(lines) as all_:
        f.write(next(line for line in all_ if json.loads(line)['type'] == 'event'))
    open(path('file'), 'wb').write(os.urandom(100000))
    partner, key = vault.partner('Memory')
    case = vault.add({'type': 'case', 'admin': {'case_number': 'M-1', 'status': 'Active'}})
    person = vault.add({'type': 'person', 'admin': {'role': 'Victim'}})
    evidence = vault.add({'type': 'evidence', 'evidence': {'kind': 'Recording'}})
    entries = vault.json('auditor', 'status')[0]['entries']

    run('protection', 'record', 'add', '--known-ok', path('one.json'))
    run('protection', 'record', 'add', '--only-new', path('one.json'), called='record add --only-new')
    run('protection', 'record', 'show', last['event'])
    run('protection', 'record', 'edit', last['event'], '--set', 'exploitation.city=Vienna')
    run('protection', 'record', 'list')
    run('protection', 'record', 'list', '--titles', called='record list --titles')
    run('protection', 'record', 'list', '--due', called='record list --due')
    run('protection', 'record', 'history', last['event'])
    run('protection', 'record', 'link', person, case)
    # Not sealed: the memory that a passphrase costs would hide what the records do.
    for name, choice in (('record export ID', [last['testimony']]), ('record export --case', ['--case', first['case']]),
                         ('record export --all', ['--all'])):
        out = path(name.replace(' ', '-'))
        run('protection', 'record', 'export', '-o', out, '--plain', *choice, called=name)
        os.unlink(out)
    run('protection', 'related', first['case'])
    run('protection', 'document', 'add', '--record', evidence, path('file'))
    run('protection', 'document', 'list', '--record', evidence)
    run('protection', 'document', 'get', '-o', path('got'), evidence + '.1')
    run('protection', 'partner', 'list')
    run('protection', 'consent', 'show', '--person', first['person'])
    run('protection', 'package', 'new', '--case', case, '--to', partner, '--profile', 'prosecution', '--legal-basis', 'a measurement')
    package = vault.json('protection', 'package', 'list')[-1]['package']
    run('protection', 'package', 'list')
    run('protection', 'package', 'write', package, '-o', path('package'))
    sender = vault.json('protection', 'status')[0]['fingerprint']
    found['verify'] = b.once(b.binary, 'verify', '-q', '--training', '--sender-key', sender, '-i', key, path('package'))[1]
    run('protection', 'hold', 'set', '--reason', 'a measurement', last['safety'])
    run('protection', 'hold', 'clear', '--reason', 'a measurement', last['safety'])
    run('protection', 'grant', '--record', last['event'], '--section', 'exploitation', '--to', 'medical', '--reason', 'a measurement')
    run('protection', 'grant', '--query', 'comment', '--section', 'admin', '--to', 'analyst', '--yes', '--reason', 'a measurement',
        called='grant --query')
    run('protection', 'record', 'erase', '--reason', 'a measurement', last['comment'])
    run('analyst', 'stats', '--by', 'gender')
    for what in (['log'], ['report'], ['head'], ['verify']):
        run('auditor', 'audit', *what)
    run('auditor', 'audit', 'log', '--record', last['event'], called='audit log --record')
    run('auditor', 'audit', 'report', '-o', path('report.html'), called='audit report -o')
    run('auditor', 'audit', 'verify', '--contents', called='audit verify --contents')
    run('auditor', 'audit', 'prove', '--entry', str(entries // 2))
    run('auditor', 'audit', 'publish', path('published'))
    run('auditor', 'check')
    run('auditor', 'status')
    run('auditor', 'member', 'list')
    run('custodian', 'policy', 'show')
    return found


def growths(few, many):
    """[(growth, command, KiB before, KiB now)], the worst first."""
    return sorted(((many[c] / few[c], c, few[c], many[c]) for c in many), reverse=True)
