/* What a scope leaves goes to another account than the one above it, to the byte and beyond that one's limit; and scopes that several hold. */
#include "nested.h"

#include "path.h"

enum { KB = 1 << 10, LARGE = 512 * KB };

static void what_is_left_goes_to_another_account_to_the_byte(void)
{
    int64_t above = nest(root(), -1), scope = nest(above, -1), heir = nest(root(), -1);
    void *blocks[] = { allocate_in(scope, 100), allocate_in(scope, 5000), allocate_in(scope, LARGE) };
    int64_t bytes = used(scope);
    mg_free(blocks[0]);
    bytes -= (int64_t)mg_usable_size(blocks[0]);
    CHECK_EQ(mg_scopes_end_into(scope, heir), bytes);
    CHECK_EQ(used(scope), 0);
    CHECK_EQ(used(above), 0);
    CHECK_EQ(used(heir), bytes);
    CHECK_EQ(used(root()), bytes);
    CHECK_EQ(taken(above), 0);
    CHECK_EQ(taken(heir), bytes);
    CHECK_EQ(MG_LOAD(mg_root()->taken), bytes);
    CHECK_EQ(figure(heir, MG_PEAK), bytes);
    mg_free(blocks[1]);
    CHECK_EQ(used(heir), (int64_t)mg_usable_size(blocks[2]));
    CHECK_EQ(mg_scopes_end(above), 0);
    CHECK_EQ(mg_scopes_end(heir), (int64_t)mg_usable_size(blocks[2]));
    mg_free(blocks[2]);
    CHECK_EQ(used(root()), 0);
}

static void the_heir_may_be_beyond_its_limit_and_gets_no_more_then(void)
{
    int64_t above = nest(root(), 600 * KB), heir = nest(above, -1), scope = nest(root(), -1);
    void *first = allocate_in(scope, LARGE), *second = allocate_in(scope, LARGE);
    CHECK_EQ(mg_scopes_end_into(scope, heir), 2 * LARGE);
    CHECK_EQ(used(above), 2 * LARGE);
    CHECK_EQ(figure(above, MG_OVERDRAFT_PEAK), 2 * LARGE - 600 * KB);
    CHECK(!allocate_in(heir, 80 * KB));
    mg_free(first);
    void *third = allocate_in(heir, 80 * KB);
    CHECK(third);
    mg_free(third);
    mg_free(second);
    CHECK_EQ(mg_scopes_end(above), 0);
}

/* From one task to another, and to the process. */
static void what_is_granted_to_one_task_is_not_paid_for_by_another(void)
{
    struct mg_account *tasks[2];
    for (int i = 0; i < 2; i++) {
        tasks[i] = mg_account_open("task", mg_root(), -1);
        mg_grant(tasks[i], 4 << 20);
    }
    int64_t one = mg_account_handle(tasks[0]), other = mg_account_handle(tasks[1]);
    int64_t scope = nest(one, -1), inner = nest(scope, -1);
    void *blocks[] = { allocate_in(scope, LARGE), allocate_in(inner, LARGE) };
    CHECK_EQ(taken(one), 2 * LARGE);
    CHECK_EQ(mg_scopes_end_into(scope, other), 2 * LARGE);
    CHECK_EQ(taken(one), 0);
    CHECK_EQ(taken(other), 2 * LARGE);
    CHECK_EQ(used(other), 2 * LARGE);
    CHECK_EQ(figure(other, MG_PEAK), 2 * LARGE);
    CHECK_EQ(MG_LOAD(tasks[1]->total), 2 * LARGE);
    scope = nest(other, -1);
    void *more = allocate_in(scope, LARGE);
    CHECK_EQ(mg_scopes_end_into(scope, root()), LARGE);
    CHECK_EQ(used(other), 2 * LARGE);
    CHECK_EQ(used(root()), 3 * LARGE);
    mg_free(more);
    mg_settle(tasks[0]);
    mg_settle(tasks[1]); /* what it was handed goes on, out of heaps that are not its own */
    CHECK_EQ(used(root()), 2 * LARGE);
    mg_free(blocks[0]);
    mg_free(blocks[1]);
    CHECK_EQ(used(root()), 0);
    mg_accounts_collect(mg_root());
}

