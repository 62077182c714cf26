#!/bin/bash
# What a fleet's keeper says holds: MEMGRANT_INERT, or the file /etc/memgrant/inert, and a process that was to be counted says one line, and works
# as without the library; one that was not, says nothing.
set -u
cd "$WORK" || exit
fail() { echo "$1"; exit 1; }
counted() { env MEMGRANT_REPORT="$WORK/report.json" LD_PRELOAD="$LIB" "$@" sh -c 'echo works' >out 2>said; }

counted env || fail "it does not work at all"
[ -s report.json ] || fail "without that nothing is counted: the test is worth nothing"
rm report.json
counted env MEMGRANT_INERT=true || fail "it does not work"
[ ! -e report.json ] || fail "it was counted, though the environment says not to"
grep -qx works out || fail "it wrote $(cat out)"
grep -q 'memgrant: MEMGRANT_INERT is set; nothing is counted' said || fail "it said: $(cat said)"
counted env MEMGRANT_INERT=true MEMGRANT_LIMIT=nonsense || fail "it does not work with a wrong setting"
[ ! -e report.json ] || fail "it was counted, with a wrong setting"
counted env MEMGRANT_INERT=false || fail "it does not work with false"
[ -s report.json ] || fail "false is no no"
[ "$(MEMGRANT_INERT=true LD_PRELOAD=$LIB sh -c 'echo works' 2>&1)" = works ] || fail "who was not to be counted said something"
rm report.json

# /etc of its own: with that file in it, and with nothing else that the library or the programs here look at.
mkdir -p etc/memgrant && touch etc/memgrant/inert && cp /etc/ld.so.cache /etc/passwd etc/ 2>/dev/null
unshare --mount --map-root-user true 2>/dev/null || { echo "not tried: the file, since there are no namespaces"; exit 0; }
# shellcheck disable=SC2016 # the inner shell's
LIB=$LIB unshare --mount --map-root-user sh -c 'mount --bind etc /etc && exec env MEMGRANT_REPORT=$PWD/report.json LD_PRELOAD=$LIB sh -c "echo works"' \
    >out 2>said || fail "it does not work where the file is: $(cat said)"
grep -q '/etc/memgrant/inert is there; nothing is counted' said || fail "where the file is it said: $(cat said)"
[ ! -e report.json ] || fail "it was counted, though the file is there"
