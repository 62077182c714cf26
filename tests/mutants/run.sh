#!/bin/bash
# run.sh: each NAME.patch of this folder takes one cure of docs/hazards.md out of the sources. Each is tried in a copy of the
# tree, where the tests that it names must fail: `caught`. One that passes has SURVIVED: nobody would notice the hazard.
# MUTANTS='fork* late*' chooses by names, JOBS=2 says how many copies are at work. The copies stay in build/mutants, so that the
# next run compiles little.
#
# A patch begins with lines for people and for us:
#     Breaks: what no longer holds
#     Tests: preload/tail_call unit/order      (as run.sh of tests/ calls them: KIND/NAME)
set -u
here=$(cd "$(dirname "$0")" && pwd)
ROOT=${here%/tests/mutants}
BUILD=${BUILD:-$ROOT/build}
copies=$BUILD/mutants
tree=$copies/${SLOT:-0}
cd "$ROOT" || exit

tests_of() { # PATCH
    sed -n 's/^Tests: *//p' "$1" | tr ' ' '\n' | grep .
}

files_of() { # PATCH
    sed -n 's:^+++ b/::p' "$1"
}

# The sources as they are now. What the last mutant touched is touched again, for its objects are newer than the source.
refresh() {
    local mutated=$tree/.mutated parts=(src interpose jni include release tools tests scripts docs Makefile)
    mkdir -p "$tree/build" || return
    (cd "$tree" && rm -rf "${parts[@]}" ./*.md)
    cp -a "${parts[@]}" ./*.md "$tree/" || return
    [ ! -f "$mutated" ] || (cd "$tree" && xargs -r touch -c <"$mutated")
    ln -sfn "$BUILD/memgrant.jar" "$tree/build/memgrant.jar"
}

# A link without link-time optimisation takes a second, not ten.
build() { # TEST...
    local targets=(build/libmemgrant.so) test
    for test; do
        case $test in
            unit/*) targets+=("build/${test}_test") ;;
            preload/*) [ ! -e "tests/${test}_test.sh" ] || continue
                targets+=("build/${test}_test") ;;
        esac
    done
    make -s -C "$tree" LTO= "${targets[@]}" "${fixtures[@]}" >"$tree/.built" 2>&1
}
# Scripts of tests/preload look for programs and libraries of their own accord.
fixtures=()
for source in tests/libs/*.c tests/libs/*.cc; do
    name=${source##*/}
    fixtures+=("build/libs/${name%.*}.so")
done
for name in errno zero_size alignment thread_exit new_delete realloc_owners first_operation; do
    fixtures+=("build/preload/${name}_test")
done

# The test's line of tests/run.sh: ok, FAILED or skipped. What the shell says of signals goes elsewhere, or into that line.
try() { # TEST
    TESTS=${1#*/} TEST_TIMEOUT=$(case $1 in jvm/*) echo 90 ;; *) echo 30 ;; esac) \
        BUILD=$tree/build "$tree/tests/run.sh" "${1%%/*}" >"$tree/.output" 2>"$tree/.shell"
    grep -E '^  [a-z-]+ +[^ ]+ +(ok|FAILED|skipped)' "$tree/.output" | head -n 1
}

show() { # TEXT FILE: one line, and what the file says about it, at once: others write too
    printf '%s\n%s\n' "$1" "$(tail -n "${3:-15}" "$2" | sed 's/^/      /')"
    return 1
}

# One test without any mutant: one that fails anyway catches nothing.
plain() { # TEST
    refresh && build "$1" && rm -f "$tree/.mutated" || { show "  $1: does not build" "$tree/.built"; return 1; }
    case $(try "$1") in
        *" ok "*) ;;
        *skipped:*) sed -n "s,^.*skipped: ,  $1 can't run here: ,p" "$tree/.output" ;;
        *) show "  $1: fails without a mutant" "$tree/.output" 60 ;;
    esac
}

mutant() { # PATCH
    local name test failed='' passed='' skipped=''
    local -a tests
    name=$(basename "$1" .patch)
    mapfile -t tests < <(tests_of "$1")
    refresh || return
    files_of "$1" >>"$tree/.mutated"
    # The copy is no repository, and the one around it is not to be looked for.
    (cd "$tree" && GIT_CEILING_DIRECTORIES=$copies git apply "$1") >"$tree/.built" 2>&1 ||
        { show "  $name: NO LONGER APPLIES; make it anew" "$tree/.built"; return 1; }
    (cd "$tree" && xargs -r touch -c <"$tree/.mutated")
    build "${tests[@]}" || { show "  $name: DOES NOT BUILD" "$tree/.built"; return 1; }
    files_of "$1" >"$tree/.mutated" # what others before it touched has been made anew
    for test in "${tests[@]}"; do
        case $(try "$test") in
            *" ok "*) passed+=" $test" ;;
            *skipped:*) skipped+=" $test" ;;
            *) failed+=" $test" ;;
        esac
    done
    [ -z "$passed" ] || { echo "  $name: SURVIVED$passed"; return 1; }
    [ -n "$failed" ] || { echo "  $name: not tried: can't run here:$skipped" && return 0; }
    echo "  $name: caught by$failed${skipped:+ (can\'t run here:$skipped)}"
}

case ${1:-} in
    --plain) plain "$2"; exit ;;
    --mutant) mutant "$2"; exit ;;
esac

mkdir -p "$copies" || exit
patches=()
set -f
for pattern in ${MUTANTS:-*}; do
    mapfile -t -O ${#patches[@]} patches < <(find "$here" -name "$pattern.patch" | sort)
done
set +f
[ ${#patches[@]} -gt 0 ] || { echo "memgrant: there is no mutant '${MUTANTS:-*}'" >&2; exit 1; }

each() { # MODE: the arguments, one a line
    xargs -d '\n' -P "${JOBS:-2}" -n 1 --process-slot-var=SLOT "$0" "$1"
}
started=$SECONDS
for patch in "${patches[@]}"; do tests_of "$patch"; done | sort -u | each --plain ||
    { echo "memgrant: tests fail without a mutant; mend them first" >&2; exit 1; }
printf '%s\n' "${patches[@]}" | each --mutant | tee "$copies/results"
code=${PIPESTATUS[1]}
echo "$(grep -c '^  [^ ]*: caught by' "$copies/results") of ${#patches[@]} mutants caught," \
    "$(grep -c '^  [^ ]*: SURVIVED' "$copies/results") survived, $((SECONDS - started)) s"
[ "$code" = 0 ]
