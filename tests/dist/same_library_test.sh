#!/bin/bash
# The library that is compiled twice, the second time in another folder and with nothing kept of the first, has the same bytes: jemalloc, src/, the
# unwinder, linked. MACHINES=x86_64 for one of both.
set -u
fail() { echo "$1"; exit 1; }
cd "$ROOT" || exit
there=$WORK/elsewhere/in-a-longer-folder
mkdir -p "$there/build"
# With their times: nothing that both share, as jemalloc's source, looks out of date there.
cp -a Makefile CHANGELOG.md README.md DESIGN.md release scripts src interpose jni include tests java docs tools "$there/" || exit
cp -a build/libmgje.a build/libmgje.a.names "$there/build/" || exit
for each in build/zig build/jemalloc-* build/.tools-* build/spark-*; do ln -s "$(readlink -f "$each")" "$there/$each"; done
for machine in ${MACHINES:-x86_64 aarch64}; do
    made=build/dist/$machine/libmemgrant.so
    make -s -C "$there" "$made" >"$WORK/log" 2>&1 || { tail "$WORK/log"; fail "it does not compile elsewhere"; }
    cmp "$made" "$there/$made" || fail "$machine: the library has other bytes when it is compiled again"
    strings "$made" | grep -F "$ROOT" && fail "$machine: the library names the folder that it was compiled in"
    echo "$machine: the same"
done
exit 0
