#!/bin/bash
# What Java's own code takes by jdk.internal.misc.Unsafe: in a JVM that is armed while it runs, and under `memgrant run`, whose
# agent is there from the start; with and without the JVM's native memory tracking, which puts a header before each block.
. "$ROOT/tests/jvm/setup.bash"
build_target
build_classes

for java in $(jvms); do
    echo "$java"
    JAVA_FLAGS=
    case $("$java" -version 2>&1 | head -n 1) in *\"17* | *\"2[0-3]*) ;; *) JAVA_FLAGS="$JAVA_FLAGS --sun-misc-unsafe-memory-access=allow" ;; esac
    run_java "$java" io.memgrant.UnsafeMain || { cat "$WORK/output"; fail "armed while it runs"; }
    expect_lines 1 'unsafe: ok'
    expect_lines 0 '[Ww][Aa][Rr][Nn]'
    expect_lines 0 memgrant:
done
