#!/bin/bash
# `memgrant dump PID`: a report of a living process, where its settings say, and in /tmp when they say nothing.
set -u
cd "$WORK" || exit
fail() { echo "$1"; exit 1; }
memgrant=$ROOT/scripts/memgrant

# Starts a program that holds memory, says that it is ready and waits for us; $child and the pipes are then set.
start() { # WORD...: before the program's
    mkfifo said asked
    "$@" "$(python3 -c 'import sys; print(sys.executable)')" -c '
import sys
held = bytearray(5_000_000)
print("ready", flush=True)
sys.stdin.readline()' <asked >said &
    child=$!
    exec 7>asked 8<said
    read -r line <&8
    [ "$line" = ready ] || fail "the program did not start"
}

end() {
    echo >&7
    wait "$child" || fail "the program did not survive being asked"
    exec 7>&- 8<&-
    rm -f said asked
}

start "$memgrant" run --report r.json --
[ ! -e r.json ] || fail "there is a report before anybody asked"
for _ in 1 2 3; do
    [ "$("$memgrant" dump "$child")" = "$WORK/r.json" ] || fail "dump does not say where the report is"
    "$ROOT/tests/preload/balanced" r.json || fail "the report on request does not balance"
    grep -q "\"pid\":$child," r.json || fail "the report is somebody else's"
done
end
# Preloaded by hand, the process itself has the name, and only its children can read so.
start env MEMGRANT_REPORT="$WORK/plain.json" LD_PRELOAD="$LIB"
[ "$("$memgrant" dump "$child")" = "$WORK/plain.json" ] || fail "dump looks elsewhere for the report of a process without memgrant run"
end
start "$memgrant" run --
file=$("$memgrant" dump "$child") || fail "dump failed without MEMGRANT_REPORT"
[ "$file" = "/tmp/memgrant-$child.json" ] || fail "the report is in $file"
"$ROOT/tests/preload/balanced" "$file" || fail "the report in /tmp does not balance"
end
rm -f "$file"
