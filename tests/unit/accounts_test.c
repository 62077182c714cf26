/* Accounts in one thread: what is charged is refunded, closing hands survivors over, recycled heaps keep owners right. */
#include "unit.h"

static void at_rest_the_arena_holds_what_the_owners_hold(void)
{
    struct mg_account *account = mg_account_open("at rest", mg_root(), -1);
    void *blocks[2000];
    mg_bind(account);
    size_t before = mg_heap_allocated(account->heap);
    for (size_t i = 0; i < 2000; i++)
        CHECK(mg_allocate(UNIT_LIBRARY, i * 37 + 1, i % 3 ? 0 : (size_t)16 << i % 11, 0, &blocks[i]));
    for (size_t i = 0; i < 2000; i += 2)
        mg_free(blocks[i]);
    mg_unbind(); /* its cache goes back */
    CHECK_EQ(mg_heap_allocated(account->heap) - before, unit_read(account, MG_USED));
    for (size_t i = 1; i < 2000; i += 2)
        mg_free(blocks[i]); /* as a stranger */
    CHECK_EQ(unit_read(account, MG_USED), 0);
    mg_heap_drain(account->heap, false);
    CHECK_EQ(mg_heap_allocated(account->heap), before);
    CHECK_EQ(unit_read(account, MG_ALLOCATIONS), 2000);
    CHECK_EQ(unit_read(account, MG_FREES), 2000);
    mg_stop_requests(account);
    mg_settle(account);
}

static void survivors_go_to_the_parent_and_are_refunded_there(void)
{
    int64_t root_before = unit_read(mg_root(), MG_USED);
    struct mg_account *account = mg_account_open("leaver", mg_root(), -1);
    mg_bind(account);
    void *kept = unit_allocate(1000);
    void *gone = unit_allocate(5000);
    mg_free(gone);
    mg_unbind();
    mg_settle(account);
    CHECK_EQ(MG_LOAD(account->state), MG_ACCOUNT_CLOSED);
    CHECK_EQ(unit_read(mg_root(), MG_USED) - root_before, (int64_t)mg_usable_size(kept));
    mg_free(kept);
    CHECK_EQ(unit_read(mg_root(), MG_USED), root_before);
}

/* 3,000 accounts in turn each leave 64 bytes: the figures stay right and nearly no heaps are used up. */
static void recycled_heaps_keep_survivors_right(void)
{
    enum { TASKS = 3000 };
    static void *survivors[TASKS];
    int64_t root_before = unit_read(mg_root(), MG_USED);
    unsigned heaps_before = mg_heap_count();
    for (int i = 0; i < TASKS; i++) {
        struct mg_account *account = mg_account_open("task", mg_root(), -1);
        CHECK(account);
        mg_bind(account);
        survivors[i] = unit_allocate(64);
        mg_free(unit_allocate(3000));
        mg_unbind();
        mg_settle(account);
    }
    CHECK_EQ(unit_read(mg_root(), MG_USED) - root_before, TASKS * 64);
    /* A heap holds 255 owners. */
    CHECK(mg_heap_count() - heaps_before <= TASKS / 255 + 2);
    for (int i = 0; i < TASKS; i++)
        mg_free(survivors[i]);
    CHECK_EQ(unit_read(mg_root(), MG_USED), root_before);
}

/* It is in the heap of the thread that frees it, but no longer in its account. */
static void a_survivor_in_a_recycled_heap_is_refunded_where_it_went(void)
{
    int64_t root_before = unit_read(mg_root(), MG_USED);
    struct mg_account *first = mg_account_open("first", mg_root(), -1);
    const struct mg_heap *heap = first->heap;
    mg_bind(first);
    void *small = unit_allocate(100);
    void *large = unit_allocate(20000);
    mg_unbind();
    mg_settle(first);
    struct mg_account *second, *before[100];
    int others = 0;
    while ((second = mg_account_open("second", mg_root(), -1)) && second->heap != heap && others < 100)
        before[others++] = second;
    CHECK(second && second->heap == heap);
    while (others)
        mg_settle(before[--others]);
    mg_bind(second);
    mg_free(unit_allocate(100)); /* which brings it credit */
    mg_free(small);
    mg_free(large);
    CHECK_EQ(unit_read(second, MG_USED), 0);
    CHECK_EQ(unit_read(second, MG_FREES), 1);
    CHECK_EQ(unit_read(mg_root(), MG_USED), root_before);
    mg_unbind();
    mg_settle(second);
}

static void peak_of_one_thread_is_exact(void)
{
    struct mg_account *account = mg_account_open("peak", mg_root(), -1);
    mg_bind(account);
    void *large = unit_allocate(1 << 20);
    void *small = unit_allocate(100);
    int64_t most = unit_read(account, MG_USED);
    mg_free(large);
    void *later = unit_allocate(500000);
    CHECK_EQ(unit_read(account, MG_PEAK), most);
    mg_free(small);
    mg_free(later);
    mg_unbind();
    mg_settle(account);
}

static void *free_it(void *block)
{
    mg_free(block);
    return NULL;
}

static void let_a_stranger_free(void *block)
{
    pthread_t stranger;
    CHECK(!pthread_create(&stranger, NULL, free_it, block));
    CHECK(!pthread_join(stranger, NULL));
}

