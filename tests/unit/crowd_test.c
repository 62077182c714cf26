/* 4,000 accounts at once, and ten thousand threads in them, or as many as the system gives: every figure is exact. */
#include "unit.h"

#include <sched.h>

#if defined __SANITIZE_THREAD__ || defined __SANITIZE_ADDRESS__
enum { ACCOUNTS = 100, THREADS = 250 }; /* with records of its own for each */
#else
enum { ACCOUNTS = 4000, THREADS = 10000 };
#endif
enum { SMALL = 96, LARGE = 5120 }; /* size classes */

static int64_t top, accounts[ACCOUNTS];
static pthread_t threads[THREADS];
static void *kept[THREADS];
static pthread_rwlock_t door = PTHREAD_RWLOCK_INITIALIZER;
static _Atomic(int) inside;

static void *work(void *number)
{
    uintptr_t i = (uintptr_t)number;
    int64_t before = mg_scopes_enter(accounts[i % ACCOUNTS]);
    CHECK(before);
    kept[i] = unit_allocate(SMALL);
    void *block = unit_allocate(LARGE);
    MG_ADD(inside, 1);
    CHECK(!pthread_rwlock_rdlock(&door)); /* until all are there */
    CHECK(!pthread_rwlock_unlock(&door));
    mg_free(block);
    mg_scopes_leave(before);
    return NULL;
}

static int64_t used(int64_t account)
{
    return unit_read(mg_account_of(account), MG_USED);
}

static void check_each(int made, int64_t bytes)
{
    for (int i = 0; i < ACCOUNTS; i += 97) {
        int inside_it = made / ACCOUNTS + (i < made % ACCOUNTS);
        CHECK_EQ(used(accounts[i]), inside_it * bytes);
    }
    CHECK_EQ(used(top), made * bytes);
}

static void all_are_in_the_tree(void)
{
    size_t length = 0;
    char *text = mg_account_text(top, true, &length);
    int names = 0;
    CHECK(text);
    for (const char *at = text; (at = strstr(at, "\"one of many\"")); at++)
        names++;
    CHECK_EQ(names, ACCOUNTS);
    mg_report_free(text, length);
}

int main(void)
{
    int made = 0;
    pthread_attr_t small;
    unit_start("observe", NULL);
    top = mg_account_nest("top", mg_account_handle(mg_root()), -1);
    for (int i = 0; i < ACCOUNTS; i++)
        CHECK((accounts[i] = mg_account_nest("one of many", top, -1)));
    CHECK(!pthread_attr_init(&small) &&
          !pthread_attr_setstacksize(&small, 128 << 10)); /* the least on aarch64 */
    CHECK(!pthread_rwlock_wrlock(&door));
    while (made < THREADS && !pthread_create(&threads[made], &small, work, (void *)(uintptr_t)made))
        made++;
    while (MG_LOAD(inside) < made)
        sched_yield();
    check_each(made, SMALL + LARGE);
    all_are_in_the_tree();
    CHECK(!pthread_rwlock_unlock(&door));
    for (int i = 0; i < made; i++)
        CHECK(!pthread_join(threads[i], NULL));
    check_each(made, SMALL);
    for (int i = 0; i < made; i++)
        mg_free(kept[i]); /* as a stranger */
    check_each(made, 0);
    CHECK_EQ(unit_read(mg_account_of(top), MG_ALLOCATIONS), 2 * made);
    CHECK_EQ(mg_scopes_end(top), 0);
    CHECK_EQ(mg_root()->children, 0);
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    printf("%d accounts, %d threads\n", ACCOUNTS, made);
    return 0;
}
