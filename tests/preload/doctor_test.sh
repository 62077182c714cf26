#!/bin/bash
# `memgrant doctor`: each condition is made, and must be found and said with what to do; what is right is said to be right.
# Exit code 0: nothing to do, 1: something, 125: wrong arguments.
set -u
cd "$WORK" || exit
doctor=("$ROOT/scripts/memgrant" doctor)
unset SPARK_HOME SPARK_CONF_DIR
fail() { echo "$1"; cat said 2>/dev/null; exit 1; }

# says STATE CHECK TEXT: the last run had such a line, and its exit code agrees with all lines.
says() {
    grep -q "^$1 *$2 .*$3" said || fail "not said: $1 $2 $3 (ended with $ended)"
    [ "$ended" = "$(grep -c '^todo' said | sed 's/^[1-9].*/1/')" ] || fail "ended with $ended"
}
examine() { "$@" >said 2>errors; ended=$?; [ ! -s errors ] || fail "complained: $(cat errors)"; }
refused() { "${doctor[@]}" "$@" >said 2>errors; [ $? = 125 ] && [ "$(wc -l <errors)" = 1 ] && [ ! -s said ] || fail "not refused: $*"; }

refused --jsn
refused 999999999
refused ''
refused $$ /some/class/path
refused $$ $$

# As it was built, with a JDK that is good: whatever else this machine has, these lines are.
mkdir -p jdk17/bin && ln -s /bin/true jdk17/bin/java && echo 'JAVA_VERSION="17.0.9"' >jdk17/release
examine env JAVA_HOME="$WORK/jdk17" "${doctor[@]}"
version=$("$ROOT/scripts/memgrant" version | cut -d ' ' -f 2)
says ok library "$LIB, version $version, build id [0-9a-f]"
says ok jar "version $version"
says ok versions "both $version"
says ok architecture "$(uname -m)"
says ok libc "it loads"
says ok jdk "jdk17 is 17.0.9"
says ok addresses unlimited
"${doctor[@]}" --json >json
[ $? = $ended ] || fail "--json ends otherwise"
python3 - said json <<'PY' || fail "--json says otherwise"
import json, sys
text = [line.split(None, 2) for line in open(sys.argv[1]) if "jdk" not in line]
data = json.load(open(sys.argv[2]))
assert [["ok" if c["ok"] else "todo", c["check"]] for c in data["checks"] if c["check"] != "jdk"] == [line[:2] for line in text]
assert data["ok"] == all(c["ok"] for c in data["checks"])
PY

# An installation from which things are missing, or in which they are others.
mkdir -p prefix/bin prefix/lib/memgrant && cp "$ROOT/scripts/memgrant" prefix/bin/ && cp "$ROOT"/scripts/memgrant-doctor prefix/lib/memgrant/
there=prefix/lib/memgrant
examine prefix/bin/memgrant doctor
says todo library 'no libmemgrant.so'
says todo jar 'no memgrant.jar'
cp "$LIB" $there/ && cp "$BUILD/memgrant.jar" $there/
python3 - $there/memgrant.jar <<'PY'
import sys, zipfile
with zipfile.ZipFile("other.jar", "w") as jar:
    jar.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nImplementation-Title: memgrant\r\nImplementation-Version: 9.9.9\r\n\r\n")
with zipfile.ZipFile("memgrant.jar", "w") as jar:
    jar.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nImplementation-Title: memgrant\r\nImplementation-Version: %s\r\n"
                 "Memgrant-Build-Id-x86_64: 0123456789012345678901234567890123456789\r\n\r\n" % "VERSION")
