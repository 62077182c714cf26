/* A task settles while a thread of its own still works for it: the account stays "closing", its books go on exactly, and
 * the thread moves to the executor's account by itself. */
#include "unit.h"

static struct mg_account *account;
static pthread_barrier_t meeting;
static void *kept[3];

static void meet(void)
{
    pthread_barrier_wait(&meeting);
}

static void *outlive(void *argument)
{
    (void)argument;
    mg_bind(account);
    kept[0] = unit_allocate(1000);
    meet(); /* the task settles now */
    meet();
    kept[1] = unit_allocate(100); /* from credit that the thread still has */
    CHECK_EQ(MG_LOAD(account->state), MG_ACCOUNT_CLOSING);
    /* Beyond it the thread leaves, and takes what it resizes along. */
    CHECK(mg_reallocate(UNIT_LIBRARY, unit_allocate(10), 1 << 20, &kept[2]) && kept[2]);
    CHECK(mg_owns(kept[2]) && mg_self.account == mg_root());
    CHECK_EQ(MG_LOAD(account->state), MG_ACCOUNT_CLOSED);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    unit_start("observe", NULL);
    int64_t before = unit_read(mg_root(), MG_USED);
    account = mg_account_open("task", mg_root(), -1);
    pthread_barrier_init(&meeting, NULL, 2);
    pthread_create(&thread, NULL, outlive, NULL);
    meet();
    mg_settle(account);
    CHECK_EQ(MG_LOAD(account->state), MG_ACCOUNT_CLOSING);
    meet();
    pthread_join(thread, NULL);
    int64_t bytes = 0;
    for (int i = 0; i < 3; i++)
        bytes += (int64_t)mg_usable_size(kept[i]);
    CHECK_EQ(unit_read(mg_root(), MG_USED) - before, bytes);
    for (int i = 0; i < 3; i++)
        mg_free(kept[i]);
    CHECK_EQ(unit_read(mg_root(), MG_USED), before);
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
