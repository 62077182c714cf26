#!/bin/bash
# Accounts for a part of a task's work, in Java: try (Account a = task.child("parse", limit)).
. "$ROOT/tests/jvm/setup.bash"
build_target
build_classes
for java in $(jvms); do
    echo "$java"
    run_java "$java" io.memgrant.ScopesMain || { cat "$WORK/output"; fail "scopes"; }
    expect_lines 1 'scopes: ok'
    expect_lines 0 memgrant:
done
