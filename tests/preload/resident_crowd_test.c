/* A limit is one on resident memory for a crowd as well: what 64 threads have in their caches, most of them not running, counts
 * against it, sampled by the kernel's own figures while they work: by each of them, now and then, so that samples are as many
 * wherever the kernel lets whom run. */
#include "libs/libs.h"
#include "resident.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 64, SLOTS = 2000, SAMPLES = 30 }; /* of a thread, in a phase */

static const struct {
    unsigned most_power, slots;
    int operations;
} phases[] = { { 9, 1600, 10000 }, { 19, 8, 600 }, { 13, 240, 5000 }, { 22, 1, 90 }, { 7, 1600, 10000 } };

static char *blocks[THREADS][SLOTS];
static pthread_barrier_t phase_begins;
static _Atomic(long) worst, samples;
static long baseline;

static void sample(void)
{
    long now = resident() - baseline, before = worst;
    while (now > before && !atomic_compare_exchange_weak(&worst, &before, now))
        ;
    samples++;
}

static void replace(char **slot, unsigned most_power, unsigned long *state)
{
    size_t size = random_size(most_power, state);
    target_free(*slot);
    *slot = target_malloc(size); /* denied: an empty slot makes room */
    if (*slot)
        memset(*slot, 1, size);
}

/* What is left of one kind lies in the way of the next. */
static void *work(void *mine)
{
    char **slots = mine;
    unsigned long state = SEED + (unsigned long)(slots - blocks[0]);
    for (size_t phase = 0; phase < sizeof phases / sizeof *phases; phase++) {
        pthread_barrier_wait(&phase_begins);
        for (int i = 0; i < phases[phase].operations; i++) {
            replace(&slots[random_number(&state) % phases[phase].slots], phases[phase].most_power, &state);
            if (i % (phases[phase].operations / SAMPLES) == 0)
                sample();
        }
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    memset(blocks, 1, sizeof blocks); /* the table's own pages are in the baseline */
    memset(blocks, 0, sizeof blocks);
    target_free(target_malloc(100));
    CHECK(!pthread_barrier_init(&phase_begins, NULL, THREADS));
    baseline = resident();
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, work, blocks[i]));
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_join(threads[i], NULL));
    printf("at most %ld MB resident in %ld samples\n", worst / MB, samples);
    CHECK(worst > 60 * MB);
    CHECK(worst <= LIMIT + BEYOND);
    return 0;
}
