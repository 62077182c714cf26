/* Eight threads of two accounts free each other's blocks, each of which is a sample, while another one writes reports: in the end there
 * are no samples, and no page says that it has any. */
#include "sampled.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { STEPS = 3000, REPORTS = 3 };
#else
enum { STEPS = 30000, REPORTS = 20 };
#endif
enum { THREADS = 8, SLOTS = 64 };

static _Atomic(void *) slots[SLOTS];
static struct mg_account *accounts[2];

static void give_back(void *block)
{
    if (block)
        mg_free(block);
}

static void *exchange(void *number)
{
    unsigned state = (unsigned)(size_t)number;
    mg_bind(accounts[(size_t)number % 2]);
    for (int i = 0; i < STEPS; i++) {
        state = state * 1664525u + 1013904223u;
        void *block = NULL;
        CHECK(mg_allocate(UNIT_LIBRARY, (state >> 8) % 6000 + 1, 0, 0, &block) && block);
        if (state & 1 << 30)
            CHECK(mg_reallocate(UNIT_LIBRARY, block, (state >> 4) % 9000 + 1, &block) && block);
        give_back(atomic_exchange(&slots[(state >> 20) % SLOTS], block));
    }
    mg_unbind();
    return NULL;
}

static void *report(void *nothing)
{
    for (int i = 0; i < REPORTS; i++) {
        size_t length;
        char *text = mg_report_text(&length);
        CHECK(text && strstr(text, "\"stacks\":{"));
        mg_report_free(text, length);
    }
    return nothing;
}

int main(void)
{
    pthread_t threads[THREADS + 1];
    stacks_on("1");
    unit_start("observe", NULL);
    for (int i = 0; i < 2; i++)
        CHECK((accounts[i] = mg_account_open("task", mg_root(), -1)));
    for (size_t i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, exchange, (void *)(i + 1)));
    CHECK(!pthread_create(&threads[THREADS], NULL, report, NULL));
    for (int i = 0; i <= THREADS; i++)
        CHECK(!pthread_join(threads[i], NULL));
    void *last[SLOTS];
    for (int i = 0; i < SLOTS; i++)
        give_back(last[i] = atomic_load(&slots[i]));
    CHECK_EQ(stacks_estimate().samples, 0);
    for (int i = 0; i < SLOTS; i++)
        CHECK(!last[i] || mg_window_owner(last[i]).class < MG_SAMPLED);
    CHECK_EQ(MG_LOAD(mg_stacks.dropped), 0);
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
