/* Single blocks go from an account that is open to another one: to the byte, whatever its limit, while others allocate and free beside them. */
#include "nested.h"

#include "classes.h"
#include "path.h"
#include "window.h"

enum { KB = 1 << 10, LARGE = 512 * KB, HUGE = 40 << 20 };

static void free_in(int64_t account, void *block)
{
    int64_t before = mg_scopes_enter(account);
    CHECK(before);
    mg_free(block);
    mg_scopes_leave(before);
}

/* Its heap was another one's, whose survivors come back to it by a detour: its own threads free them as its own ones then. */
static void what_an_account_inherits_in_its_own_heap_is_given_back_once(void)
{
    int64_t above = nest(root(), -1), first = nest(above, -1);
    const struct mg_heap *heap = mg_account_of(first)->heap;
    void *block = allocate_in(first, LARGE);
    CHECK_EQ(mg_scopes_end(first), LARGE);
    int64_t second = nest(root(), -1);
    CHECK(mg_account_of(second)->heap == heap);
    CHECK_EQ(mg_scopes_end_into(above, second), LARGE);
    CHECK_EQ(used(second), LARGE);
    free_in(second, block);
    CHECK_EQ(used(second), 0);
    CHECK_EQ(mg_scopes_end(second), 0);
    CHECK_EQ(used(root()), 0);
}

static int64_t hand(void *block, int64_t to)
{
    return mg_scopes_transfer(block, 0, to);
}

static void a_block_goes_to_another_account_to_the_byte(void)
{
    int64_t above = nest(root(), -1), from = nest(above, -1), to = nest(root(), -1);
    size_t sizes[] = { 1, 100, 5000, 100 * KB, LARGE };
    for (int i = 0; i < 5; i++) {
        void *before = allocate_in(from, sizes[i]), *block = allocate_in(from, sizes[i]);
        void *behind = allocate_in(from, sizes[i]);
        int64_t bytes = (int64_t)mg_usable_size(block), all = used(root());
        CHECK_EQ(hand(block, to), bytes);
        CHECK_EQ(used(from), 2 * bytes);
        CHECK_EQ(used(above), 2 * bytes);
        CHECK_EQ(used(to), bytes);
        CHECK_EQ(used(root()), all);
        CHECK_EQ((int64_t)mg_usable_size(block), bytes);
        CHECK_EQ(hand(block, to), bytes); /* it has it: nothing happens */
        CHECK_EQ(used(to), bytes);
        mg_free(before);
        free_in(from, behind);
        CHECK_EQ(used(from), 0);
        CHECK_EQ(used(to), bytes);
        int64_t frees = figure(to, MG_FREES);
        if (i % 2)
            free_in(from, block);
        else
            free_in(to, block);
        CHECK_EQ(used(to), 0);
        CHECK_EQ(figure(to, MG_FREES), frees + 1);
        CHECK_EQ(used(root()), 0);
    }
    CHECK_EQ(figure(to, MG_ALLOCATIONS), 5);
    CHECK_EQ(mg_scopes_end(above), 0);
    CHECK_EQ(mg_scopes_end(to), 0);
}

/* All of it taken out of credit, while the thread is in it, and gone before anybody looked. */
static void what_it_had_is_its_peak_when_all_is_handed_on(void)
{
    int64_t from = nest(root(), -1), to = nest(root(), -1), bytes = 0;
    void *blocks[14];
    int64_t before = mg_scopes_enter(from);
    CHECK(before);
    for (int i = 0; i < 14; i++)
        CHECK(mg_allocate(UNIT_LIBRARY, 4000, 0, false, &blocks[i]));
    for (int i = 0; i < 14; i++)
        bytes += hand(blocks[i], to);
    mg_scopes_leave(before);
    CHECK(bytes >= 14 * 4000);
    CHECK_EQ(used(from), 0);
    CHECK(figure(from, MG_PEAK) >= bytes);
    for (int i = 0; i < 14; i++)
        mg_free(blocks[i]);
    CHECK_EQ(mg_scopes_end(from), 0);
    CHECK_EQ(mg_scopes_end(to), 0);
}

static void it_may_be_beyond_the_limit_which_shows_and_gets_no_more_then(void)
{
    int64_t to = nest(root(), 600 * KB), from = nest(root(), -1);
    void *first = allocate_in(from, LARGE), *second = allocate_in(from, LARGE);
    CHECK_EQ(hand(first, to), LARGE);
    CHECK(!figure(to, MG_OVERDRAFT_PEAK));
    CHECK_EQ(hand(second, to), LARGE);
    CHECK_EQ(used(to), 2 * LARGE);
    CHECK_EQ(taken(from), 0);
    CHECK_EQ(figure(to, MG_PEAK), 2 * LARGE);
    CHECK_EQ(figure(to, MG_OVERDRAFT_PEAK), 2 * LARGE - 600 * KB);
    CHECK(!allocate_in(to, 80 * KB));
    mg_free(first);
    void *third = allocate_in(to, 80 * KB);
    CHECK(third);
    mg_free(third);
    mg_free(second);
    CHECK_EQ(mg_scopes_end(from), 0);
    CHECK_EQ(mg_scopes_end(to), 0);
}

