#!/usr/bin/env python3
"""The floors: crypto < formats < vault < cmd. What a file includes, and what its library calls, lies on its own floor or
below; each third-party library has one home, headers included; crypto and formats do no I/O; only cmd prints.
usage: floors.py BUILD"""
import os, re, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FLOORS = ['crypto', 'formats', 'vault', 'cmd']
# A library's headers, the names it exports, and the floor that is its home.
HOMES = [
    ('OpenSSL', r'openssl/', r'(ASN1|BIO|BN|CRYPTO|ERR|EVP|OBJ|OPENSSL|PEM|PKCS7|SSL|TS|X509)_|d2i_|i2d_', 'crypto'),
    ('libscrypt', r'libscrypt\.h', r'libscrypt_', 'crypto'),
    ('jansson', r'jansson', r'jsonp?_[a-z]', 'formats'),
    ('libarchive', r'archive', r'archive_', 'formats'),
    ('zlib', r'z(lib|conf)\.h', r'(deflate|inflate|adler32|crc32|compress|uncompress|gz[a-z]+$)', 'formats'),
    ('libqrencode', r'qrencode\.h', r'QR', 'formats'),
    ('libexif', r'libexif/', r'exif_', 'formats'),
    ('libcsv', r'csv\.h', r'csv_', 'formats'),
    ('gettext', r'libintl', r'(d?c?n?gettext|textdomain|bind_?textdomain(_codeset)?)$', 'formats'),
    ('libseccomp', r'seccomp\.h', r'seccomp_', 'vault'),
    ('SQLite', r'sqlite3', r'sqlite3_', 'vault'),
    ('ICU', r'unicode/', r'(u|ucnv|ucsdet|unorm2|uscript|utrans|uset|ucol|ubrk)_\w+_\d+$|UCNV_', 'vault'),
]
SYSTEM = set('''ctype dirent errno fcntl inttypes langinfo limits locale malloc netdb poll pthread sched signal spawn stdarg stdbool stddef stdint stdio
stdatomic stdio_ext stdlib string strings sys/file sys/ioctl sys/mman sys/prctl sys/random sys/resource sys/socket sys/stat sys/syscall sys/time sys/types
sys/un sys/wait termios threads time unistd linux/audit linux/filter linux/landlock linux/sched linux/seccomp sys/mount sys/statvfs'''.split())
IO = r'(f?open(at|dir)?|creat|f?read|f?write|p(read|write)v?(64)?|close|fsync|fdatasync|rename(at)?2?|unlink(at)?|mkdir(at)?|socket|' \
     r'connect|send(to|msg)?|recv(from|msg)?|mmap|popen|system|fork|posix_spawnp?|exec[vl]p?e?|getenv|sleep|nanosleep)$'
PRINTS = r'((f|v|vf)?printf|f?puts|f?putc(har)?|putchar|fwrite|perror|psignal|err|errx|warn|warnx)$'
ENDS = r'(exit|_exit|_Exit|quick_exit)$'
# But: a process that is refused memory ends (crypto/alloc.h), and so does one that was forked to parse (vault/confined.h).
MAY_END = {('crypto', '_exit'), ('vault', '_exit')}


def includes(text):
    return re.findall(r'^[ \t]*#[ \t]*include[ \t]+([<"])([^>"]+)[>"]', text, re.M)


def faults_of_includes(files):
    """files: path -> text. A header brings along what it includes: homes hold for that too."""
    faults, reached = [], {}

    def reach(path, way):
        if path not in reached:
            reached[path] = set()
            for mark, name in includes(files.get(path, '')):
                reached[path] |= {name} if mark == '<' else reach(name, way + [path])
        return reached[path]

    for path in sorted(files):
        floor = path.split('/')[0]
        for mark, name in includes(files[path]):
            if mark == '<':
                if re.sub(r'\.h$', '', name) not in SYSTEM and not any(re.match(h, name) for _, h, _, _ in HOMES):
                    faults.append('%s: includes <%s>, which has no home' % (path, name))
            elif name not in files:
                faults.append('%s: includes "%s", which lies on no floor' % (path, name))
            elif FLOORS.index(name.split('/')[0]) > FLOORS.index(floor):
                faults.append('%s: includes "%s", of a floor above' % (path, name))
        for library, header, _, home in HOMES:
            if floor != home and any(re.match(header, name) for name in reach(path, [])):
                faults.append('%s: comes to %s, whose home is %s' % (path, library, home))
    return faults


