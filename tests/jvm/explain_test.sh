#!/bin/bash
# `memgrant explain PID` on a JVM: 64 MB of direct buffers are found with the libraries, and little has no owner.
set -u
cd "$WORK" || exit
fail() { echo "$1"; cat told 2>/dev/null; exit 1; }
command -v jcmd >/dev/null && command -v python3 >/dev/null || { echo "no jcmd or python3 here"; exit 77; }
cat >Held.java <<'END'
public class Held {
    public static void main(String[] words) throws Exception {
        var buffer = java.nio.ByteBuffer.allocateDirect(64 << 20);
        for (int i = 0; i < buffer.capacity(); i += 4096)
            buffer.put(i, (byte) 1);
        System.out.println("ready");
        System.in.read();
        buffer.put(0, (byte) 2);
    }
}
END
mkfifo said asked
"$ROOT/scripts/memgrant" run --observe --report r.json -- java -Xmx200m Held.java <asked >said &
child=$!
exec 7>asked 8<said
read -r line <&8
[ "$line" = ready ] || fail "the program did not start"
"$ROOT/scripts/memgrant" explain "$child" >told || fail "explain failed"
echo >&7
wait "$child" || fail "the program did not survive being asked"
awk '/^libraries. blocks/ { blocks = $3 } /^Java heap/ { heap = $3 } /^UNEXPLAINED/ { rest = $2 } /^anonymous, resident/ { all = $3 }
    END { print "unexplained", rest + 0, "of", all, "MB"; exit !(blocks >= 64 && heap > 0 && all > blocks + heap && rest <= all * 0.03) }' told ||
    fail "the buffers are not found, or more than 3 % has no owner"
