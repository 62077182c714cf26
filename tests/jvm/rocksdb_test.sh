#!/bin/bash
# RocksDB as published: tasks that are denied while they open a database or write to it leave none open.
. "$ROOT/tests/jvm/setup.bash"
jars=("$BUILD"/spark-*/jars/rocksdbjni-*.jar "$BUILD"/deps/rocksdbjni-*.jar)
for jar in "${jars[@]}"; do [ ! -f "$jar" ] || break; done
[ -f "$jar" ] || skip "rocksdbjni was not fetched (make demo does)"
build_classes
CLASSES=$CLASSES:$jar
javac -Xlint:all,-path -Werror --release 17 -cp "$CLASSES" -d "$WORK/classes" "$here/rocksdb/RocksDbMain.java"
for java in $(jvms); do
    rm -rf "$WORK/database"
    run_java "$java" io.memgrant.RocksDbMain || { cat "$WORK/output"; fail "rocksdb on $java"; }
    expect_lines 0 memgrant:
    tail -n 1 "$WORK/output"
done
