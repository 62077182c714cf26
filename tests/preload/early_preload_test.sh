#!/bin/bash
# Another preloaded library's constructor runs before ours, and its destructor after: it allocates, maps, makes threads, and
# frees at the end what it took at the beginning.
set -u
cd "$WORK" || exit
fail() { echo "$1"; exit 1; }
cat >early.c <<'C'
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
static void *kept[100];
static char *line;
static pthread_t thread;
static atomic_int blocks;
enum { ENOUGH = 1000000 };
static void *work(void *unused)
{
    for (; blocks < ENOUGH; blocks++)
        free(malloc((size_t)blocks % 5000)); /* goes on while others begin */
    return unused;
}
__attribute__((constructor(101))) static void begin(void)
{
    for (size_t i = 0; i < 100; i++)
        memset(kept[i] = i % 3 ? malloc(i * 100 + 1) : memalign(64, i * 100 + 1), 1, i * 100 + 1);
    kept[50] = realloc(kept[50], 100000);
    line = strdup("early");
    void *pages = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || munmap(pages, 1 << 20) || pthread_create(&thread, NULL, work, NULL))
        abort();
    while (blocks < 1000)
        sched_yield(); /* until it is at it */
}
void stop_working(void)
{
    blocks = ENOUGH;
    pthread_join(thread, NULL);
}
__attribute__((destructor(101))) static void end(void)
{
    kept[60] = realloc(kept[60], 200000);
    for (int i = 0; i < 100; i++)
        free(kept[i]);
    free(line);
    free(malloc(100));
    write(1, "the end\n", 8);
}
C
sed -i 's/#include <sys\/mman.h>/&\n#include <unistd.h>/' early.c
"${CC:-cc}" -O1 -fno-builtin -D_GNU_SOURCE -fPIC -shared -o libearly.so early.c -lpthread || fail "the fixture does not compile"
# Ends before all others, so that nobody allocates any more when the report is written.
cat >late.c <<'C'
void stop_working(void);
__attribute__((destructor)) static void end(void)
{
    stop_working();
}
C
"${CC:-cc}" -fPIC -shared -o liblate.so late.c || fail "the fixture does not compile"

works() { # PRELOADED
    for tried in first_operation errno zero_size thread_exit; do
        MEMGRANT_REPORT=$WORK/report.json MEMGRANT_TARGETS='*' LD_PRELOAD=$1 \
            timeout 200 "$BUILD/preload/${tried}_test" >out 2>&1 || fail "$tried under $1: $? $(cat out)"
        grep -q '^the end$' out || fail "$tried under $1: the other library did not end: $(cat out)"
        [ "$(grep -cv '^the end$' out)" = 0 ] || fail "$tried under $1 said: $(cat out)"
        "$ROOT/tests/preload/balanced" report.json || fail "$tried under $1: the books do not balance"
        rm -f report.json*
    done
}
works "$WORK/liblate.so:$LIB:$WORK/libearly.so"
works "$WORK/liblate.so:$WORK/libearly.so:$LIB"
