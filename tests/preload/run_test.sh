#!/bin/bash
# Ordinary programs under a fixed budget, without a JVM: what they print and how they end is as without us, their books
# balance; and a program that needs more than its budget gets ENOMEM and says so in its own words.
set -u
memgrant=$ROOT/scripts/memgrant
python=$(python3 -c 'import sys; print(sys.executable)')
fail() { echo "$1"; exit 1; }

balanced() { # WHAT: every report of a run, the children's too
    local report
    for report in report.json*; do
        "$ROOT/tests/preload/balanced" "$report" || fail "$1: the books of $report do not balance"
    done
    [ -s report.json ] || fail "$1: there is no report of its own"
    rm -f report.json*
}

same() { # COMMAND...: output and end are the plain run's
    local plain_code code
    "$@" <input >plain 2>plain.errors
    plain_code=$?
    "$memgrant" run --target '*' --limit 64m --on-denial fail --report report.json -- "$@" <input >ours 2>ours.errors
    code=$?
    [ $code = $plain_code ] || fail "$*: ended with $code instead of $plain_code: $(cat ours.errors)"
    cmp plain ours || fail "$*: printed something else"
    cmp plain.errors ours.errors || fail "$*: complained of something else: $(cat ours.errors)"
    # A signal that kills leaves no time for a report.
    [ $code -gt 128 ] || balanced "$*"
}

needs_more() { # MESSAGE COMMAND...: what it says when 16 MB are too little
    local message=$1 ended
    shift
    "$memgrant" run --target '*' --limit 16m --on-denial fail --report report.json -- "$@" <input >ours 2>&1
    ended=$?
    [ $ended -gt 0 ] && [ $ended -lt 125 ] || fail "$*: ended with $ended: $(tail -n 5 ours)"
    grep -q "$message" ours || fail "$*: did not say '$message': $(tail -n 5 ours)"
    grep -q '"denials":[1-9]' report.json || fail "$*: no denial was counted"
    balanced "$*"
}

seq 1 300000 | awk '{ print ($1 * 7919) % 300007, "line", $1 }' >input
cat >many.c <<'END'
#include <stdio.h>
#include <stdlib.h>
struct pair { int a, b; };
static int compare(const void *x, const void *y) { return ((const struct pair *)x)->b - ((const struct pair *)y)->b; }
int main(void)
{
    struct pair *pairs = calloc(1000, sizeof *pairs);
    for (int i = 0; i < 1000; i++)
        pairs[i] = (struct pair){ i, (i * 7919) % 1000 };
    qsort(pairs, 1000, sizeof *pairs, compare);
    printf("%d %d\n", pairs[0].a, pairs[999].a);
    free(pairs);
    return 5;
}
END
{
    echo 'create table t (a integer, b text);'
    echo 'with recursive n (i) as (select 1 union all select i + 1 from n where i < 60000)'
    echo "insert into t select i * 7919 % 60013, 'row ' || i from n;"
    echo 'create index by_a on t (a); select count(*), sum(a), max(b) from t; select * from t order by b limit 3;'
} >work.sql

same sort
same sort -n --parallel=4
same sqlite3 -init work.sql :memory: .exit
same "$python" -c 'import json, sys
print(sum(len(line) for line in sys.stdin), len(json.dumps([{"k": str(i)} for i in range(50000)])))'
same "$python" -c 'raise SystemExit(41)'
same gcc -O2 -c many.c -o many.o
same gcc many.o -o many
same ./many
same sh -c 'kill -TERM $$' 2>/dev/null
same awk '{ seen[$1 % 1000]++ } END { for (i in seen) n += seen[i]; print n }'

tr -d '\n' <input >long && for _ in 1 2 3; do cat long long >longer && mv longer long; done
needs_more 'memory exhausted' sort long
needs_more MemoryError "$python" -c 'b = bytearray(100_000_000)'
needs_more 'out of memory' sqlite3 :memory: 'select length(hex(zeroblob(50000000)));'
