"""The records of the benchmark: what `casevault demo --print` tells, its texts lengthened to 3 KB of JSON a record."""
import json, random, re, subprocess

MEAN = 3072
WORD = 'Zanzibar'  # stands in HITS records, and nowhere else: what is searched for
HITS = 150
SENTENCE = 'Letters that came from Zanzibar are kept with the file.'
POOL_CASES = 400

# The field of each type that is lengthened. Partners have no text, and stay as short as they are.
TEXTS = {'case': ('exploitation', 'summary'), 'person': ('risk', 'safety_plan'), 'testimony': ('testimony', 'statements'),
         'evidence': ('evidence', 'description'), 'event': ('exploitation', 'description'), 'consent': ('consent', 'explained'),
         'referral': ('admin', 'details'), 'safety': ('risk', 'action_plan'), 'comment': ('admin', 'comment')}


def told(binary, cases):
    """The demo's records, one after the other, without the ids: intake, who imports them, chooses none."""
    with subprocess.Popen([binary, 'demo', '--print', '--cases', str(cases), '--seed', '7'], stdout=subprocess.PIPE) as p:
        for line in p.stdout:
            record = json.loads(line)
            del record['id']
            yield record
        p.stdout.close()
        if p.wait() != 0:
            raise RuntimeError('casevault demo --print failed')


def sentences(records):
    """By language, what statements and notes say, sentence by sentence, each once and in a fixed order."""
    pool = {}
    for record in records:
        section, field = TEXTS.get(record['type'], ('', ''))
        value = record.get(section, {}).get(field, '')
        for language, text in ((s['language'], s['text']) for s in value) if isinstance(value, list) else (('eng', value),):
            pool.setdefault(language, {}).update(dict.fromkeys(re.split(r'(?<=[.!?։。])\s+', text.strip())))
    return {language: [(s, len(s.encode()) + 1) for s in found if s] for language, found in sorted(pool.items())}


def compact(record):
    return json.dumps(record, ensure_ascii=False, separators=(',', ':'))


def lengthen(record, pool, rng, found):
    """Bring a record to its length, in its own language or, a note, in English or that of somebody else's statement; with
    the word that is searched for where it is to be found. False if it has no text."""
    if record['type'] not in TEXTS:
        return False
    section, field = TEXTS[record['type']]
    inside = record.setdefault(section, {})
    language = rng.choice(('eng', rng.choice(list(pool))))
    if field == 'statements':
        inside, field = inside['statements'][0], 'text'
        language = inside['language']
    room = rng.randint(MEAN * 5 // 10, MEAN * 15 // 10 - 90) - len(compact(record).encode())
    more = [SENTENCE] if found else []
    while room > 0:
        sentence, size = rng.choice(pool[language])
        more.append(sentence)
        room -= size
    inside[field] = ' '.join([inside[field], *more] if field in inside else more)
    return True


def words_of(value):
    """All texts in a record, as one."""
    if isinstance(value, dict):
        return ' '.join(filter(None, map(words_of, value.values())))
    if isinstance(value, list):
        return ' '.join(filter(None, map(words_of, value)))
    return value.replace('\n', ' ') if isinstance(value, str) else ''


def write(binary, path, n):
    """n records into PATH, and what each says into PATH.texts, for those who index nothing but texts. The same n gives the
    same bytes."""
    rng, due = random.Random(n), 0
    pool = sentences(told(binary, POOL_CASES))
    with open(path, 'w') as lines, open(path + '.texts', 'w') as texts:
        for i, record in zip(range(n), told(binary, n // 8 + POOL_CASES)):
            due += (i + 1) * HITS // n - i * HITS // n if n > HITS else 1
            if lengthen(record, pool, rng, due > 0):
                due -= due > 0
            lines.write(compact(record) + '\n')
            texts.write(words_of(record) + '\n')
