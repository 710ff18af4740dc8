#!/usr/bin/env python3
"""Records that belong together: links made and taken away; what a case shares with others, as a table, as JSON and as
a page; and to whom."""
import json

from common import PERSON, main


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
    assert shown(p, ana)['admin'] == {'role': 'Victim', 'cases': [one, two]} and shown(p, one)['version'] == 1
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
    assert shown(p, ana)['admin'] == {'role': 'Victim', 'cases': [two]} and shown(p, anna)['admin'] == {'role': 'Victim'}
    p.as_('protection', 'record', 'link', '--undo', one, ana, out='', err='They were not linked; nothing was changed.')
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


def test(p):
    p.vault()
    link(p)


main(test)
