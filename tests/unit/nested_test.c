/* Accounts nested in a task or in the process: what they take shows in all above, each one's limit holds, and what they leave goes to
 * the one above. */
#include "unit.h"

#include "path.h"

static struct mg_account *nest(const char *name, struct mg_account *parent, int64_t limit)
{
    struct mg_account *account = mg_account_of(mg_account_nest(name, mg_account_handle(parent), limit));
    CHECK(account);
    CHECK(account->holder == parent->holder);
    return account;
}

static void *try_to_allocate(size_t size)
{
    void *block = NULL;
    CHECK(mg_allocate(UNIT_LIBRARY, size, 0, false, &block));
    return block;
}

static int64_t used(struct mg_account *account)
{
    return unit_read(account, MG_USED);
}

static void end(struct mg_account *account)
{
    mg_stop_requests(account);
    mg_settle(account);
}

static void what_a_child_uses_shows_in_all_above(void)
{
    struct mg_account *outer = nest("outer", mg_root(), -1);
    struct mg_account *inner = nest("inner", outer, -1);
    mg_bind(inner);
    void *block = unit_allocate(100000);
    int64_t bytes = (int64_t)mg_usable_size(block);
    CHECK_EQ(used(inner), bytes);
    CHECK_EQ(used(outer), bytes);
    CHECK_EQ(used(mg_root()), bytes);
    mg_free(block);
    mg_unbind();
    struct mg_account *all[] = { inner, outer, mg_root() };
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(used(all[i]), 0);
        CHECK_EQ(unit_read(all[i], MG_PEAK), bytes);
        CHECK_EQ(unit_read(all[i], MG_CHARGED), bytes);
        CHECK_EQ(MG_LOAD(all[i]->taken), 0);
    }
    end(inner);
    end(outer);
}

/* Exactly at its limit, and nothing is left behind in those below the one that refused. */
static void each_limit_on_the_path_refuses_and_says_that_it_did(void)
{
    struct mg_account *top = nest("top", mg_root(), 400 << 10);
    struct mg_account *middle = nest("middle", top, -1);
    struct mg_account *low = nest("low", middle, 600 << 10);
    static void *blocks[200];
    int count = 0;
    mg_bind(low);
    while (count < 200 && (blocks[count] = try_to_allocate(4096)))
        count++;
    CHECK_EQ(count, 100);
    CHECK_EQ(used(top), 400 << 10);
    CHECK_EQ(MG_LOAD(mg_root()->refuser), top->id);
    CHECK_EQ(unit_read(top, MG_DENIALS), 1);
    CHECK_EQ(unit_read(middle, MG_DENIALS), 0);
    CHECK_EQ(unit_read(low, MG_DENIALS), 0);
    CHECK_EQ(unit_read(mg_root(), MG_DENIALS), 1);
    CHECK_EQ(unit_read(low, MG_GRANTED), 400 << 10);
    mg_free(blocks[--count]);
    blocks[count] = try_to_allocate(4096);
    CHECK(blocks[count++]);
    while (count)
        mg_free(blocks[--count]);
    CHECK(!try_to_allocate(700 << 10));
    CHECK_EQ(MG_LOAD(mg_root()->refuser), low->id);
    CHECK_EQ(unit_read(top, MG_OVERDRAFT_PEAK), 0);
    mg_unbind();
    CHECK_EQ(MG_LOAD(top->taken) + MG_LOAD(middle->taken) + MG_LOAD(low->taken), 0);
    end(top); /* and all below */
    CHECK(!low->listed && !middle->listed && !top->listed);
}

