#!/bin/bash
# A report is for its owner only, and a link that somebody laid where it is written leads to nothing of his.
set -u
cd "$WORK" || exit
fail() { echo "$1"; exit 1; }
umask 000
MEMGRANT_TARGETS='*' MEMGRANT_REPORT="$WORK/report.json" LD_PRELOAD="$LIB" sh -c 'MEMGRANT_REPORT_OWNER=$$ exec ls' >/dev/null
report=$(find . -name 'report.json*' | head -n 1)
[ "$(stat -c %a "$report")" = 600 ] || fail "its mode is $(stat -c %a "$report")"

# The file that is renamed has the process's number in its name: the shell lays something there before it becomes the program.
# Links lead to somebody's file, a pipe nobody reads holds up whoever opens it, and another one's file stays readable to him.
echo precious >victim
# shellcheck disable=SC2016 # the inner shell's own words
for lay in 'ln -s "$PWD/victim"' 'ln "$PWD/victim"' mkfifo 'cp "$PWD/victim"'; do
    rm -f report.json*
    LAY=$lay MEMGRANT_REPORT="$WORK/report.json" timeout 20 sh -c 'for name in report.json report.json.$$; do eval "$LAY \$name.tmp$$"; done
        MEMGRANT_TARGETS="*" MEMGRANT_REPORT_OWNER=$$ LD_PRELOAD=$LIB exec ls' >/dev/null || fail "the program ended with $? after: $lay"
    [ "$(cat victim)" = precious ] || fail "somebody's file was written to: $(head -c 100 victim)"
    [ -f report.json ] && [ ! -L report.json ] && [ "$(stat -c %a:%h report.json)" = 600:1 ] || fail "no report, or not its owner's alone, after: $lay; $(ls -l)"
done
