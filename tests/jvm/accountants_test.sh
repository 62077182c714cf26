#!/bin/bash
# Accountants that are not Spark's.
. "$ROOT/tests/jvm/setup.bash"
build_target
build_classes
for java in $(jvms); do
    echo "$java"
    run_java "$java" io.memgrant.AccountantsMain || { cat "$WORK/output"; fail "accountants"; }
    expect_lines 1 'accountants: ok'
    expect_lines 0 memgrant:
done
