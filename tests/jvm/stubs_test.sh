#!/bin/bash
# The pool of thunks without a JVM: here, and for aarch64 under emulation (tests/dist/jvm_test.sh has a JVM there).
. "$ROOT/tests/jvm/setup.bash"
"$here/stubs.py" 220 >"$WORK/shapes.inc"

play() { # PROGRAM COMPILER [OPTION]...: builds the program that plays the JVM
    local program=$1
    shift
    "$@" -std=gnu11 -O2 -g -fexceptions -funwind-tables -fno-omit-frame-pointer -D_GNU_SOURCE= -Wall -Wextra -Werror \
        -I"$ROOT/src" -I"$ROOT/jni" -I"$WORK" -I"$JAVAC_HOME/include" -I"$JAVAC_HOME/include/linux" -o "$program" \
        "$here/stubs.c" "$ROOT"/jni/{pool,shapes}.c "$ROOT"/jni/thunks_*.S "$ROOT"/src/{os,say}.c -pthread
}

play "$WORK/stubs" "${CC:-cc}"
"$WORK/stubs"
[ "$(uname -m)" != aarch64 ] || exit 0

compiler=aarch64-linux-gnu-gcc emulator=
for candidate in qemu-aarch64 qemu-aarch64-static; do
    [ -n "$emulator" ] || emulator=$(command -v $candidate) || true
done
command -v $compiler >/dev/null || skip "aarch64 was not tried: no $compiler here (apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross)"
[ -n "$emulator" ] || skip "aarch64 was not tried: no qemu-aarch64 here (apt-get install qemu-user)"
play "$WORK/stubs-aarch64" $compiler -mbranch-protection=bti
"$emulator" -L /usr/aarch64-linux-gnu "$WORK/stubs-aarch64"
# Every entry is a landing pad, and nothing of ours takes BTI's mark off what it is linked into.
$compiler -c -mbranch-protection=bti -o "$WORK/thunks.o" "$ROOT/jni/thunks_aarch64.S"
aarch64-linux-gnu-readelf -nW "$WORK/thunks.o" | grep -q 'AArch64 feature: BTI' || fail "the pool's object is not marked for BTI"
[ "$(aarch64-linux-gnu-objdump -d "$WORK/thunks.o" | grep -c '\bbti\b')" = 4096 ] || fail "entries without a landing pad"
