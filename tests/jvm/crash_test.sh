#!/bin/bash
# A library that crashes under a thunk: the JVM's crash log names its function and file, and shows the Java frames above it.
. "$ROOT/tests/jvm/setup.bash"
build_target
build_classes
ulimit -c 0
log=$WORK/crash.log

expect() { # WHAT PATTERN: in the log
    grep -qE -- "$2" "$log" || { sed -n 1,60p "$log"; fail "$1"; }
}

for java in $(jvms); do
    for flags in -Xint -Xcomp; do
        echo "$java $flags"
        rm -f "$log"
        JAVA_FLAGS="$flags -XX:CompileCommand=quiet -XX:CompileCommand=compileonly,io.memgrant.CrashMain::* -XX:ErrorFile=$log" \
            run_java "$java" io.memgrant.CrashMain && fail "it did not crash"
        [ -f "$log" ] || { cat "$WORK/output"; fail "there is no crash log"; }
        expect "the frame that is to blame" '^# C  \[libmgtarget\.so\+0x[0-9a-f]+\]  Java_mgtarget_Target_crash\+0x'
        # From the crash up: the function, the thunk, the native method, its caller.
        sed -n '/^Native frames:/,/^$/p' "$log" | sed -n 2,5p | tee "$WORK/frames"
        sed -n 1p "$WORK/frames" | grep -q '^C  \[libmgtarget\.so' || fail "the library is not the first one"
        sed -n 2p "$WORK/frames" | grep -q '^C  \[libmemgrant\.so' || fail "the thunk is not the next one"
        sed -n 3p "$WORK/frames" | grep -q '^[jJ] .*mgtarget\.Target\.crash' || fail "the native method is not behind it"
        expect "the native method's Java frame" '^[jJ] .* ?mgtarget\.Target\.crash\(JJJJJ\)V'
        expect "its caller's" '^[jJ] .* ?io\.memgrant\.CrashMain\.main\('
    done
done
