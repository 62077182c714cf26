#!/bin/bash
# `memgrant explain PID` on a JVM: 64 MB of direct buffers are found with the libraries, little has no owner, and the settings that it ends with
# would hold the buffers. So do those for its report. Pages of a file that it maps privately are told from them.
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
        var file = java.nio.file.Path.of(words[0]).toRealPath();
        map(file);
        System.in.read();
        mapped = null;
        while (java.nio.file.Files.readString(java.nio.file.Path.of("/proc/self/maps")).contains(file.toString()))
            System.gc(); // until its Cleaner has unmapped it
        System.out.println("unmapped");
        System.in.read();
        buffer.put(0, (byte) 3);
    }

    static java.nio.MappedByteBuffer mapped;

    static void map(java.nio.file.Path file) throws Exception {
        try (var channel = java.nio.channels.FileChannel.open(file, java.nio.file.StandardOpenOption.READ, java.nio.file.StandardOpenOption.WRITE)) {
            mapped = channel.map(java.nio.channels.FileChannel.MapMode.PRIVATE, 0, 64 << 20);
        }
        for (int i = 0; i < mapped.capacity(); i += 4096)
            mapped.put(i, (byte) 1);
        System.out.println("mapped");
    }
}
END
# In a container of 1 GB, where one can be made and no other around it is nearer.
limited=
outside=$(PYTHONPATH=$ROOT/scripts python3 -c 'import cgroups; print(cgroups.container_of("self") and "limited")')
[ "$outside" = None ] && for root in /sys/fs/cgroup/memory /sys/fs/cgroup; do
    group=$root/memgrant-explain.$$
    mkdir "$group" 2>/dev/null || continue
    for limit in memory.limit_in_bytes memory.max; do
        [ -n "$limited" ] || { [ -f "$group/$limit" ] && echo 1g >"$group/$limit" && limited=$group; } 2>/dev/null
    done
    [ -z "$limited" ] || break
    rmdir "$group"
done
trap '[ -z "$limited" ] || { kill "${child-}" 2>/dev/null && wait "$child"; rmdir "$limited"; }' EXIT
truncate -s 64m private.data
mkfifo said asked
(
    [ -z "$limited" ] || echo "$BASHPID" >"$limited/cgroup.procs"
    exec "$ROOT/scripts/memgrant" run --observe --report r.json -- java -Xmx200m Held.java private.data <asked >said
) &
child=$!
exec 7>asked 8<said
read -r line <&8
[ "$line" = ready ] || fail "the program did not start"
"$ROOT/scripts/memgrant" explain "$child" >told || fail "explain failed"
# What is written of a file that is mapped with MapMode.PRIVATE is shown by itself; unmapped, it is gone.
goes_on() { # LINE: it says that, and is asked
    echo >&7
    read -r line <&8
    [ "$line" = "$1" ] || fail "the program did not get to: $1"
    "$ROOT/scripts/memgrant" explain "$child" >"$1" || { cat "$1"; fail "explain failed: $1"; }
    awk '/^libraries. blocks/ { blocks = $3 } /^ *private pages of files/ { private = $5 }
        END { exit !(blocks >= 64 && ('"$2"')) }' "$1" || { cat "$1"; fail "the pages of a private mapping: $1"; }
}
goes_on mapped 'private >= 64'
goes_on unmapped 'private < 64'
echo >&7
wait "$child" || fail "the program did not survive being asked"
awk '/^libraries. blocks/ { blocks = $3 } /^Java heap/ { heap = $3 } /^UNEXPLAINED/ { rest = $2 } /^anonymous, resident/ { all = $3 }
    END { print "unexplained", rest + 0, "of", all, "MB"; exit !(blocks >= 64 && heap > 0 && all > blocks + heap && rest <= all * 0.03) }' told ||
    fail "the buffers are not found, or more than 3 % has no owner"
if [ -n "$limited" ]; then
    sed -n 's/^its container, by the memory cgroup: limit \([0-9.]*\) MB, of which \([0-9.]*\) MB are left; \([0-9.]*\) MB are anonymous.*/\1 \2 \3/p' told |
        awk -v all="$(sed -n 's/^anonymous, resident *\([0-9.]*\) MB/\1/p' told)" '{ seen = 1; ok = $1 == 1024 && $2 < 1024 - all && $3 > all * 0.9 }
            END { exit !(seen && ok) }' || fail "the container's limit is not told"
fi
holds() { # what is recommended is a quarter more than the 64 MB at least, and no more than their reasons add up to
    tail -n 2 told | sed 's/^\(spark[^:]*\)=\([0-9]*\)m: .*libraries. \([0-9.]*\) MB.*/\1 \2 \3/' | awk '$1 == "spark.executor.memoryOverhead" { overhead = $2; peak = $3 }
        $1 == "spark.memory.offHeap.size" { pool = $2 } END { exit !(peak >= 64 && pool >= peak * 1.25 && pool < peak * 1.25 + 64 && overhead >= pool) }'
}
holds || fail "the settings do not hold the buffers"
"$ROOT/scripts/memgrant" explain r.json >told || fail "explain failed on the report"
holds || fail "the settings for the report do not hold the buffers"
