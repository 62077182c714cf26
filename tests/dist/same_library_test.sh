#!/bin/bash
# The library that is compiled twice, the second time in another folder, has the same bytes.
set -u
fail() { echo "$1"; exit 1; }
[ -n "${TWICE:-}" ] || { echo "compiling all of it once more takes minutes: TWICE=1 does it"; exit 77; }
cd "$ROOT" || exit
mkdir -p "$WORK/elsewhere/build" && cp -r Makefile CHANGELOG.md README.md release scripts src interpose jni tests java docs tools "$WORK/elsewhere/" || exit
for each in zig jemalloc-5.3.0 .tools-c .tools-dist .tools-test .tools-demo spark-4.3.0 libmgje.a libmgje.a.names; do
    ln -s "$(readlink -f "$BUILD/$each")" "$WORK/elsewhere/build/$each"
done
make -s -C "$WORK/elsewhere" "build/dist/x86_64/libmemgrant.so" >"$WORK/log" 2>&1 || { tail "$WORK/log"; fail "it does not compile elsewhere"; }
cmp "$BUILD/dist/x86_64/libmemgrant.so" "$WORK/elsewhere/build/dist/x86_64/libmemgrant.so"
