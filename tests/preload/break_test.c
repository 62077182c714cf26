/* What we give out never moves the program's break: it is the host's, also under limits on memory. */
#include "test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { BLOCKS = 20000 };

static void *blocks[BLOCKS];

/* Blocks of each size, from the smallest to huge ones, as many as there are up to a limit. */
static void *take_all_sizes(void *refused)
{
    for (size_t size = 1; size < (size_t)64 << 20; size = size * 2 + 1) {
        size_t count = 0;
        while (count < BLOCKS && count * size < (size_t)64 << 20 && (blocks[count] = malloc(size)) != NULL)
            memset(blocks[count++], 1, size < 4096 ? size : 4096);
        CHECK(refused || count == BLOCKS || count * size >= (size_t)64 << 20);
        while (count > 0)
            free(blocks[--count]);
    }
    return NULL;
}

static void on_a_thread(void)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, take_all_sizes, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

/* With nothing left of that resource. */
static void with_none_of(int resource)
{
    struct rlimit none = { 0, 0 };
    struct rlimit before;
    CHECK_EQ(getrlimit(resource, &before), 0);
    none.rlim_max = before.rlim_max;
    CHECK_EQ(setrlimit(resource, &none), 0);
    take_all_sizes(&none);
    CHECK_EQ(setrlimit(resource, &before), 0);
}

int main(void)
{
    char *before = sbrk(0);
    take_all_sizes(NULL);
    CHECK(sbrk(0) == before);
    on_a_thread();
    CHECK(sbrk(0) == before);
    with_none_of(RLIMIT_AS);
    CHECK(sbrk(0) == before);
    with_none_of(RLIMIT_DATA);
    CHECK(sbrk(0) == before);
    CHECK(sbrk(4096) == before && sbrk(0) == before + 4096); /* the program's own way is open */
    return 0;
}
