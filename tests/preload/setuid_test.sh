#!/bin/bash
# A program that runs with more rights than its caller (set-user-ID: AT_SECURE) takes nothing from the caller's environment:
# neither by LD_PRELOAD, whose paths ld.so ignores then, nor where the library is there for another reason: it would
# write its report wherever the caller wants.
set -u
cd "$WORK" || exit
fail() { echo "$1"; exit 1; }
[ "$(id -u)" = 0 ] || { echo "only root can make a set-user-ID program of somebody else's"; exit 77; }
cat >secure.c <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
int main(void)
{
    void *volatile block = malloc(1000);
    free(block);
    printf("%ld\n", (long)getauxval(AT_SECURE));
    return 5;
}
C
"${CC:-cc}" -o plain secure.c && "${CC:-cc}" -o linked secure.c -Wl,--no-as-needed "$LIB" -Wl,-rpath,"${LIB%/*}" || fail "the fixture does not compile"
chmod 755 . && mkdir out && chmod 777 out
# The program is somebody else's, the caller root: rights are fewer, and ld.so calls that secure all the same.
chown nobody plain linked && chmod 4755 plain linked || fail "no set-user-ID program can be made"
[ "$(./plain)" = 1 ] || { echo "this file system does not honour set-user-ID"; exit 77; }

ends_as_alone() { # VARIABLE=VALUE... PROGRAM
    env MEMGRANT_TARGETS='*' MEMGRANT_LIMIT=100 MEMGRANT_ON_DENIAL=fail MEMGRANT_REPORT="$WORK/out/report.json" "$@" \
        >said 2>errors
    [ $? = 5 ] && [ "$(cat said)" = 1 ] || fail "$*: it ended otherwise: $(cat said errors)"
    [ -z "$(ls out)" ] || fail "$*: it wrote $(ls out)"
}
ends_as_alone LD_PRELOAD="$LIB" ./plain
ends_as_alone ./linked
[ ! -s errors ] || fail "it said: $(cat errors)"

# The same program with its caller's rights does as it is told.
cp linked ordinary && chmod 755 ordinary
MEMGRANT_TARGETS='*' MEMGRANT_REPORT="$WORK/out/report.json" ./ordinary >/dev/null 2>&1
[ -s out/report.json ] || fail "a program that is linked with the library is not counted"