/* Nobody may take for free what only changes hands, nor think that it has been given back. */
static void nothing_comes_back_when_it_is_handed_over(void)
{
    int64_t one = nest(root(), -1), inner = nest(one, -1), heir = nest(root(), -1);
    void *block = allocate_in(inner, LARGE);
    int64_t returned = MG_LOAD(mg_accounts_returned), total = MG_LOAD(mg_root()->total);
    CHECK_EQ(mg_scopes_end_into(inner, heir), LARGE);
    CHECK_EQ(mg_scopes_end_into(heir, one), LARGE);
    CHECK_EQ(mg_scopes_end(one), LARGE);
    struct mg_account *task = mg_account_open("task", mg_root(), -1);
    mg_grant(task, 4 << 20);
    int64_t scope = nest(mg_account_handle(task), -1);
    CHECK_EQ(MG_LOAD(mg_accounts_returned), returned);
    CHECK_EQ(MG_LOAD(mg_root()->total), total);
    CHECK_EQ(taken(root()), LARGE);
    void *other = allocate_in(scope, LARGE);
    returned = MG_LOAD(mg_accounts_returned);
    mg_settle(task);
    CHECK_EQ(MG_LOAD(mg_accounts_returned), returned);
    CHECK_EQ(MG_LOAD(mg_root()->total), total + LARGE);
    mg_free(block);
    mg_free(other);
    CHECK_EQ(used(root()), 0);
    mg_accounts_collect(mg_root());
}

/* What is reserved on the way stays reserved, and what is reserved for the heir pays for it. */
static void reserves_are_filled_and_used_on_the_way(void)
{
    int64_t top = nest(root(), -1), from = nest(top, -1), to = nest(top, -1);
    int64_t scope = nest(from, -1), heir = nest(to, -1);
    CHECK_EQ(mg_account_reserve(from, 3 * LARGE, false), 3 * LARGE);
    void *block = allocate_in(scope, LARGE);
    CHECK_EQ(MG_LOAD(mg_account_of(from)->reserve), 2 * LARGE);
    CHECK_EQ(taken(top), 3 * LARGE);
    CHECK_EQ(mg_scopes_end_into(scope, heir), LARGE);
    CHECK_EQ(MG_LOAD(mg_account_of(from)->reserve), 3 * LARGE);
    CHECK_EQ(taken(from), 0);
    CHECK_EQ(taken(to), LARGE);
    CHECK_EQ(taken(top), 4 * LARGE);
    CHECK_EQ(taken(root()), 4 * LARGE);
    CHECK_EQ(mg_scopes_end_into(heir, from), LARGE);
    CHECK_EQ(MG_LOAD(mg_account_of(from)->reserve), 2 * LARGE);
    CHECK_EQ(taken(from), LARGE);
    CHECK_EQ(taken(to), 0);
    CHECK_EQ(taken(top), 3 * LARGE);
    scope = nest(from, -1);
    void *more = allocate_in(scope, LARGE);
    CHECK_EQ(mg_scopes_end_into(scope, top), LARGE); /* to one above the one that it is in */
    CHECK_EQ(MG_LOAD(mg_account_of(from)->reserve), 2 * LARGE);
    CHECK_EQ(taken(top), 4 * LARGE);
    CHECK_EQ(taken(root()), 4 * LARGE);
    CHECK_EQ(MG_LOAD(mg_account_of(top)->total), 2 * LARGE);
    mg_free(block);
    mg_free(more);
    CHECK_EQ(mg_scopes_end(top), 0);
    mg_accounts_collect(mg_root());
    CHECK_EQ(taken(root()), 0);
}

static _Atomic(bool) over;
static void *want_too_much(void *scope)
{
    while (!MG_LOAD(over))
        CHECK(!allocate_in(*(int64_t *)scope, LARGE));
    return NULL;
}

static void while_it_changes_hands_nobody_else_gets_it(void)
{
    int64_t top = nest(root(), LARGE + LARGE / 2), third = nest(top, -1), has_it = nest(top, -1);
    pthread_t thread;
    void *block = allocate_in(has_it, LARGE);
    CHECK(block && !pthread_create(&thread, NULL, want_too_much, &third));
    for (int i = 0; i < 2000; i++) {
        int64_t heir = nest(top, -1);
        CHECK_EQ(mg_scopes_end_into(has_it, heir), LARGE);
        has_it = heir;
    }
    MG_STORE(over, true);
    CHECK(!pthread_join(thread, NULL));
    CHECK_EQ(mg_scopes_end(top), LARGE);
    mg_free(block);
    CHECK_EQ(used(root()), 0);
}

