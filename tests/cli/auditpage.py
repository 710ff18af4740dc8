#!/usr/bin/env python3
"""The page of `audit report`, in a real browser: no request but itself, every number true and leading to what it counts, and
nothing that a member wrote is anything but text."""
import csv, datetime, io, json, os, random, stat, subprocess, sys

import browser
from common import PERSON, main

HOSTILE = '<img src="https://example.org/x" onerror="window.owned=1"><script>window.owned=1</script></style>&amp;\u202e'
NAMES = ['Ana Kovač', 'ნინო ბერიძე', 'ليلى حداد', 'Марина Щербакова', 'Jonas Weiß', 'Arta Krasniqi', 'Dovran Ataýew', 'Elena Popa']
ROLES = [['protection'], ['intake'], ['intake', 'protection'], ['protection'], ['legal'], ['medical'], ['auditor'], ['custodian']]
PERSONAL = ['identity', 'contact', 'medical', 'testimony']
# Where every number leads: to as many rows as it says.
NUMBERS = '''(() => {
  const wrong = [], rows = e => e.querySelectorAll('.rows tbody tr').length;
  let seen = 0;
  for (const a of document.querySelectorAll('a[href]')) {
    const href = a.getAttribute('href'), to = href.startsWith('#') ? document.getElementById(href.slice(1)) : null;
    const label = (a.querySelector('text') ?? a).textContent;
    if (to === null) { wrong.push('nowhere: ' + href); continue; }
    if (!/^[0-9]+$/.test(label) || a.closest('.records') !== null) continue;
    let n = 0;
    if (to.tagName === 'TR') { if (to.cells[0].textContent !== label) wrong.push(href); continue; }
    if (to.tagName === 'SECTION') n = rows(to) + to.querySelectorAll('p.grave').length;
    else for (let e = to.nextElementSibling; e !== null && e.tagName > to.tagName; e = e.nextElementSibling)
      if (e.tagName === 'TABLE') n += e.tBodies[0].rows.length;
    if (to.tagName === 'SECTION' && to.querySelectorAll('p.grave').length > 0) continue;
    if (n !== Number(label)) wrong.push(`${href}: ${label} said, ${n} there`);
    seen++;
  }
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  if (new Set(ids).size !== ids.length) wrong.push('an id stands there twice');
  return [seen, wrong];
})()'''
TABLE = '''(heading => {
  const h = [...document.querySelectorAll('h3')].find(e => e.textContent === heading);
  let t = h;
  while (t.tagName !== 'TABLE') t = t.nextElementSibling;
  return [...t.tBodies[0].rows].map(r => [...r.cells].filter(c => c.querySelector('svg') === null).map(c => c.innerText.trim()));
})(%s)'''
GROUPS = [('read', 'fetch', 'list', 'index', 'search', 'stats'), ('create', 'edit', 'attach', 'import'), ('export', 'disclose', 'agree', 'package', 'basis'), ('refused',)]


def group(action):
    return next((i for i, g in enumerate(GROUPS) if action in g), 4)


class Test:
    def __init__(self, chromium, p):
        self.browser, self.p = chromium, p

    def load(self, path):
        """The result stands in the page's first tag: wait for the rest."""
        assert self.browser.open(path) == 'report'
        self.browser.eval("document.readyState === 'complete' || new Promise(done => addEventListener('load', () => done(true)))")

    def open(self, path):
        self.load(path)
        assert self.browser.requests == ['file://' + path], self.browser.requests
        assert self.browser.complaints == [], self.browser.complaints
        seen, wrong = self.browser.eval(NUMBERS)
        assert not wrong and seen > 10, (seen, wrong[:10])
        assert self.browser.eval('window.owned') is None and self.browser.eval("document.querySelectorAll('img, script, [style]').length") == 0
        assert self.browser.eval('document.documentElement.scrollWidth <= innerWidth'), 'wider than the window'
        self.p.checks += 1

    def table(self, heading):
        return self.browser.eval(TABLE % json.dumps(heading))

    def text(self, of='document.body'):
        return self.browser.eval(of + '.innerText')

    def entries(self, section):
        return self.browser.eval("[...document.querySelectorAll('#%s .rows tbody tr')].map(r => Number(r.cells[0].textContent))" % section)


