#!/bin/sh
# Usage: age_testkit.sh PROGRAM NPM-DIR
# Run every vector of the age testkit through PROGRAM (age_testkit.c). Exit 77 if the vectors are not installed.
set -eu

program=$1
npm_dir=${CV_NPM_DIR:-$2}
here=$(dirname -- "$0")
package=$npm_dir/node_modules/cctv-age

if [ ! -f "$package/index.js" ] || ! command -v node >/dev/null; then
    echo "skipped: node or $package is missing; run script/npm-packages" >&2
    exit 77
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
node "$here/age_testkit.mjs" "$package" "$dir/vectors"
"$program" "$dir/vectors"
