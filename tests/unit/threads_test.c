/* Threads of several accounts free each other's blocks, accounts end under survivors, and every sum comes out at zero. */
#include "unit.h"

enum { THREADS = 4, SLOTS = 256, ROUNDS = 20, STEPS = 2000 };

static _Atomic(void *) slots[SLOTS];
static _Atomic(int64_t) made, gone;

static unsigned next(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void drop(void *block)
{
    if (!block)
        return;
    MG_ADD(gone, 1);
    mg_free(block);
}

/* One step: a new block takes a slot, what lay there goes, sometimes after being resized. */
static void step(unsigned *state)
{
    size_t size = next(state) % (next(state) % 16 ? 700 : 40000) + 1;
    void *block = unit_allocate(size);
    CHECK(block && mg_owns(block) && mg_usable_size(block) >= size);
    CHECK(mg_heap_at(mg_window_heap(block)) == mg_self.heap);
    MG_ADD(made, 1);
    if (next(state) % 8 == 0) {
        void *moved = NULL;
        CHECK(mg_reallocate(UNIT_LIBRARY, block, size * 2, &moved) && moved);
        block = moved;
    }
    drop(atomic_exchange(&slots[next(state) % SLOTS], block));
}

static void *task(void *seed)
{
    unsigned state = (unsigned)(size_t)seed;
    struct mg_account *account = mg_account_open("task", mg_root(), -1);
    for (int round = 0; round < ROUNDS; round++) {
        CHECK(account);
        mg_bind(account);
        for (int i = 0; i < STEPS; i++)
            step(&state);
        struct mg_account *following = mg_account_open("task", mg_root(), -1); /* with another heap */
        mg_unbind();
        mg_stop_requests(account);
        mg_settle(account);
        account = following;
    }
    mg_settle(account);
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    unit_start("observe", NULL);
    for (size_t i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, task, (void *)(i * 77 + 1)));
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_join(threads[i], NULL));
    CHECK_EQ(made - gone > 0, 1);
    CHECK(unit_read(mg_root(), MG_USED) > 0);
    for (int i = 0; i < SLOTS; i++)
        drop(atomic_load(&slots[i]));
    CHECK_EQ(made, gone);
    CHECK_EQ(made, (int64_t)THREADS * ROUNDS * STEPS);
    CHECK_EQ(unit_read(mg_root(), MG_USED), 0);
    CHECK_EQ(unit_read(mg_root(), MG_CHARGED), unit_read(mg_root(), MG_REFUNDED));
    CHECK_EQ(unit_read(mg_root(), MG_ALLOCATIONS), unit_read(mg_root(), MG_FREES));
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
