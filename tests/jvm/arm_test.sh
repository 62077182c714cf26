#!/bin/bash
# arm() and the natives with odd arguments, and on virtual threads.
. "$ROOT/tests/jvm/setup.bash"
build_target
build_classes
for java in $(jvms); do
    echo "$java"
    run_java "$java" io.memgrant.ArmMain || { cat "$WORK/output"; fail "arm"; }
    expect_lines 0 WARNING
    expect_lines "$(grep -c 'on a virtual thread' "$WORK/output")" 'memgrant: a virtual thread was not bound'
done
