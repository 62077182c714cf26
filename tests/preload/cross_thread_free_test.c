/* Blocks made by one thread and freed by another, both ways at once: at the end nothing is left and nothing was lost. */
#include "libs/libs.h"
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>

enum { SLOTS = 1024, ROUNDS = 200000 };
static _Atomic(void *) slots[SLOTS];

static void *exchange(void *seed)
{
    unsigned state = (unsigned)(size_t)seed;
    for (int i = 0; i < ROUNDS; i++) {
        state = state * 1664525u + 1013904223u;
        size_t size = (state >> 8) % ((state & 15) ? 500 : 30000) + 1;
        char *block = target_tail_malloc(size);
        CHECK(block != NULL);
        block[0] = block[size - 1] = 1;
        free(atomic_exchange(&slots[(state >> 20) % SLOTS], block));
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        CHECK(!pthread_create(&threads[i], NULL, exchange, (void *)(i + 1)));
    for (int i = 0; i < 4; i++)
        CHECK(!pthread_join(threads[i], NULL));
    for (int i = 0; i < SLOTS; i++)
        free(atomic_load(&slots[i]));
    return 0;
}
