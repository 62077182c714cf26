#!/bin/bash
# `memgrant explain REPORT`: the libraries, and settings for Spark that follow from known figures; tests/jvm/explain_test.sh asks a JVM.
set -u
cd "$WORK" || exit
fail() { echo "$1"; cat said 2>/dev/null; exit 1; }
command -v python3 >/dev/null || { echo "no python3 here"; exit 77; }
explain() { # EXIT-CODE REPORT
    local got
    "$ROOT/scripts/memgrant" explain "$2" >said 2>&1
    got=$?
    [ $got = "$1" ] || fail "exit code $got instead of $1 for: $2"
}
says() { # LINE
    grep -Fqx -- "$1" said || fail "this is not said: $1"
}
report() { # MODE COMMAND RSS-PEAK DENIALS: libraries had 100 MB at most and have 30
    printf '{"version":1,"process":{"pid":7,"command":"%s","rss_bytes":209715200,"rss_peak_bytes":%d},"mode":"%s","accounts":[{"name":"process",
        "used":31457280,"peak":104857600,"denials":0}],"libraries":[{"name":"librocksdbjni.so","used":31457280,"peak":104857600,"mapped":0,"denials":%d}]}' "$2" "$3" "$1" "$4"
}

# 100 MB and a quarter, and 384 MB: 509, which is 512 in steps of 64.
report observe '/usr/bin/java -Xmx1g Main' 524288000 0 >r.json
explain 0 r.json
says 'librocksdbjni.so                                   30.0 MB, at most 100.0 MB'
grep -q '^a report knows no pages' said || fail "what a report can't know is not said"
says "spark.executor.memoryOverhead=512m: a quarter more than the libraries' 100.0 MB at their peak, and 384.0 MB, Spark's default, for the JVM's own parts, which no report knows"
says "spark.memory.offHeap.size=128m: a quarter more than the libraries' 100.0 MB at their peak, to grant it (spark.memgrant.mode=enforce); spark.executor.memoryOverhead=384m is then enough"

# Of 2100 MB 1000 are no heap and no library's: 1250, and 125.
report observe '/usr/bin/java -Xms5m -Xmx1000m Main' $((2100 << 20)) 0 >r.json
explain 0 r.json
grep -q "^spark.executor.memoryOverhead=1408m: .* and 1000.0 MB that were resident beyond a full heap and the libraries$" said || fail "more than the default"

report enforce java 524288000 3 >r.json
explain 0 r.json
grep -q "^spark.executor.memoryOverhead=384m: .*; the libraries have the pool$" said || fail "libraries that have the pool are in the overhead"
grep -q '^spark.memory.offHeap.size=128m: .* denied 3 times' said || fail "denials are not said"

report observe '/usr/bin/lua' 524288000 0 >r.json
explain 0 r.json
! grep -q '^spark\.' said || fail "settings for Spark are recommended for a process that is no JVM"

# Processes that work for this one.
workers='{"name":"task 1","pid":8,"peak":1048576},{"name":"task 2","pid":9,"peak":3145728},{"name":"task 3","pid":9,"resident_peak":2097152,"unfinished":true}'
report observe '/usr/bin/java -Xmx1g Main' 524288000 0 | sed "\$s/}\$/,\"workers\":[$workers,{\"left_out\":5}]}/" >r.json
explain 0 r.json
says 'Python workers                                      3.0 MB at most, beside the libraries, for task 2 in worker 9'

# Of a run.
"$ROOT/scripts/memgrant" run --report run.json -- sort /dev/null || fail "no run"
explain 0 run.json

# Whose cgroup it is, v1 or v2, in a container whose mount shows its own folder as the root, and the nearest of all limits.
mkdir -p v1/a/b v2/a/b
echo 1000 >v1/a/b/memory.limit_in_bytes; echo 700 >v1/a/b/memory.usage_in_bytes
printf 'total_rss 400\ntotal_active_file 100\ntotal_inactive_file 50\n' >v1/a/b/memory.stat
echo 9223372036854771712 >v1/a/memory.limit_in_bytes
echo max >v2/a/b/memory.max; echo max >v2/a/b/memory.high
echo 1000 >v2/a/memory.max; echo max >v2/a/memory.high; echo 900 >v2/a/memory.current
printf 'anon 300\nshmem 20\ninactive_file 100\nslab_reclaimable 40\n' >v2/a/memory.stat
PYTHONPATH=$ROOT/scripts python3 - "$PWD" <<'END' || fail "containers are told wrongly"
import sys
import cgroups
here = sys.argv[1]

def told(lines, mount):
    known = {"/proc/7/cgroup": lines, "/proc/self/mountinfo": f"1 2 0:3 / /elsewhere rw - tmpfs none rw\n{mount}\n"}
    real, cgroups.read = cgroups.read, lambda *path: known.get(path[0]) or real(*path)
    try:
        one = cgroups.container_of(7)
        return one and [one.limit, one.left, one.anonymous, one.shared, one.reclaimable]
    finally:
        cgroups.read = real

first = told("5:cpu,memory:/a/b\n0::/\n", f"4 5 0:6 / {here}/v1 rw,nosuid - cgroup cgroup rw,memory,cpu")
assert first == [1000, 450, 400, 0, 150], first
inside = told("5:memory:/out/a/b\n0::/\n", f"4 5 0:6 /out/a/b {here}/v1/a/b rw - cgroup cgroup rw,memory")
assert inside == first, inside
second = told("0::/a/b\n", f"4 5 0:6 / {here}/v2 rw - cgroup2 cgroup rw")
assert second == [1000, 240, 300, 20, 140], second
assert told("0::/\n", f"4 5 0:6 / {here}/v2/a/b rw - cgroup2 cgroup rw") is None
assert told("", f"4 5 0:6 / {here}/v2 rw - cgroup2 cgroup rw") is None
END

# Bad input is one line, and no text is trusted with a terminal.
report observe "$(printf 'java \\u001b[31m')" 1 0 | sed 's/librocksdbjni.so/\\u001b[31m/' >r.json
explain 0 r.json
! grep -q "$(printf '\033')" said || fail "a raw escape"
echo nothing >none
echo '[]' >list
echo '{"version":1}' >short
report observe java 1 0 | sed 's/"peak":[0-9]*/"peak":1e400/' >huge
report observe java 1 0 | sed 's/"used":[0-9]*/"used":"many"/' >words
printf '[%.0s' $(seq 100000) >deep
for bad in none gone list short huge words deep ''; do
    explain 125 "$bad"
    [ "$(wc -l <said)" = 1 ] && grep -q '^memgrant: ' said || fail "not one line for: $bad"
done

# A file's private pages are the file's, also where glibc could have an arena: 64 MB, at a multiple of that.
PYTHONPATH=$ROOT/scripts PYTHONDONTWRITEBYTECODE=1 python3 -c '
import sys
exec(open(sys.argv[1]).read().split("\ntry:\n    main()")[0])
whose = [owner_of_rest((64 << 20, 128 << 20, 0, name, 4096), []) for name in ("/data/part-0", "")]
assert whose == ["private pages of files", "malloc of others (glibc arenas)"], whose' "$ROOT/scripts/memgrant-explain" >said 2>&1 ||
    fail "a file of 64 MB is taken for an arena"
