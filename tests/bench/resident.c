/* resident LIMIT_MB THREADS: threads that fill a limit to the brim with sizes of one kind after another, while another one
 * samples what is resident. Prints the worst sample's MB beyond what was there before. */
#include "work.h"

#include <fcntl.h>
#include <unistd.h>

enum { SLOTS = 100000, PHASES = 5 };
#define MB (1L << 20)

static const struct {
    unsigned most_power, slots;
    int operations;
} phases[PHASES] = {
    { 9, SLOTS, 600000 }, { 19, 500, 40000 }, { 13, 15000, 300000 }, { 22, 50, 6000 }, { 7, SLOTS, 600000 }
};

static int threads;
static _Atomic bool over;
static long worst, samples, baseline;
static pthread_barrier_t phase_ends;

static long resident(void)
{
    static _Thread_local char text[100];
    int file = open("/proc/self/statm", O_RDONLY);
    ssize_t length = read(file, text, sizeof text - 1);
    CHECK(file >= 0 && length > 0);
    close(file);
    text[length] = '\0';
    return strtol(strchr(text, ' '), NULL, 10) * sysconf(_SC_PAGESIZE);
}

static void *sample(void *unused)
{
    while (!over) {
        long now = resident();
        worst = now > worst ? now : worst;
        samples++;
        usleep(500);
    }
    return unused;
}

static void churn(char **blocks, int phase, uint64_t *state)
{
    unsigned slots = phases[phase].slots / (unsigned)threads + 1;
    for (int i = 0; i < phases[phase].operations / threads; i++) {
        char **slot = &blocks[next_random(state) % slots];
        unsigned power = 4 + next_random(state) % (phases[phase].most_power - 3);
        size_t size = ((size_t)1 << power) + next_random(state) % ((size_t)1 << power);
        free(*slot);
        *slot = malloc(size);
        if (*slot) {
            memset(*slot, 1, size);
        } else { /* denied: makes room */
            slot = &blocks[next_random(state) % slots];
            free(*slot);
            *slot = NULL;
        }
    }
}

/* What is left of one kind lies in the way of the next. */
static void *thread(void *blocks_of_mine)
{
    uint64_t state = (uintptr_t)blocks_of_mine;
    for (int phase = 0; phase < PHASES; phase++) {
        pthread_barrier_wait(&phase_ends);
        churn(blocks_of_mine, phase, &state);
    }
    return NULL;
}

int main(int count, char **words)
{
    static char *blocks[MOST_THREADS][SLOTS + 1];
    pthread_t handles[MOST_THREADS], sampler;
    CHECK(count == 3);
    long limit = atol(words[1]) * MB;
    threads = thread_count(words[2]);
    for (int i = 0; i < threads; i++)
        for (int b = 0; b <= SLOTS / threads; b++)
            blocks[i][b] = malloc(1); /* the table's own pages are in the baseline */
    for (int i = 0; i < threads; i++)
        for (int b = 0; b <= SLOTS / threads; b++) {
            free(blocks[i][b]);
            blocks[i][b] = NULL;
        }
    CHECK(!pthread_barrier_init(&phase_ends, NULL, (unsigned)threads));
    baseline = resident();
    CHECK(!pthread_create(&sampler, NULL, sample, NULL));
    for (int i = 0; i < threads; i++)
        CHECK(!pthread_create(&handles[i], NULL, thread, blocks[i]));
    for (int i = 0; i < threads; i++)
        CHECK(!pthread_join(handles[i], NULL));
    over = true;
    CHECK(!pthread_join(sampler, NULL));
    CHECK(worst - baseline > limit / 2); /* else it was no test of the limit */
    printf("%.1f\n", (double)(worst - baseline) / MB);
    return 0;
}
