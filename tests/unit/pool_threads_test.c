/* A thread of a process-wide pool, created in a task and idle since, does not keep the task's account from closing; a thread
 * that is in no pool is its task's. */
#include "unit.h"

static struct mg_account *account;
static pthread_barrier_t meeting;

static void meet(void)
{
    pthread_barrier_wait(&meeting);
}

static void begin(void)
{
    mg_thread_begins(&(struct mg_inheritance){ account, account->id, UNIT_LIBRARY });
}

static void *serve(void *argument)
{
    (void)argument;
    begin();
    void *block = unit_allocate(100); /* before its creator could give it a name */
    meet();                           /* its creator names it; the task settles */
    meet();
    for (int i = 0; i < 10; i++)
        mg_free(unit_allocate(1 << 20));
    CHECK(mg_self.account == mg_root());
    mg_free(block);
    return NULL;
}

static void an_idle_pool_thread_keeps_no_account_open(void)
{
    pthread_t thread;
    account = mg_account_open("task", mg_root(), -1);
    CHECK(!pthread_create(&thread, NULL, serve, NULL));
    meet();
    CHECK(!pthread_setname_np(thread, "pool:1"));
    mg_settle(account);
    CHECK_EQ(MG_LOAD(account->state), MG_ACCOUNT_CLOSED);
    meet();
    pthread_join(thread, NULL);
}

static void *help(void *large)
{
    begin();
    for (int i = 0; i < 10 && !large; i++)
        mg_free(unit_allocate(30000));
    void *block = unit_allocate(1 << 20);
    CHECK(mg_self.account == account);
    CHECK_EQ(unit_read(account, MG_USED), (int64_t)mg_usable_size(block));
    mg_free(block);
    return NULL;
}

static void other_threads_are_their_tasks(void *large)
{
    pthread_t thread;
    account = mg_account_open("task", mg_root(), -1);
    CHECK(!pthread_create(&thread, NULL, help, large));
    pthread_join(thread, NULL);
    mg_settle(account);
    CHECK_EQ(MG_LOAD(account->state), MG_ACCOUNT_CLOSED);
}

int main(void)
{
    unit_start("observe", NULL);
    strcpy(mg_libraries[UNIT_LIBRARY].pool_threads, "pool:*");
    pthread_barrier_init(&meeting, NULL, 2);
    int64_t before = unit_read(mg_root(), MG_USED);
    an_idle_pool_thread_keeps_no_account_open();
    other_threads_are_their_tasks(NULL);
    other_threads_are_their_tasks(&meeting);
    CHECK_EQ(unit_read(mg_root(), MG_USED), before);
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
