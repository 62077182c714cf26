#!/bin/bash
# Native methods that were bound before arm() have thunks as well, by whatever name they were bound; where the JVM's record of
# them can't be read, those whose names say what they are bound to. READS=LIBRARY has the call by which it is read, where the kernel lacks it.
. "$ROOT/tests/jvm/setup.bash"
build_target
build_library unreadable
build_classes
copy=$WORK/libmgtarget-copy.so

late() { # LINES [ARGUMENT]...
    local lines=$1
    shift
    run_java "$java" io.memgrant.LateMain "$@" || { cat "$WORK/output"; fail "late $*"; }
    expect_lines "$lines" memgrant:
    expect_lines 0 WARNING
}

for java in $(jvms); do
    echo "$java"
    PRELOAD="$LIB ${READS-}" late 0
    PRELOAD="$LIB ${READS-}" late 0 "$copy"
    late 1 unreadable
    expect_lines 1 'memgrant: native methods that a library registered before this one was armed'
    late 2 "$copy" unreadable
    expect_lines 1 'memgrant: two libraries with Java_mgtarget_Target_'
done
