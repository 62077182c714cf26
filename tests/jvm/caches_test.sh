#!/bin/bash
# RocksDB as published, each that there is: a block cache with a hard limit fails reads when what is in use fills it, and the lever
# leaves it alone.
. "$ROOT/tests/jvm/setup.bash"
jars=("$BUILD"/spark-*/jars/rocksdbjni-*.jar)
[ -f "${jars[0]}" ] || skip "rocksdbjni was not fetched (make demo does)"
build_classes
classes=$CLASSES
for jar in "${jars[@]}"; do
    CLASSES=$classes:$jar
    javac -Xlint:all,-path -Werror --release 17 -cp "$CLASSES" -d "$WORK/classes" "$here/rocksdb/CachesMain.java"
    run_java "$JAVAC_HOME/bin/java" io.memgrant.CachesMain || { cat "$WORK/output"; fail "caches of ${jar##*/}"; }
    expect_lines 0 memgrant:
    cat "$WORK/output"
    rm -rf "$WORK"/database*
done
