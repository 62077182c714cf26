/* A limit on bytes in use is one on resident memory: whatever sizes come and go, the process never keeps more than the limit,
 * 5 % and 16 MB, sampled by the kernel's own figures. */
#include "libs/libs.h"
#include "resident.h"

#include <pthread.h>

enum { SLOTS = 400000, OPERATIONS = 1500000, SAMPLE = 2000 };

static char *blocks[SLOTS];

static unsigned long state = SEED;

static void free_slot(unsigned slot)
{
    target_free(blocks[slot]);
    blocks[slot] = NULL;
}

/* Fills the budget to the brim and then replaces blocks at random. */
static long churn(long baseline, unsigned most_power, unsigned slots)
{
    long worst = 0;
    for (int i = 0; i < OPERATIONS; i++) {
        unsigned slot = random_number(&state) % slots;
        if (blocks[slot])
            free_slot(slot);
        size_t size = random_size(most_power, &state);
        blocks[slot] = target_malloc(size);
        if (blocks[slot])
            memset(blocks[slot], 1, size);
        else
            free_slot(random_number(&state) % slots); /* denied: makes room */
        if (i % SAMPLE == 0) {
            long kept = resident() - baseline - LIMIT;
            worst = kept > worst ? kept : worst;
        }
    }
    return worst;
}

/* Each thread may have an arena of its own: what one gave back must not be kept while another takes as much. */
static void *fill_and_empty(void *argument)
{
    long kept = 0;
    unsigned slot = 0;
    while (slot < SLOTS && (blocks[slot] = target_malloc(24000)))
        memset(blocks[slot++], 1, 24000);
    CHECK(slot > LIMIT / 32000 && slot < SLOTS);
    kept = resident() - *(long *)argument - LIMIT;
    while (slot-- > 0)
        free_slot(slot);
    printf("a thread that fills the budget: %ld KB resident beyond the limit\n", kept >> 10);
    CHECK(kept <= BEYOND);
    return NULL;
}

/* A thread that never allocated only puts a block on its owner's list: its pages must be the kernel's before anybody has the
 * refund. */
static void *free_as_stranger(void *block)
{
    long before = resident();
    target_free(block);
    long given_up = before - resident();
    printf("a stranger that frees 64 MB: %ld KB given up\n", given_up >> 10);
    CHECK(given_up > 60 * MB);
    return NULL;
}

static void free_in_another_thread(void)
{
    pthread_t stranger;
    char *block = target_malloc(64 * MB);
    CHECK(block);
    memset(block, 1, 64 * MB);
    CHECK(!pthread_create(&stranger, NULL, free_as_stranger, block));
    CHECK(!pthread_join(stranger, NULL));
}

int main(void)
{
    for (int i = 0; i < SLOTS; i++)
        blocks[i] = (char *)1; /* the table's own pages are in the baseline */
    memset(blocks, 0, sizeof blocks);
    target_free(target_malloc(100));
    long baseline = resident();
    free_in_another_thread();
    static const struct {
        unsigned most_power, slots;
    } phases[] = { { 9, SLOTS }, { 19, 2000 }, { 13, 60000 }, { 22, 200 }, { 7, SLOTS } };
    for (unsigned phase = 0; phase < sizeof phases / sizeof *phases; phase++) {
        long worst = churn(baseline, phases[phase].most_power, phases[phase].slots);
        printf("phase %u: at most %ld KB resident beyond the limit\n", phase, worst >> 10);
        CHECK(worst <= BEYOND);
    }
    for (unsigned slot = 0; slot < SLOTS; slot++)
        if (blocks[slot])
            free_slot(slot);
    for (int thread = 0; thread < 8; thread++) {
        pthread_t one;
        CHECK(!pthread_create(&one, NULL, fill_and_empty, &baseline));
        CHECK(!pthread_join(one, NULL));
    }
    return 0;
}
