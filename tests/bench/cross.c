/* cross MIX THREADS: processor nanoseconds of one malloc and free, half of the threads allocating what the other half
 * frees. The waiting for each other is part of it, the same in every mode. */
#include "handed.h"

static const struct mix *mix;
static int threads, batches;
static struct handed handed[MOST_THREADS / 2];
static pthread_barrier_t start, end;

static void *thread(void *number)
{
    static _Thread_local uint32_t sizes[SIZES];
    intptr_t n = (intptr_t)number;
    draw_sizes(mix, sizes, (uint64_t)n);
    for (int round = 0; round < 2; round++) {
        int some = round ? batches : batches / 8 + 1; /* the first round warms up */
        pthread_barrier_wait(&start);
        if (n % 2)
            consume(&handed[n / 2], some);
        else
            produce(&handed[n / 2], sizes, some);
        pthread_barrier_wait(&end);
    }
    return NULL;
}

int main(int count, char **words)
{
    CHECK(count == 3);
    mix = mix_of(words[1]);
    threads = thread_count(words[2]);
    CHECK(threads % 2 == 0);
    batches = mix->pairs / 2 / (threads / 2) / BATCH;
    for (int i = 0; i < threads / 2; i++)
        handed_start(&handed[i]);
    pthread_barrier_init(&start, NULL, (unsigned)threads + 1);
    pthread_barrier_init(&end, NULL, (unsigned)threads + 1);
    pthread_t handles[MOST_THREADS];
    for (int i = 0; i < threads; i++)
        CHECK(!pthread_create(&handles[i], NULL, thread, (void *)(intptr_t)i));
    double before = 0;
    for (int round = 0; round < 2; round++) {
        before = processor_ns(CLOCK_PROCESS_CPUTIME_ID);
        pthread_barrier_wait(&start);
        pthread_barrier_wait(&end);
    }
    double took = processor_ns(CLOCK_PROCESS_CPUTIME_ID) - before;
    for (int i = 0; i < threads; i++)
        CHECK(!pthread_join(handles[i], NULL));
    printf("%.3f\n", took / (threads / 2) / batches / BATCH);
    return 0;
}
