#!/bin/bash
# A library in mode fail never ends the JVM: NULL and std::bad_alloc come only where they can be borne.
. "$ROOT/tests/jvm/setup.bash"
build_classes
"${CXX:-c++}" -std=c++17 -O2 -g -fPIC -shared -fno-builtin -Wall -Wextra -Werror \
    -I"$JAVAC_HOME/include" -I"$JAVAC_HOME/include/linux" -o "$WORK/libmgthrowing.so" "$here/throwing.cc"
export MEMGRANT_TARGETS=libmgthrowing.so MEMGRANT_LIMIT=16m MEMGRANT_ON_DENIAL=fail
for java in $(jvms); do
    echo "$java"
    run_java "$java" io.memgrant.FailMain "$WORK/libmgthrowing.so" || { code=$? && cat "$WORK/output" && fail "the JVM ended with $code"; }
    expect_lines 1 'fail: ok'
done
