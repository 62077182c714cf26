#!/bin/bash
# Native methods of a target through thunks: every shape of arguments and results, the rule of boundaries, binding again.
. "$ROOT/tests/jvm/setup.bash"
build_target
build_classes
for java in $(jvms); do
    for main in ShapesMain BoundariesMain RebindMain; do
        echo "$java $main"
        run_java "$java" "io.memgrant.$main" || { cat "$WORK/output"; fail "$main on $java"; }
        # -Xcheck:jni warns of anything that JNI forbids; nothing else has anything to say.
        expect_lines 0 WARNING
        case $main in RebindMain) expect_lines 1 'memgrant: more than 4096 native methods' ;; *) expect_lines 0 memgrant: ;; esac
        cat "$WORK/output"
    done
done
