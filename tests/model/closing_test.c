/* A task settles while its last thread leaves and strangers free its blocks: each byte is refunded once, by the task or by
 * the account that its survivors went to. */
#include "closed.h"
#include "model_blocks.h"

static struct mg_account *task;
static void *blocks[2];

static void a_task_with_two_blocks(void)
{
    model_start();
    task = model_open("task");
    model_become(1);
    mg_bind(task);
    blocks[0] = model_allocate();
    blocks[1] = model_allocate();
    model_become(0);
}

static void leave(void)
{
    mg_unbind();
}

static void free_first(void)
{
    mg_free(blocks[0]);
}

static void free_second(void)
{
    mg_free(blocks[1]);
}

static void settle(void)
{
    mg_settle(task);
}

static void a_settled_task_with_two_blocks(void)
{
    a_task_with_two_blocks();
    model_become(1);
    mg_unbind();
    model_become(0);
}

static void is_left(int64_t blocks_left)
{
    CHECK(MG_LOAD(task->state) == MG_ACCOUNT_CLOSED);
    CHECK(MG_LOAD(task->taken) == 0);
    mg_accounts_collect(mg_root());
    CHECK(model_used(mg_root()) == blocks_left * (int64_t)MODEL_BLOCK);
    struct mg_book book = model_read(mg_root());
    CHECK(book.allocations - book.frees == blocks_left);
    CHECK(MG_LOAD(mg_root()->taken) == blocks_left * (int64_t)MODEL_BLOCK);
    CHECK(mg_closed_count() == 1);
    const struct mg_closed *closed = mg_closed_at(0);
    CHECK(closed->sum.charged == 2 * (int64_t)MODEL_BLOCK &&
          closed->sum.refunded == 2 * (int64_t)MODEL_BLOCK);
    CHECK(closed->sum.allocations == 2 && closed->sum.frees == 2);
    CHECK(MG_LOAD(mg_invariants_broken) == 0);
}

static void one_is_left(void)
{
    is_left(1);
}

static void none_is_left(void)
{
    is_left(0);
}

/* ---- A scope ends around a thread that is on its way into it, or into one below ---- */

static int64_t outer, begun;
static struct mg_account *other;

static void a_thread_in_a_scope_of_a_task(void)
{
    model_start();
    task = model_open("task");
    outer = mg_account_nest("outer", mg_account_handle(task), -1);
    /* Heaps for what comes, recycled. */
    struct mg_account *first = model_open("first"), *second = model_open("second");
    mg_settle(first);
    mg_settle(second);
    other = NULL;
    begun = 0;
    model_become(1);
    mg_bind(task);
    CHECK(mg_scopes_enter(outer));
    model_become(0);
}

static void a_thread_in_a_task_beside_a_scope(void)
{
    a_thread_in_a_scope_of_a_task();
    model_become(1);
    mg_scopes_leave(mg_account_handle(task));
    model_become(0);
}

static void begin(void)
{
    begun = mg_scopes_begin("inner", -1);
}

static void enter(void)
{
    mg_scopes_leave(mg_scopes_enter(outer));
    begun = mg_scopes_enter(outer);
}

static void end_and_open_another(void)
{
    mg_scopes_end(outer);
    other = model_open("another"); /* where the scope was, if that has ended */
}

static void the_thread_is_in_its_task(void)
{
    model_become(1);
    const struct mg_account *account = mg_self.account;
    while (account && account != task)
        account = account->parent;
    CHECK(account == task);
    CHECK(begun != mg_account_handle(other));
    mg_unbind();
    model_become(0);
    mg_settle(other);
    mg_settle(task);
    CHECK(!mg_root()->children && !mg_root()->lanes);
    CHECK(MG_LOAD(mg_invariants_broken) == 0);
}

const struct model_case model_cases[] = {
    { "survivors are handed over while two strangers free",
      a_settled_task_with_two_blocks,
      { free_first, free_second, settle },
      none_is_left,
      2 },
    { "the last thread leaves while the task settles and a stranger frees",
      a_task_with_two_blocks,
      { leave, free_first, settle },
      one_is_left,
      3 },
    { "a scope begins in one that ends, and another account takes a place that comes free",
      a_thread_in_a_scope_of_a_task,
      { begin, end_and_open_another },
      the_thread_is_in_its_task,
      2 },
    { "a thread enters and leaves a scope that ends",
      a_thread_in_a_task_beside_a_scope,
      { enter, end_and_open_another },
      the_thread_is_in_its_task,
      2 },
    { 0 }
};
