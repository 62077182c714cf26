#!/bin/bash
# Programs that are linked to a fixed address and take the address of a function that frees have a stub of their own for it: it is
# not taken for ours, nor for another allocator's, and what they allocate last thing in a function is theirs.
set -u
cd "$WORK" || exit
fail() { echo "$1"; exit 1; }
flags="-O2 -fno-builtin -fno-pie -no-pie -Wall -Werror"

cat >takes.cc <<'C'
#include <cstdio>
#include <cstdlib>
#include <new>
static void (*volatile drop)(void *);
int main()
{
    drop = ::operator delete;
    drop(::operator new(100));
    ::operator delete(::operator new(200));
    puts("done");
}
C
cat >takes.c <<'C'
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
static void (*volatile drop)(void *);
static size_t (*volatile usable)(void *);
__attribute__((noinline)) static void *last_thing(size_t size)
{
    return malloc(size);
}
void *(*volatile make)(size_t) = last_thing;
int main(void)
{
    drop = free;
    usable = malloc_usable_size;
    for (int i = 0; i < 1000; i++) {
        void *block = make(1000);
        if (usable(block) < 1000 || malloc_usable_size(block) != usable(block))
            return 1;
        if (i % 2)
            free(block);
        else
            drop(block);
    }
    puts("done");
    return 0;
}
C
${CXX:-c++} $flags -o takes_cc takes.cc || fail "takes.cc does not compile"
for bind in lazy now; do
    ${CC:-cc} $flags -D_GNU_SOURCE "-Wl,-z,$bind" -o "takes_$bind" takes.c || fail "takes.c does not compile"
done
for program in takes_cc takes_lazy takes_now; do
    timeout 20 env MEMGRANT_TARGETS="$program" MEMGRANT_REPORT="$WORK/$program.json" "LD_PRELOAD=$LIB" "./$program" >out 2>errors
    code=$?
    [ $code = 0 ] && [ "$(cat out)" = "done" ] && [ ! -s errors ] || fail "$program ends with $code: $(cat out errors)"
    python3 - "$program" <<'P' || fail "$program: what it took is not in the report"
import json, sys
report = json.load(open(sys.argv[1] + ".json"))
books = {row["name"]: row for row in report["libraries"]}
row = books[sys.argv[1]]
least = 2 if sys.argv[1] == "takes_cc" else 1000
assert row["allocations"] == row["frees"] >= least and row["used"] == 0, row
P
done
