/* What others do: each allocation asks by a callback. The library as it is, but each allocation first crosses into the JVM (60 ns,
 * which is what a call from C to Java and back takes) and asks there under the one lock of the memory manager. */
#include <stdbool.h>
#include <stddef.h>

#define mg_allocate mg_allocate_uncalled
#define mg_allocate_at_hand at_hand_uncalled
#include "../../src/blocks.c"
#undef mg_allocate
#undef mg_allocate_at_hand
void *mg_allocate_at_hand(unsigned library, size_t size);
bool mg_allocate(unsigned library, size_t size, size_t alignment, unsigned form, void **block);

#include <pthread.h>
#include <time.h>

enum { CROSSING_NS = 60 };

static struct {
    pthread_mutex_t lock;
    long pool, used, asked;
} manager = { PTHREAD_MUTEX_INITIALIZER, 1L << 50, 0, 0 };

static bool ask(size_t bytes)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long until = now.tv_nsec + now.tv_sec * 1000000000 + CROSSING_NS;
    pthread_mutex_lock(&manager.lock);
    bool granted = manager.used + (long)bytes <= manager.pool;
    if (granted)
        manager.used += (long)bytes;
    manager.asked++;
    pthread_mutex_unlock(&manager.lock);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while (now.tv_nsec + now.tv_sec * 1000000000 < until);
    return granted;
}

static bool (*volatile callback)(size_t) = ask;

bool mg_allocate(unsigned library, size_t size, size_t alignment, unsigned form, void **block)
{
    if (library != MG_LIBRARY_OTHER && !MG_LOAD(mg_self.inside) && !callback(size)) {
        *block = NULL;
        return true;
    }
    return mg_allocate_uncalled(library, size, alignment, form, block);
}

void *mg_allocate_at_hand(unsigned library, size_t size)
{
    void *block = at_hand_uncalled(library, size);
    if (!block || callback(size))
        return block; /* NULL: mg_allocate asks */
    mg_free(block);
    return NULL;
}
