#!/bin/bash
# arm() and the natives with odd arguments, on virtual threads, and while another thread frees without a pause.
. "$ROOT/tests/jvm/setup.bash"
build_target
build_library mgfreeing
build_classes
for java in $(jvms); do
    echo "$java"
    run_java "$java" io.memgrant.ArmMain || { cat "$WORK/output"; fail "arm"; }
    expect_lines 0 WARNING
    expect_lines "$(grep -c 'on a virtual thread' "$WORK/output")" 'memgrant: a virtual thread was not bound'
done

# Each is one chance for the other thread to read what is half written: seven of ten JVMs ended when there was something to find.
for _ in {1..8}; do
    PRELOAD="$LIB $WORK/libmgfreeing.so" run_java "$java" io.memgrant.ArmMain || { cat "$WORK/output"; fail "arm while another thread frees"; }
done