/* Between two boundaries of a task: each is told once, and more than there is room for as one that nobody can find. */
static void all_that_refused_under_stop_are_told_until_that_is_taken(void)
{
    struct mg_account *task = mg_account_open("stopped", mg_root(), -1), *nested[MG_REFUSERS + 1];
    int64_t refusers[MG_REFUSERS];
    struct mg_refusal last;
    mg_grants.by_couriers = true;
    mg_grant(task, 1 << 20);
    for (unsigned i = 0; i <= MG_REFUSERS; i++)
        nested[i] = nest("refuses", task, 4 << 10);
    for (enum mg_fate fate = MG_FATE_FAIL; fate <= MG_FATE_STOP; fate++) {
        mg_libraries[UNIT_LIBRARY].fate = fate;
        for (unsigned i = 0; i <= MG_REFUSERS; i++) {
            mg_bind(nested[i]);
            for (int times = 0; times < 2; times++) {
                void *block = try_to_allocate(32 << 10);
                CHECK(!block == (fate == MG_FATE_FAIL));
                if (block)
                    mg_free(block);
            }
            mg_unbind();
            unsigned told = mg_account_refusers(mg_account_handle(task), refusers);
            CHECK_EQ(told, fate == MG_FATE_FAIL ? 0 : i < MG_REFUSERS ? i + 1 : MG_REFUSERS);
            for (unsigned at = 0; at < told; at++)
                CHECK_EQ(refusers[at],
                         i == MG_REFUSERS && at == told - 1 ? 0 : mg_account_handle(nested[at]));
        }
    }
    end(nested[0]);
    CHECK_EQ(mg_account_refusers(mg_account_handle(task), refusers), MG_REFUSERS);
    CHECK_EQ(refusers[0], 0);
    CHECK(mg_take_refusal(task, &last) && last.limit == 4 << 10);
    CHECK_EQ(mg_account_refusers(mg_account_handle(task), refusers), 0);
    CHECK(mg_take_injected(task));
    mg_libraries[UNIT_LIBRARY].fate = MG_FATE_UNSET;
    mg_grants.by_couriers = false;
    mg_stop_requests(task);
    CHECK_EQ(mg_settle(task), 1 << 20);
}

/* The process has 1 MB: its limit is met below limits that are none. */
static void the_holder_refuses_and_nothing_is_left_of_the_path(void)
{
    struct mg_account *outer = nest("outer", mg_root(), 8 << 20);
    struct mg_account *inner = nest("inner", outer, -1);
    int64_t denials = unit_read(mg_root(), MG_DENIALS);
    mg_bind(inner);
    CHECK(!try_to_allocate(2 << 20));
    CHECK_EQ(unit_read(mg_root(), MG_DENIALS), denials + 1);
    CHECK_EQ(unit_read(outer, MG_DENIALS), 0);
    mg_unbind();
    CHECK_EQ(MG_LOAD(inner->taken), 0);
    CHECK_EQ(MG_LOAD(outer->taken), 0);
    end(outer);
}

/* What an idle sibling's thread holds prepaid comes back before a limit above both refuses. */
static pthread_barrier_t step;
static void *idle(void *account)
{
    mg_bind(account);
    mg_free(unit_allocate(100));
    pthread_barrier_wait(&step);
    pthread_barrier_wait(&step);
    mg_unbind();
    return NULL;
}

static void credit_that_a_sibling_does_not_use_is_no_reason_to_refuse(void)
{
    struct mg_account *above = nest("above", mg_root(), 256 << 10);
    struct mg_account *one = nest("one", above, -1);
    struct mg_account *other = nest("other", above, -1);
    pthread_t thread;
    pthread_barrier_init(&step, NULL, 2);
    pthread_create(&thread, NULL, idle, other);
    pthread_barrier_wait(&step);
    CHECK(MG_LOAD(other->taken) > 0);
    mg_bind(one);
    void *block = try_to_allocate(256 << 10);
    CHECK(block);
    mg_free(block);
    mg_unbind();
    pthread_barrier_wait(&step);
    pthread_join(thread, NULL);
    end(above);
}

static void what_is_left_goes_up_level_by_level(void)
{
    int64_t before = used(mg_root());
    struct mg_account *outer = nest("outer", mg_root(), -1);
    struct mg_account *inner = nest("inner", outer, -1);
    mg_bind(inner);
    void *blocks[4];
    for (int i = 0; i < 4; i++)
        blocks[i] = unit_allocate(5000);
    int64_t bytes = (int64_t)mg_usable_size(blocks[0]);
    mg_unbind();
    mg_free(blocks[0]); /* as a stranger */
    end(inner);
    CHECK_EQ(used(outer), 3 * bytes);
    mg_free(blocks[1]);
    CHECK_EQ(used(outer), 2 * bytes);
    end(outer);
    CHECK_EQ(used(mg_root()) - before, 2 * bytes);
    mg_free(blocks[2]);
    mg_free(blocks[3]);
    CHECK_EQ(used(mg_root()), before);
    mg_accounts_collect(mg_root());
}

