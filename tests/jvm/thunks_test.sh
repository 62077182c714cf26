#!/bin/bash
# Native methods of a target through thunks: every shape of arguments and results, the rule of boundaries, binding again. READS: as for late_test.sh.
. "$ROOT/tests/jvm/setup.bash"
build_target
build_classes

clean_run() { # JAVA LINE MAIN [ARGUMENT]...: memgrant says that line, or nothing; -Xcheck:jni warns of nothing
    local java=$1 line=$2
    shift 2
    echo "$java $*"
    run_java "$java" "$@" || { cat "$WORK/output"; fail "$* on $java"; }
    expect_lines 0 WARNING
    expect_lines "$([ -z "$line" ] && echo 0 || echo 1)" memgrant:
    expect_lines "$([ -z "$line" ] && echo 0 || echo 1)" "memgrant: ${line:-.}"
    cat "$WORK/output"
}

for java in $(jvms); do
    clean_run "$java" '' io.memgrant.ShapesMain
    clean_run "$java" 'a boundary was passed without asking' io.memgrant.BoundariesMain
    clean_run "$java" '' io.memgrant.RebindMain
    clean_run "$java" 'more than 4096 native methods' io.memgrant.RebindMain use-up
    clean_run "$java" '' io.memgrant.RebindMain unload
    PRELOAD="$LIB ${READS-}" clean_run "$java" 'more than 1024 native methods of libraries that are no targets' io.memgrant.RebindMain passive
done
