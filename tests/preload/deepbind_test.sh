#!/bin/bash
# Plugins that are loaded with RTLD_DEEPBIND are bound past us. Those bound to libc's free have ours afterwards, bound lazily or at
# once, as targets or not; those with an allocator of their own keep it; and dlopen finds what it found without us, by the
# RUNPATH of who calls it.
set -u
cd "$WORK" || exit
fail() { echo "$1"; exit 1; }
cc=${CC:-cc}
compile() { "$cc" -O1 -fno-builtin -D_GNU_SOURCE -Wall -Werror "$@" || fail "$*: does not compile"; }

# ---- A plugin with an allocator of its own, which hands out no block that libc knows ----
cat >own.c <<'C'
#include <stddef.h>
#include <stdlib.h>
static _Alignas(16) char room[1 << 16];
static size_t used;
static int freed;
void *malloc(size_t size)
{
    void *block = room + used;
    used += (size + 15) & ~(size_t)15;
    return block;
}
void free(void *block)
{
    if (block && ((char *)block < room || (char *)block >= room + sizeof room))
        abort();
    freed++;
}
int own_freed(void)
{
    return freed;
}
C
cat >owner.c <<'C'
#include <stdlib.h>
#include <string.h>
void *plugin_malloc(size_t size) { void *volatile block = malloc(size); return block; }
void plugin_free(void *block) { free(block); }
char *plugin_strdup(const char *text) { return strdup(text); }
C
compile -fPIC -shared -o libown.so own.c
compile -fPIC -shared -o libowner.so owner.c -L. -lown -Wl,-rpath,"$WORK"

# ---- One whose caller's RUNPATH leads to it; nobody else's does ----
mkdir -p sub && cat >found.c <<'C'
int found(void);
int found(void) { return 7; }
C
cat >finder.c <<'C'
#include <dlfcn.h>
#include <stddef.h>
void *finder_open(int flags);
void *finder_open(int flags) { return dlopen("libmgfound.so", flags); } /* a tail call */
C
compile -fPIC -shared -o sub/libmgfound.so found.c
compile -fPIC -shared -o libfinder.so finder.c -Wl,-rpath,'$ORIGIN/sub'

# ---- A target's blocks, freed by each ----
cat >main.c <<'C'
#include "libs/libs.h"
#include "libs/plugin.h"
#include "test.h"
#include <string.h>
static void exchange(const char *folder, int flags)
{
    struct plugin plugin = open_plugin(folder, flags);
    for (int i = 0; i < 100; i++) {
        plugin.release(target_malloc(100));
        plugin.release_by_pointer(target_malloc(100));
        plugin.release(plugin.resize(target_malloc(100), 5000));
        CHECK(plugin.usable_size(plugin.copy("text")) >= 5);
        target_free(plugin.allocate(100));
        plugin.release(plugin.allocate(100));
    }
}
static void its_own_stays_its_own(void)
{
    void *handle = dlopen("./libowner.so", RTLD_NOW | RTLD_DEEPBIND);
    CHECK(handle != NULL);
    void *(*make)(size_t) = (void *(*)(size_t))dlsym(handle, "plugin_malloc");
    void (*drop)(void *) = (void (*)(void *))dlsym(handle, "plugin_free");
    int (*freed)(void) = (int (*)(void))dlsym(handle, "own_freed");
    CHECK(make && drop && freed);
    for (int i = 0; i < 10; i++)
        drop(make(100));
    CHECK_EQ(freed(), 10);
}
static void names_are_searched_for_as_by_the_caller(void)
{
    int const ways[] = { RTLD_NOW, RTLD_LAZY | RTLD_GLOBAL, RTLD_NOW | RTLD_DEEPBIND };
    void *finder = dlopen("./libfinder.so", RTLD_NOW);
    CHECK(finder != NULL);
    void *(*open)(int) = (void *(*)(int))dlsym(finder, "finder_open");
    for (int i = 0; i < 3; i++) {
        void *handle = open(ways[i]);
        CHECK(handle && dlsym(handle, "found") && !dlclose(handle));
        CHECK(!dlopen("libmgfound.so", ways[i]));
    }
    CHECK(!open(RTLD_NOLOAD | RTLD_NOW) && !dlopen("./no-such.so", RTLD_NOW | RTLD_DEEPBIND) && strstr(dlerror(), "no-such"));
    CHECK(!dlclose(dlopen(NULL, RTLD_NOW | RTLD_DEEPBIND)));
}
int main(int count, char **words)
{
    target_free(target_malloc(1));
    exchange(words[1], (count > 2 ? RTLD_LAZY : RTLD_NOW) | RTLD_DEEPBIND);
    its_own_stays_its_own();
    names_are_searched_for_as_by_the_caller();
    return 0;
}
C
compile -I"$ROOT/tests" -o main main.c -L"$BUILD/libs" -ltarget -Wl,-rpath,"$BUILD/libs" -ldl

works() { # TARGETS EXPECTED EXTRA-ARGUMENT...
    local targets=$1 expected=$2
    shift 2
    MEMGRANT_REPORT=report.json MEMGRANT_TARGETS=$targets LD_PRELOAD=$LIB ./main "$BUILD/libs" "$@" >out 2>&1 ||
        fail "$targets $*: $? $(cat out)"
    echo "$expected" >expected
    "$ROOT/tests/preload/balanced" report.json expected || fail "$targets $*: $(cat out)"
}
./main "$BUILD/libs" || fail "without us it does not work either"
nothing_left='library("libtarget").used == 0'
for lazily in '' lazily; do
    works libtarget.so "$nothing_left" $lazily
    works 'libtarget.so;libplugin*' "$nothing_left and library('libplugin').allocations >= 400" $lazily
    works 'libtarget.so;libowner*;libown*' "$nothing_left and library('libowner').allocations <= 1" $lazily
done
