#!/bin/bash
# `memgrant top PID`: figures of a process from outside, also when it is stopped; of a child its own; nothing that stands in the page is
# believed.
set -u
cd "$WORK" || exit
fail() { echo "$1"; exit 1; }
memgrant=$ROOT/scripts/memgrant
python=$(python3 -c 'import sys; print(sys.executable)')
command=$(basename "$(readlink -f "$python")")

cat >holds.py <<'END'
import os, sys
blocks = []
def serve(name):
    print(name, os.getpid(), flush=True)
    for line in sys.stdin:
        what, size = line.split()
        if what == "hold":
            blocks.append(bytearray(int(size)))
        elif what == "drop":
            blocks.clear()
        elif what == "waver":
            for _ in range(8):
                blocks.append(bytes(int(size)))  # not written to, so that little time goes by
                blocks.clear()
            blocks.append(bytes(int(size)))
        elif what == "close":
            os.closerange(3, 4096)
        elif what == "fork":
            before = len(blocks)
            child = os.fork()
            if not child:
                blocks.clear()
                blocks.append(bytearray(int(size)))
                print("child", os.getpid(), flush=True)
                sys.stdin.readline()
                os._exit(0)
            os.waitpid(child, 0)
        print("done", flush=True)
serve("ready")
END
mkfifo said asked
"$memgrant" run -- "$python" holds.py <asked >said &
program=$!
exec 7>asked 8<said
read -r _ pid <&8

tell() { # WORD SIZE: and waits until it is done
    echo "$1 $2" >&7
    read -r _ <&8
}

used() { # PID: what its root account uses now, in whole MB
    "$memgrant" top "$1" --once >shown || fail "top failed"
    awk '$NF == "process" { print int($1 / ($2 == "B" ? 1048576 : $2 == "K" ? 1024 : 1)); exit }' shown
}

about() { # WHAT MB EXPECTED
    [ "$2" -ge "$3" ] && [ "$2" -lt $(($3 + 12)) ] || { cat shown; fail "$1: $2 MB instead of $3"; }
}

about "at the start" "$(used "$pid")" 0
tell hold 100000000
about "one block is seen at once, though nothing follows it" "$(used "$pid")" 95
kill -STOP "$pid"
about "of a stopped process" "$(used "$pid")" 95
grep -q 'state T (stopped)' shown || fail "that it is stopped is not said"
grep -q "$command" shown || fail "the program is not named"
grep -q "LIBRARY" shown || fail "there are no libraries"
kill -CONT "$pid"
tell drop 0
about "what was freed" "$(used "$pid")" 0
tell waver 100000000
about "the last of many changes at once" "$(used "$pid")" 95
tell drop 0

# A child has a page of its own, and its parent's figures stay what they are.
tell hold 50000000
echo "fork 200000000" >&7
read -r _ child <&8
about "the child's" "$(used "$child")" 190
about "the parent's, meanwhile" "$(used "$pid")" 47
echo >&7
read -r _ <&8

"$memgrant" top "$$" --once 2>error && fail "a process without memgrant was shown"
grep -q 'does not run under memgrant' error || fail "that there is no memgrant in it is not said"
"$memgrant" top 999999999 --once 2>error && fail "no process was shown"
grep -q 'there is no process' error || fail "that there is no process is not said"
"$memgrant" top 2>error && fail "nothing was shown"
grep -q 'needs a process id' error || fail "what is missing is not said"

# Redrawn until the process ends.
mkfifo frames
"$memgrant" top "$pid" >frames 7>&- 8<&- &
top=$!
exec 9<frames
tell hold 300000000
for ((drawn = 0; drawn < 2;)); do
    read -r line <&9 || fail "top drew $drawn times"
    [[ $line != *LIBRARY ]] || drawn=$((drawn + 1))
done
exec 7>&-
wait "$program"
cat <&9 >frame
wait "$top" || fail "top did not end well"
grep -q "process $pid has ended" frame || fail "top did not see the end"

# Pages that somebody else made up: counts that lead out of them, too short, of another version, never whole, names that write to the
# terminal.
cat >pretends.py <<'END'
import os, struct, sys
COPY = 72 + 128 * 184 + 96 * 120 + 8
def page(version=1, accounts=1, libraries=0, ended=2, length=32 + 2 * COPY):
    whole = 32 + 2 * COPY
    copy = struct.pack("<QqqqqqQQQ", 2, 0, 0, 0, 0, 0, accounts, 0, libraries) + b"evil\033]0;x\007" * 20
    copy = copy.ljust(COPY - 8, b"\xff") + struct.pack("<Q", ended)
    head = struct.pack("<8sIIqQ", b"memgrant", version, whole, os.getpid(), 2)
    file = os.memfd_create("memgrant")
    os.write(file, (head + copy + bytes(COPY))[:length])
page(**eval(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
END
pretend() { # ARGUMENTS WHAT-TOP-SAYS
    mkfifo in out
    "$python" pretends.py "$1" <in >out &
    exec 7>in 8<out
    read -r _ <&8
    timeout 20 "$memgrant" top $! --once >shown 2>&1
    code=$?
    exec 7>&- 8<&-
    wait $!
    rm in out
    grep -q "$2" shown || { cat shown; fail "$1: top says something else, and ends with $code"; }
    grep -q "$(printf '\033')" shown && fail "$1: an escape went to the terminal"
    [ "$code" = "${3:-125}" ] || fail "$1: top ends with $code"
}
pretend 'dict()' 'evil?\]0;x?evil' 0
pretend 'dict(accounts=129)' "holds 129 accounts"
pretend 'dict(libraries=2**63)' "and 9223372036854775808 libraries"
pretend 'dict(version=2)' "page of version 2"
pretend 'dict(ended=1)' "is never whole"
pretend 'dict(length=5000)' "bytes large"
