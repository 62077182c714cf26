#!/bin/bash
# A JVM without JVMTI says in one line what is lost, and the job runs.
. "$ROOT/tests/jvm/setup.bash"
build_target
build_classes
build_library nojvmti
for java in $(jvms); do
    echo "$java"
    run_java "$java" io.memgrant.NoJvmtiMain || { cat "$WORK/output"; fail "without JVMTI"; }
    expect_lines 1 'memgrant: this JVM has no JVMTI'
    expect_lines 1 memgrant:
    expect_lines 0 WARNING
done