PY
sed -i "s/VERSION/$version/" memgrant.jar
cp other.jar $there/memgrant.jar
examine prefix/bin/memgrant doctor
says todo versions "the library is $version, the jar 9.9.9"
examine prefix/bin/memgrant doctor /nothing:"$WORK"
says todo versions "build id is not one"
examine prefix/bin/memgrant doctor /nothing /some/*
says todo jar 'no memgrant.jar in the class path'
head -c 1000 "$BUILD/memgrant.jar" >$there/memgrant.jar
examine prefix/bin/memgrant doctor
says todo jar 'tells no version'

# A library for another machine, and one that wants a newer libc than there is: ld.so ends what it is preloaded into.
cp "$LIB" $there/libmemgrant.so && printf '\xf3' | dd of=$there/libmemgrant.so bs=1 seek=18 conv=notrunc status=none
examine prefix/bin/memgrant doctor
says todo architecture 'the library is for another'
says todo libc 'does not load'
echo 'int of_tomorrow(void) { return 1; }' >tomorrow.c
echo 'GLIBC_2.99 { of_tomorrow; };' >tomorrow.map
echo 'int of_tomorrow(void); int today(void) { return of_tomorrow(); }' >today.c
"${CC:-cc}" -shared -fPIC -o libc.so.6 -Wl,-soname,libc.so.6 -Wl,--version-script=tomorrow.map tomorrow.c &&
    "${CC:-cc}" -shared -fPIC -o $there/libmemgrant.so today.c ./libc.so.6 || fail "no library of tomorrow could be made"
rm libc.so.6
examine prefix/bin/memgrant doctor
says todo libc 'does not load.*GLIBC_2.99'

prefix/bin/memgrant run -- touch ran 2>errors
[ $? = 125 ] && [ ! -e ran ] && [ "$(wc -l <errors)" = 1 ] && grep -q "can't be loaded here (.*GLIBC_2.99" errors ||
    fail "memgrant run began what its library would have ended: $(cat errors)"

# JDKs that are too old.
mkdir -p jdk8/bin && ln -s /bin/true jdk8/bin/java && echo 'JAVA_VERSION="1.8.0_402"' >jdk8/release
examine env JAVA_HOME="$WORK/jdk8" "${doctor[@]}"
says todo jdk 'jdk8 is 1.8.0_402: .*JDK 17 or later'

# Limits, mounts, other libraries, settings.
examine bash -c 'ulimit -v 4000000; exec "$@"' - "${doctor[@]}"
says todo addresses 'ulimit -v is 4000000'
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
    mkdir noexec
    examine unshare -m sh -c 'mount -t tmpfs -o noexec none noexec && JAVA_TOOL_OPTIONS="-Djava.io.tmpdir=$0" exec "$@"' "$WORK/noexec/sub" "${doctor[@]}"
    says todo tmp 'mounted noexec'
fi
examine env LD_PRELOAD="libm.so.6:$LIB" "${doctor[@]}"
says todo preloads 'libm.so.6 stands before libmemgrant.so'
examine env LD_PRELOAD="$LIB libm.so.6" "${doctor[@]}"
says ok preloads 'libm.so.6'
defaults() { mkdir -p conf && printf '%s\n' "$@" >conf/spark-defaults.conf && examine env SPARK_CONF_DIR="$WORK/conf" "${doctor[@]}"; }
defaults 'spark.memgrant.mode enforce'
says todo offheap 'no pool'
defaults 'spark.memgrant.mode=enforce' 'spark.memory.offHeap.size 4g'
says todo offheap 'spark.memory.offHeap.enabled=true'
defaults 'spark.memory.offHeap.enabled  true'
says todo offheap 'its size is 0'
defaults 'spark.memgrant.mode=enforce' 'spark.memory.offHeap.size 4g' 'spark.memory.offHeap.enabled true'
says ok offheap 'enabled true, size 4g'

# A container that is smaller than what Spark is told it has.
group=/sys/fs/cgroup/memory/memgrant-doctor-$$ limit=memory.limit_in_bytes
[ ! -f /sys/fs/cgroup/cgroup.controllers ] || group=/sys/fs/cgroup/memgrant-doctor-$$ limit=memory.max
if mkdir "$group" 2>/dev/null && echo 700M 2>/dev/null >"$group/$limit"; then
    examine bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "${doctor[@]}"
    rmdir "$group"
    says todo cgroup 'limit of 700 MiB is below spark.executor.memory 1024 + overhead 384 + off-heap 0 MiB = 1408'
fi

# Processes: with the library and a target, with one that sleeps, and with none.
arguments=
begin() { # VARIABLE=VALUE...: sets `process`, once it is ready
    coproc HOLDS { exec env "$@" python3 -c 'import sys; b = bytearray(1 << 20); print("ready", flush=True); sys.stdin.read()' $arguments; }
    read -r _ <&"${HOLDS[0]}" && process=$HOLDS_PID
}
end() { eval "exec ${HOLDS[1]}>&-" && wait "$process"; }
begin LD_PRELOAD="$LIB" MEMGRANT_TARGETS='*'
examine "${doctor[@]}" "$process"
end
says ok preload "loaded: $LIB"
says ok agent 'active by its environment (MEMGRANT_\*), observing'
says ok targets python
says ok library "$version, build id"
begin LD_PRELOAD="$LIB"
examine "${doctor[@]}" "$process"
end
says todo agent 'dormant'
begin HERE=1
examine "${doctor[@]}" "$process"
end
says todo preload 'is not loaded in process'

# The jar is the process's, not ours.
cp other.jar memgrant-9.9.9.jar
for arguments in "-cp no.jar:memgrant-9.9.9.jar" "-classpath $WORK/memgrant-9.9.9.jar:no.jar" "--class-path=memgrant-9.9.9.jar"; do
    begin LD_PRELOAD="$LIB"
    examine "${doctor[@]}" "$process"
    end
    says ok jar '/memgrant-9.9.9.jar, version 9.9.9'
    says todo versions 'the jar 9.9.9'
done
exit 0
