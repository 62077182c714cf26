/* What is used up: heaps and accounts, tags of a heap, library slots. Each time the calls go on, one line is said, and what comes
 * free serves again. */
#include "unit.h"

#include "passed.h"
#include "rows.h"

static void end(struct mg_account *account)
{
    mg_stop_requests(account);
    mg_settle(account);
}

/* ---- The tests ---- */

static void heaps_are_used_up_and_come_back(void)
{
    static struct mg_account *accounts[5000];
    int count = 0;
    unit_listen();
    while (count < 5000 && (accounts[count] = mg_account_open("task", mg_root(), -1)))
        count++;
    CHECK(!mg_account_open("task", mg_root(), -1));
    CHECK_EQ(unit_lines_said(), 1);
    CHECK(count >= 3900 && count < 5000);
    mg_bind(accounts[count - 1]);
    mg_free(unit_allocate(100));
    mg_unbind();
    end(accounts[0]);
    CHECK((accounts[0] = mg_account_open("task", mg_root(), -1)));
    for (int i = 0; i < count; i++)
        end(accounts[i]);
    CHECK_EQ(unit_read(mg_root(), MG_USED), 0);
}

enum { MANY = 120 };

static unsigned slot_of(int number)
{
    char path[40];
    snprintf(path, sizeof path, "/lib/libmany%d.so", number);
    return mg_rows_find(path);
}

static void further_libraries_are_counted_together(void)
{
    int together = 0;
    unit_listen();
    for (int i = 0; i < MANY; i++)
        together += slot_of(i) == MG_LIBRARY_REST;
    CHECK_EQ(unit_lines_said(), 1);
    CHECK_EQ(together, MANY - (MG_LIBRARIES - MG_LIBRARY_FIRST));
}

/* Each account leaves a block of each library behind; the heap has tags for two such accounts and a part of a third one. */
static void what_has_no_tag_passes(void)
{
    enum { LIBRARIES = MG_LIBRARIES - MG_LIBRARY_FIRST };
    static void *left[3][LIBRARIES];
    int passed = 0;
    int64_t before = MG_LOAD(mg_passed.requests);
    unit_listen();
    for (int round = 0; round < 3; round++) {
        struct mg_account *account = mg_account_open("task", mg_root(), -1);
        mg_bind(account);
        for (unsigned i = 0; i < LIBRARIES; i++)
            passed += !mg_allocate(MG_LIBRARY_FIRST + i, 64, 0, 0, &left[round][i]);
        mg_unbind();
        end(account);
    }
    CHECK_EQ(unit_lines_said(), 1);
    CHECK_EQ(passed, 3 * LIBRARIES - (MG_TAGS - 1));
    CHECK_EQ(MG_LOAD(mg_passed.requests) - before, passed);
    CHECK_EQ(unit_read(mg_root(), MG_USED), (3 * LIBRARIES - passed) * 64);
    for (int i = 0; i < 3 * LIBRARIES; i++)
        if (left[i / LIBRARIES][i % LIBRARIES])
            mg_free(left[i / LIBRARIES][i % LIBRARIES]);
    CHECK_EQ(unit_read(mg_root(), MG_USED), 0);
}

int main(void)
{
    setenv("MEMGRANT_TARGETS", "libman?*", 1); /* each file a library of its own */
    mg_start(NULL, true);
    CHECK(mg_active);
    further_libraries_are_counted_together();
    what_has_no_tag_passes();
    heaps_are_used_up_and_come_back();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
