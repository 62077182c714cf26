/* Eight threads of two accounts free each other's blocks, of two libraries, while their owners take the freed ones in and give
 * them out again for the other library: each refund is that of the block that was freed. */
#include "unit.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { STEPS = 20000 };
#else
enum { STEPS = 1000000 };
#endif
enum { THREADS = 8, SLOTS = 64 };

static _Atomic(void *) slots[SLOTS];
static struct mg_account *accounts[2];

static void check_books(struct mg_account *account)
{
    struct mg_book books[MG_LIBRARIES] = { 0 };
    mg_accounts_collect(account);
    mg_lock(&mg_books_lock);
    mg_accounts_add_books(account, books);
    mg_unlock(&mg_books_lock);
    for (unsigned library = 0; library < MG_LIBRARIES; library++) {
        CHECK_EQ(books[library].charged, books[library].refunded);
        CHECK_EQ(books[library].allocations, books[library].frees);
    }
}

static void *exchange(void *number)
{
    unsigned state = (unsigned)(size_t)number;
    mg_bind(accounts[(size_t)number % 2]);
    for (int i = 0; i < STEPS; i++) {
        state = state * 1664525u + 1013904223u;
        void *block = NULL;
        CHECK(mg_allocate(state & 1 << 30 ? UNIT_LIBRARY : MG_LIBRARY_OWN, (state >> 8) % 300 + 1, 0, 0,
                          &block));
        void *old = atomic_exchange(&slots[(state >> 20) % SLOTS], block);
        if (old)
            mg_free(old);
    }
    mg_unbind();
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    unit_start("observe", NULL);
    mg_settings.lane_batch = 0; /* so that owners look at each charge for what strangers freed */
    for (int i = 0; i < 2; i++)
        CHECK((accounts[i] = mg_account_open("task", mg_root(), -1)));
    for (size_t i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, exchange, (void *)(i + 1)));
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_join(threads[i], NULL));
    for (int i = 0; i < SLOTS; i++)
        if (slots[i])
            mg_free(slots[i]);
    for (int i = 0; i < 2; i++) {
        check_books(accounts[i]);
        mg_settle(accounts[i]);
    }
    CHECK_EQ(unit_read(mg_root(), MG_USED), 0);
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
