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

/* A thread that its library started goes into a scope before anybody knows whose it is. */
static void *go_into_a_scope(void *argument)
{
    (void)argument;
    begin();
    int64_t scope = mg_scopes_begin("scope", -1);
    CHECK(mg_self.account == mg_account_of(scope) && mg_self.account->parent == account);
    for (int i = 0; i < 10; i++)
        mg_free(unit_allocate(1 << 20));
    CHECK(mg_self.account == mg_account_of(scope));
    mg_scopes_end(scope);
    CHECK(mg_self.account == account);
    return NULL;
}

/* Nor has it charged anything when it asks where it is. */
static void *ask_where_it_is(void *argument)
{
    (void)argument;
    begin();
    CHECK_EQ(mg_scope_here(), mg_account_handle(account));
    CHECK_EQ(mg_scope_task(), mg_account_handle(account));
    return NULL;
}

static void *ask_for_the_task(void *argument)
{
    (void)argument;
    begin();
    CHECK_EQ(mg_scope_task(), mg_account_handle(account));
    return NULL;
}

static void *ask_in_a_pool(void *argument)
{
    (void)argument;
    begin();
    CHECK_EQ(mg_scope_here(), mg_account_handle(mg_root()));
    CHECK_EQ(mg_scope_task(), mg_account_handle(mg_root()));
    return NULL;
}

static void who_asks_where_it_is_is_told_whose_it_is(void)
{
    void *(*const asks[])(void *) = { ask_where_it_is, ask_for_the_task, ask_in_a_pool };
    pthread_t thread;
    account = mg_account_open("task", mg_root(), -1);
    for (int i = 0; i < 3; i++) {
        pthread_setname_np(pthread_self(), i < 2 ? "no pool" : "pool:0");
        CHECK(!pthread_create(&thread, NULL, asks[i], NULL));
        pthread_join(thread, NULL);
    }
    pthread_setname_np(pthread_self(), "no pool");
    mg_settle(account);
}

/* One of a pool goes into somebody's scope; whose name it has is not asked there. */
static void *serve_in_a_scope(void *scope)
{
    int64_t before = mg_scopes_enter(*(int64_t *)scope);
    for (int i = 0; i < 10; i++)
        mg_free(unit_allocate(1 << 20));
    CHECK(mg_self.account == mg_account_of(*(int64_t *)scope));
    mg_scopes_leave(before);
    CHECK(mg_self.account == mg_root());
    return NULL;
}

static void who_enters_a_scope_stays_in_it(void)
{
    pthread_t thread;
    account = mg_account_open("task", mg_root(), -1);
    CHECK(!pthread_create(&thread, NULL, go_into_a_scope, NULL));
    pthread_join(thread, NULL);
    struct mg_account *nested = mg_account_of(mg_account_nest("scope", mg_account_handle(account), -1));
    int64_t scope = mg_account_handle(nested);
    pthread_setname_np(pthread_self(), "pool:0"); /* threads have their creator's name */
    CHECK(!pthread_create(&thread, NULL, serve_in_a_scope, &scope));
    pthread_join(thread, NULL);
    pthread_setname_np(pthread_self(), "no pool");
    mg_scopes_end(scope);
    mg_settle(account);
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
    who_enters_a_scope_stays_in_it();
    who_asks_where_it_is_is_told_whose_it_is();
    CHECK_EQ(unit_read(mg_root(), MG_USED), before);
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
