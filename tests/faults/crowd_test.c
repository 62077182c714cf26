/* Ten thousand threads at once: all of them are counted, and so are those that come later. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

enum { CROWD = 10000, LATER = 50 };

static pthread_t threads[CROWD];
static pthread_rwlock_t door = PTHREAD_RWLOCK_INITIALIZER;
static _Atomic(int) inside;

static void *live(void *waits)
{
    char *block = malloc(1000);
    CHECK(block);
    memset(block, 1, 1000);
    atomic_fetch_add(&inside, 1);
    if (waits) {
        CHECK(!pthread_rwlock_rdlock(&door)); /* until all are there */
        CHECK(!pthread_rwlock_unlock(&door));
    }
    free(block);
    return NULL;
}

int main(void)
{
    pthread_attr_t small;
    CHECK(!pthread_attr_init(&small));
    CHECK(!pthread_attr_setstacksize(&small, 64 << 10));
    CHECK(!pthread_rwlock_wrlock(&door));
    int made = 0;
    while (made < CROWD && !pthread_create(&threads[made], &small, live, &door))
        made++;
    while (made == CROWD && atomic_load(&inside) < CROWD)
        sched_yield();
    CHECK(!pthread_rwlock_unlock(&door));
    for (int i = 0; i < made; i++)
        CHECK(!pthread_join(threads[i], NULL));
    if (made < CROWD)
        SKIP("so many threads are not allowed here");
    for (int i = 0; i < LATER; i++) {
        CHECK(!pthread_create(&threads[i], &small, live, NULL));
        CHECK(!pthread_join(threads[i], NULL));
    }
    return 0;
}
