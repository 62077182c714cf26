/* What the measured programs share: sizes drawn from a mix, processor time, threads that begin together. */
#ifndef MG_BENCH_WORK_H
#define MG_BENCH_WORK_H

#include "test.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

enum { MOST_THREADS = 64 };

static inline double processor_ns(clockid_t clock)
{
    struct timespec now;
    CHECK(!clock_gettime(clock, &now));
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static inline uint32_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 32);
}

/* Sizes are drawn before they are needed: drawing them is not what is measured. */
enum { SIZES = 4096 };
struct mix {
    const char *name;
    size_t least, most;
    bool by_power; /* as many of each power of two; else each size as often as any other */
    int pairs;     /* of a run, over all threads: a tenth of a second or so */
    unsigned live; /* blocks that a thread keeps */
};

static const struct mix mixes[] = {
    { "16-256", 16, 256, false, 4000000, 512 },     { "16-1K", 16, 1024, false, 4000000, 512 },
    { "1K-16K", 1024, 16384, false, 1000000, 256 }, { "16K-64K", 16384, 65536, false, 400000, 64 },
    { "16-1M", 16, 1 << 20, true, 300000, 64 },
};

static inline const struct mix *mix_of(const char *name)
{
    for (size_t i = 0; i < sizeof mixes / sizeof *mixes; i++)
        if (!strcmp(mixes[i].name, name))
            return &mixes[i];
    dprintf(2, "there is no mix of sizes %s\n", name);
    exit(2);
}

static inline void draw_sizes(const struct mix *mix, uint32_t sizes[SIZES], uint64_t seed)
{
    uint64_t state = seed * 7919 + 12345;
    for (int i = 0; i < SIZES; i++) {
        size_t least = mix->least, most = mix->most;
        if (mix->by_power) {
            unsigned powers = (unsigned)__builtin_ctzl(most) - (unsigned)__builtin_ctzl(least);
            least <<= next_random(&state) % powers;
            most = 2 * least;
        }
        sizes[i] = (uint32_t)(least + next_random(&state) % (most - least + 1));
    }
}

static inline int thread_count(const char *word)
{
    int count = atoi(word);
    CHECK(count >= 1 && count <= MOST_THREADS);
    return count;
}

/* Runs `work` on so many threads; its argument is the thread's number. */
static inline void run_threads(int count, void *(*work)(void *))
{
    pthread_t handles[MOST_THREADS];
    for (int i = 0; i < count; i++)
        CHECK(!pthread_create(&handles[i], NULL, work, (void *)(intptr_t)i));
    for (int i = 0; i < count; i++)
        CHECK(!pthread_join(handles[i], NULL));
}

#endif
