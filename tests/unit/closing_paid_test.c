/* A task settles while an idle thread is still bound to it, as one of a pool that the task's library made: what the task leaves is its
 * parent's to pay for at once, and not when that thread ends. */
#include "unit.h"

#define MB ((int64_t)1 << 20)

static struct mg_account *task;
static pthread_barrier_t meeting;

static void meet(void)
{
    pthread_barrier_wait(&meeting);
}

static void *idle(void *argument)
{
    (void)argument;
    mg_thread_begins(&(struct mg_inheritance){ task, task->id, UNIT_LIBRARY });
    meet();
    meet();
    return NULL;
}

static int64_t granted_of_all(void)
{
    return MG_LOAD(mg_root()->granted) + MG_LOAD(task->granted);
}

int main(void)
{
    const char *const settings[] = { "mode=enforce", "targets=nothing-here", "on_denial=stop" };
    mg_start(NULL, true);
    CHECK(!mg_arm(settings, 3));
    CHECK(mg_grants.by_couriers);
    CHECK(!pthread_barrier_init(&meeting, NULL, 2));
    task = mg_account_open("task", mg_root(), -1);
    mg_bind(task);
    mg_grant(task, 200 * MB);
    mg_grant(mg_root(), 10 * MB);
    void *left = unit_allocate((size_t)(100 * MB)), *freed = unit_allocate((size_t)(20 * MB));
    pthread_t thread;
    CHECK(!pthread_create(&thread, NULL, idle, NULL));
    meet();
    mg_unbind();
    mg_stop_requests(task);
    int64_t before = mg_overdraft(mg_root());
    CHECK_EQ(mg_settle(task), 200 * MB);
    CHECK_EQ(MG_LOAD(task->state), MG_ACCOUNT_CLOSING);
    CHECK(mg_overdraft(mg_root()) - before >= 110 * MB);
    CHECK_EQ(mg_overdraft(task), 0);
    CHECK_EQ(granted_of_all(), 10 * MB);
    mg_grant(mg_root(), mg_overdraft(mg_root())); /* as Spark does */
    CHECK_EQ(mg_overdraft(mg_root()), 0);
    int64_t all = granted_of_all();
    mg_free(freed); /* by a stranger: the parent has it again */
    mg_accounts_collect(task);
    CHECK(mg_take_back(mg_root(), 20 * MB) >= 19 * MB);
    meet();
    CHECK(!pthread_join(thread, NULL));
    CHECK_EQ(MG_LOAD(task->state), MG_ACCOUNT_CLOSED);
    CHECK_EQ(mg_overdraft(mg_root()), 0);
    CHECK_EQ(MG_LOAD(task->granted), 0);
    CHECK(MG_LOAD(mg_root()->granted) <= all - 19 * MB);
    mg_free(left);
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
