#!/bin/bash
# random.sh SECONDS: plays so long in each mode; the test itself compares the books with what it did.
set -eu
build=${BUILD:-$(dirname "$0")/../../build}
export MEMGRANT_ON_DENIAL=fail

play() { # NAME TARGETS [LIMIT]
    printf '  %s: ' "$1"
    MEMGRANT_TARGETS=$2 MEMGRANT_LIMIT=${3:-} "$build/stress/random" "$seconds"
}

seconds=$1
play observed 'libcalls_one*;libcalls_two*'
play enforced 'libcalls_one*;libcalls_two*' 1g
play 'one library limited' 'libcalls_one*;libcalls_two*,limit=300m'