/* Nobody is lost: the heir does not end before the one that it waits for. */
static pthread_barrier_t step;
static int64_t around;
static void *stay(void *block)
{
    int64_t before = mg_scopes_enter(around);
    CHECK(mg_allocate(UNIT_LIBRARY, LARGE, 0, false, block));
    pthread_barrier_wait(&step);
    pthread_barrier_wait(&step);
    mg_scopes_leave(before);
    return NULL;
}

static void an_heir_waits_for_threads_that_are_still_inside(void)
{
    int64_t above = nest(root(), -1), heir = nest(above, -1);
    struct mg_account *heir_is = mg_account_of(heir), *above_is = mg_account_of(above);
    pthread_t thread;
    void *block;
    around = nest(root(), -1);
    CHECK(!pthread_barrier_init(&step, NULL, 2) && !pthread_create(&thread, NULL, stay, &block));
    pthread_barrier_wait(&step);
    CHECK_EQ(mg_scopes_end_into(around, heir), LARGE);
    CHECK_EQ(mg_scopes_end_into(around, heir), 0);
    CHECK_EQ(used(around), LARGE);
    CHECK_EQ(mg_scopes_end(above), 0);
    CHECK(heir_is->listed && above_is->listed);
    pthread_barrier_wait(&step);
    CHECK(!pthread_join(thread, NULL));
    CHECK(!heir_is->listed && !above_is->listed);
    CHECK_EQ(used(root()), LARGE);
    mg_free(block);
    CHECK_EQ(used(root()), 0);
}

static void who_may_not_inherit_changes_nothing(void)
{
    int64_t scope = nest(root(), -1), inner = nest(scope, -1), ended = nest(root(), -1);
    void *block = allocate_in(scope, LARGE);
    CHECK_EQ(mg_scopes_end(ended), 0);
    int64_t heirs[] = { scope, inner, ended, 0, 12345, -1 };
    for (int i = 0; i < 6; i++)
        CHECK_EQ(mg_scopes_end_into(scope, heirs[i]), -1);
    CHECK_EQ(used(scope), LARGE);
    CHECK_EQ(mg_account_of(scope)->awaited, 0);
    CHECK_EQ(mg_scopes_end(scope), LARGE);
    CHECK_EQ(mg_scopes_end_into(scope, root()), 0); /* it has ended */
    mg_free(block);
}

/* All end at once when the thread leaves, however many they are. */
static void a_long_chain_of_heirs_ends(void)
{
    enum { LINKS = 300 };
    static int64_t chain[LINKS];
    pthread_t thread;
    void *block;
    for (int i = 0; i < LINKS; i++)
        chain[i] = nest(root(), -1);
    around = chain[0];
    CHECK(!pthread_create(&thread, NULL, stay, &block));
    pthread_barrier_wait(&step);
    for (int i = 0; i + 1 < LINKS; i++)
        CHECK(mg_scopes_end_into(chain[i], chain[i + 1]) >= 0);
    CHECK_EQ((int64_t)mg_root()->children, LINKS);
    CHECK_EQ(mg_scopes_end(chain[LINKS - 1]), 0);
    pthread_barrier_wait(&step);
    CHECK(!pthread_join(thread, NULL));
    CHECK_EQ((int64_t)mg_root()->children, 0);
    CHECK_EQ(used(root()), LARGE);
    mg_free(block);
    CHECK_EQ(used(root()), 0);
}

/* ---- Shared ones ---- */

static void who_shares_a_scope_gets_the_same_one_until_all_let_it_go(void)
{
    struct mg_account *task = mg_account_open("task", mg_root(), -1);
    int64_t above = mg_account_handle(task);
    mg_grant(task, 4 << 20);
    int64_t one = mg_scopes_share(above, "plans", LARGE);
    CHECK(one > 0);
    CHECK_EQ(mg_scopes_share(above, "plans", -1), one);
    CHECK_EQ(figure(one, MG_LIMIT), LARGE);
    int64_t other = mg_scopes_share(above, "other plans", -1), all = mg_scopes_share(root(), "plans", -1);
    CHECK(other > 0 && other != one && all > 0 && all != one);
    void *block = allocate_in(one, 100 * KB), *of_all = allocate_in(all, 100 * KB);
    int64_t bytes = (int64_t)mg_usable_size(block);
    CHECK_EQ(used(above), bytes);
    CHECK_EQ(mg_scopes_let_go(one), 0);
    CHECK_EQ(used(one), bytes);
    CHECK_EQ(mg_scopes_let_go(one), bytes);
    CHECK_EQ(mg_scopes_let_go(one), 0);
    CHECK(!mg_account_of(one));
    int64_t again = mg_scopes_share(above, "plans", -1);
    CHECK(again > 0 && again != one);
    mg_settle(task);
    CHECK(!mg_account_of(again) && !mg_account_of(other));
    CHECK_EQ(mg_scopes_let_go(again), 0);
    CHECK_EQ(mg_scopes_share(above, "plans", -1), 0);
    CHECK_EQ(used(all), bytes); /* it outlives the task */
    mg_free(block);
    mg_free(of_all);
    CHECK_EQ(mg_scopes_let_go(all), 0);
    CHECK_EQ(used(root()), 0);
}

