#!/usr/bin/env python3
"""Usage: age.py AGE-TOOL

Interoperability with the age command, in both directions: X25519, several recipients, armour, passphrases (for which
age wants a terminal and gets a pseudo-terminal), and damage, which both must refuse. Exit 77 if age is not installed.
"""
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (0, 1, 65535, 65536, 65537, 131072, 1000003)
PASSPHRASE = b"correct horse battery"
NOKEY, AUTH = 7, 6  # cv_status, the exit status of age_tool
checks = 0


def check(what, ok):
    global checks
    checks += 1
    if not ok:
        sys.exit(f"age interop: {what}")


def run(*argv, data=b"", passphrase=None):
    """Run argv; a passphrase comes on a pipe whose descriptor replaces "FD". Returns status, stdout."""
    fds = ()
    if passphrase is not None:
        reading, writing = os.pipe()
        os.write(writing, passphrase + b"\n")
        os.close(writing)
        fds = (reading,)
        argv = [str(reading) if a == "FD" else a for a in argv]
    done = subprocess.run(argv, input=data, capture_output=True, pass_fds=fds, check=False)
    for fd in fds:
        os.close(fd)
    return done.returncode, done.stdout


def run_on_terminal(argv, answers):
    """Run argv with a pseudo-terminal of its own, giving the next answer at each prompt. Returns the status."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(argv[0], argv)
    shown, answers = b"", list(answers)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            block = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not block:
            break
        shown += block
        if answers and re.search(rb"passphrase[^:\n]*: ", shown):
            shown = b""
            os.write(terminal, answers.pop(0) + b"\n")
    else:
        os.kill(pid, 9)
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status)


def new_identity(argv, path):
    status, text = run(*argv)
    check(f"{argv[0]} makes a key", status == 0)
    path.write_bytes(text)
    return re.search(r"public key: (age1\w+)", text.decode()).group(1)


def x25519(tool, directory):
    ours, theirs = directory / "ours.txt", directory / "theirs.txt"
    keys = (new_identity([tool, "keygen"], ours), new_identity(["age-keygen"], theirs))
    status, text = run("age-keygen", "-y", str(ours))
    check("age-keygen agrees about our recipient", status == 0 and text.decode().strip() == keys[0])
    to = [a for key in keys for a in ("-r", key)]
    for size in SIZES:
        plain = os.urandom(size)
        for armor in ((), ("-a",)):
            for maker in ([tool, "encrypt"], ["age", "-e"]):
                status, sealed = run(*maker, *armor, *to, data=plain)
                check(f"{maker[0]} encrypts {size} bytes", status == 0 and sealed[:5] == (b"-----" if armor else b"age-e"))
                for identity in (ours, theirs):
                    check(f"we read {maker[0]}'s {size} bytes {armor}",
                          run(tool, "decrypt", "-i", str(identity), data=sealed) == (0, plain))
                    check(f"age reads {maker[0]}'s {size} bytes {armor}",
                          run("age", "-d", "-i", str(identity), data=sealed) == (0, plain))
    return ours, keys[0], theirs


def refusals(tool, directory):
    ours, recipient, theirs = x25519(tool, directory)
    for maker in ([tool, "encrypt"], ["age", "-e"]):
        _, sealed = run(*maker, "-r", recipient, data=b"x" * 1000)
        check("a file for another is refused", run(tool, "decrypt", "-i", str(theirs), data=sealed) == (NOKEY, b""))
        for damaged in (sealed[:-1], sealed + b"\0", sealed[:-1] + bytes([sealed[-1] ^ 1])):
            check("we refuse damage", run(tool, "decrypt", "-i", str(ours), data=damaged) == (AUTH, b""))
            check("age refuses damage", run("age", "-d", "-i", str(ours), data=damaged)[0] != 0)


def passphrases(tool, directory):
    plain, sealed, opened = (directory / name for name in ("plain", "sealed", "opened"))
    text = os.urandom(70000)
    plain.write_bytes(text)
    for armor in ([], ["-a"]):
        status = run_on_terminal(["age", "-e", "-p", *armor, "-o", str(sealed), str(plain)], [PASSPHRASE] * 2)
        check("age encrypts with a passphrase", status == 0)
        data = sealed.read_bytes()
        check("we read age's passphrase file", run(tool, "decrypt", "-p", "FD", data=data, passphrase=PASSPHRASE) == (0, text))
        check("the wrong passphrase is refused",
              run(tool, "decrypt", "-p", "FD", data=data, passphrase=b"wrong") == (NOKEY, b""))

        status, data = run(tool, "encrypt", *armor, "-p", "FD", data=text, passphrase=PASSPHRASE)
        check("we encrypt with a passphrase", status == 0)
        sealed.write_bytes(data)
        opened.unlink(missing_ok=True)
        check("age refuses a wrong passphrase",
              run_on_terminal(["age", "-d", "-o", str(opened), str(sealed)], [b"wrong"]) != 0)
        check("age reads our passphrase file",
              run_on_terminal(["age", "-d", "-o", str(opened), str(sealed)], [PASSPHRASE]) == 0
              and opened.read_bytes() == text)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: age.py AGE-TOOL")
    if not shutil.which("age") or not shutil.which("age-keygen"):
        print("skipped: age is not installed", file=sys.stderr)
        sys.exit(77)
    with tempfile.TemporaryDirectory() as directory:
        refusals(sys.argv[1], Path(directory))
        passphrases(sys.argv[1], Path(directory))
    print(f"age interop: {checks} checks passed")


main()
