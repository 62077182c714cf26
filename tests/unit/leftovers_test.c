/* 10,000 tasks that each leave 64 bytes in two libraries: every figure stays right, and nothing is used up. */
#include "unit.h"

#include "jemalloc.h"
#include "rows.h"

#include <unistd.h>

#if defined __SANITIZE_THREAD__ || defined __SANITIZE_ADDRESS__
enum { SANITIZED = true, TASKS = 2500 }; /* with records of its own in memory */
#else
enum { SANITIZED = false, TASKS = 10000 };
#endif
enum { BYTES = 64, TAGS_A_HEAP = MG_TAGS - 1 - 32 /* heap.c keeps as many for tasks to come */ };

static unsigned libraries[2];
static void *left[TASKS][2];

/* ---- What could be used up ---- */

struct resources {
    unsigned arenas, heaps, slots;
    int64_t resident;
};

static struct resources now(void)
{
    struct resources is = { .heaps = mg_heap_count(), .slots = mg_accounts_slots() };
    size_t length = sizeof is.arenas;
    uint64_t epoch = 1;
    long pages = 0;
    mgje_mallctl("epoch", NULL, NULL, &epoch, sizeof epoch);
    CHECK(!mgje_mallctl("arenas.narenas", &is.arenas, &length, NULL, 0));
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file && fscanf(file, "%*d %ld", &pages) == 1);
    fclose(file);
    is.resident = pages * getpagesize();
    return is;
}

static void print(const char *when, const struct resources *is)
{
    printf("%s: %u arenas, %u heaps, %u slots, %ld KB resident\n", when, is->arenas, is->heaps, is->slots,
           is->resident / 1024);
}

/* ---- Tasks ---- */

static const struct mg_lane *lane;

static void *run_task(void *argument)
{
    void **leaves = argument;
    struct mg_account *account = mg_account_open("task", mg_root(), -1);
    CHECK(account);
    mg_bind(account);
    for (int i = 0; i < 2; i++) {
        void *goes = NULL;
        CHECK(mg_allocate(libraries[i], BYTES, 0, 0, &leaves[i]) && leaves[i]);
        CHECK(mg_allocate(libraries[i], 3000, 0, 0, &goes) && goes);
        mg_free(goes);
    }
    if (!lane)
        lane = mg_self.lane;
    CHECK(mg_self.lane == lane); /* that of the thread before */
    mg_unbind();
    mg_settle(account);
    CHECK_EQ(MG_LOAD(account->state), MG_ACCOUNT_CLOSED);
    return NULL;
}

static void on_a_thread_of_its_own(int task)
{
    pthread_t thread;
    CHECK(!pthread_create(&thread, NULL, run_task, left[task]));
    CHECK(!pthread_join(thread, NULL));
}

static void give_back(int task)
{
    for (int i = 0; i < 2; i++) {
        mg_free(left[task][i]);
        left[task][i] = NULL;
    }
}

static void check_left(int64_t tasks)
{
    struct mg_book books[MG_LIBRARIES] = { 0 };
    mg_lock(&mg_books_lock);
    mg_accounts_add_books(mg_root(), books);
    mg_lanes_add_books(mg_root(), books);
    mg_unlock(&mg_books_lock);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(books[libraries[i]].charged - books[libraries[i]].refunded, tasks * BYTES);
        CHECK_EQ(books[libraries[i]].allocations - books[libraries[i]].frees, tasks);
    }
    CHECK_EQ(unit_read(mg_root(), MG_USED), 2 * tasks * BYTES);
    int64_t allocated = 0;
    for (unsigned i = 0; i < mg_heap_count(); i++) {
        mg_heap_drain(mg_heap_at(i), false);
        allocated += (int64_t)mg_heap_allocated(mg_heap_at(i));
    }
    CHECK_EQ(allocated, 2 * tasks * BYTES);
    mg_accounts_collect(mg_root());
    CHECK_EQ(MG_LOAD(mg_root()->taken), 2 * tasks * BYTES);
}

static void check_nothing_grew(const struct resources *before, const struct resources *after, unsigned heaps,
                               int64_t resident)
{
    CHECK(after->heaps <= before->heaps + heaps);
    CHECK_EQ(after->arenas - before->arenas, after->heaps - before->heaps);
    CHECK_EQ(after->slots, before->slots);
    CHECK(SANITIZED || after->resident <= before->resident + resident);
}

/* ---- What is left is given back by another thread, some hundred tasks later ---- */

static void what_comes_back_is_used_again(void)
{
    enum { BEHIND = 500 };
    struct resources before;
    for (int task = 0; task < TASKS; task++) {
        if (task == 2 * BEHIND)
            before = now();
        on_a_thread_of_its_own(task);
        if (task >= BEHIND)
            give_back(task - BEHIND);
    }
    struct resources after = now();
    print("2 x 500 tasks, given back 500 tasks later", &before);
    print("all tasks", &after);
    check_left(BEHIND);
    check_nothing_grew(&before, &after, 1, 1 << 20);
    for (int task = TASKS - BEHIND; task < TASKS; task++)
        give_back(task);
    check_left(0);
}

/* ---- Nothing is given back ---- */

static void what_stays_costs_its_tags(void)
{
    struct resources before = now();
    for (int task = 0; task < TASKS; task++)
        on_a_thread_of_its_own(task);
    struct resources after = now();
    print("all tasks, nothing given back", &after);
    check_left(TASKS);
    check_nothing_grew(&before, &after, 2 * TASKS / TAGS_A_HEAP + 1, (int64_t)TASKS * 2048);
    for (int task = 0; task < TASKS; task++)
        give_back(task);
    check_left(0);
}

static void heaps_put_aside_come_back(void)
{
    struct resources before = now();
    for (int task = 0; task < TASKS; task++)
        on_a_thread_of_its_own(task);
    struct resources after = now();
    print("as many more, what the first ones left given back", &after);
    check_left(TASKS);
    check_nothing_grew(&before, &after, 0, 1 << 20);
    for (int task = 0; task < TASKS; task++)
        give_back(task);
    check_left(0);
}

int main(void)
{
    unit_start("observe", NULL);
    libraries[0] = UNIT_LIBRARY;
    libraries[1] = mg_rows_find("/somewhere/nothing-here.so");
    CHECK(mg_library_is_target(libraries[1]) && libraries[1] != libraries[0]);
    what_comes_back_is_used_again();
    what_stays_costs_its_tags();
    heaps_put_aside_come_back();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
