#!/bin/bash
# Native methods that were bound before arm() have thunks as well, unless it can't be told which library serves them.
. "$ROOT/tests/jvm/setup.bash"
build_target
build_classes
for java in $(jvms); do
    echo "$java"
    run_java "$java" io.memgrant.LateMain || { cat "$WORK/output"; fail "late"; }
    expect_lines 0 memgrant:
    expect_lines 0 WARNING
    run_java "$java" io.memgrant.LateMain "$WORK/libmgtarget-copy.so" || { cat "$WORK/output"; fail "late, two copies"; }
    expect_lines 1 'memgrant: two libraries with Java_mgtarget_Target_'
    expect_lines 1 memgrant:
done
