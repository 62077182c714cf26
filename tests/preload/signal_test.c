/* A signal handler that allocates and frees, as crash reporters and profilers do, comes while the thread is anywhere in our
 * functions: nothing waits for itself, no block is given out twice, and the books agree. */
#include "libs/libs.h"
#include "test.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>

enum { SIGNALS = 20000, HELD = 64, SIZE = 48 };

static atomic_int handled;
static _Atomic(size_t *) given;

/* A block that says whose it is, in its first and its last word, as long as nobody else has it too. */
static size_t *take(size_t mark)
{
    size_t *block = target_malloc(SIZE);
    CHECK(block != NULL);
    block[0] = block[SIZE / 8 - 1] = mark;
    return block;
}

static void give_back(size_t *block, size_t mark)
{
    if (!block)
        return;
    CHECK_EQ(block[0], mark);
    CHECK_EQ(block[SIZE / 8 - 1], mark);
    target_free(block);
}

/* All blocks are of one size, so that they go through the same few words of the thread's cache. */
static void interrupt(int number)
{
    (void)number;
    size_t *mine[3];
    for (size_t i = 0; i < 3; i++)
        mine[i] = take(1000 + i);
    give_back(atomic_exchange(&given, NULL), 2000);
    for (size_t i = 0; i < 3; i++)
        give_back(mine[i], 1000 + i);
    atomic_fetch_add(&handled, 1);
}

int main(void)
{
    static size_t *held[HELD];
    struct sigaction action = { .sa_handler = interrupt };
    struct itimerval often = { { 0, 20 }, { 0, 20 } };
    struct itimerval never = { { 0, 0 }, { 0, 0 } };
    give_back(take(0), 0); /* libc's own malloc is no place for a signal: everything here is the target's */
    CHECK(!sigaction(SIGALRM, &action, NULL));
    CHECK(!setitimer(ITIMER_REAL, &often, NULL));
    for (size_t turn = 0; atomic_load(&handled) < SIGNALS; turn++) {
        size_t i = turn % HELD;
        give_back(held[i], i);
        held[i] = take(i);
        if (!atomic_load(&given))
            atomic_store(&given, take(2000));
    }
    CHECK(!setitimer(ITIMER_REAL, &never, NULL));
    give_back(atomic_load(&given), 2000);
    for (size_t i = 0; i < HELD; i++)
        give_back(held[i], i);
    return 0;
}
