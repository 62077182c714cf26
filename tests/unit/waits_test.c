/* Waiting inside malloc: only a library's own thread does, for much that was refused; memory, the end of its task, the word that
 * its task ends, or the time ends it; and everybody can see who waits. */
#include "unit.h"
#include "waits.h"

#define MB ((int64_t)1 << 20)

static struct mg_account *account;

static void begin(void)
{
    account = mg_account_open("waits", mg_root(), -1);
    mg_libraries[UNIT_LIBRARY].fate = MG_FATE_FAIL;
    mg_answer(account, MB, 0, 1); /* refused */
}

static void *allocate(void *bytes)
{
    mg_thread_begins(&(struct mg_inheritance){ account, account->id, UNIT_LIBRARY });
    CHECK(mg_self.account == account);
    void *block = unit_allocate((size_t)(intptr_t)bytes);
    if (block)
        mg_free(block);
    return block;
}

static pthread_t start(void)
{
    pthread_t thread;
    CHECK(!pthread_create(&thread, NULL, allocate, (void *)(intptr_t)(4 * MB)));
    while (!mg_waiting_ns(account))
        sched_yield();
    CHECK_EQ(unit_read(account, MG_WAITING_BYTES) / MB, 4);
    CHECK(unit_read(account, MG_WAITING_NS) > 0);
    return thread;
}

/* Whether the thread had its block. */
static bool end(pthread_t thread)
{
    void *block;
    pthread_join(thread, &block);
    CHECK_EQ(unit_read(account, MG_WAITING_NS), 0);
    CHECK_EQ(unit_read(account, MG_WAITING_BYTES), 0);
    CHECK(MG_LOAD(account->wait.waited_ns) > 0);
    mg_stop_requests(account);
    mg_settle(account);
    return block;
}

static void memory_ends_it(void)
{
    begin();
    pthread_t thread = start();
    mg_grant(account, 8 * MB);
    CHECK(end(thread));
}

/* A courier that says no again ends nothing; what it brings does. */
static void the_courier_is_asked_again(void)
{
    begin();
    pthread_t thread = start();
    int64_t wanted = mg_await_request(account);
    CHECK(wanted >= 4 * MB);
    mg_answer(account, wanted, 0, 1);
    wanted = mg_await_request(account);
    CHECK(mg_waiting_ns(account));
    mg_answer(account, wanted, wanted, 1);
    CHECK(end(thread));
}

static void the_tasks_end_ends_it(void)
{
    begin();
    pthread_t thread = start();
    mg_stop_requests(account);
    CHECK(!end(thread));
}

static void a_killed_task_does(void)
{
    begin();
    pthread_t thread = start();
    mg_wait_no_more(account);
    CHECK(!end(thread));
}

/* Its wait may be over before anybody sees it. */
static void the_time_does(void)
{
    pthread_t thread;
    begin();
    mg_settings.malloc_wait_ms = 20;
    CHECK(!pthread_create(&thread, NULL, allocate, (void *)(intptr_t)(4 * MB)));
    CHECK(!end(thread));
    mg_settings.malloc_wait_ms = 3600000;
}

static void *in_a_call_from_java(void *bytes)
{
    mg_thread_begins(&(struct mg_inheritance){ account, account->id, UNIT_LIBRARY });
    unsigned before = mg_library_entered(UNIT_LIBRARY);
    CHECK(!unit_allocate((size_t)(intptr_t)bytes));
    mg_library_left(before);
    return NULL;
}

static void *map(void *bytes)
{
    mg_thread_begins(&(struct mg_inheritance){ account, account->id, UNIT_LIBRARY });
    for (int i = 0; i < 20; i++) { /* beyond those that an allocator needs to begin with */
        long address = mg_map(UNIT_LIBRARY, NULL, (size_t)(intptr_t)bytes, 3, 0x22, -1, 0);
        if (address > 0)
            mg_unmap((void *)address, (size_t)(intptr_t)bytes);
    }
    return NULL;
}

static void run(void *(*body)(void *), int64_t bytes)
{
    pthread_t thread;
    CHECK(!pthread_create(&thread, NULL, body, (void *)(intptr_t)bytes));
    pthread_join(thread, NULL);
}

/* Each of these would wait for an hour. */
static void nobody_else_waits(void)
{
    begin();
    mg_bind(account);
    CHECK(!unit_allocate((size_t)(4 * MB))); /* the task's own thread */
    mg_unbind();
    run(allocate, MB / 2); /* little */
    run(in_a_call_from_java, 4 * MB);
    run(map, 16 * MB);
    CHECK_EQ(MG_LOAD(account->wait.waited_ns), 0);
    mg_stop_requests(account);
    mg_settle(account);
}

int main(void)
{
    mg_start(NULL, true);
    const char *const settings[] = { "mode=enforce", "targets=nothing-here", "malloc_wait_ms=3600000" };
    CHECK(!mg_arm(settings, 3));
    memory_ends_it();
    the_courier_is_asked_again();
    the_tasks_end_ends_it();
    a_killed_task_does();
    the_time_does();
    nobody_else_waits();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
