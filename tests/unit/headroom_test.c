/* Headroom: what Spark refused is lent as far as somebody saw room, by however many threads at once; it is paid back first, it
 * is no part of what Spark granted, and what is called in stops the task. */
#include "headroom.h"
#include "unit.h"

#define MB ((int64_t)1 << 20)

static struct mg_account *refused_account(const char *name, enum mg_fate fate)
{
    struct mg_account *account = mg_account_open(name, mg_root(), -1);
    mg_libraries[UNIT_LIBRARY].fate = fate;
    mg_answer(account, MB, 0, 1);
    CHECK(MG_LOAD(account->refused));
    return account;
}

static void look(int64_t room)
{
    mg_headroom_looked(mg_headroom_look(), room);
}

static void what_was_seen_serves_no_longer_than_it_may(void)
{
    struct mg_account *account = refused_account("late", MG_FATE_FAIL);
    look(10 * MB);
    int64_t serves = mg_headroom_serves_ns;
    mg_headroom_serves_ns = -1;
    CHECK(!mg_lend(account, MB));
    mg_headroom_serves_ns = serves;
    CHECK(mg_lend(account, MB));
    CHECK_EQ(mg_settle(account), 0);
}

static void end(struct mg_account *account)
{
    mg_unbind();
    mg_stop_requests(account);
    CHECK_EQ(mg_settle(account), 0); /* nothing of it was Spark's */
    CHECK_EQ(MG_LOAD(account->lent), 0);
}

static void nothing_is_lent_that_nobody_saw(void)
{
    struct mg_account *account = refused_account("unseen", MG_FATE_FAIL);
    mg_bind(account);
    CHECK(!unit_allocate((size_t)MB));
    CHECK(!mg_lend(account, 1));
    CHECK(mg_lend(account, 0));
    look(0);
    CHECK(!unit_allocate((size_t)MB));
    CHECK_EQ(unit_read(account, MG_LENT), 0);
    CHECK(unit_read(account, MG_DENIALS) >= 2);
    end(account);
}

static void fail_denies_only_what_there_is_no_room_for(void)
{
    struct mg_account *account = refused_account("fails", MG_FATE_FAIL);
    void *blocks[10];
    mg_bind(account);
    look(10 * MB + MB / 2);
    for (int i = 0; i < 10; i++) {
        blocks[i] = unit_allocate((size_t)MB);
        CHECK(blocks[i]);
    }
    CHECK_EQ(unit_read(account, MG_DENIALS), 0);
    CHECK_EQ(unit_read(account, MG_GRANTED), 0); /* by Spark */
    CHECK(unit_read(account, MG_LENT) >= 10 * MB);
    CHECK(unit_read(account, MG_OVERDRAFT_PEAK) >= 10 * MB);
    CHECK(!unit_allocate((size_t)MB));
    for (int i = 0; i < 10; i++)
        mg_free(blocks[i]);
    end(account);
}

static void stop_marks_the_account_only_beyond_the_room(void)
{
    struct mg_account *account = refused_account("stops", MG_FATE_STOP);
    mg_bind(account);
    look(MB + MB / 2);
    void *within = unit_allocate((size_t)MB);
    CHECK(!mg_account_wants_boundary());
    CHECK_EQ(mg_overdraft(account), 0);
    void *beyond = unit_allocate((size_t)MB);
    CHECK(mg_account_wants_boundary() == account);
    look(2 * MB); /* as Java does there */
    CHECK(mg_lend(account, mg_overdraft(account)));
    CHECK(!mg_account_wants_boundary());
    CHECK_EQ(mg_unmet(account), 0);
    mg_free(within);
    mg_free(beyond);
    end(account);
}

static void what_spark_grants_pays_it_back(void)
{
    struct mg_account *account = refused_account("repays", MG_FATE_STOP);
    mg_bind(account);
    look(100 * MB);
    void *block = unit_allocate((size_t)(4 * MB));
    int64_t lent = unit_read(account, MG_LENT);
    CHECK(lent >= 4 * MB);
    int64_t before = MG_LOAD(mg_grants.bytes_released);
    mg_grant(account, 4 * MB);
    CHECK(unit_read(account, MG_LENT) <= 4 * MB); /* no more than is used */
    mg_grant(account, 100 * MB);
    CHECK_EQ(unit_read(account, MG_LENT), 0);
    CHECK_EQ(unit_read(account, MG_GRANTED), 104 * MB);
    CHECK_EQ(MG_LOAD(mg_grants.bytes_released), before);
    CHECK_EQ(mg_overdraft(account), 0);
    mg_free(block);
    CHECK_EQ(mg_take_back(account, 104 * MB), 104 * MB);
    end(account);
}

