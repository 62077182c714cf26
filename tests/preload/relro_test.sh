#!/bin/bash
# What a target keeps read-only after it is relocated is read-only again when its slots lead to us: a program whose pages stay
# writable is easier to attack.
set -u
cd "$WORK" || exit
fail() { echo "$1"; exit 1; }
cat >hardened.c <<'C'
#include <stdlib.h>
static volatile int calls;
void *hardened_malloc(size_t size)
{
    void *block = malloc(size);
    calls++; /* no tail call: the first one makes it known */
    return block;
}
void hardened_free(void *block) { free(block); }
C
cat >use.py <<'USE'
import ctypes
library = ctypes.CDLL("./libhardened.so")
library.hardened_malloc.restype = ctypes.c_void_p
library.hardened_free.argtypes = [ctypes.c_void_p]
for i in range(10):
    library.hardened_free(library.hardened_malloc(1000))
print(*[line.split()[1] for line in open("/proc/self/maps") if "libhardened.so" in line])
USE
"${CC:-cc}" -O2 -fno-builtin -fPIC -shared -Wl,-z,now,-z,relro -o libhardened.so hardened.c || fail "the fixture does not compile"
python=$(python3 -c 'import sys; print(sys.executable)')
alone=$("$python" use.py)
ours=$(MEMGRANT_REPORT=report.json MEMGRANT_TARGETS='libhardened*' LD_PRELOAD=$LIB "$python" use.py)
[ -n "$alone" ] && [ "$ours" = "$alone" ] || fail "its pages are $ours instead of $alone"
echo 'library("libhardened").allocations == library("libhardened").frees == 10' >expected
"$ROOT/tests/preload/balanced" report.json expected
