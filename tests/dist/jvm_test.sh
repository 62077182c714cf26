#!/bin/bash
# The library for aarch64 in a JVM of that machine, under emulation: thunks of every shape, interpreted and compiled, natives that were bound before,
# denials and stops at their moments, tasks' parts, C++ that is denied, a crash under a thunk, RocksDB as published. The tests are those of tests/jvm.
set -u
if [ "$(uname -m)" = aarch64 ]; then
    ONLY_JVM=$(readlink -f "$(command -v java)") || exit
else
    for needed in qemu-aarch64 aarch64-linux-gnu-gcc aarch64-linux-gnu-g++; do
        command -v $needed >/dev/null || { echo "aarch64 was not tried: no $needed here"; exit 77; }
    done
    export CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++ PRELOADS=QEMU_SET_ENV=LD_PRELOAD
    "$ROOT/tests/dist/get-java" "$BUILD/java-aarch64" || exit
    ONLY_JVM=$BUILD/java-aarch64/bin/java
    export READS=$WORK/libreads.so
    $CC -O2 -fPIC -shared -Wall -Wextra -Werror -o "$READS" "$ROOT/tests/dist/reads.c" || exit
fi
export ONLY_JVM LIB=$BUILD/dist/aarch64/libmemgrant.so
"$ONLY_JVM" -version 2>&1 | tail -n 1
bad=0 all=$WORK
for name in thunks late moments scopes accountants fail crash rocksdb; do
    export WORK=$all/$name
    mkdir -p "$WORK" && cd "$WORK" || exit
    "$ROOT/tests/jvm/${name}_test.sh" >output.txt 2>&1
    code=$?
    echo "$name ended with $code"
    [ $code = 0 ] || [ $code = 77 ] || { tail -n 30 output.txt; bad=1; }
done
exit $bad
