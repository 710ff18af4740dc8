#!/usr/bin/env python3
"""Records that belong together: links made and taken away; what a case shares with others, as a table, as JSON and as
a page; and to whom."""
import json, os, stat, subprocess, sys

import browser
from common import main, today


def shown(p, id, by='protection'):
    return p.json_as(by, 'record', 'show', id)[0]


def link(p):
    """One person in two cases, two records of one person, testimony to a case; and back."""
    one, two = (p.add('protection', {'type': 'case', 'admin': {'case_number': n, 'status': 'Active'}}) for n in ('RS-1', 'RS-2'))
    ana, anna = (p.add('intake', {'type': 'person', 'admin': {'role': 'Victim'}, 'identity': {'first_name': n}}) for n in ('Ana', 'Anna'))
    said = p.add('intake', {'type': 'testimony', 'testimony': {'statements': [{'text': 'So it was.'}]}})
    # Whichever is named first, the person's record says it: it is kept as long as its cases.
    p.as_('protection', 'record', 'link', ana, one, '--reason', 'met again', out='%s version 2\n' % ana, err='Cases: ' + one)
    assert p.json_as('protection', 'record', 'link', two, ana) == [{'id': ana, 'version': 3}]
    assert shown(p, ana)['admin'] == {'role': 'Victim', 'cases': [one, two], 'registered': today()} and shown(p, one)['version'] == 1
    p.as_('protection', 'record', 'link', ana, two, out='', err='They are linked already; nothing was changed.')
    p.as_('protection', 'record', 'link', said, one)
    p.as_('protection', 'record', 'link', said, two, rc=1, err='Case: %s stands there already; take that away first' % one)
    # Two records of one person: both stay, each names the other, in one commit.
    before = len(p.kinds())
    p.as_('protection', 'record', 'link', ana, anna.lower(), out='%s version 4\n%s version 2\n' % (ana, anna),
          err='The same person as: ' + anna)
    assert shown(p, ana)['admin']['same_as'] == [anna] and shown(p, anna)['admin']['same_as'] == [ana]
    assert shown(p, anna)['identity'] == {'first_name': 'Anna'}, 'nothing is merged'
    commit = p.kinds()[before:]
    commit = commit[commit.index('record'):]
    assert commit[:commit.index('checkpoint')].count('record') == 2, commit
    p.as_('protection', 'record', 'show', anna, out='The same person as: ' + ana)
    # Each is an event, which tells of both.
    edits = [e for e in p.json_as('auditor', 'audit', 'log', '--record', ana) if e['action'] == 'edit']
    assert [(e['record'], e['ids'], e['detail']) for e in edits] == [
        (ana, [one], 'linked to another record'), (ana, [two], 'linked to another record'),
        (ana, [anna], 'linked to another record'), (anna, [ana], 'linked to another record')], edits
    assert edits[0]['reason'] == 'met again'
    p.as_('auditor', 'audit', 'verify', '--contents', err='')
    # And back: the field is gone where nothing else stands in it.
    p.as_('protection', 'record', 'link', '--undo', anna, ana, err='The same person as: %s no more' % ana)
    p.as_('protection', 'record', 'link', '--undo', one, ana, err='Cases: %s no more' % one)
    assert shown(p, ana)['admin'] == {'role': 'Victim', 'cases': [two], 'registered': today()} and shown(p, anna)['admin'] == {'role': 'Victim', 'registered': today()}
    bare = p.add('intake', {'type': 'person', 'identity': {'first_name': 'Mira'}})  # of which more is required than was known
    # What was not linked, or never was, cannot be parted: nothing is written.
    before = p.kinds().count('record')
    for a, b in ((one, ana), (ana, one), (anna, two), (anna, ana), (said, ana), (two, said), (bare, one), (bare, ana)):
        p.as_('protection', 'record', 'link', '--undo', a, b, rc=1, err='%s and %s are not linked; nothing was changed' % (a, b))
    assert p.kinds().count('record') == before
    # A case that names the person itself is parted from it, too.
    p.as_('protection', 'record', 'edit', one, '-', stdin=json.dumps({'admin': {'case_number': 'RS-1', 'status': 'Active', 'persons': [ana]}}).encode())
    p.as_('protection', 'record', 'link', '--undo', ana, one, out='%s version 3\n' % one)
    assert 'persons' not in shown(p, one)['admin']
    # What cannot be.
    p.as_('protection', 'record', 'link', ana, ana, rc=2, err='that is one record; give two')
    p.as_('protection', 'record', 'link', one, two, rc=2, err='no field that joins a case and a case')
    p.as_('protection', 'record', 'link', ana, ana[:-1] + ('0' if ana[-1] != '0' else '1'), rc=1)
    p.as_('protection', 'record', 'link', ana, rc=2)
    p.as_('legal', 'record', 'link', ana, one, rc=13, err='none of your roles may write the section admin')
    p.as_('intake', 'record', 'link', ana, one, rc=13)
    for _ in range(7):
        p.as_('protection', 'record', 'link', ana, p.add('protection', {'type': 'case', 'admin': {'case_number': 'X', 'status': 'Active'}}))
    p.as_('protection', 'record', 'link', ana, one, rc=1, err='Cases: there is room for 8, and it is full')
    refused = [e for e in p.json_as('auditor', 'audit', 'log') if e['action'] == 'refused']
    assert len(refused) >= 2, refused


