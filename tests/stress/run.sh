#!/bin/bash
# run.sh MINUTES: threads free each other's blocks under the library as it is, observed and enforced, and at the end the
# books are at zero; then the randomized test, as long as there is time.
set -eu
cd "$(dirname "$0")/../.."
seconds=$(($1 * 60))
exchange() { # LIMIT SECONDS
    printf '  blocks exchanged, %s: ' "$([ -z "$1" ] && echo observed || echo enforced)"
    rm -f "$MEMGRANT_REPORT"
    # shellcheck disable=SC2016 # the inner shell's own
    MEMGRANT_TARGETS=libtarget.so MEMGRANT_LIMIT=$1 LIB=$PWD/build/libmemgrant.so \
        sh -c 'MEMGRANT_REPORT_OWNER=$$ LD_PRELOAD=$LIB exec build/stress/exchange 8 "$0"' "$2"
    tests/preload/balanced "$MEMGRANT_REPORT" "$expect"
}

expect=$(mktemp)
export MEMGRANT_REPORT=$PWD/build/stress/report.json
trap 'rm -f "$expect"' EXIT
printf '%s\n' 'library("libtarget").used == 0' 'root.denials == 0' \
    'library("libtarget").allocations == library("libtarget").frees > 100000' >"$expect"
exchange '' $((seconds / 12))
exchange 16g $((seconds / 12))
unset MEMGRANT_REPORT
tests/stress/random.sh $((seconds * 10 / 36))
