/* Grants by couriers: asked for in time, overdraft until the answer, denied only by the accountant's no, settled to 0. */
#include "unit.h"

static int64_t pool; /* what this accountant still has */
static int64_t given_out;

static void *courier(void *argument)
{
    struct mg_account *account = argument;
    for (;;) {
        int64_t wanted = mg_await_request(account);
        if (wanted < 0)
            return NULL;
        int64_t granted = wanted < pool ? wanted : pool;
        pool -= granted;
        given_out += granted;
        mg_answer(account, wanted, granted, 1);
    }
}

/* The next answer to a request is in once this one is. */
static void wait_for_crossings(int64_t count)
{
    while (MG_LOAD(mg_grants.crossings) < count)
        sched_yield();
}

static void a_task_is_granted_what_it_uses(void)
{
    pthread_t thread;
    struct mg_account *account = mg_account_open("granted", mg_root(), -1);
    pool = 100 << 20;
    given_out = 0;
    int64_t before = MG_LOAD(mg_grants.crossings);
    mg_grant(account, 1 << 20);
    given_out += 1 << 20;
    pthread_create(&thread, NULL, courier, account);
    mg_bind(account);
    void *blocks[20];
    for (int i = 0; i < 20; i++) {
        blocks[i] = unit_allocate(1 << 20); /* never waits: what is not granted yet is overdraft */
        CHECK(blocks[i]);
    }
    wait_for_crossings(before + 2);
    for (int i = 0; i < 20; i++)
        mg_free(blocks[i]);
    CHECK_EQ(unit_read(account, MG_DENIALS), 0);
    mg_unbind();
    mg_stop_requests(account);
    pthread_join(thread, NULL);
    int64_t back = mg_take_back(account, 1 << 20);
    CHECK_EQ(back, 1 << 20);
    CHECK_EQ(mg_settle(account) + back, given_out);
}

static void fail_denies_after_the_accountant_said_no(void)
{
    pthread_t thread;
    struct mg_account *account = mg_account_open("refused", mg_root(), -1);
    pool = 0;
    int64_t before = MG_LOAD(mg_grants.crossings);
    pthread_create(&thread, NULL, courier, account);
    mg_bind(account);
    mg_libraries[UNIT_LIBRARY].fate = MG_FATE_FAIL;
    void *first = unit_allocate(1 << 20);
    CHECK(first); /* overdraft: nobody has said no yet */
    wait_for_crossings(before + 1);
    while (!MG_LOAD(account->refused))
        sched_yield();
    CHECK(!unit_allocate(1 << 20));
    CHECK(unit_read(account, MG_DENIALS) >= 1);
    CHECK_EQ(mg_overdraft(account), (int64_t)mg_usable_size(first));
    mg_free(first);
    mg_unbind();
    mg_stop_requests(account);
    pthread_join(thread, NULL);
    CHECK_EQ(mg_settle(account), 0);
}

static void stop_marks_the_account_until_it_is_settled(void)
{
    struct mg_account *account = mg_account_open("stopped", mg_root(), -1);
    mg_bind(account);
    mg_libraries[UNIT_LIBRARY].fate = MG_FATE_STOP;
    CHECK(!mg_account_wants_boundary());
    void *block = unit_allocate(5 << 20);
    CHECK(block);
    CHECK(mg_account_wants_boundary() == account);
    mg_tolerate(account, 4 << 20);
    CHECK(!mg_account_wants_boundary());
    void *more = unit_allocate(5 << 20);
    CHECK(mg_account_wants_boundary() == account);
    mg_grant(account, mg_overdraft(account));
    CHECK(!mg_account_wants_boundary());
    CHECK_EQ(mg_overdraft(account), 0);
    mg_free(block);
    mg_free(more);
    mg_unbind();
    mg_stop_requests(account);
    mg_settle(account);
}

/* What fail could not deny, because it is little each time: much of it ends at a boundary. */
static void what_fail_spares_stops_the_task_beyond_the_cap(void)
{
    struct mg_account *account = mg_account_open("spared", mg_root(), -1);
    mg_bind(account);
    mg_libraries[UNIT_LIBRARY].fate = MG_FATE_FAIL;
    static void *blocks[10000];
    int count = 0;
    for (; mg_overdraft(account) < mg_settings.overdraft_cap; count++) {
        CHECK(!mg_account_wants_boundary());
        CHECK(mg_allocate(UNIT_LIBRARY, 60000, 0, MG_THROWING, &blocks[count]) && blocks[count]);
    }
    CHECK(mg_allocate(UNIT_LIBRARY, 1, 0, MG_THROWING, &blocks[count]) && blocks[count]);
    count++;
    CHECK(mg_account_wants_boundary() == account);
    void *large = NULL;
    CHECK(mg_allocate(UNIT_LIBRARY, 1 << 20, 0, 0, &large) && !large);
    while (count)
        mg_free(blocks[--count]);
    mg_unbind();
    mg_stop_requests(account);
    mg_settle(account);
}

static void *free_it(void *block)
{
    mg_free(block);
    return NULL;
}

/* A task that waits at a boundary charges nothing: nobody else would collect. */
static void what_strangers_freed_is_no_overdraft(void)
{
    pthread_t stranger;
    struct mg_account *account = mg_account_open("helped", mg_root(), -1);
    mg_bind(account);
    void *kept = unit_allocate(1 << 20);
    void *given = unit_allocate(1 << 20);
    CHECK_EQ(mg_overdraft(account), (int64_t)(mg_usable_size(kept) + mg_usable_size(given)));
    pthread_create(&stranger, NULL, free_it, given);
    pthread_join(stranger, NULL);
    CHECK_EQ(mg_overdraft(account), (int64_t)mg_usable_size(kept));
    mg_free(kept);
    mg_unbind();
    mg_stop_requests(account);
    mg_settle(account);
}

int main(void)
{
    mg_start(NULL, true);
    CHECK(!mg_active);
    const char *const settings[] = { "mode=enforce", "targets=nothing-here" };
    const char *wrong = mg_arm(settings, 2);
    CHECK(!wrong);
    a_task_is_granted_what_it_uses();
    fail_denies_after_the_accountant_said_no();
    stop_marks_the_account_until_it_is_settled();
    what_fail_spares_stops_the_task_beyond_the_cap();
    what_strangers_freed_is_no_overdraft();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
