/* Many threads begin when there is no more memory: each gets by on what there is. */
#include "marks.h"
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

enum { THREADS = 200, STACK = 64 << 10 };

static _Alignas(4096) char stacks[THREADS][STACK];
static pthread_rwlock_t door = PTHREAD_RWLOCK_INITIALIZER;

static void *live(void *unused)
{
    for (size_t size = 16; size < 100000; size *= 3) {
        char *block = malloc(size);
        CHECK(block || errno == ENOMEM);
        if (block)
            memset(block, 1, size);
        free(block);
    }
    CHECK(!pthread_rwlock_rdlock(&door)); /* until all are there */
    CHECK(!pthread_rwlock_unlock(&door));
    return unused;
}

int main(void)
{
    pthread_t threads[THREADS];
    pthread_attr_t attributes;
    free(malloc(1));
    CHECK(!pthread_rwlock_wrlock(&door));
    mark(MARK_BEGIN);
    for (int i = 0; i < THREADS; i++) {
        CHECK(!pthread_attr_init(&attributes));
        CHECK(!pthread_attr_setstack(&attributes, stacks[i], STACK));
        CHECK(!pthread_create(&threads[i], &attributes, live, NULL));
    }
    CHECK(!pthread_rwlock_unlock(&door));
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_join(threads[i], NULL));
    return 0;
}
