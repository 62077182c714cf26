#!/bin/bash
# The released library with a glibc of 2020 (2.31: threads and the dynamic linker's functions are still libraries of their own, and there is no
# _dl_find_object). OLD_GLIBC=FOLDER has one, as /lib/x86_64-linux-gnu of Debian 11 is; else that package is fetched.
set -u
fail() { echo "$1"; exit 1; }
[ "$(uname -m)" = x86_64 ] || { echo "this is tried on x86-64"; exit 77; }
cd "$WORK" || exit
old=${OLD_GLIBC:-}
if [ -z "$old" ]; then
    keys=/usr/share/keyrings/debian-archive-keyring.gpg
    mirror=$(sed -n 's/^URIs: \(.*\/debian\)$/\1/p; s/^deb .*\(http[^ ]*\/debian\) .*/\1/p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1)
    [ -n "$mirror" ] && [ -f $keys ] && command -v dpkg-deb >/dev/null || { echo "no Debian archive to take an older libc from; OLD_GLIBC=FOLDER names one"; exit 77; }
    mkdir -p parts lists/partial cache/archives/partial
    echo "deb [signed-by=$keys] $mirror bullseye main" >parts/older.list
    options=(-q -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$PWD/parts" -o "Dir::State::lists=$PWD/lists" -o "Dir::Cache=$PWD/cache"
        -o APT::Sandbox::User=root)
    { apt-get "${options[@]}" update && apt-get "${options[@]}" download libc6/bullseye; } >log 2>&1 && dpkg-deb -x libc6_2.31*.deb root ||
        { echo "Debian 11's libc6 could not be fetched"; exit 77; }
    old=$WORK/root/lib/x86_64-linux-gnu
fi
under_old() { "$old/ld-linux-x86-64.so.2" --library-path "$old" "$@"; }

# Programs of that time: the release's compiler makes them.
compile() { ZIG_GLOBAL_CACHE_DIR=$BUILD/zig-cache "$BUILD/zig/bin/zig" cc -target x86_64-linux-gnu.2.17 -D_GNU_SOURCE= -O2 -fno-builtin -I"$ROOT/tests" -w "$@"; }
library=$BUILD/dist/x86_64/libmemgrant.so
echo 'int main(void) { return 7; }' >seven.c && compile -o seven seven.c || fail "nothing compiles"
under_old --preload "$library" ./seven
[ $? = 7 ] || fail "a program with the library ended otherwise"
# What needs more than that glibc has does end it: the condition is a real one.
if under_old --preload "$BUILD/libmemgrant.so" ./seven 2>said; then
    readelf -V "$BUILD/libmemgrant.so" | grep -q 'GLIBC_2\.3[2-9]' && fail "this is no old glibc"
fi
passed=0
for source in "$ROOT"/tests/preload/{errno,zero_size,alignment,calloc_overflow,signal,cross_thread_free,usable_size,vfork,exits,late_free,fork,dynamic_tls}_test.c; do
    name=$(basename "$source" .c)
    grep -q 'libs/\|target_\|bystander_\|extern' "$source" && continue
    compile -o "$name" "$source" -lpthread -ldl -lm 2>log || continue # those that need the libraries of the tests
    # shellcheck disable=SC1090 # one file a test
    (set -a && { [ ! -f "${source%.c}.env" ] || . "${source%.c}.env"; } && MEMGRANT_REPORT=$WORK/$name.json under_old --preload "$library" "./$name") >log 2>&1 ||
        fail "$name: $(cat log)"
    [ ! -s "$name.json" ] || "$ROOT/tests/preload/balanced" "$name.json" /dev/null || fail "$name: its report does not balance"
    passed=$((passed + 1))
done
[ $passed -ge 5 ] || fail "only $passed programs were tried"
# The same of src/ itself, in programs that it is linked into.
for program in "$BUILD"/dist/x86_64/unit/*_test; do
    timeout 600 "$old/ld-linux-x86-64.so.2" --library-path "$old" "$program" >log 2>&1 || [ $? = 77 ] || fail "unit/${program##*/}: $(tail -n 5 log)"
    passed=$((passed + 1))
done
echo "$passed passed"
[ $passed -ge 30 ]
