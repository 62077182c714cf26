#!/bin/bash
# run.sh SECONDS: threads free each other's blocks, observed and enforced; at the end the books are at zero.
set -eu
cd "$(dirname "$0")/../.."
export MEMGRANT_TARGETS=libtarget.so MEMGRANT_REPORT=$PWD/build/stress/report.json
expect=$(mktemp)
trap 'rm -f "$expect"' EXIT
printf '%s\n' 'library("libtarget").used == 0' 'root.denials == 0' \
    'library("libtarget").allocations == library("libtarget").frees > 100000' >"$expect"
for limit in '' 16g; do
    printf "  %s: " "$([ -z "$limit" ] && echo observed || echo enforced)"
    rm -f "$MEMGRANT_REPORT"
    # shellcheck disable=SC2016 # the inner shell's own
    MEMGRANT_LIMIT=$limit LIB=$PWD/build/libmemgrant.so \
        sh -c 'MEMGRANT_REPORT_OWNER=$$ LD_PRELOAD=$LIB exec build/stress/exchange 8 "$0"' "$1"
    tests/preload/balanced "$MEMGRANT_REPORT" "$expect"
done
