/* exchange THREADS SECONDS: threads come and go, make, resize and free each other's blocks, and check what is in them. */
#include "libs/libs.h"
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

enum { SLOTS = 4096, STEPS = 20000 };

/* A block begins with its size and is filled with the lowest byte of it. */
struct block {
    size_t size;
    unsigned char bytes[];
};

static _Atomic(struct block *) slots[SLOTS];
static _Atomic(long) exchanged;

static struct block *make(struct block *old, size_t size)
{
    struct block *made =
        old ? target_realloc(old, sizeof *made + size) : target_tail_malloc(sizeof *made + size);
    CHECK(made != NULL);
    made->size = size;
    memset(made->bytes, (int)(size & 255), size);
    return made;
}

static void drop(struct block *block)
{
    if (!block)
        return;
    for (size_t i = 0; i < block->size; i += 1 + block->size / 64)
        CHECK_EQ(block->bytes[i], block->size & 255);
    free(block);
}

static void *one_life(void *seed)
{
    unsigned state = (unsigned)(uintptr_t)seed;
    for (int i = 0; i < STEPS; i++) {
        state = state * 1664525u + 1013904223u;
        size_t size = (state >> 8) % ((state >> 4) % 32 ? 900 : 200000) + 1;
        struct block *block = make(NULL, size);
        if ((state >> 5) % 8 == 0)
            block = make(block, size / 2 + (state >> 16) % 3000);
        drop(atomic_exchange(&slots[(state >> 18) % SLOTS], block));
    }
    atomic_fetch_add(&exchanged, STEPS);
    return NULL;
}

int main(int count, char **words)
{
    CHECK(count == 3);
    int threads = atoi(words[1]);
    time_t end = time(NULL) + atoi(words[2]);
    CHECK(threads >= 1 && threads <= 64);
    for (uintptr_t seed = 1; time(NULL) < end;) {
        pthread_t handles[64];
        for (int i = 0; i < threads; i++)
            CHECK(!pthread_create(&handles[i], NULL, one_life, (void *)seed++));
        for (int i = 0; i < threads; i++)
            CHECK(!pthread_join(handles[i], NULL));
    }
    for (int i = 0; i < SLOTS; i++)
        drop(atomic_load(&slots[i]));
    printf("%ld blocks exchanged\n", atomic_load(&exchanged));
    return 0;
}