/* A thread in one that closes keeps those above it, and goes on above. */
static void what_closes_around_a_thread_ends_when_that_leaves(void)
{
    struct mg_account *outer = nest("outer", mg_root(), -1);
    struct mg_account *inner = nest("inner", outer, -1);
    mg_bind(inner);
    void *block = unit_allocate(3000);
    end(outer);
    CHECK(inner->listed && outer->listed);
    CHECK(!mg_account_nest("late", mg_account_handle(inner), -1));
    mg_free(unit_allocate(200 << 10)); /* a slow charge: the thread leaves for what is open */
    CHECK(mg_self.account == mg_root());
    CHECK(!inner->listed && !outer->listed);
    mg_free(block);
    mg_unbind();
    CHECK_EQ(used(mg_root()), 0);
}

/* Of a task's scope: what the thread takes next is the task's, not the process's. */
static void a_scope_that_ends_around_a_thread_leaves_it_in_its_task(void)
{
    struct mg_account *task = mg_account_open("task", mg_root(), -1);
    mg_grant(task, 1 << 20);
    struct mg_account *scope = nest("scope", task, -1);
    mg_bind(scope);
    mg_free(unit_allocate(3000));
    end(scope);
    mg_free(unit_allocate(200 << 10)); /* a slow charge */
    CHECK(mg_self.account == task);
    mg_unbind();
    mg_settle(task);
}

static void no_path_is_longer_than_eight(void)
{
    struct mg_account *account = mg_root();
    for (int i = 1; i < MG_PATH_MOST; i++)
        account = nest("deeper", account, -1);
    CHECK(!mg_account_nest("too deep", mg_account_handle(account), -1));
    mg_bind(account);
    void *block = unit_allocate(1000);
    CHECK_EQ(used(mg_root()), (int64_t)mg_usable_size(block));
    mg_free(block);
    mg_unbind();
    while (account != mg_root()) {
        struct mg_account *parent = account->parent;
        end(account);
        account = parent;
    }
    CHECK_EQ(mg_root()->children, 0);
}

/* Threads in three accounts below one limit, at random: it is never exceeded, and nothing is lost. */
static struct mg_account *crowded[3];
static _Atomic(int64_t) most;
static void *crowd(void *number)
{
    unsigned seed = (unsigned)(uintptr_t)number;
    void *blocks[16] = { 0 };
    mg_bind(crowded[seed % 3]);
    for (int i = 0; i < 20000; i++) {
        unsigned slot = (unsigned)rand_r(&seed) % 16;
        if (blocks[slot])
            mg_free(blocks[slot]);
        blocks[slot] = try_to_allocate((size_t)rand_r(&seed) % (100 << 10));
        mg_accounts_raise(&most, MG_LOAD(crowded[0]->parent->taken));
    }
    for (int i = 0; i < 16; i++)
        if (blocks[i])
            mg_free(blocks[i]);
    mg_unbind();
    return NULL;
}

static void threads_below_one_limit_never_exceed_it(void)
{
    enum { LIMIT = 300 << 10 };
    struct mg_account *above = nest("above", mg_root(), LIMIT);
    pthread_t threads[6];
    for (int i = 0; i < 3; i++)
        crowded[i] = nest("crowded", above, i ? -1 : LIMIT / 2);
    for (uintptr_t i = 0; i < 6; i++)
        CHECK(!pthread_create(&threads[i], NULL, crowd, (void *)i));
    for (int i = 0; i < 6; i++)
        CHECK(!pthread_join(threads[i], NULL));
    CHECK(MG_LOAD(most) > LIMIT / 2 && MG_LOAD(most) <= LIMIT);
    CHECK(unit_read(above, MG_PEAK) <= LIMIT && unit_read(crowded[0], MG_PEAK) <= LIMIT / 2);
    CHECK(unit_read(above, MG_DENIALS) + unit_read(crowded[0], MG_DENIALS) > 0);
    CHECK_EQ(used(above), 0);
    mg_accounts_collect(above);
    CHECK_EQ(MG_LOAD(above->taken), 0);
    end(above);
}

int main(void)
{
    unit_start("enforce", "1m");
    what_a_child_uses_shows_in_all_above();
    each_limit_on_the_path_refuses_and_says_that_it_did();
    all_that_refused_under_stop_are_told_until_that_is_taken();
    the_holder_refuses_and_nothing_is_left_of_the_path();
    credit_that_a_sibling_does_not_use_is_no_reason_to_refuse();
    what_is_left_goes_up_level_by_level();
    what_closes_around_a_thread_ends_when_that_leaves();
    a_scope_that_ends_around_a_thread_leaves_it_in_its_task();
    no_path_is_longer_than_eight();
    threads_below_one_limit_never_exceed_it();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