def of_a_vault(t, p):
    """What the page says is what the log says."""
    case, victim, statement = p.case()
    line = p.identity('hostile')
    p.as_('founder', 'member', 'add', '--role', 'protection', '--name', HOSTILE[:-1], line)
    p.as_('hostile', 'record', 'show', victim, '--reason', HOSTILE + '\nالسبب')
    p.as_('hostile', 'record', 'show', '--section', 'medical', victim, rc=13)
    for _ in range(101):
        p.as_('protection', 'record', 'show', '--section', 'identity', victim)
    p.partner('Court')
    p.consent(victim, 'Court')
    p.package('legal', case, 'Court', 'out.age', '--legal-basis', 'Article 9', '--reason', '=ordered')
    erased = p.add('protection', {k: v for k, v in PERSON.items() if k != 'medical'})
    p.as_('founder', 'record', 'erase', erased, '--reason', 'she withdrew', '--really', '--confirm', erased)
    page, table = p.path('page.html'), p.path('page.csv')
    day = datetime.datetime.now(datetime.timezone.utc).date()
    p.as_('auditor', 'audit', 'report', '--from', str(day - datetime.timedelta(10)), '--to', str(day), '-o', page, '--csv', err='The page is not sealed')
    assert all(stat.S_IMODE(os.stat(f).st_mode) == 0o600 for f in (page, table))
    t.open(page)
    rows = list(csv.DictReader(io.StringIO(open(table, newline='').read())))
    last = int(rows[-1]['entry'])
    events = {e['entry']: e for e in p.json_as('auditor', 'audit', 'log') if e['entry'] <= last}
    assert [int(r['entry']) for r in rows] == list(events) == t.entries('all')
    for r in rows:
        assert r['did'] == events[int(r['entry'])]['action'] and not r['reason'].startswith('=')
    wanted = {}
    for e in events.values():
        wanted.setdefault(e['member'], [0] * 5)[group(e['action'])] += 1
    shown = {r[0].split('\n')[-1].strip(): [int(n) for n in r[1:]] for r in t.table('By member')}
    assert shown == {m: n + [sum(n)] for m, n in wanted.items()}, (shown, wanted)
    roles = {m['member']: m['roles'] for m in p.json_as('founder', 'member', 'list')}
    shown = {r[0]: [int(n) for n in r[1:]] for r in t.table('By role')}
    for role, numbers in shown.items():
        of = [sum(wanted[m][g] for m in wanted if role in roles[m]) for g in range(5)]
        assert numbers == of + [sum(of)], (role, numbers, of)
    for section, action in (('refused', 'refused'), ('basis', 'basis'), ('erasures', 'erase')):
        assert sorted(t.entries(section)) == [n for n, e in events.items() if e['action'] == action] != [], section
    assert sorted(t.entries('exports')) == [n for n, e in events.items() if e['action'] in GROUPS[2]]
    personal = [n for n, e in events.items() if (e['action'] in ('read', 'export') or e['action'] in ('list', 'search') and e.get('ids'))
                and set(e.get('sections', [])) & set(PERSONAL)]
    assert sorted(t.entries('personal')) == personal != [] and len(t.entries('bulk')) >= 101
    assert {int(r['entry']) for r in rows if 'bulk' in r['lists'].split()} == set(t.entries('bulk'))
    of_case = {case, victim, statement} | {e['record'] for e in events.values() if {case, victim} & set(e.get('refs', []))}
    tied = {e['member'] for e in events.values() if e['action'] in ('create', 'edit', 'disclose') and of_case & {e.get('record'), *e.get('ids', [])}}
    assert sorted(t.entries('untied')) == [n for n in personal if 'record' in events[n] and events[n]['member'] not in tied] != []
    assert any(victim in e.get('refs', []) for e in events.values() if e['action'] == 'create')
    assert not t.entries('recovery') and not t.entries('forged') and not t.entries('clock')
    text = t.text()
    assert HOSTILE.replace('\u202e', '\ufffd') in text and '\u202e' not in text and 'السبب' in text and 'Щербакова' not in text
    assert 'not who should.' in text and 'consent ' in t.text("document.getElementById('exports')")
    assert 'TRAINING' not in text and p.json_as('auditor', 'status')[0]['fingerprint'] in text


