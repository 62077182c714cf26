/* 20,000 short threads, several at a time: each allocates, frees what another one left, and dies. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

enum { THREADS = 20000, AT_ONCE = 8, SHELF = 64 };

static _Atomic(unsigned char *) shelf[SHELF];

static void drop(unsigned char *block)
{
    if (block)
        CHECK_EQ(block[0], block[99]);
    free(block);
}

static void *live(void *number)
{
    size_t n = (size_t)(uintptr_t)number;
    unsigned char *own = malloc(100 + n % 5000);
    unsigned char *left = malloc(100 + n % 300);
    CHECK(own && left);
    memset(own, (int)(n & 255), 100);
    memset(left, (int)(n & 255), 100);
    drop(atomic_exchange(&shelf[n % SHELF], left));
    drop(own);
    return NULL;
}

int main(void)
{
    pthread_t threads[AT_ONCE];
    for (uintptr_t n = 0; n < THREADS; n++) {
        if (n >= AT_ONCE)
            CHECK(!pthread_join(threads[n % AT_ONCE], NULL));
        CHECK(!pthread_create(&threads[n % AT_ONCE], NULL, live, (void *)n));
    }
    for (int i = 0; i < AT_ONCE; i++)
        CHECK(!pthread_join(threads[i], NULL));
    for (int i = 0; i < SHELF; i++)
        drop(atomic_load(&shelf[i]));
    return 0;
}