/* Spark asks for what is unused: it gets none of what was not its own. */
static void what_is_lent_is_not_given_to_spark(void)
{
    struct mg_account *account = refused_account("gives back", MG_FATE_STOP);
    mg_bind(account);
    mg_grant(account, MB);
    mg_answer(account, MB, 0, 1);
    look(100 * MB);
    void *block = unit_allocate((size_t)(4 * MB));
    CHECK(unit_read(account, MG_LENT) > 0);
    mg_free(block);
    CHECK_EQ(mg_take_back(account, 100 * MB), MB);
    CHECK_EQ(unit_read(account, MG_LENT), 0);
    end(account);
}

/* Also where its library would rather be told by NULL: what it was lent is beyond that. */
static void what_is_called_in_stops_the_task(enum mg_fate fate)
{
    struct mg_account *account = refused_account("called in", fate);
    mg_bind(account);
    look(100 * MB);
    void *block = unit_allocate((size_t)(4 * MB));
    CHECK(!mg_account_wants_boundary());
    mg_headroom_call_in(mg_account_handle(account));
    CHECK(mg_account_wants_boundary() == account);
    CHECK_EQ(unit_read(account, MG_LENT), 0);
    CHECK(mg_overdraft(account) >= 4 * MB);
    mg_free(block);
    CHECK_EQ(mg_overdraft(account), 0);
    end(account);
}

/* What Java's code asked for before it took it was nobody's overdraft. */
static void what_was_lent_before_it_was_taken_is_called_in_too(void)
{
    struct mg_account *account = refused_account("asks first", MG_FATE_STOP);
    mg_bind(account);
    look(100 * MB);
    CHECK(mg_java_asks(mg_java_lacks(UNIT_LIBRARY, 4 * MB)) == account);
    CHECK(mg_overdraft(account) >= 4 * MB);
    CHECK(mg_lend(account, mg_overdraft(account)));
    mg_java_asks(0);
    void *block = unit_allocate((size_t)(4 * MB));
    CHECK(!mg_account_wants_boundary());
    mg_headroom_call_in(mg_account_handle(account));
    CHECK(mg_account_wants_boundary() == account);
    mg_free(block);
    end(account);
}

/* Whoever calls in has a handle, and the account may have ended meanwhile, its slot be another one's. */
static void what_is_called_in_late_is_nobody_elses(void)
{
    struct mg_account *ended = refused_account("ended", MG_FATE_STOP);
    int64_t handle = mg_account_handle(ended);
    mg_settle(ended);
    struct mg_account *next = refused_account("next", MG_FATE_STOP);
    CHECK(next == ended);
    look(100 * MB);
    CHECK(mg_lend(next, MB));
    mg_headroom_call_in(handle);
    CHECK_EQ(unit_read(next, MG_LENT), MB);
    mg_bind(next);
    CHECK_EQ(mg_settle(next), 0); /* this thread is still in it */
    CHECK(mg_headroom_lend(next, 0, MB, 0));
    mg_headroom_call_in(mg_account_handle(next));
    CHECK_EQ(MG_LOAD(next->lent), MB);
    CHECK_EQ(mg_headroom_lent(), MB);
    mg_unbind();
    CHECK_EQ(mg_headroom_lent(), 0);
}

enum { BEFORE, REPAYING, SEEN };

static void *repay_in_vain(void *phase)
{
    struct mg_account *account = mg_account_open("repays in vain", mg_root(), -1);
    mg_bind(account);
    mg_answer(account, MB, 0, 1);
    CHECK(mg_lend(account, 4 * MB));
    void *block = unit_allocate((size_t)(3 * MB)); /* so much of it is used */
    mg_grant(account, 0);
    atomic_store((_Atomic(int) *)phase, REPAYING);
    while (atomic_load((_Atomic(int) *)phase) == REPAYING)
        mg_grant(account, 0);
    mg_free(block);
    mg_unbind();
    mg_settle(account);
    return NULL;
}

