#!/bin/sh
# The Debian package as a user gets it: lintian finds nothing in it, and it works in a clean root with nothing else installed.
# usage: package.sh SOURCE      (needs root, debootstrap and a mirror; skips itself, with status 77, without)
set -eu
[ "$(id -u)" = 0 ] || { echo "only root makes a root"; exit 77; }
deb="$1/$("$1/script/package" --check | tail -1)"
suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
command -v debootstrap >/dev/null || { echo "debootstrap is not here"; exit 77; }
root=$(mktemp -d)
trap 'rm -rf --one-file-system "$root"' EXIT
debootstrap --variant=minbase "$suite" "$root" >"$root.log" 2>&1 || { tail -3 "$root.log"; exit 77; }
rm -f "$root.log"
cp /etc/resolv.conf "$root/etc/resolv.conf"
[ ! -e /etc/apt/apt.conf ] || cp /etc/apt/apt.conf "$root/etc/apt/apt.conf"
cp -r /etc/apt/apt.conf.d "$root/etc/apt/"
cp "$deb" "$root/tmp/casevault.deb"
in_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"; }
in_root apt-get install -y -q --no-install-recommends /tmp/casevault.deb >/dev/null
in_root casevault --version
in_root casevault demo --cases 3 /root/demo >/dev/null
listed=$(in_root casevault record list --vault /root/demo/vault -i /root/demo/protection.identity --passphrase-file /root/demo/passphrase -q | wc -l)
[ "$listed" -gt 10 ] || { echo "only $listed lines of records"; exit 1; }
in_root casevault audit verify --vault /root/demo/vault -q
for file in bin/casevault-agent lib/systemd/user/casevault-agent.service share/man/man1/casevault-record-add.1.gz share/man/ru/man1/casevault.1.gz \
    share/bash-completion/completions/casevault share/locale/ru/LC_MESSAGES/casevault.mo share/doc/casevault/copyright; do
    [ -e "$root/usr/$file" ] || { echo "/usr/$file is not there"; exit 1; }
done
in_root apt-get purge -y -q casevault >/dev/null
[ ! -e "$root/usr/bin/casevault" ]
echo "$(basename "$deb") installed into a clean $suite, $listed lines of records listed, taken away again"
