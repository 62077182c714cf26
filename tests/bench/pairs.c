/* pairs MIX THREADS: processor nanoseconds of one malloc and free on the thread that allocated, blocks living for a while. */
#include "work.h"

static const struct mix *mix;
static int threads;
static double nanoseconds[MOST_THREADS];
static pthread_barrier_t start;

static void replace(char **live, const uint32_t *sizes, int pairs, uint64_t *state)
{
    for (int i = 0; i < pairs; i++) {
        char **slot = &live[next_random(state) % mix->live];
        free(*slot);
        *slot = malloc(sizes[i % SIZES]);
        **slot = 1;
    }
}

static void *thread(void *number)
{
    static _Thread_local uint32_t sizes[SIZES];
    static _Thread_local char *live[512];
    uint64_t state = (uint64_t)(intptr_t)number + 1;
    int pairs = mix->pairs / threads;
    draw_sizes(mix, sizes, state);
    replace(live, sizes, pairs / 8, &state); /* warms up */
    pthread_barrier_wait(&start);
    double before = processor_ns(CLOCK_THREAD_CPUTIME_ID);
    replace(live, sizes, pairs, &state);
    nanoseconds[(intptr_t)number] = (processor_ns(CLOCK_THREAD_CPUTIME_ID) - before) / pairs;
    for (unsigned i = 0; i < mix->live; i++)
        free(live[i]);
    return NULL;
}

int main(int count, char **words)
{
    CHECK(count == 3);
    mix = mix_of(words[1]);
    threads = thread_count(words[2]);
    CHECK(!pthread_barrier_init(&start, NULL, (unsigned)threads));
    run_threads(threads, thread);
    double sum = 0;
    for (int i = 0; i < threads; i++)
        sum += nanoseconds[i];
    printf("%.3f\n", sum / threads);
    return 0;
}
