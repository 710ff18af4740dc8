#!/bin/sh
# Builds the tests without sanitizers, so that they count what they run. usage: counted.sh SOURCE BUILD
set -eu
cmake -S "$1" -B "$2" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCASEVAULT_WERROR=ON -DCASEVAULT_COVERAGE=ON >/dev/null
cmake --build "$2" -j "$(nproc)" >"$2/build.log" 2>&1 || { tail -20 "$2/build.log"; exit 1; }
