#!/bin/sh
# One static check of everything that is written in C here; a finding is a failure.
# usage: check.sh format|tidy|cppcheck BUILD
# With CASEVAULT_LONG=1 clang-tidy runs its analyzer as well, which takes most of its time.
set -eu
kind="$1"
build="$2"
cd "$(dirname "$0")/../.."

# of_clang TOOL VERSION...: versions lay out otherwise, and have other checks. Debian 12 and Ubuntu 22.04 have 14, Debian 13 has 19.
of_clang() {
    name="$1"
    shift
    for version; do
        for tool in "$name-$version" "$name"; do
            if command -v "$tool" >/dev/null && "$tool" --version | grep -q "version $version\."; then
                echo "$tool"
                return
            fi
        done
    done
    echo "$name is not here in version $*" >&2
    exit 77
}

files="$build/$kind.files"
case "$kind" in
    format) find crypto formats vault cmd tests -name '*.[ch]' | sort >"$files" ;;
    # Sources only, each with its own options; not what the build makes of files.
    *) sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' "$build/compile_commands.json" | grep -vF "$build/" | sort -u >"$files" ;;
esac
count=$(wc -l <"$files")
[ "$count" -gt 300 ] || { echo "only $count files were found"; exit 1; }

case "$kind" in
    format)
        tool=$(of_clang clang-format 14 19)
        xargs -a "$files" "$tool" --dry-run -Werror
        ;;
    tidy)
        tool=$(of_clang clang-tidy 14 19)
        less="--checks=-clang-analyzer-*"
        [ "${CASEVAULT_LONG:-}" != 1 ] || less=""
        xargs -a "$files" -P "$(nproc)" -n 4 "$tool" -p "$build" --quiet ${less:+"$less"} 2>"$build/tidy.log" ||
            { grep -v ' warnings\? generated' "$build/tidy.log"; exit 1; }
        ;;
    cppcheck)
        command -v cppcheck >/dev/null || { echo "cppcheck is not here" >&2; exit 77; }
        mkdir -p "$build/cppcheck"
        # That memory which was refused is not used is tried as programs run (cli/starved): newer ones do not see it from a status.
        less=""
        for id in nullPointerOutOfMemory ctunullpointerOutOfMemory nullPointerOutOfResources normalCheckLevelMaxBranches; do
            less="$less --suppress=$id"
        done
        # shellcheck disable=SC2086  # several words
        cppcheck --quiet -j "$(nproc)" --std=c11 --enable=warning,performance,portability --inline-suppr $less \
            --project="$build/compile_commands.json" --cppcheck-build-dir="$build/cppcheck" -i"$build" --error-exitcode=1
        ;;
    *) echo "usage: check.sh format|tidy|cppcheck BUILD" >&2; exit 2 ;;
esac
echo "figures: $count files that $kind is content with"