HOSTILE = '<img src="https://example.org/x" onerror="window.owned=1"><script>window.owned=1</script></svg></style>&amp;'

KINDS = ['Person', 'Document', 'Telephone', 'Account or e-mail', 'Vehicle', 'Perpetrator', 'Address', 'Route']


def case(p, number, by='protection', **sections):
    return p.add(by, dict({'type': 'case', 'admin': {'case_number': number, 'status': 'Active'}}, **sections))


def perpetrators(*persons):
    return {'persons': list(persons)}


def person(p, cases, by='intake', **sections):
    admin = {'role': 'Victim', 'cases': cases} if cases else {'role': 'Victim'}
    return p.add(by, dict({'type': 'person', 'admin': admin}, **sections))


def shares(doc):
    """{(kind, text): {case}}"""
    return {(t['kind'], t['text']): {c['case'] for c in t['cases']} for t in doc['shared']}


def fill(p):
    """A case, and others that share something of each kind with it, written otherwise."""
    one = case(p, 'RS-10', perpetrators=perpetrators(
        {'name': 'Зоран Николић', 'phone': '+38164000111', 'vehicles': ['BG 123-AB'], 'accounts': ['https://www.fb.com/zoran.n']},
        {'name': HOSTILE, 'organisation': 'Sunrise Agency'}),
        exploitation={'routes': 'Chişinău - Iaşi → Wien', 'summary': 'x'})
    two = case(p, 'RS-11', perpetrators=perpetrators({'name': 'NIKOLIC Zoran', 'vehicles': ['bg123 АВ']}), exploitation={'routes': 'Iasi > Wien'})
    three = case(p, '=RS-12 ' + HOSTILE, perpetrators=perpetrators({'name': 'Boss', 'phone': '+38164000111', 'accounts': ['FB.com/zoran.n']}, {'name': HOSTILE}))
    case(p, 'RS-13', perpetrators=perpetrators({'name': 'Zoran Petrovic', 'phone': '+38164000112'}))
    ids = {'one': one, 'two': two, 'three': three}
    ids['jovana'] = person(p, [one], identity={'first_name': 'Јована', 'second_name': 'Петровић', 'documents': [{'kind': 'Passport', 'number': 'PA 123456'}]},
                           contact={'mobile_phone': '+381601234567', 'street': 'Knez Mihailova 12', 'city': 'Beograd', 'shelter': 'Blue House', 'email': 'j@example.org'})
    ids['mila'] = person(p, [two], identity={'first_name': 'Mila', 'identity_number': 'РА-123 456'}, contact={'shelter': 'Blue House'})
    ids['both'] = person(p, [one, three], identity={'first_name': 'Ana', 'second_name': 'Popa'})
    # In no case, and with the same telephone; in the case's own record alone.
    ids['alone'] = person(p, [], identity={'first_name': 'Sanja'}, contact={'home_phone': '+381601234567', 'street': 'Кнез Михаилова', 'city': 'Београд 12'})
    return ids