static _Atomic(int64_t) shared_by_all;
static void *share_and_let_go(void *unused)
{
    (void)unused;
    for (int i = 0; i < 3000; i++) {
        int64_t scope = mg_scopes_share(root(), "crowded", -1);
        CHECK(scope > 0);
        int64_t before = mg_scopes_enter(scope);
        CHECK(before);
        mg_free(unit_allocate(1000));
        mg_scopes_leave(before);
        MG_ADD(shared_by_all, mg_scopes_let_go(scope));
    }
    return NULL;
}

static void a_crowd_shares_and_lets_go(void)
{
    pthread_t threads[6];
    for (int i = 0; i < 6; i++)
        CHECK(!pthread_create(&threads[i], NULL, share_and_let_go, NULL));
    for (int i = 0; i < 6; i++)
        CHECK(!pthread_join(threads[i], NULL));
    CHECK_EQ(MG_LOAD(shared_by_all), 0);
    CHECK_EQ((int64_t)mg_root()->children, 0);
}

/* What is begun, shared or entered below one that ends is nobody else's, and leaves no thread astray. */
static _Atomic(int64_t) ends_now;
static void *go_into_what_ends(void *number)
{
    int64_t limit = (1 << 30) + (int64_t)(intptr_t)number, home = mg_scopes_begin("home", -1);
    for (int i = 0; i < 500; i++) {
        int64_t ends = MG_LOAD(ends_now), before = mg_scopes_enter(ends);
        int64_t inner = mg_scopes_begin("inner", limit), common = mg_scopes_share(ends, "common", limit);
        mg_free(unit_allocate(1000));
        int64_t known = figure(inner, MG_LIMIT); /* 0: it ended long ago */
        CHECK(!known || known == limit);
        known = figure(common, MG_LIMIT);
        CHECK(!known || known >= 1 << 30);
        mg_scopes_end(inner);
        mg_scopes_let_go(common);
        mg_scopes_leave(before);
        CHECK_EQ(mg_scope_here(), home);
    }
    CHECK_EQ(mg_scopes_end(home), 0);
    mg_unbind();
    return NULL;
}

static void who_goes_into_a_scope_that_ends_comes_back(void)
{
    pthread_t threads[3];
    MG_STORE(ends_now, nest(root(), -1));
    for (int i = 0; i < 3; i++)
        CHECK(!pthread_create(&threads[i], NULL, go_into_what_ends, (void *)(intptr_t)i));
    for (int i = 0; i < 300; i++) {
        int64_t last = MG_LOAD(ends_now);
        MG_STORE(ends_now, nest(root(), -1));
        mg_scopes_end(last);
    }
    for (int i = 0; i < 3; i++)
        CHECK(!pthread_join(threads[i], NULL));
    CHECK_EQ(mg_scopes_end(MG_LOAD(ends_now)), 0);
    CHECK_EQ((int64_t)mg_root()->children, 0);
    CHECK_EQ(used(root()), 0);
}

int main(void)
{
    unit_start("enforce", "1g");
    what_is_left_goes_to_another_account_to_the_byte();
    the_heir_may_be_beyond_its_limit_and_gets_no_more_then();
    what_is_granted_to_one_task_is_not_paid_for_by_another();
    nothing_comes_back_when_it_is_handed_over();
    reserves_are_filled_and_used_on_the_way();
    while_it_changes_hands_nobody_else_gets_it();
    an_heir_waits_for_threads_that_are_still_inside();
    who_may_not_inherit_changes_nothing();
    a_long_chain_of_heirs_ends();
    who_shares_a_scope_gets_the_same_one_until_all_let_it_go();
    a_crowd_shares_and_lets_go();
    who_goes_into_a_scope_that_ends_comes_back();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
