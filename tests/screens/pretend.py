"""What differs from run to run - ids, keys, days - in the place of which screens show made-up values of the same kind and width."""
import datetime, hashlib, re

from terminal import COLUMNS

TODAY = datetime.date(2026, 3, 18)  # of every script
BEFORE, AFTER = 60, 800  # days around it which are thought to be counted from it
TIME = '09:41:07'
CROCKFORD, BECH32 = '0123456789ABCDEFGHJKMNPQRSTVWXYZ', '023456789acdefghjklmnpqrstuvwxyz'
BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
KINDS = (  # name, what it looks like, what is left of it, and the letters that take the place of the rest
    ('line', r'casevault-member-1:[\w-]{100,}', 19, BASE64),
    ('age', r'(?<!\w)age1[%s]{58}' % BECH32, 4, BECH32),
    ('hash', r'(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])', 0, '0123456789abcdef'),
    ('vkey', r'(?<=[0-9a-f]{64}\+)[0-9a-f]{8}\+[\w+/]{44}', 0, BASE64),
    ('root', r'(?<![\w+/])[\w+/]{43}=', 0, BASE64),
    ('id', r'(?<![0-9A-Z])[0-7][%s]{25}[%s*~$=U](?![0-9A-Z])' % (CROCKFORD, CROCKFORD), 0, CROCKFORD),
    ('print', r'(?<![0-9a-f-])[0-9a-f]{4}(?:-[0-9a-f]{4}){4}(?![0-9a-f-])', 0, '0123456789abcdef'),
    ('member', r'(?<!\w)m[0-9a-f]{8}(?!\w)', 1, '0123456789abcdef'))
DAY = re.compile(r'(?<![\d-])(\d{4}-\d\d-\d\d)(?:([T ])(\d\d:\d\d(?::\d\d)?))?(?![\d-])')


def digits(seed, letters):
    """As many letters as are wanted, always the same ones."""
    n = 0
    while True:
        for byte in hashlib.sha256(('%s %d' % (seed, n)).encode()).digest():
            yield letters[byte % len(letters)]
        n += 1


def made_up(kind, number, real, kept, letters):
    """The number-th of its kind, of the width of the real one; what parts its groups stays."""
    if kind in ('print', 'member'):  # a member is called after the beginning of their fingerprint
        kind = 'print'
    source = digits('%s %d' % (kind, number), letters)
    out = real[:kept] + ''.join(c if (c, kind) in (('-', 'print'), ('=', 'root')) else next(source) for c in real[kept:])
    if kind == 'vkey':
        return out[:8].lower() + '+' + out[9:]
    return out if kind != 'id' else CROCKFORD[int(hashlib.sha256(out.encode()).hexdigest(), 16) % 8] + out[1:]


class Pretend:
    """Knows which real value is shown as which. `day` is the real day on which a run began, `home` the directory it is in."""

    def __init__(self, day, home):
        self.day, self.home, self.known, self.counts = day, home, {}, {}

    def copy(self):
        other = Pretend(self.day, self.home)
        other.known, other.counts = dict(self.known), dict(self.counts)
        return other

    def value(self, kind, real, kept, letters):
        family, key = (('print', real.replace('-', '').lstrip('m')[:8]) if kind in ('print', 'member') else (kind, real))
        if (family, key) not in self.known:
            self.counts[family] = self.counts.get(family, 0) + 1
            self.known[family, key] = self.counts[family]
        return made_up(kind, self.known[family, key], real, kept, letters)

    def shift(self, text, to, by):
        """A day that is near enough to be counted from today is moved; others stand as they are."""
        try:
            day = datetime.date.fromisoformat(text)
        except ValueError:
            return text
        if not -BEFORE <= (day - by).days <= AFTER:
            return text
        if (day.month, day.day) == (by.month, by.day):  # in so many years
            return to.replace(year=to.year + day.year - by.year).isoformat()
        return (to + (day - by)).isoformat()

    def typed(self, text):
        """What is really typed, where a script says a day."""
        return DAY.sub(lambda m: self.shift(m.group(1), self.day, TODAY) + m.group(0)[10:], text)

    def shown(self, rows):
        """The rows of a screen, with all that differs made up. A value that goes on in the next row is one value."""
        text, wide = ''.join(c or '\0' for row in rows for c in (x[:1] for x in row)), {}
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if len(cell) > 1:
                    wide[r * COLUMNS + c] = cell
        for kind, pattern, kept, letters in KINDS:
            text = re.sub(pattern, lambda m: self.value(kind, m.group(0), kept, letters), text)
        text = DAY.sub(lambda m: self.shift(m.group(1), TODAY, self.day) + (m.group(2) or '') + TIME[:len(m.group(3) or '')], text)
        text = re.sub(r'\d\d( more minutes without a command), \d\d\d( in any case)', r'15\1, 600\2', text)
        text = re.sub(r'\d{8}T\d{6}Z', TODAY.strftime('%Y%m%d') + 'T094107Z', text)
        text = re.sub(r'\(seccomp; (?:Landlock \d+|no Landlock here)\)', lambda m: '(seccomp; Landlock 7)'.ljust(len(m.group(0))), text)
        text = re.sub(re.escape(self.home) + r'(\S*)', lambda m: '~' + m.group(1) + ' ' * (len(self.home) - 1), text)
        out = []
        for r in range(len(rows)):
            row = [wide.get(r * COLUMNS + c, text[r * COLUMNS + c]) for c in range(COLUMNS)]
            line = ''.join(row).replace('\0', '').rstrip()
            out.append('█' * len(line) if line.startswith('████') else line)  # a QR code
        return out

    def found(self, rows, kind):
        """The real values of this kind on a screen, as they stand there; a size stands before a print."""
        pattern = {'size': r'([0-9]+)  [0-9a-f]{4}-', 'number': r'policy approve ([0-9]+)'}.get(kind)
        pattern = pattern or next(k[1] for k in KINDS if k[0] == kind)
        return re.findall(pattern, ''.join((c or '\0')[:1] for row in rows for c in row))
