/* What a process has that works for a task is charged to the task's account: asked for before, in its peak and in those above, no memory of ours, and
 * nobody's when the task ends. */
#include "headroom.h"
#include "overhead.h"
#include "unit.h"

#define MB ((int64_t)1 << 20)

static struct mg_account *open_task(int64_t granted)
{
    struct mg_account *task = mg_account_open("task", mg_root(), -1);
    CHECK(task);
    mg_grant(task, granted);
    return task;
}

static void settle(struct mg_account *task, int64_t granted)
{
    mg_stop_requests(task);
    CHECK_EQ(mg_settle(task), granted);
}

static int64_t of_workers(void)
{
    return MG_LOAD(mg_libraries[MG_LIBRARY_WORKERS].used);
}

static void what_is_asked_for_is_lacking_until_it_is_charged(void)
{
    struct mg_account *task = open_task(10 * MB);
    int64_t handle = mg_account_handle(task);
    CHECK(mg_workers_ask(handle, 8 * MB));
    CHECK_EQ(mg_workers_lack(handle), 0);
    CHECK(mg_workers_ask(handle, 8 * MB));
    CHECK_EQ(mg_workers_lack(handle), 6 * MB);
    CHECK_EQ(mg_overdraft(task), 0); /* its own threads lack nothing */
    CHECK_EQ(unit_read(task, MG_USED), 0);
    CHECK_EQ(unit_read(task, MG_PEAK), 0);
    CHECK(mg_workers_ask(handle, -8 * MB));
    CHECK_EQ(mg_workers_lack(handle), 0);
    CHECK(mg_workers_charge(handle, 8 * MB, 8 * MB));
    CHECK_EQ(unit_read(task, MG_WORKERS_AHEAD), 0);
    CHECK_EQ(unit_read(task, MG_USED), 8 * MB);
    CHECK_EQ(unit_read(mg_root(), MG_USED), 8 * MB + unit_read(mg_overhead(), MG_USED));
    CHECK_EQ(of_workers(), 8 * MB);
    CHECK_EQ(mg_take_back(task, 10 * MB), 2 * MB);
    CHECK(mg_workers_charge(handle, -8 * MB, 0));
    CHECK_EQ(unit_read(task, MG_USED), 0);
    CHECK_EQ(unit_read(task, MG_PEAK), 8 * MB);
    settle(task, 8 * MB);
    CHECK_EQ(of_workers(), 0);
}

static void its_own_threads_have_what_is_left(void)
{
    struct mg_account *task = open_task(10 * MB);
    mg_bind(task);
    CHECK(mg_workers_charge(mg_account_handle(task), 8 * MB, 0));
    void *block = unit_allocate((size_t)MB);
    CHECK_EQ(mg_overdraft(task), 0);
    CHECK(unit_read(task, MG_PEAK) >= 9 * MB && unit_read(task, MG_PEAK) <= 9 * MB + (128 << 10));
    void *more = unit_allocate((size_t)(4 * MB));
    CHECK(mg_overdraft(task) >= 3 * MB);
    mg_free(more);
    mg_free(block);
    mg_unbind();
    settle(task, 10 * MB);
}

static void nothing_of_it_is_left_when_the_task_ends(void)
{
    struct mg_account *task = open_task(10 * MB);
    int64_t handle = mg_account_handle(task), before = unit_read(mg_root(), MG_USED);
    CHECK(mg_workers_charge(handle, 5 * MB, 0));
    settle(task, 10 * MB);
    CHECK_EQ(unit_read(mg_root(), MG_USED), before);
    CHECK_EQ(of_workers(), 0);
    CHECK_EQ(MG_LOAD(mg_accounts_elsewhere), 0);
    CHECK(!mg_workers_ask(handle, MB));
    CHECK(!mg_workers_charge(handle, MB, 0));
    CHECK(!mg_workers_charge(handle, -MB, 0));
    CHECK(!mg_workers_charge(0, MB, 0));
    CHECK_EQ(unit_read(mg_root(), MG_USED), before);
}

/* Its pages are seen with the container, and are none of our heaps'. */
static void it_is_no_memory_of_this_process(void)
{
    struct mg_account *task = open_task(600 * MB);
    mg_measure_overhead();
    int64_t kept = unit_read(mg_overhead(), MG_USED), promised = mg_headroom_promised(0);
    CHECK(mg_workers_charge(mg_account_handle(task), 500 * MB, 0));
    mg_measure_overhead();
    CHECK(unit_read(mg_overhead(), MG_USED) <= kept + MB && unit_read(mg_overhead(), MG_USED) >= kept - MB);
    /* Granted, and charged for what nobody has seen touched: it may still be. */
    CHECK(mg_headroom_promised(0) >= promised - MB && mg_headroom_promised(0) <= promised + MB);
    mg_workers_seen(300 * MB);
    CHECK(mg_headroom_promised(0) <= promised - 299 * MB && mg_headroom_promised(0) >= promised - 301 * MB);
    mg_workers_seen(5000 * MB);
    CHECK(mg_headroom_promised(0) >= promised - 501 * MB);
    settle(task, 600 * MB);
}

static void *come_and_go(void *handle)
{
    for (int i = 0; i < 2000; i++) {
        CHECK(mg_workers_ask((int64_t)handle, MB));
        CHECK(mg_workers_charge((int64_t)handle, MB, MB));
        CHECK(mg_workers_charge((int64_t)handle, -MB, 0));
    }
    return NULL;
}

static void several_come_and_go(void)
{
    struct mg_account *task = open_task(100 * MB);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        CHECK(!pthread_create(&threads[i], NULL, come_and_go, (void *)mg_account_handle(task)));
    for (int i = 0; i < 4; i++)
        CHECK(!pthread_join(threads[i], NULL));
    CHECK_EQ(unit_read(task, MG_USED), 0);
    CHECK_EQ(unit_read(task, MG_WORKERS_AHEAD), 0);
    CHECK_EQ(unit_read(task, MG_CHARGED), 8000 * MB);
    CHECK(unit_read(task, MG_PEAK) <= 4 * MB);
    settle(task, 100 * MB);
}

int main(void)
{
    const char *const settings[] = { "mode=enforce", "targets=nothing-here", "on_denial=stop" };
    mg_start(NULL, true);
    CHECK(!mg_arm(settings, 3));
    what_is_asked_for_is_lacking_until_it_is_charged();
    its_own_threads_have_what_is_left();
    nothing_of_it_is_left_when_the_task_ends();
    it_is_no_memory_of_this_process();
    several_come_and_go();
    return 0;
}
