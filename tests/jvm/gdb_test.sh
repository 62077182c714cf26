#!/bin/bash
# A debugger walks the stack through a thunk, and at each of its instructions: the call frame information is right.
. "$ROOT/tests/jvm/setup.bash"
command -v gdb >/dev/null || skip "no gdb here"
gdb -batch -ex 'python print("yes")' 2>&1 | grep -q yes || skip "this gdb has no Python"
build_target
build_classes
for java in $(jvms); do
    echo "$java"
    gdb -batch -nx -ex "set exec-wrapper env LD_PRELOAD=$LIB" -x "$here/walk_thunk.py" --args \
        "$java" -Xint -cp "$CLASSES" io.memgrant.StopMain >"$WORK/output" 2>&1 || { cat "$WORK/output"; fail "gdb"; }
    if grep -q 'ptrace: Operation not permitted' "$WORK/output"; then skip "ptrace is forbidden here"; fi
    grep -q 'the walk is right at [0-9]* instructions' "$WORK/output" || { tail -n 40 "$WORK/output"; fail "the walk"; }
    grep 'the walk is' "$WORK/output"
done
