#!/bin/sh
# Two builds as released, in two directories: the same bytes. usage: reproducible.sh SOURCE SCRATCH
set -eu
source="$1"
scratch="$2"
one="$scratch/one/casevault"
another="$scratch/another place/below/casevault"
rm -rf "$scratch"
trap 'rm -rf "$scratch"' EXIT
for place in "$one" "$another"; do
    mkdir -p "$place"
    for part in CMakeLists.txt CMakePresets.json crypto formats vault cmd template po; do
        cp -R "$source/$part" "$place"
    done
    (cd "$place" && cmake --preset release -DBUILD_TESTING=OFF >/dev/null &&
        cmake --build --preset release -j "$(nproc)" >build.log 2>&1) || { tail -20 "$place/build.log"; exit 1; }
done
count=0
for file in crypto/libcv_crypto.a formats/libcv_formats.a vault/libcv_vault.a cmd/libcv_cmd.a cmd/casevault cmd/casevault-agent; do
    cmp "$one/build/release/$file" "$another/build/release/$file"
    count=$((count + 1))
done
if grep -aF "$scratch" "$one/build/release/cmd/casevault" >/dev/null; then
    echo "the program says where it was built"
    exit 1
fi
(cd "$one/build/release/cmd" && sha256sum casevault casevault-agent)
echo "figures: $count files of two builds in two places that are the same to the last byte"