def table(p, ids):
    doc = p.json_as('protection', 'related', ids['one'], '--reason', 'who is he')[0]
    one, two, three, alone = (ids[k] for k in ('one', 'two', 'three', 'alone'))
    assert shares(doc) == {
        ('person', 'Ana Popa'): {three}, ('document', 'PA 123456'): {two}, ('phone', '+38164000111'): {three}, ('phone', '+381601234567'): {alone},
        ('account', 'https://www.fb.com/zoran.n'): {three}, ('vehicle', 'BG 123-AB'): {two}, ('perpetrator', 'Зоран Николић'): {two},
        ('perpetrator', HOSTILE): {three}, ('address', 'Knez Mihailova 12 Beograd'): {alone}, ('route', 'Iaşi > Wien'): {two}}, shares(doc)
    assert [c['case'] for c in doc['cases']] == [three, two, alone], doc['cases']
    assert [c.get('title') for c in doc['cases']] == ['=RS-12 ' + HOSTILE, 'RS-11', 'Sanja'] and doc['title'] == 'RS-10' and doc['closed'] == []
    assert next(t for t in doc['shared'] if t['kind'] == 'document')['cases'] == [{'case': two, 'text': 'РА-123 456', 'records': [ids['mila']]}]
    assert next(t for t in doc['shared'] if t['kind'] == 'document')['records'] == [ids['jovana']]
    # The event is durable before, and names what was looked at; nothing else was.
    e = [e for e in p.json_as('auditor', 'audit', 'log', '--record', one) if e['action'] == 'search'][-1]
    assert e['record'] == one and set(e['ids']) == set(ids.values()) and e['reason'] == 'who is he', (e, ids)
    assert e['detail'] == 'what a case shares with others' and set(e['sections']) == {'admin', 'identity', 'contact', 'perpetrators', 'exploitation'}, e
    shown = p.both('protection', 'related', one)
    for line in (one + '  RS-10\n  shares something with 3 others:', two + '  RS-11', alone + '  (Person, in no case)  Sanja',
                 '  Document: PA 123456 (there: РА-123 456)', '  Perpetrator: Зоран Николић (there: NIKOLIC Zoran)', '  Telephone: +38164000111\n'):
        assert line in shown, (line, shown)
    assert 'Blue House' not in shown and 'Not looked into' not in shown
    p.as_('protection', 'related', case(p, 'RS-99'), out='shares nothing with another case')


def rights(p, ids):
    """Over what one may read, and no more."""
    one, two, three = (ids[k] for k in ('one', 'two', 'three'))
    doc = p.json_as('legal', 'related', one)[0]  # all but contact
    assert doc['closed'] == ['Contact'] and ('phone', '+38164000111') in shares(doc) and ('phone', '+381601234567') not in shares(doc), doc
    p.as_('legal', 'related', one, err='Not looked into, since you may not read it: Contact.')
    doc = p.json_as('medical', 'related', one)[0]  # admin and identity
    assert shares(doc) == {('person', 'Ana Popa'): {three}, ('document', 'PA 123456'): {two}}, doc
    assert doc['closed'] == ['Contact', 'Exploitation', 'Perpetrators'], doc['closed']
    for who, word in (('intake', 'none of your roles'), ('analyst', 'none of your roles'), ('auditor', 'none of your roles')):
        p.as_(who, 'related', one, rc=13, err=word)
    assert [e['member'] for e in p.json_as('auditor', 'audit', 'log', '--record', one) if e['action'] == 'refused'] != []
    # What cannot be.
    p.as_('protection', 'related', ids['jovana'], rc=2, err='is of type person, not case')
    p.as_('protection', 'related', rc=2)
    p.as_('protection', 'related', 'nonsense', rc=1)
    p.as_('protection', 'related', one, '-o', p.path('graph.txt'), rc=2, err="-o: the page's name ends in .html")
    # Two records of one person lead on to the other's cases, once somebody has said so.
    other = person(p, [two], identity={'first_name': 'Yovana'})
    p.as_('protection', 'record', 'link', other, ids['jovana'])
    assert shares(p.json_as('protection', 'related', one)[0])[('person', 'Јована Петровић')] == {two}
    p.as_('protection', 'record', 'link', '--undo', other, ids['jovana'])
    # Many that have one thing say little of it, and are counted.
    many = case(p, 'RS-20', perpetrators=perpetrators({'name': 'Mama'}))
    lines = ''.join(json.dumps({'type': 'case', 'admin': {'case_number': 'M-%d' % i, 'status': 'Active'}, 'perpetrators': perpetrators({'name': 'Mama'})}) + '\n'
                    for i in range(53))
    p.as_('protection', 'record', 'import', '-', stdin=lines.encode())
    doc = p.json_as('protection', 'related', many)[0]
    assert [(len(t['cases']), t['more']) for t in doc['shared']] == [(0, 53)] and doc['cases'] == [], doc
    p.as_('protection', 'related', many, out='In so many records that it says little:\n  Perpetrator: Mama (in 53 others)\n')
    # Of fewer each is told.
    some = case(p, 'RS-21', perpetrators=perpetrators({'name': 'Papa', 'organisation': 'Mama'}))
    lines = ''.join(json.dumps({'type': 'case', 'admin': {'case_number': 'P-%d' % i, 'status': 'Active'}, 'perpetrators': perpetrators({'name': 'PAPA'})}) + '\n'
                    for i in range(50))
    p.as_('protection', 'record', 'import', '-', stdin=lines.encode())
    doc = p.json_as('protection', 'related', some)[0]
    assert [(t['text'], len(t['cases']), t['more']) for t in doc['shared']] in ([('Papa', 50, 0), ('Mama', 0, 54)], [('Mama', 0, 54), ('Papa', 50, 0)]), doc
    many = some
    return many


