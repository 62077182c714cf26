/* Magazines: small blocks at hand, of which nobody is charged for any, and none is lost or given out twice. */
#include "unit.h"

#include "jemalloc.h"
#include "magazines.h"
#include "recall.h"
#include "window.h"

enum { LIVE = 300, STEPS = 200000 };

static int64_t thread_caches_of(const struct mg_heap *heap)
{
    int64_t bytes = 0;
    for (unsigned i = 0; i < heap->arena_count; i++) {
        char name[60];
        size_t value = 0;
        size_t length = sizeof value;
        snprintf(name, sizeof name, "stats.arenas.%u.tcache_bytes", heap->arenas[i]);
        CHECK(!mgje_mallctl(name, &value, &length, NULL, 0));
        bytes += (int64_t)value;
    }
    return bytes;
}

static int64_t magazines_of(const struct mg_heap *heap)
{
    mg_lock(&mg_books_lock);
    int64_t bytes = mg_lanes_magazine_bytes(heap);
    mg_unlock(&mg_books_lock);
    return bytes;
}

/* I8, with nothing on the strangers' list. */
static void check_heap(struct mg_account *account)
{
    const struct mg_heap *heap = account->heap;
    int64_t allocated = (int64_t)mg_heap_allocated(heap); /* brings jemalloc's statistics up to date */
    CHECK_EQ(allocated - thread_caches_of(heap) - magazines_of(heap), unit_read(account, MG_USED));
}

static void *either_way(size_t size)
{
    void *block = mg_allocate_at_hand(UNIT_LIBRARY, size);
    return block ? block : unit_allocate(size);
}

/* As programs walk them, and as processors load ahead. */
static void what_is_made_in_a_row_lies_in_a_row(void)
{
    enum { BLOCKS = 256, SIZE = 192 };
    char *blocks[BLOCKS];
    int upwards = 0;
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = either_way(SIZE);
        upwards += i && blocks[i] == blocks[i - 1] + SIZE;
    }
    CHECK(upwards >= BLOCKS * 3 / 4);
    for (int i = 0; i < BLOCKS; i++)
        mg_free(blocks[i]);
}

static void what_was_put_back_last_is_given_out_first(void)
{
    void *first = unit_allocate(100);
    void *second = unit_allocate(100);
    mg_free(first);
    mg_free(second);
    CHECK(mg_allocate_at_hand(UNIT_LIBRARY, 100) == second);
    CHECK(mg_allocate_at_hand(UNIT_LIBRARY, 100) == first);
    mg_free(first);
    mg_free(second);
}

/* Each block is filled with its slot's number, so that one that was given out twice shows. */
static void every_block_is_used_once_and_every_byte_is_known(struct mg_account *account)
{
    static unsigned char *live[LIVE];
    static size_t sizes[LIVE];
    unsigned state = 7;
    for (int i = 0; i < STEPS; i++) {
        state = state * 1664525u + 1013904223u;
        unsigned slot = (state >> 8) % LIVE;
        if (live[slot]) {
            for (size_t at = 0; at < sizes[slot]; at += 1 + sizes[slot] / 4)
                CHECK_EQ(live[slot][at], slot & 255);
            mg_free(live[slot]);
        }
        sizes[slot] = (state >> 17) % (i % 16 ? 1300 : 30000) + 1;
        live[slot] = either_way(sizes[slot]);
        memset(live[slot], (int)slot, sizes[slot]);
        if (i % 20000 == 0)
            check_heap(account);
    }
    CHECK(magazines_of(account->heap) > 0);
    for (int i = 0; i < LIVE; i++)
        if (live[i])
            mg_free(live[i]);
    check_heap(account);
    CHECK_EQ(unit_read(account, MG_USED), 0);
}

static void a_thread_that_leaves_has_nothing_at_hand(struct mg_account *account)
{
    mg_unbind();
    CHECK_EQ(magazines_of(account->heap), 0);
    CHECK_EQ(mg_heap_allocated(account->heap), 0);
    CHECK(!mg_allocate_at_hand(UNIT_LIBRARY, 100));
}

/* A signal handler, or we ourselves. */
static void a_thread_that_is_inside_us_gets_nothing_at_hand(void)
{
    void *block = unit_allocate(100);
    mg_free(block);
    mg_enter(&mg_self);
    CHECK(!mg_allocate_at_hand(UNIT_LIBRARY, 100));
    mg_leave(&mg_self);
    CHECK(mg_allocate_at_hand(UNIT_LIBRARY, 100) == block);
    mg_free(block);
}

