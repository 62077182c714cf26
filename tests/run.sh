#!/bin/bash
# run.sh KIND...: runs the tests of these kinds, one line each, and ends with one line of totals. Kinds: unit, unit-SANITIZER,
# model, preload, faults, check, jvm, spark, dist. TESTS='errno*' chooses by name, TEST_TIMEOUT=seconds limits each. A test is a program that
# ends with 0, or 77 when it can't run here and says why; what it printed is shown only when it failed.
# It finds ROOT, BUILD (where things were built), LIB (the library) and WORK (an empty folder) in its environment.
set -u
ROOT=$(cd "$(dirname "$0")/.." && pwd)
export ROOT BUILD=${BUILD:-$ROOT/build}
export LIB=$BUILD/libmemgrant.so LC_ALL=C PYTHONDONTWRITEBYTECODE=1
unset LD_PRELOAD "${!MEMGRANT_@}"
passed=0 failed=0 skipped=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

programs() { # KIND: the sources of its tests, or the tests themselves when they are scripts
    case $1 in
        check) find "$ROOT/tests/check" -maxdepth 1 -type f -perm -u+x | sort ;;
        *) find "$ROOT/tests/${1%%-*}" -maxdepth 1 -name '*_test.*' ! -name '*.env' ! -name '*.expect' ! -name '*.mutants' 2>/dev/null | sort ;;
    esac
}

seconds() { # KIND: how long a test of this kind may take
    case $1 in dist) echo 3600 ;; spark) echo 1800 ;; jvm | check | model | unit-*) echo 600 ;; *) echo 300 ;; esac
}

# A program under the library, with the settings of NAME_test.env, and its report compared with NAME_test.expect.
preloaded() { # SOURCE PROGRAM
    export MEMGRANT_REPORT=$WORK/report.json
    set -a
    # shellcheck disable=SC1090 # one file a test
    [ ! -f "${1%.*}.env" ] || . "${1%.*}.env"
    set +a
    sh -c 'MEMGRANT_REPORT_OWNER=$$ LD_PRELOAD=$LIB exec "$0"' "$2" || return
    [ -z "$MEMGRANT_REPORT" ] || "$ROOT/tests/preload/balanced" "$MEMGRANT_REPORT" "${1%.*}.expect"
}
export -f preloaded

run() { # KIND SOURCE: the test itself
    local name=${2##*/}
    name=${name%.*}
    cd "$WORK" || return
    case $1:$2 in
        unit:*) "$BUILD/unit/$name" ;;
        unit-*) "$BUILD-${1#unit-}/unit/$name" ;;
        model:*) "$ROOT/tests/model/run" "${name%_test}" ;;
        preload:*_test.c | preload:*.cc | faults:*_test.c | faults:*_test.cc) preloaded "$2" "$BUILD/$1/$name" ;;
        *) "$2" ;;
    esac
}
export -f run

one() { # KIND SOURCE
    local kind=$1 name=${2##*/} start=$EPOCHREALTIME title code took
    name=${name%.*}
    name=${name%_test}
    # shellcheck disable=SC2254 # a pattern is what it is
    case $name in ${TESTS:-*}) ;; *) return ;; esac
    title=$(printf '  %-9s %-24s' "$(sed 's/-address,undefined/-asan/; s/-thread/-tsan/' <<<"$kind")" "$name")
    printf '%s ' "$title"
    export WORK=$scratch/$kind-$name
    mkdir -p "$WORK"
    # shellcheck disable=SC2016 # the inner shell's own words
    timeout -k 5 "${TEST_TIMEOUT:-$(seconds "$kind")}" bash -c 'run "$0" "$1"' "$kind" "$2" \
        </dev/null >"$scratch/output" 2>&1
    code=$?
    took=$(((${EPOCHREALTIME/./} - ${start/./}) / 100000))
    took=$((took / 10)).$((took % 10))s
    case $code in
        0) passed=$((passed + 1)); echo "ok $took" ;;
        77) skipped=$((skipped + 1)); echo "skipped: $(tail -n 1 "$scratch/output")" ;;
        *)
            failed=$((failed + 1))
            [ $code != 124 ] || echo "took longer than it may" >>"$scratch/output"
            echo "FAILED ($code) $took"
            sed 's/^/      /' "$scratch/output" | tail -n 60 | tee "$scratch/failure"
            { echo "$title FAILED ($code) $took"; cat "$scratch/failure"; } >>"$scratch/failures"
            ;;
    esac
    rm -rf "$WORK"
}

for kind in "$@"; do
    while read -r source; do one "$kind" "$source"; done < <(programs "$kind")
done
if [ $((passed + failed + skipped)) = 0 ]; then
    echo "memgrant: no test of kind $* is called '${TESTS:-*}'" >&2
    exit 1
fi
# Once more where one looks first: the end of a long run, which is all that some services keep.
[ $failed = 0 ] || [ $((passed + failed)) -le 1 ] || { echo "failed:"; cat "$scratch/failures"; }
echo "$passed passed, $failed failed$([ $skipped = 0 ] || echo ", $skipped skipped")"
[ $failed = 0 ]
