#!/bin/bash
# A wrong setting is one clear line, and the program runs as if we were not there.
set -u
fail() { echo "$1"; exit 1; }

one_line() { # TEXT VARIABLE=VALUE...
    local text=$1
    shift
    env MEMGRANT_TARGETS='*' MEMGRANT_LIMIT=1k MEMGRANT_ON_DENIAL=fail "$@" LD_PRELOAD="$LIB" sh -c \
        'echo works; exit 9' >out 2>errors
    [ $? = 9 ] || fail "$*: the program did not end as it should: $(cat errors)"
    [ "$(cat out)" = works ] || fail "$*: the program printed $(cat out)"
    [ "$(wc -l <errors)" = 1 ] || fail "$*: not one line: $(cat errors)"
    grep -q "^memgrant: .*$text" errors || fail "$*: said $(cat errors)"
}

cd "$WORK" || exit
one_line frobnicate MEMGRANT_FROBNICATE=1
one_line "'lots'" MEMGRANT_LIMIT=lots
one_line "'maybe'" MEMGRANT_ON_DENIAL=maybe
one_line "'strictly'" MEMGRANT_MODE=strictly
one_line colour MEMGRANT_TARGETS='lib*,colour=red'
one_line '/no/such/file' MEMGRANT_PROFILES=/no/such/file

# Off is off, and says nothing; and without any setting the library sleeps.
MEMGRANT_MODE=off MEMGRANT_TARGETS='*' MEMGRANT_LIMIT=1k MEMGRANT_REPORT=$WORK/r.json LD_PRELOAD=$LIB sh -c 'echo works' >out 2>&1
[ "$(cat out)" = works ] && [ ! -e r.json ] || fail "off is not off: $(cat out)"
LD_PRELOAD=$LIB sh -c 'echo works' >out 2>&1
[ "$(cat out)" = works ] || fail "it is not silent without settings: $(cat out)"