def month():
    """A November at a mission: eight members, twelve hundred entries, and some things that a supervisor should see."""
    r, events, day = random.Random(7), [], datetime.date(2026, 11, 1)
    def add(when, who, action, **more):
        events.append(dict({'entry': 40 + 3 * len(events), 'time': when if isinstance(when, str) else when.strftime('%Y-%m-%dT%H:%M:%SZ'),
                            'member': 'm%07x' % (0xa1b2c30 + who), 'action': action, 'roles': ROLES[who]}, **more))
    record = lambda: ''.join(r.choice('0123456789ABCDEFGHJKMNPQRSTVWXYZ') for _ in range(27))
    records = [record() for _ in range(60)]
    for _ in range(30):
        busy = 4 if day.weekday() >= 5 else r.randrange(35, 60)
        moments = sorted(r.randrange(8 * 3600, 17 * 3600) for _ in range(busy))
        for second in moments:
            when = datetime.datetime.combine(day, datetime.time()) + datetime.timedelta(seconds=second)
            who = r.choices(range(6), (6, 4, 5, 3, 3, 2))[0]
            what = r.choices(('read', 'list', 'create', 'edit', 'refused'), (50, 8, 10, 20, 2))[0]
            more = {'record': r.choice(records), 'version': 1}
            if what == 'list':
                more = {'ids': r.sample(records, r.choice((3, 20, 60))), 'sections': ['identity'], 'detail': 'titles'}
            elif what == 'read':
                more['sections'] = r.choice((['admin'], ['admin', 'identity'], ['testimony'], ['identity', 'contact', 'exploitation']))
            elif what == 'refused':
                more.update(sections=['medical'], detail='no right to read')
            if r.random() < .2:
                more['reason'] = r.choice(('She called the help line.', 'hearing on Thursday', 'Pregled kod lekara; prevodilac u 10.'))
            add(when, who, what, **more)
        if day.day == 12:
            detail = 'package p7 to Office of the Prosecutor, for Prosecution'
            add(when, 4, 'disclose', ids=records[:4], detail=detail)
            add(when, 4, 'basis', record=records[0], detail=detail, reason='LEGAL BASIS: Article 9; letter 7')
            add(when, 0, 'agree', ids=records[:4], detail=detail)
            add(when, 4, 'export', record=records[0], sections=['identity'])
            add(when, 4, 'package', record=records[0], version=2, sections=['identity.first_name', 'identity.birth_date'],
                detail=detail + '; consent ' + records[9])
        if day.day == 17:
            add(str(day) + 'T23:41:07Z', 3, 'read', record=records[3], version=1, sections=['testimony'])
            add('2026-10-02T11:00:00Z', 3, 'read', record=records[4], version=1, sections=['testimony'])
            add(str(day) + 'T23:44:30Z', 7, 'read', record=records[4], version=1, sections=['contact'], written_by='ma1b2c33')
        if day.day == 23:
            add(when, 7, 'policy', detail='member ma1b2c36 added, policy 9')
            add(when, 7, 'approve', detail='erasure of entry 7, 2 of 2 signatures')
            add(when, 0, 'erase', record=records[7], detail='2 of 2 versions', reason='she withdrew')
            add(when, 0, 'grant', record=records[8], sections=['medical'], detail='to legal until 2027-01-31')
        day += datetime.timedelta(1)
    add('2026-11-30T17:30:00Z', 6, 'log', detail='the access log was read')
    return {'vault': 'de50-698f-d156-9d97-0eea', 'training': True, 'made': '2026-12-01T08:12:40Z', 'by': 'ma1b2c36', 'from': '2026-11-01',
            'to': '2026-11-30', 'names': {'m%07x' % (0xa1b2c30 + i): [n] for i, n in enumerate(NAMES)}, 'personal': PERSONAL,
            'recovered': [], 'lies': [], 'events': events}


def tool(p, form, doc):
    path = os.path.join(os.path.dirname(p.binary), '..', 'tests', 'report_tool')
    return subprocess.run([path, form], input=json.dumps(doc).encode(), stdout=subprocess.PIPE, check=True).stdout


