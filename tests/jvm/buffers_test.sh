#!/bin/bash
# Java's frames above samples that no target's native method took: Unsafe's blocks (direct buffers), a target that is called by a library which
# is none, or while it is loaded; armed by Java, and under `memgrant run`, whose agent is there from the start. What a method takes in Java that
# it calls back has the frames of that.
. "$ROOT/tests/jvm/setup.bash"
build_library mginner
build_library mgouter -Wl,--no-as-needed "$WORK/libmginner.so"
mkdir -p "$WORK/classes"
# sun.misc.Unsafe is what libraries use; javac warns of it.
"$JAVAC_HOME/bin/javac" -nowarn -cp "$BUILD/memgrant.jar" -d "$WORK/classes" "$here/leaks/BuffersMain.java" 2>"$WORK/javac" ||
    { cat "$WORK/javac"; fail "BuffersMain.java"; }
settings=(targets='java:*;libmginner*' mode=observe stacks=true stacks_bytes=4k report="$WORK/r.json")

# Standard input: LIBRARY LEAST MOST LINE: kilobytes in use that LINE of the example asked for, below the function FUNCTION where it is said.
expect() { # JAVA
    "$ROOT/tests/preload/balanced" "$WORK/r.json"
    "$ROOT/scripts/memgrant" stacks "$WORK/r.json" --collapsed "$WORK/c.txt"
    while IFS='|' read -r library least most function pattern; do
        line=$(grep -n -m 1 -F -- "$pattern" "$here/leaks/BuffersMain.java" | cut -d: -f1)
        kb=$(grep -F -- "$library" "$WORK/c.txt" | grep -F -- "BuffersMain.java:$line)" | grep -F -- "$function" |
            grep -v 'code of no file' | awk '{ sum += $NF } END { print int(sum / 1024) }')
        [ "${kb:-0}" -ge "$least" ] && [ "$kb" -le "$most" ] ||
            { cut -c1-1000 "$WORK/c.txt"; fail "$1: $kb KB by line $line, $function"; }
        echo "$1: $kb KB by line $line, $function"
    done <<'END'
java:*|8192|8300|java.nio.DirectByteBuffer.<init>(|allocateDirect(MB)
java:*|600|1500|jdk.internal.misc.Unsafe.allocateMemory|allocateMemory(5000)
java:*|4096|4096|jdk.internal.misc.Unsafe.reallocateMemory|reallocateMemory(
libmginner|5120|5120|BuffersMain.leak(native)|        leak(5
libmginner|12288|12288|BuffersMain.callBack(native)|callBack(() -> inside
java:*|7168|7168|BuffersMain.callBack(native)|        unsafe.allocateMemory(7
libmginner|1024|1024|BuffersMain.callBack(native)|callBack(() -> thrown
java:*|14336|14336|BuffersMain.callBack(native)|        unsafe.allocateMemory(14
java:*|10240|10240|java.lang.Thread.run|unsafe.allocateMemory(10
libmginner|3072|3072|java.lang.System.load|System.load(System.getenv("WORK")
END
    # What no Java line asked for is the JVM's.
    ! grep -E 'Inner|libmginner' "$WORK/c.txt" | grep -v 'BuffersMain.java' || fail "$1: a target's stack without Java"
}

for java in $(jvms); do
    LIB=$LIB run_java "$java" io.memgrant.BuffersMain "${settings[@]}" || { cat "$WORK/output"; fail "$java"; }
    expect_lines 1 'kept 9'
    expect_lines 0 'WARNING in native method\|[Rr]e-registering\|memgrant:'
    expect "$java, armed by Java"
    rm "$WORK/r.json"
    MEMGRANT_STACKS=true MEMGRANT_STACKS_BYTES=4k "$ROOT/scripts/memgrant" run --observe --target 'java:*' --target 'libmginner*' \
        --report "$WORK/r.json" -- "$java" -Xcheck:jni -cp "$CLASSES" io.memgrant.BuffersMain >"$WORK/output" 2>&1 ||
        { cat "$WORK/output"; fail "$java under memgrant run"; }
    expect_lines 1 'kept 9'
    expect_lines 0 'WARNING in native method'
    expect "$java, memgrant run"
    rm "$WORK/r.json"
done