static void a_library_with_a_limit_gets_nothing_at_hand(void)
{
    mg_free(unit_allocate(100));
    mg_library_set_limit(UNIT_LIBRARY, 1 << 20);
    CHECK(!mg_allocate_at_hand(UNIT_LIBRARY, 100));
    int64_t used = MG_LOAD(mg_libraries[UNIT_LIBRARY].used);
    mg_free(unit_allocate(100)); /* nor is it put there: it counts against the limit no more */
    CHECK_EQ(MG_LOAD(mg_libraries[UNIT_LIBRARY].used), used);
    mg_library_set_limit(UNIT_LIBRARY, -1);
}

static pthread_barrier_t step;

/* Has blocks at hand and waits; then takes some of them. */
static void *have_and_wait(void *account)
{
    mg_bind(account);
    mg_free(unit_allocate(100));
    pthread_barrier_wait(&step);
    pthread_barrier_wait(&step);
    mg_free(either_way(100));
    mg_unbind();
    return NULL;
}

static void recall(void)
{
    mg_enter(&mg_self);
    mg_recall_magazines();
    mg_leave(&mg_self);
}

static void what_an_idle_thread_has_at_hand_can_be_taken_from_it(void)
{
    pthread_t thread;
    struct mg_account *account = mg_account_open("idle", mg_root(), -1);
    CHECK(!pthread_barrier_init(&step, NULL, 2) && !pthread_create(&thread, NULL, have_and_wait, account));
    pthread_barrier_wait(&step);
    CHECK(magazines_of(account->heap) > 0);
    recall();
    CHECK_EQ(magazines_of(account->heap), 0);
    check_heap(account);
    pthread_barrier_wait(&step);
    CHECK(!pthread_join(thread, NULL));
    CHECK_EQ(mg_settle(account), 0);
}

static void a_thread_that_is_inside_us_keeps_what_it_has_at_hand(void)
{
    struct unit_busy busy = { .account = mg_account_open("inside", mg_root(), -1) };
    unit_busy_begins(&busy);
    int64_t bytes = magazines_of(busy.account->heap);
    CHECK(bytes > 0);
    recall();
    CHECK_EQ(magazines_of(busy.account->heap), bytes);
    unit_busy_ends(&busy);
    CHECK_EQ(mg_settle(busy.account), 0);
}

static _Atomic(int) at_work;

/* Marks each block as its own while it has it. */
static void *work(void *account)
{
    enum { OWN = 64 };
    unsigned long *live[OWN] = { 0 };
    unsigned long mark = (unsigned long)&live;
    unsigned state = (unsigned)mark;
    mg_bind(account);
    for (int i = 0; i < STEPS; i++) {
        state = state * 1664525u + 1013904223u;
        unsigned long **slot = &live[state >> 24 & (OWN - 1)];
        if (*slot) {
            CHECK_EQ(**slot, mark);
            mg_free(*slot);
        }
        *slot = either_way((state >> 12 & 1023) + 8);
        **slot = mark;
    }
    for (int i = 0; i < OWN; i++)
        if (live[i])
            mg_free(live[i]);
    mg_unbind();
    MG_ADD(at_work, -1);
    return NULL;
}

static void taking_it_from_threads_at_work_gives_no_block_out_twice(void)
{
    enum { THREADS = 3 };
    pthread_t threads[THREADS];
    struct mg_account *account = mg_account_open("busy", mg_root(), -1);
    MG_STORE(at_work, THREADS);
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, work, account));
    while (MG_LOAD(at_work)) {
        recall();
        sched_yield();
    }
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_join(threads[i], NULL));
    check_heap(account);
    CHECK_EQ(unit_read(account, MG_USED), 0);
    CHECK_EQ(mg_settle(account), 0);
}

int main(void)
{
    unit_start("observe", NULL);
    struct mg_account *account = mg_account_open("task", mg_root(), -1);
    mg_bind(account);
    what_is_made_in_a_row_lies_in_a_row();
    what_was_put_back_last_is_given_out_first();
    every_block_is_used_once_and_every_byte_is_known(account);
    a_thread_that_leaves_has_nothing_at_hand(account);
    a_thread_that_is_inside_us_gets_nothing_at_hand();
    if (mg_os_order_threads()) {
        what_an_idle_thread_has_at_hand_can_be_taken_from_it();
        a_thread_that_is_inside_us_keeps_what_it_has_at_hand();
        taking_it_from_threads_at_work_gives_no_block_out_twice();
    }
    a_library_with_a_limit_gets_nothing_at_hand(); /* and no other one from now on */
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
