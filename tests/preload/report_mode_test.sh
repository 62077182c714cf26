#!/bin/bash
# A report is for its owner only, and a link that somebody laid where it is written leads to nothing of his.
set -u
cd "$WORK" || exit
fail() { echo "$1"; exit 1; }
umask 000
MEMGRANT_TARGETS='*' MEMGRANT_REPORT="$WORK/report.json" LD_PRELOAD="$LIB" sh -c 'MEMGRANT_REPORT_OWNER=$$ exec ls' >/dev/null
report=$(find . -name 'report.json*' | head -n 1)
[ "$(stat -c %a "$report")" = 600 ] || fail "its mode is $(stat -c %a "$report")"

# The file that is renamed has the process's number in its name: the shell lays the link before it becomes the program.
echo precious >victim
rm -f report.json*
# shellcheck disable=SC2016 # the inner shell's own words
MEMGRANT_REPORT="$WORK/report.json" sh -c 'for name in report.json report.json.$$; do ln -s "$PWD/victim" "$name.tmp$$"; done
    MEMGRANT_TARGETS="*" MEMGRANT_REPORT_OWNER=$$ LD_PRELOAD=$LIB exec ls' >/dev/null
[ "$(cat victim)" = precious ] || fail "the link was followed: $(head -c 100 victim)"
[ -z "$(find . -name 'report.json' -o -name "report.json.[0-9]*[0-9]" ! -name '*.tmp*')" ] || fail "a report that nobody could write: $(ls)"
exit 0