def faults_of_symbols(floors):
    """floors: floor -> (names it defines, names it asks for)."""
    faults = []
    for at, floor in enumerate(FLOORS):
        above = {name: f for f in FLOORS[at + 1:] for name in floors[f][0]}
        for name in sorted(floors[floor][1]):
            plain = re.sub(r'^__(\w+?)(_chk)?$', r'\1', name) if name.endswith('_chk') else name
            if name in above:
                faults.append('%s: calls %s, of %s above' % (floor, name, above[name]))
            for library, _, symbols, home in HOMES:
                if floor != home and name not in floors[floor][0] and re.match(symbols, name) and not any(name in floors[f][0] for f in FLOORS):
                    faults.append('%s: calls %s of %s, whose home is %s' % (floor, name, library, home))
            if floor in ('crypto', 'formats') and re.match(IO, plain):
                faults.append('%s: calls %s; it takes bytes and gives bytes' % (floor, name))
            if floor != 'cmd' and (re.match(PRINTS, plain) or re.match(ENDS, plain)) and (floor, name) not in MAY_END:
                faults.append('%s: calls %s; only cmd prints, and ends the program' % (floor, name))
    return faults


def symbols(library):
    out = subprocess.run(['nm', '-P', library], capture_output=True, text=True, check=True).stdout
    names = [line.split()[:2] for line in out.split('\n') if re.match(r'\S+ [A-Za-z]\b', line)]
    return {n for n, kind in names if kind in 'TDBRVWC'}, {n for n, kind in names if kind == 'U'}


def proves_itself():
    """What must be found is found."""
    good = {'crypto/a.h': '#include <openssl/evp.h>\n', 'crypto/a.c': '#include "crypto/a.h"\n', 'crypto/b.h': '#include <stdint.h>\n',
            'formats/f.c': '#include <jansson.h>\n#include "crypto/b.h"\n', 'vault/v.c': '#include "crypto/b.h"\n#include <sqlite3.h>\n'}
    assert faults_of_includes(good) == []
    for path, text, word in (('crypto/x.c', '#include "formats/f.h"\n', 'floor'), ('vault/x.c', '#include <jansson.h>\n', 'jansson'),
                             ('formats/x.c', '#include "crypto/a.h"\n', 'OpenSSL'), ('vault/x.c', '#  include <curl/curl.h>\n', 'no home'),
                             ('cmd/x.c', '#include <sqlite3.h>\n', 'SQLite'), ('formats/x.c', '#include "vault/v.c"\n', 'above')):
        assert any(word in f and path in f for f in faults_of_includes({**good, path: text})), (path, text)
    for floor, name, word in (('crypto', 'cv_up', 'above'), ('formats', 'EVP_MD_fetch', 'OpenSSL'), ('formats', 'open', 'bytes'),
                              ('vault', '__printf_chk', 'prints'), ('vault', 'exit', 'ends'), ('cmd', 'json_object', 'jansson'),
                              ('formats', 'sqlite3_step', 'SQLite'), ('cmd', 'u_isalnum_72', 'ICU')):
        made = {f: ({'cv_up'} if f == 'cmd' else set(), {name} if f == floor else set()) for f in FLOORS}
        assert any(word in f for f in faults_of_symbols(made)), (floor, name)


def main():
    proves_itself()
    files = {}
    for floor in FLOORS:
        for name in os.listdir(os.path.join(ROOT, floor)):
            if name.endswith(('.c', '.h')):
                files[floor + '/' + name] = open(os.path.join(ROOT, floor, name)).read()
    floors = {f: symbols(os.path.join(sys.argv[1], f, 'libcv_%s.a' % f)) for f in FLOORS}
    assert len(files) > 300 and all(len(d) > 10 and len(u) > 10 for d, u in floors.values()), 'hardly anything was looked at'
    faults = faults_of_includes(files) + faults_of_symbols(floors)
    print('\n'.join(faults))
    print('%d files and %d calls looked at' % (len(files), sum(len(u) for _, u in floors.values())))
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
