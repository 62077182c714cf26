#!/bin/bash
# The released libraries ask for nothing that is newer than the floor; and what looks at that sees what would break it.
set -u
cd "$ROOT" || exit
fail() { echo "$1"; exit 1; }
floor=2.17
for machine in x86_64 aarch64; do
    release/check-floor $floor "$BUILD/dist/$machine/libmemgrant.so" || fail "$machine"
    diff <(nm -D --defined-only "$BUILD/dist/$machine/libmemgrant.so" | awk '{ sub(/@.*/, "", $NF); print $NF }' | sort) \
        <({ sed -n 's/^MG_SYMBOL(\([^,]*\),.*/\1/p' interpose/symbols.def; echo JNI_OnLoad; echo Agent_OnLoad; } | sort) ||
        fail "$machine: it exports something else"
done
# A library that needs today's glibc: what this machine's compiler makes.
"${CC:-cc}" -shared -fPIC -o "$WORK/today.so" -x c - <<'C'
#define _GNU_SOURCE
#include <sys/random.h>
#include <sys/mman.h>
int f(void) { char c; return (int)getrandom(&c, 1, 0) + memfd_create("", 0); }
C
said=$(release/check-floor $floor "$WORK/today.so") && fail "a library that needs getrandom passed"
grep -q 'needs getrandom of glibc 2.25; the floor is 2.17' <<<"$said" || fail "said: $said"
grep -q 'needs memfd_create of glibc 2.27' <<<"$said" || fail "said: $said"
release/check-floor $floor "$WORK/none.so" 2>/dev/null && fail "a file that is not there passed"
exit 0