static void what_one_task_was_granted_pays_for_its_own_blocks(void)
{
    struct mg_account *tasks[2];
    for (int i = 0; i < 2; i++) {
        tasks[i] = mg_account_open("task", mg_root(), -1);
        mg_grant(tasks[i], 4 << 20);
    }
    int64_t one = mg_account_handle(tasks[0]), other = mg_account_handle(tasks[1]), scope = nest(one, -1);
    void *block = allocate_in(scope, LARGE), *more = allocate_in(scope, 100);
    int64_t bytes = LARGE + (int64_t)mg_usable_size(more), total = MG_LOAD(mg_root()->total);
    CHECK_EQ(hand(block, other) + hand(more, other), bytes);
    CHECK_EQ(taken(one), 0);
    CHECK_EQ(taken(other), bytes);
    CHECK_EQ(MG_LOAD(mg_root()->total), total);
    mg_settle(tasks[0]); /* the heap that they lie in serves somebody else now */
    CHECK_EQ(used(other), bytes);
    mg_free(more);
    CHECK_EQ(used(other), LARGE);
    mg_settle(tasks[1]);
    CHECK_EQ(used(root()), LARGE);
    mg_free(block);
    CHECK_EQ(used(root()), 0);
    mg_accounts_collect(mg_root());
    CHECK_EQ(taken(root()), 0);
}

/* There it is what it was: its own threads free it at hand. */
static void it_comes_back(void)
{
    int64_t one = nest(root(), -1), other = nest(one, -1);
    void *block = allocate_in(one, 100), *stays = allocate_in(one, 100);
    int64_t bytes = (int64_t)mg_usable_size(block);
    struct mg_owner owner = mg_window_owner(block);
    CHECK_EQ(hand(block, other), bytes);
    CHECK(mg_window_owner(block).tag != owner.tag && mg_window_owner(block).class == owner.class);
    CHECK_EQ(mg_window_owner(stays).tag, owner.tag);
    CHECK_EQ(hand(block, one), bytes);
    CHECK_EQ(mg_window_owner(block).tag, owner.tag);
    free_in(one, block);
    CHECK_EQ(used(other), 0);
    CHECK_EQ(used(one), bytes);
    CHECK_EQ(hand(stays, other), bytes);
    CHECK_EQ(mg_scopes_end(other),
             bytes); /* back by the other one's end, to the account whose heap it is in */
    CHECK_EQ(used(one), bytes);
    free_in(one, stays);
    CHECK_EQ(used(one), 0);
    CHECK_EQ(mg_scopes_end(one), 0);
    CHECK_EQ(used(root()), 0);
}

static int64_t closing;
static pthread_barrier_t step;
static void *stay_in_it(void *unused)
{
    int64_t before = mg_scopes_enter(closing);
    pthread_barrier_wait(&step);
    pthread_barrier_wait(&step);
    mg_scopes_leave(before);
    return unused;
}

static void who_has_closed_gets_nothing_and_what_is_no_block_goes_nowhere(void)
{
    int64_t from = nest(root(), -1), ended = nest(root(), -1), to = nest(root(), -1);
    char *block = allocate_in(from, HUGE);
    void *foreign = malloc(100);
    pthread_t thread;
    closing = nest(root(), -1);
    CHECK(!pthread_barrier_init(&step, NULL, 2) && !pthread_create(&thread, NULL, stay_in_it, NULL));
    pthread_barrier_wait(&step);
    CHECK_EQ(mg_scopes_end(ended) + mg_scopes_end(closing), 0);
    CHECK(mg_account_of(closing));
    int64_t closed[] = { ended, closing, 0, 12345, -1 };
    for (int i = 0; i < 5; i++)
        CHECK_EQ(hand(block, closed[i]), -1);
    CHECK_EQ(hand(foreign, to), 0);
    CHECK_EQ(hand(NULL, to), 0);
    CHECK_EQ(hand(&to, to), 0);
    CHECK_EQ(hand(block + 16, to), 0);
    CHECK_EQ(hand(block + 1, to), 0);
    CHECK_EQ(hand((void *)(mg_window.base + mg_window.size - 4096), to), 0);
    CHECK_EQ(mg_scopes_transfer(block, to, from), 0); /* it is not that one's */
    CHECK_EQ(used(to), 0);
    CHECK_EQ(used(from), HUGE);
    CHECK_EQ(mg_scopes_transfer(block, from, to), HUGE);
    pthread_barrier_wait(&step);
    CHECK(!pthread_join(thread, NULL));
    mg_free(block);
    free(foreign);
    CHECK_EQ(mg_scopes_end(from), 0);
    CHECK_EQ(mg_scopes_end(to), 0);
}