def page(p, ids, many):
    """The page, in a browser: no script, no request, all of it there twice, and nothing but text of what people wrote."""
    one, path = ids['one'], p.path('graph.html')
    p.as_('protection', 'related', one, '-o', path, err='The page is not sealed')
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    p.as_('protection', 'related', one, '-o', path, rc=1, err='graph.html')
    raw = open(path).read()
    assert '<script' not in raw and 'Blue House' not in raw and "default-src 'none'" in raw
    p.as_('medical', 'related', one, '-o', p.path('medical.html'))
    raw = open(p.path('medical.html')).read()
    assert 'Зоран' not in raw and '+38164000111' not in raw and '<strong>Not looked into:</strong>' in raw and 'Ana Popa' in raw
    p.as_('protection', 'related', many, '-o', p.path('many.html'))
    assert 'Drawn are at most 40 things and 30 cases; the tables have all 1 and 50.' in open(p.path('many.html')).read()
    if browser.find() is None:
        print('no browser: the page was not looked at')
        return
    b = browser.Browser(width=1200)
    for name in ('graph.html', 'medical.html', 'many.html'):
        assert b.open(p.path(name)) == 'graph'
        assert b.requests == ['file://' + p.path(name)] and b.complaints == [], (b.requests, b.complaints)
    assert b.open(path) == 'graph'
    assert b.eval('window.owned === undefined && document.querySelectorAll("script, img, iframe, link, form").length === 0')
    # Each box and each line of the drawing, and each row.
    assert b.eval('[...document.querySelectorAll(".graph a")].map(a => a.getAttribute("href")).every(h => document.getElementById(h.slice(1)) !== null)')
    assert b.eval('[document.querySelectorAll(".graph .node").length, document.querySelectorAll(".graph .line").length]') == [1 + 10 + 3, 10 + 10]
    rows = b.eval('[...document.querySelectorAll("#things tbody tr")].map(r => r.cells[0].innerText + ": " + r.cells[1].innerText)')
    assert [r.split(':')[0] for r in rows] == sorted((r.split(':')[0] for r in rows), key=KINDS.index)
    assert sorted(rows) == sorted([
        'Person: Ana Popa', 'Document: PA 123456', 'Telephone: +38164000111', 'Telephone: +381601234567', 'Account or e-mail: https://www.fb.com/zoran.n',
        'Vehicle: BG 123-AB', 'Perpetrator: Зоран Николић', 'Perpetrator: ' + HOSTILE, 'Address: Knez Mihailova 12 Beograd', 'Route: Iaşi > Wien']), rows
    assert HOSTILE in b.eval('document.querySelector("#cases tbody tr").cells[0].innerText')
    # Words stay inside their boxes.
    over = b.eval("""[...document.querySelectorAll('.graph text')].filter(t => { const box = t.parentNode.querySelector('rect') ; if (!box) return false;
      const a = t.getBBox(), r = [...t.parentNode.querySelectorAll('rect')][0].getBBox(); return a.x + a.width > r.x + r.width + 1 && t.parentNode.tagName === 'a'; }).map(t => t.textContent)""")
    assert over == [], over
    if 'CASEVAULT_SHOTS' in os.environ:
        for name in ('graph', 'medical', 'many'):
            b.open(p.path(name + '.html'))
            b.screenshot(os.path.join(os.environ['CASEVAULT_SHOTS'], name + '.png'), full=True)
    b.close()


def much_said(p):
    """A person of two cases, whom many records of one of them name: the other case is found all the same."""
    who = p.add('protection', {'type': 'person', 'admin': {'role': 'Victim'}, 'identity': {'first_name': 'Mnogo', 'second_name': 'Spomenuta'}})
    one, two = (p.add('protection', {'type': 'case', 'admin': {'case_number': 'M-%d' % i, 'status': 'Active', 'persons': [who]}}) for i in (1, 2))
    events = [{'type': 'event', 'admin': {'case': two, 'persons': [who]}, 'exploitation': {'type': 'Recruitment', 'description': 'no. %d' % i}} for i in range(60)]
    p.as_('protection', 'record', 'import', '--known-ok', '-', stdin=''.join(json.dumps(e) + '\n' for e in events).encode())
    p.as_('protection', 'record', 'edit', two, '--set', 'admin.status=Closed')
    for case, other in ((one, two), (two, one)):
        assert other in p.as_('protection', 'related', case), (case, other)


def test(p):
    p.vault(('intake', 'protection', 'legal', 'medical', 'analyst', 'auditor'))
    link(p)
    ids = fill(p)
    table(p, ids)
    page(p, ids, rights(p, ids))
    much_said(p)


main(test)
