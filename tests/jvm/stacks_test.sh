#!/bin/bash
# Leaks of libraries as published, in a JVM: the report's stacks name the native function that asked for what was never given back:
# zstd streams, RocksDB's write batches and options, the JDK's own Inflater and Deflater.
. "$ROOT/tests/jvm/setup.bash"
jars=("$BUILD"/spark-*/jars/rocksdbjni-*.jar)
rocksdb=${jars[0]}
jars=("$BUILD"/spark-*/jars/zstd-jni-*.jar)
zstd=${jars[0]}
[ -f "$rocksdb" ] && [ -f "$zstd" ] || skip "Spark's jars were not fetched"
command -v addr2line >/dev/null || skip "no addr2line (binutils) here"
build_classes
CLASSES=$CLASSES:$rocksdb:$zstd
javac -Xlint:all,-path -Werror --release 17 -cp "$CLASSES" -d "$WORK/classes" "$here/leaks/LeaksMain.java"
export MEMGRANT_TARGETS='*' MEMGRANT_MODE=observe MEMGRANT_STACKS=true MEMGRANT_STACKS_BYTES=4k MEMGRANT_REPORT=$WORK/r.json

for java in $(jvms); do
    rm -f "$WORK"/r.json*
    run_java "$java" io.memgrant.LeaksMain || { cat "$WORK/output"; fail "leaks on $java"; }
    expect_lines 1 'leaked 250'
    "$ROOT/tests/preload/balanced" "$WORK/r.json"
    "$ROOT/scripts/memgrant" stacks "$WORK/r.json" --collapsed "$WORK/c.txt" --libraries "$rocksdb" --libraries "$zstd"
    # LIBRARY FUNCTION LEAST MOST: kilobytes in use that were asked for below that function.
    while read -r library function least most; do
        bytes=$(grep "^process;${library}[^;]*;" "$WORK/c.txt" | grep -F -- "$function" | awk '{ sum += $NF } END { print int(sum / 1024) }')
        [ "${bytes:-0}" -ge "$least" ] && [ "$bytes" -le "$most" ] ||
            { cut -c1-300 "$WORK/c.txt" | grep "$library" | head -n 40; fail "$java: $bytes KB by $function of $library"; }
        echo "$java: $bytes KB by $function of $library"
    done <<'END'
librocksdbjni Java_org_rocksdb_WriteBatch_ 9000 40000
librocksdbjni Java_org_rocksdb_Options_newOptions 1 10000
libz Java_java_util_zip_Inflater_ 300 4000
libz Java_java_util_zip_Deflater_ 10000 20000
libzstd-jni Java_com_github_luben_zstd_ZstdOutputStreamNoFinalizer_ 100 400000
END
done
