#!/bin/bash
# Processes that an armed JVM starts do not inherit the library, unless asked; other preloaded libraries they do.
. "$ROOT/tests/jvm/setup.bash"
build_target
build_classes
other=$WORK/libmgbystander.so
for java in $(jvms); do
    for PRELOAD in "$LIB:$other" "$other $LIB" "$LIB:$other:$LIB"; do
        echo "$java $PRELOAD"
        run_java "$java" io.memgrant.ChildrenMain "$other" || { cat "$WORK/output"; fail "inherited"; }
        expect_lines 0 memgrant:
        expect_lines 0 WARNING
        run_java "$java" io.memgrant.ChildrenMain "$PRELOAD" children=true || { cat "$WORK/output"; fail "not inherited"; }
    done
    PRELOAD=$LIB:$other run_java "$java" io.memgrant.ChildrenMain "$other" children=false ||
        { cat "$WORK/output"; fail "inherited"; }
done
