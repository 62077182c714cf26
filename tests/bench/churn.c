/* churn BLOCKS THREADS: processor microseconds of a thread's whole life in which it allocates and frees so many blocks of
 * 16 bytes to 1 KB, THREADS of them at once. */
#include "work.h"

enum { LIVES = 3000 };

static uint32_t sizes[SIZES];
static int blocks;

static void *life(void *number)
{
    void *mine[1024];
    for (int i = 0; i < blocks; i++)
        mine[i] = malloc(sizes[((intptr_t)number + i) % SIZES]);
    for (int i = 0; i < blocks; i++)
        free(mine[i]);
    return NULL;
}

int main(int count, char **words)
{
    CHECK(count == 3);
    blocks = atoi(words[1]);
    int threads = thread_count(words[2]);
    CHECK(blocks >= 0 && blocks <= 1024);
    draw_sizes(mix_of("16-1K"), sizes, 1);
    run_threads(threads, life);
    double before = processor_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < LIVES / threads; i++)
        run_threads(threads, life);
    double took = processor_ns(CLOCK_PROCESS_CPUTIME_ID) - before;
    printf("%.3f\n", took / 1e3 / threads / (LIVES / threads));
    return 0;
}
