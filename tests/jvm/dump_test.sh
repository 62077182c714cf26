#!/bin/bash
# `memgrant dump PID` and `explain PID` on a JVM that was armed while it ran, as an executor is: the environment names no report. That which
# the settings name is written at the end all the same.
. "$ROOT/tests/jvm/setup.bash"
command -v python3 >/dev/null || skip "no python3 here"
mkdir -p "$WORK/classes"
cat >"$WORK/Waits.java" <<'END'
public class Waits {
    public static void main(String[] words) throws Exception {
        String wrong = io.memgrant.Memgrant.start(words[0], "targets=java:*", "report=" + words[1]);
        var buffer = java.nio.ByteBuffer.allocateDirect(64 << 20);
        System.out.println(wrong == null ? "ready" : wrong);
        System.in.read();
        io.memgrant.Memgrant.writeReport();
        System.exit(buffer.capacity() == 64 << 20 ? 0 : 1);
    }
}
END
javac -cp "$BUILD/memgrant.jar" -d "$WORK/classes" "$WORK/Waits.java"
mkfifo "$WORK/said" "$WORK/asked"
for java in $(jvms); do
    LD_PRELOAD=$LIB "$java" -cp "$CLASSES" Waits "$LIB" "$WORK/end.json" <"$WORK/asked" >"$WORK/said" 2>/dev/null &
    child=$!
    exec 7>"$WORK/asked" 8<"$WORK/said"
    read -r line <&8
    [ "$line" = ready ] || fail "the program did not start: $line"
    file=$("$ROOT/scripts/memgrant" dump "$child") || fail "no dump"
    "$ROOT/scripts/memgrant" explain "$child" >"$WORK/told" || fail "nothing explained"
    [ ! -e "$WORK/end.json" ] || fail "the report of the end is there before it"
    echo >&7
    exec 7>&- 8<&-
    wait "$child" || fail "the program did not survive being asked"
    python3 - "$child" "$file" "$WORK/end.json" <<'END' || fail "a report lacks the buffer"
import json, sys
for path in sys.argv[2:]:
    report = json.load(open(path))
    assert report["process"]["pid"] == int(sys.argv[1])
    assert [row["used"] for row in report["libraries"] if row["name"] == "java:*"][0] >= 64 << 20, report["libraries"]
END
    rm -f "$file" "$WORK/end.json"
    echo "ok - a JVM that was armed while it ran writes a report when asked, and another at its end ($java)"
done
