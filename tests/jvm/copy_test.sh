#!/bin/bash
# A copy of the library, or one that was not preloaded, says so in one line and stays out of the way.
. "$ROOT/tests/jvm/setup.bash"
build_target
build_classes
copy=$WORK/copy/libmemgrant.so
mkdir -p "$WORK/copy"
cp "$LIB" "$copy"
line='this copy of libmemgrant.so was not preloaded'
# What a library keeps for each thread must be reserved when the process starts: glibc has room for a second copy of ours
# only when told so. Without, it refuses the file itself.
roomy=glibc.rtld.optional_static_tls=8192

for java in $(jvms); do
    echo "$java"
    run_java "$java" io.memgrant.CopyMain "$copy" then-preloaded || { cat "$WORK/output"; fail "a copy beside the preloaded"; }
    expect_lines 1 .

    export GLIBC_TUNABLES=$roomy
    run_java "$java" io.memgrant.CopyMain "$copy" then-preloaded || { cat "$WORK/output"; fail "a copy beside the preloaded"; }
    expect_lines 1 "$line.*malloc is that of $LIB"
    expect_lines 1 .
    PRELOAD='' run_java "$java" io.memgrant.CopyMain "$LIB" || { cat "$WORK/output"; fail "nothing preloaded"; }
    expect_lines 1 "$line.*malloc is that of .*libc.so.6"
    expect_lines 1 .

    # As an agent: a copy says its line, and the job runs.
    JAVA_FLAGS=-agentpath:$copy run_java "$java" io.memgrant.ShapesMain || { cat "$WORK/output"; fail "agent, a copy"; }
    expect_lines 1 "memgrant: $line"
    expect_lines 1 memgrant:
    PRELOAD='' JAVA_FLAGS=-agentpath:$LIB run_java "$java" io.memgrant.PlainMain || { cat "$WORK/output"; fail "agent alone"; }
    expect_lines 1 "memgrant: $line"
    expect_lines 1 memgrant:
    unset GLIBC_TUNABLES
    JAVA_FLAGS=-agentpath:$LIB run_java "$java" io.memgrant.ShapesMain || { cat "$WORK/output"; fail "agent"; }
    expect_lines 0 memgrant:
done
