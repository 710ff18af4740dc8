#!/bin/sh
# A unit test under valgrind: no invalid access, nothing uninitialised, nothing leaked. usage: valgrind.sh TEST
set -eu
command -v valgrind >/dev/null || { echo "valgrind is not here" >&2; exit 77; }
log="$1.valgrind"
# What it counts on this way is not the coverage's.
export GCOV_PREFIX="$1.counts"
valgrind --quiet --leak-check=full --show-leak-kinds=definite,indirect,possible --errors-for-leak-kinds=definite,indirect,possible \
    --suppressions="$(dirname "$0")/valgrind.supp" --trace-children=no --error-exitcode=99 --log-file="$log.%p" "$1" || { cat "$log".*; exit 1; }
# What it forked is looked at as well, and its exit status may be nobody's business.
if cat "$log".* | grep -q "^=="; then
    cat "$log".*
    exit 1
fi
rm -rf "$log".* "$1.counts"
echo "figures: 1 unit tests under valgrind"