/* What goes by another hand than the account's own is in its peak, and in its parent's. */
static void a_large_block_that_a_stranger_frees_is_in_the_peak(void)
{
    enum { LARGE = 112 << 20 }; /* a size class */
    struct mg_account *account = mg_account_open("peak", mg_root(), -1);
    mg_bind(account);
    int64_t before = unit_read(mg_root(), MG_USED);
    let_a_stranger_free(unit_allocate(LARGE));
    mg_free(unit_allocate(1 << 20)); /* takes in what strangers freed */
    CHECK(unit_read(account, MG_PEAK) >= LARGE);
    CHECK(unit_read(account, MG_PEAK) <= LARGE + (2 << 20));
    CHECK(unit_read(mg_root(), MG_PEAK) >= before + LARGE);
    mg_unbind();
    mg_settle(account);
}

/* Its own threads do nothing, so that they do not collect it. */
static void what_strangers_freed_of_an_idle_child_is_in_no_peak(void)
{
    struct mg_account *idle = mg_account_open("idle", mg_root(), -1);
    int64_t before = unit_read(mg_root(), MG_USED);
    mg_bind(idle);
    void *block = unit_allocate(512 << 20);
    mg_unbind();
    let_a_stranger_free(block);
    mg_free(unit_allocate(640 << 20)); /* the root's */
    CHECK(unit_read(mg_root(), MG_PEAK) >= before + (640 << 20));
    CHECK(unit_read(mg_root(), MG_PEAK) <= before + (641 << 20));
    mg_settle(idle);
}

static void what_was_taken_off_a_strangers_list_is_collected_too(void)
{
    struct mg_account *idle = mg_account_open("idle", mg_root(), -1);
    mg_bind(idle);
    void *block = unit_allocate(1 << 20);
    let_a_stranger_free(block);
    mg_heaps_trim();
    CHECK(MG_LOAD(idle->taken) >= 1 << 20);
    mg_accounts_collect(mg_root());
    CHECK(MG_LOAD(idle->taken) < 1 << 20);
    mg_unbind();
    CHECK_EQ(MG_LOAD(idle->taken), 0);
    mg_settle(idle);
}

/* Nobody ever had what was not to be had. */
static void a_hopeless_request_leaves_no_peak(void)
{
    void *block = NULL;
    int64_t peak = unit_read(mg_root(), MG_PEAK);
    CHECK(!mg_allocate(UNIT_LIBRARY, (size_t)1 << 60, 0, false, &block));
    CHECK(!mg_allocate(UNIT_LIBRARY, (size_t)1 << 45, 0, false, &block));
    mg_free(unit_allocate(10));
    CHECK(unit_read(mg_root(), MG_PEAK) < peak + (1 << 20));
}

/* Java may hold a handle for long: it never comes to name somebody else. */
static void a_handle_names_one_account_for_ever(void)
{
    struct mg_account *first = mg_account_open("first", mg_root(), -1);
    int64_t handle = mg_account_handle(first);
    mg_bind(first);
    mg_free(unit_allocate(1000));
    mg_unbind();
    mg_settle(first);
    struct mg_account *second = mg_account_open("second", mg_root(), -1);
    CHECK(second == first); /* the same place */
    CHECK(!mg_account_of(handle));
    int64_t figures[MG_FIGURES];
    mg_read(handle, figures);
    CHECK_EQ(figures[MG_CHARGED], 1024);
    CHECK_EQ(figures[MG_STATE], MG_ACCOUNT_CLOSED);
    mg_settle(second);
    CHECK(!mg_account_of(0) && !mg_account_of(1) && !mg_account_of(-1));
    CHECK_EQ(mg_settle(mg_root()), 0);
    CHECK(!mg_account_open("grandchild", second, -1));
}

static void resizing_keeps_the_books(void)
{
    struct mg_account *account = mg_account_open("resize", mg_root(), -1);
    mg_bind(account);
    void *block = unit_allocate(10);
    for (size_t size = 1; size < 3000000; size = size * 3 / 2 + 1) {
        CHECK(mg_reallocate(UNIT_LIBRARY, block, size, &block));
        CHECK_EQ(unit_read(account, MG_USED), (int64_t)mg_usable_size(block));
        CHECK_EQ(unit_read(account, MG_ALLOCATIONS) - unit_read(account, MG_FREES), 1);
    }
    for (size_t size = 3000000; size > 1; size /= 2) {
        CHECK(mg_reallocate(UNIT_LIBRARY, block, size, &block));
        CHECK_EQ(unit_read(account, MG_USED), (int64_t)mg_usable_size(block));
    }
    mg_free(block);
    CHECK_EQ(unit_read(account, MG_USED), 0);
    mg_unbind();
    mg_settle(account);
}

int main(void)
{
    unit_start("observe", NULL);
    at_rest_the_arena_holds_what_the_owners_hold();
    survivors_go_to_the_parent_and_are_refunded_there();
    recycled_heaps_keep_survivors_right();
    a_survivor_in_a_recycled_heap_is_refunded_where_it_went();
    peak_of_one_thread_is_exact();
    a_large_block_that_a_stranger_frees_is_in_the_peak();
    what_strangers_freed_of_an_idle_child_is_in_no_peak();
    what_was_taken_off_a_strangers_list_is_collected_too();
    a_hopeless_request_leaves_no_peak();
    a_handle_names_one_account_for_ever();
    resizing_keeps_the_books();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