/* However many get one, and whether they keep it or not: a library's first block has a tag all the same. */
static void tags_are_not_used_up(void)
{
    enum { MANY = 1000 };
    static void *kept[MANY];
    int64_t from = nest(root(), -1), bytes = 0;
    for (int i = 0; i < MANY; i++) {
        int64_t to = nest(root(), -1);
        void *block = allocate_in(from, 100);
        CHECK_EQ(hand(block, to), (int64_t)mg_usable_size(block));
        mg_free(block);
        CHECK_EQ(mg_scopes_end(to), 0);
    }
    for (int i = 0; i < MANY; i++) {
        int64_t to = nest(root(), -1);
        kept[i] = allocate_in(from, 100);
        bytes += hand(kept[i], to);
        mg_scopes_end(to);
    }
    CHECK(bytes >= 200 * (int64_t)mg_usable_size(kept[0]) && bytes < MANY * (int64_t)mg_usable_size(kept[0]));
    CHECK_EQ(used(root()), MANY * (int64_t)mg_usable_size(kept[0]));
    CHECK_EQ(used(from), used(root()) - bytes);
    int64_t before = mg_scopes_enter(from);
    void *block = NULL;
    CHECK(mg_allocate(mg_rows_find("/somewhere/nothing-here.so"), 100, 0, false, &block));
    mg_free(block);
    mg_scopes_leave(before);
    for (int i = 0; i < MANY; i++)
        mg_free(kept[i]);
    CHECK_EQ(used(root()), 0);
    CHECK_EQ(mg_scopes_end(from), 0);
}

/* ---- While others allocate and free in the same pages, and free what was handed over ---- */

enum { ROUNDS = 20000, PLACES = 64 };
static _Atomic(void *) handed[PLACES];
static _Atomic(bool) over;
static int64_t giver, receivers[3];

static void *allocate_beside(void *unused)
{
    void *mine[PLACES] = { 0 };
    int64_t before = mg_scopes_enter(giver);
    for (int i = 0; !MG_LOAD(over); i++) {
        if (mine[i % PLACES])
            mg_free(mine[i % PLACES]);
        mine[i % PLACES] = unit_allocate(i % 3 ? 48 : 3000);
    }
    for (int i = 0; i < PLACES; i++)
        if (mine[i])
            mg_free(mine[i]);
    mg_scopes_leave(before);
    return unused;
}

static void *free_what_is_handed(void *receiver)
{
    int64_t before = receiver ? mg_scopes_enter(*(int64_t *)receiver) : 0;
    for (bool last = false; !last;) {
        last = MG_LOAD(over);
        for (int i = 0; i < PLACES; i++) {
            void *block = atomic_exchange_explicit(&handed[i], NULL, memory_order_acquire);
            if (block)
                mg_free(block);
        }
    }
    mg_scopes_leave(before);
    return receiver;
}

static void others_allocate_and_free_meanwhile(void)
{
    pthread_t threads[5];
    MG_STORE(over, false);
    giver = nest(root(), -1);
    for (int i = 0; i < 3; i++)
        receivers[i] = nest(i == 2 ? giver : root(), -1);
    int64_t before = mg_scopes_enter(giver);
    for (int i = 0; i < 2; i++)
        CHECK(!pthread_create(&threads[i], NULL, allocate_beside, NULL));
    CHECK(!pthread_create(&threads[2], NULL, free_what_is_handed, &receivers[0]));
    CHECK(!pthread_create(&threads[3], NULL, free_what_is_handed, &giver));
    CHECK(!pthread_create(&threads[4], NULL, free_what_is_handed, NULL));
    for (int i = 0; i < ROUNDS; i++) {
        void *block = unit_allocate(i % 5 ? 48 : 3000);
        int64_t bytes = (int64_t)mg_usable_size(block);
        CHECK_EQ(hand(block, receivers[i % 3]), bytes);
        if (i % 7 == 0)
            CHECK_EQ(hand(block, giver), bytes);
        block = atomic_exchange_explicit(&handed[i % PLACES], block, memory_order_acq_rel);
        if (block)
            mg_free(block);
        if (i % 1000 == 0) {
            mg_scopes_end(receivers[1]); /* what it has not freed yet goes up */
            receivers[1] = nest(root(), -1);
        }
    }
    MG_STORE(over, true);
    for (int i = 0; i < 5; i++)
        CHECK(!pthread_join(threads[i], NULL));
    for (int i = 0; i < PLACES; i++)
        if (MG_LOAD(handed[i]))
            mg_free(MG_LOAD(handed[i]));
    mg_scopes_leave(before);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(used(receivers[i]), 0);
    CHECK_EQ(used(giver), 0);
    CHECK_EQ(mg_scopes_end(giver) + mg_scopes_end(receivers[0]) + mg_scopes_end(receivers[1]), 0);
    CHECK_EQ(used(root()), 0);
    mg_accounts_collect(mg_root());
    CHECK_EQ((int64_t)mg_root()->children, 0);
}

int main(void)
{
    unit_start("enforce", "1g");
    what_an_account_inherits_in_its_own_heap_is_given_back_once();
    a_block_goes_to_another_account_to_the_byte();
    what_it_had_is_its_peak_when_all_is_handed_on();
    it_may_be_beyond_the_limit_which_shows_and_gets_no_more_then();
    what_one_task_was_granted_pays_for_its_own_blocks();
    it_comes_back();
    who_has_closed_gets_nothing_and_what_is_no_block_goes_nowhere();
    tags_are_not_used_up();
    others_allocate_and_free_meanwhile();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
