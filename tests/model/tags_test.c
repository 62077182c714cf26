/* Pairs: who owns the blocks with a tag. A new one is known to whoever gets such a block or finds the tag; one that is
 * used again is nobody else's any more. */
#include "model_blocks.h"

static struct mg_account *task;
static _Atomic(void *) given;
static void *survivor;

static void two_threads_of_a_task(void)
{
    model_start();
    task = model_open("task");
    for (int thread = 1; thread <= 2; thread++) {
        model_become(thread);
        mg_bind(task);
        MG_STORE(mg_self.lane->ceiling, 1 << 20); /* and credit enough for all that they do */
        MG_STORE(mg_self.lane->credit, 1 << 10);
        mg_accounts_move_taken(task, 1 << 10);
    }
    model_become(0);
}

static void allocate_and_give(void)
{
    GIVE(given, model_allocate());
}

static void allocate_and_free(void)
{
    mg_free(model_allocate());
}

static void free_given(void)
{
    void *block = TAKE(given);
    if (block)
        mg_free(block);
}

static void one_or_none_is_left(void)
{
    struct mg_book book = model_read(task);
    CHECK(book.allocations == 2);
    CHECK(book.charged == 2 * (int64_t)MODEL_BLOCK);
    CHECK(book.refunded == book.frees * (int64_t)MODEL_BLOCK);
    CHECK(book.frees == 2 || book.frees == 1);
    CHECK(MG_LOAD(mg_invariants_broken) == 0);
}

/* A task ended and left a block; the next one has its heap, and no blocks. */
static void a_survivor_in_the_next_tasks_heap(void)
{
    model_start();
    task = model_open("first");
    model_become(1);
    mg_bind(task);
    survivor = model_allocate();
    mg_unbind();
    mg_settle(task);
    struct mg_heap *heap = task->heap;
    task = model_open("second");
    CHECK(task->heap == heap);
    model_become(0);
}

static void free_the_survivor(void)
{
    mg_free(survivor);
}

static void settle_and_open_and_allocate(void)
{
    mg_settle(task); /* looks whether the survivor is gone */
    task = model_open("third");
    mg_bind(task);
    mg_free(model_allocate());
}

static void nothing_is_left(void)
{
    CHECK(model_used(mg_root()) == 0);
    CHECK(model_used(task) == 0);
    CHECK(MG_LOAD(mg_invariants_broken) == 0);
}

/* Two blocks are handed to another account at once; one is given to a stranger then, the other one freed beside it in its page. */
static struct mg_account *receiver;
static void *second;

static void two_blocks_of_a_task_and_another_account(void)
{
    two_threads_of_a_task();
    receiver = model_open("receiver");
    model_become(1);
    survivor = model_allocate();
    second = model_allocate();
    model_become(0);
}

static void hand_over_and_free(void)
{
    CHECK(mg_scopes_transfer(second, 0, mg_account_handle(receiver)) == (int64_t)MODEL_BLOCK);
    mg_free(second);
}

static void hand_over_and_give(void)
{
    CHECK(mg_scopes_transfer(survivor, 0, mg_account_handle(receiver)) == (int64_t)MODEL_BLOCK);
    GIVE(given, survivor);
}

static void one_is_the_receivers_or_none(void)
{
    CHECK(model_used(task) == 0);
    struct mg_book book = model_read(receiver);
    CHECK(book.allocations == 2 && book.charged == 2 * (int64_t)MODEL_BLOCK);
    CHECK(book.refunded == book.frees * (int64_t)MODEL_BLOCK);
    mg_settle(receiver);
    CHECK(model_used(mg_root()) == (int64_t)MODEL_BLOCK * (2 - book.frees));
    CHECK(MG_LOAD(mg_invariants_broken) == 0);
}

const struct model_case model_cases[] = {
    { "a new tag reaches a stranger and a thread of the account",
      two_threads_of_a_task,
      { allocate_and_give, allocate_and_free, free_given },
      one_or_none_is_left,
      3 },
    { "a survivors' pair is used again while a stranger frees the last one",
      a_survivor_in_the_next_tasks_heap,
      { free_the_survivor, settle_and_open_and_allocate },
      nothing_is_left,
      0 },
    { "two blocks are handed over at once, and freed",
      two_blocks_of_a_task_and_another_account,
      { hand_over_and_give, hand_over_and_free, free_given },
      one_is_the_receivers_or_none,
      2 },
    { 0 }
};