def of_a_month(t, p):
    doc = month()
    page = p.path('month.html')
    open(page, 'wb').write(tool(p, 'html', doc))
    t.open(page)
    if os.environ.get('CASEVAULT_PICTURES'):
        t.browser.screenshot(os.path.join(os.environ['CASEVAULT_PICTURES'], 'month.png'))
    within = [e for e in doc['events'] if e['time'].startswith('2026-11')]
    assert t.entries('all') == [e['entry'] for e in within] and 'TRAINING - no real' in t.text()
    days = t.browser.eval("[...document.querySelectorAll('.days a')].map(a => [a.getAttribute('href'), a.querySelector('text').textContent])")
    assert dict(days) == {'#on-' + d: str(sum(e['time'][:10] == d for e in within)) for d in {e['time'][:10] for e in within}}
    back = [e['entry'] for e in doc['events'] if e['time'].startswith('2026-10')]
    assert t.entries('clock') == back and not set(back) & set(t.entries('all'))
    assert t.entries('forged') == [e['entry'] for e in within if 'written_by' in e] and 'FORGED, written by ma1b2c33, in the name of ma1b2c37' in t.text()
    when = lambda e: datetime.datetime.fromisoformat(e['time'][:-1])
    odd = [e['entry'] for e in within if (e['action'] == 'read' or e.get('ids') and e['action'] == 'list' or e['action'] == 'export')
           and (when(e).weekday() >= 5 or not 6 <= when(e).hour < 22)]
    assert sorted(t.entries('hours')) == odd and len(odd) > 20
    marks = "[...document.querySelectorAll('.findings .grave .of')].map(e => e.textContent)"
    assert len(t.browser.eval(marks)) == 3, t.browser.eval(marks)
    lines = tool(p, 'csv', doc).decode().split('\r\n')
    assert lines[0].startswith('"TRAINING - ') and len(lines) == len(doc['events']) + 3
    t.browser.pdf(p.path('month.pdf'))
    assert b'/MediaBox [0 0 59' in open(p.path('month.pdf'), 'rb').read()
    doc.update({'from': '2024-01-01', 'to': '2026-12-31', 'recovered': [7], 'lies': [8], 'training': False})
    open(page, 'wb').write(tool(p, 'html', doc))
    t.open(page)
    assert 'By month' in t.text() and 'FALSE ERASURE' in t.text() and t.browser.eval(marks)[:2] == [
        'Policies signed by recovery shares, ever', 'False erasures, ever']
    doc.update({'from': '1900-01-01', 'events': [dict(e, time='soon') for e in doc['events'][:5]]})
    open(page, 'wb').write(tool(p, 'html', doc))
    t.load(page)
    assert len(t.entries('clock')) == 5


def refused(p):
    """To whom, and with what, no page is made; and what is there is not overwritten."""
    page, table = p.path('other.html'), p.path('other.csv')
    for options, rc, err in (
            (('-o', page, '--from', '2026-02-30'), 2, '--from wants a day that exists'),
            (('-o', page, '--to', '2026-11-25T10:00:00Z'), 2, '--to wants a day that exists'),
            (('--from', 'May'), 2, '--from wants a day that exists'),
            (('-o', page, '--from', '2026-11-25', '--to', '2026-11-24'), 2, '--from is after --to'),
            (('-o', p.path('other.pdf')), 2, "the page's name ends in .html"),
            (('-o', '.html'), 2, "the page's name ends in .html"),
            (('-o', page, '--record', '0' * 27), 2, '--record and --package are for the list')):
        p.as_('auditor', 'audit', 'report', *options, rc=rc, err=err)
    for who in ('legal', 'intake', 'protection'):
        p.as_(who, 'audit', 'report', '-o', page, '--csv', rc=13, err='none of your roles reads the access log')
    assert not os.path.exists(page) and not os.path.exists(table)
    open(page, 'w').write('mine')
    p.as_('auditor', 'audit', 'report', '-o', page, '--csv', rc=1, err=page)
    assert open(page).read() == 'mine' and not os.path.exists(table)
    os.rename(page, table)
    p.as_('auditor', 'audit', 'report', '-o', page, '--csv', rc=1, err=table)
    assert open(table).read() == 'mine' and not os.path.exists(page)
    told = p.json_as('auditor', 'audit', 'report', '-o', page)[0]
    assert told['page'] == page and 'csv' not in told and told['entries'] > 100 and os.path.exists(page)


def the_list(p):
    """What left, in a period; the list as it was."""
    today = str(datetime.datetime.now(datetime.timezone.utc).date())
    whole = p.json_as('auditor', 'audit', 'report')
    assert whole and p.json_as('auditor', 'audit', 'report', '--from', today, '--to', '2199-01-01') == whole
    assert p.json_as('auditor', 'audit', 'report', '--to', '2020-01-01') == []
    assert p.as_('auditor', 'audit', 'report', '--csv', '--from', '2199-01-01').strip() == '"time","by","record","field","what","reason"'
    p.as_('auditor', 'audit', 'report', '--to', '2020-01-01', err='Times that something of a record left: 0; fields in all: 0; acts on a LEGAL BASIS, without consent: 0.')


def test(p):
    with browser.Browser() as chromium:
        t = Test(chromium, p)
        of_a_month(t, p)
        p.vault()
        of_a_vault(t, p)
    refused(p)
    the_list(p)


if __name__ == '__main__':
    if browser.find() is None:
        print('there is no Chromium here')
        sys.exit(77)
    main(test)
