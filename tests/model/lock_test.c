/* mg_lock: one at a time, what was done under it is seen by the next, and nobody sleeps for ever. */
#include "model.h"

static struct mg_lock lock;
static int rounds;

static void go_round(void)
{
    mg_lock(&lock);
    rounds++;
    mg_unlock(&lock);
}

static void go_round_twice(void)
{
    go_round();
    go_round();
}

static void try_to_go_round(void)
{
    if (mg_try_lock(&lock)) {
        rounds++;
        mg_unlock(&lock);
    }
}

static void twice_each(void)
{
    CHECK(rounds == 4);
}

static void once_each(void)
{
    CHECK(rounds == 3);
}

static void once_each_or_one_less(void)
{
    CHECK(rounds == 3 || rounds == 2);
}

const struct model_case model_cases[] = {
    { "two threads, twice each", NULL, { go_round_twice, go_round_twice }, twice_each, 0 },
    { "three threads", NULL, { go_round, go_round, go_round }, once_each, 4 },
    { "two threads, and one that only tries",
      NULL,
      { go_round, go_round, try_to_go_round },
      once_each_or_one_less,
      4 },
    { 0 }
};
