/* pair THREADS MOST: processor nanoseconds of one malloc and free, sizes 16 to MOST, blocks living for a while. Prints the
 * median of seven windows, summed over threads. */
#include "libs/libs.h"
#include "test.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

enum { WINDOWS = 7, PAIRS = 400000, LIVE = 512 };

static size_t most;

static double nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double window(void **live, unsigned *state)
{
    double start = nanoseconds();
    for (int i = 0; i < PAIRS; i++) {
        *state = *state * 1664525u + 1013904223u;
        void **slot = &live[(*state >> 12) % LIVE];
        target_free(*slot);
        *slot = target_tail_malloc(16 + (*state >> 8) % most);
    }
    return (nanoseconds() - start) / PAIRS;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void *thread(void *result)
{
    void *live[LIVE] = { 0 };
    unsigned state = (unsigned)(uintptr_t)result;
    double windows[WINDOWS];
    window(live, &state); /* warms up */
    for (int i = 0; i < WINDOWS; i++)
        windows[i] = window(live, &state);
    for (int i = 0; i < LIVE; i++)
        target_free(live[i]);
    qsort(windows, WINDOWS, sizeof *windows, by_size);
    *(double *)result = windows[WINDOWS / 2];
    return NULL;
}

int main(int count, char **words)
{
    double results[64], sum = 0;
    CHECK(count == 3);
    int threads = atoi(words[1]);
    most = (size_t)atol(words[2]);
    CHECK(threads >= 1 && threads <= 64 && most >= 16);
    /* A first call that is no tail call: from now on the library is known. */
    target_free(target_malloc(10));
    pthread_t handles[64];
    for (int i = 0; i < threads; i++)
        CHECK(!pthread_create(&handles[i], NULL, thread, &results[i]));
    for (int i = 0; i < threads; i++) {
        CHECK(!pthread_join(handles[i], NULL));
        sum += results[i];
    }
    printf("%.2f\n", sum / threads);
    return 0;
}