/* Whoever looks whether anything is lent sees what is used of it, at any time: nothing else calls it in. */
static void what_stays_lent_is_never_out_of_sight(void)
{
    _Atomic(int) phase = BEFORE;
    pthread_t thread;
    look(100 * MB);
    CHECK(!pthread_create(&thread, NULL, repay_in_vain, &phase));
    while (atomic_load(&phase) == BEFORE)
        continue;
    for (int i = 0; i < 3000000; i++)
        CHECK(mg_headroom_lent() >= 3 * MB);
    atomic_store(&phase, SEEN);
    pthread_join(thread, NULL);
    CHECK_EQ(mg_headroom_lent(), 0);
}

enum { THREADS = 8, ROUNDS = 200 };

static void *borrow(void *unused)
{
    (void)unused;
    struct mg_account *account = mg_account_open("one of many", mg_root(), -1);
    for (int i = 0; i < ROUNDS; i++)
        mg_headroom_lend(account, 0, MB, 0);
    int64_t lent = unit_read(account, MG_LENT);
    mg_settle(account);
    return (void *)(intptr_t)(lent / MB);
}

static void many_at_once_are_lent_no_more_than_was_seen(void)
{
    pthread_t threads[THREADS];
    int64_t all = 0;
    look(1000 * MB);
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, borrow, NULL));
    for (int i = 0; i < THREADS; i++) {
        void *lent;
        pthread_join(threads[i], &lent);
        all += (int64_t)(intptr_t)lent;
    }
    CHECK_EQ(all, 1000);
}

/* Who looks reads first how much was lent: what is lent while he looks is not lent once more. */
static void what_is_lent_while_one_looks_is_counted(void)
{
    struct mg_account *account = mg_account_open("meanwhile", mg_root(), -1);
    look(10 * MB);
    struct mg_look begun = mg_headroom_look();
    CHECK(mg_headroom_lend(account, 0, 10 * MB, 0));
    mg_headroom_looked(begun, 10 * MB); /* he did not see it used yet */
    CHECK(!mg_headroom_lend(account, 0, 1, 0));
    mg_settle(account);
}

/* A look that took long, for a pause of the JVM's, is no news when it ends: room is as old as when one began to look. */
static void a_look_is_as_old_as_its_beginning(void)
{
    struct mg_account *account = mg_account_open("held up", mg_root(), -1);
    int64_t serves = mg_headroom_serves_ns;
    struct mg_look begun = mg_headroom_look();
    while (mg_os_now_ns() < begun.begun_ns + 20000000)
        continue;
    mg_headroom_serves_ns = mg_os_now_ns() - begun.begun_ns - 1;
    mg_headroom_looked(begun, 10 * MB);
    CHECK(!mg_lend(account, MB));
    mg_headroom_serves_ns = serves;
    mg_settle(account);
}

static void an_older_look_that_ends_last_changes_nothing(void)
{
    struct mg_account *account = mg_account_open("late", mg_root(), -1);
    struct mg_look older = mg_headroom_look();
    struct mg_look newer = mg_headroom_look();
    newer.begun_ns = older.begun_ns + 1; /* the clock may be coarse */
    mg_headroom_looked(newer, 0);
    mg_headroom_looked(older, 10 * MB);
    CHECK(!mg_lend(account, MB));
    mg_settle(account);
}

int main(void)
{
    mg_headroom_serves_ns = INT64_MAX; /* however slow the machine is */
    mg_start(NULL, true);
    const char *const settings[] = { "mode=enforce", "targets=nothing-here" };
    CHECK(!mg_arm(settings, 2));
    nothing_is_lent_that_nobody_saw();
    what_was_seen_serves_no_longer_than_it_may();
    fail_denies_only_what_there_is_no_room_for();
    stop_marks_the_account_only_beyond_the_room();
    what_spark_grants_pays_it_back();
    what_is_lent_is_not_given_to_spark();
    what_is_called_in_stops_the_task(MG_FATE_STOP);
    what_is_called_in_stops_the_task(MG_FATE_FAIL);
    what_was_lent_before_it_was_taken_is_called_in_too();
    what_is_called_in_late_is_nobody_elses();
    what_stays_lent_is_never_out_of_sight();
    many_at_once_are_lent_no_more_than_was_seen();
    what_is_lent_while_one_looks_is_counted();
    a_look_is_as_old_as_its_beginning();
    an_older_look_that_ends_last_changes_nothing();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
