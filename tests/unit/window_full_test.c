/* A window of 64 MB that is full: what does not fit passes, said once and summed; what was freed serves again; a denial stays one. */
#include "unit.h"

#include "passed.h"
#include "window.h"

enum { MOST = 200, SIZE = 1 << 20 };
static void *blocks[MOST];

/* How many blocks of 1 MB there are until one passes. */
static int fill(void)
{
    int count = 0;
    while (count < MOST && mg_allocate(UNIT_LIBRARY, SIZE, 0, 0, &blocks[count])) {
        CHECK(blocks[count] && mg_owns(blocks[count]));
        memset(blocks[count++], 1, SIZE);
    }
    return count;
}

static void empty(int count)
{
    while (count > 0)
        mg_free(blocks[--count]);
    CHECK_EQ(unit_read(mg_root(), MG_USED), 0);
}

static void what_does_not_fit_passes(void)
{
    int count = fill();
    CHECK(count > 20 && count < 64);
    CHECK_EQ(MG_LOAD(mg_passed.requests), 1);
    CHECK(MG_LOAD(mg_passed.bytes) >= SIZE);
    CHECK_EQ(unit_read(mg_root(), MG_USED), (int64_t)count * SIZE);
    void *grown = NULL;
    CHECK(!mg_reallocate(UNIT_LIBRARY, blocks[0], 64 * SIZE, &grown) && mg_usable_size(blocks[0]) == SIZE);
    CHECK_EQ(MG_LOAD(mg_passed.requests), 2);
    empty(count);
    int again = fill();
    CHECK(again >= count);
    empty(again);
}

/* Larger than the window, and so never charged: still the limit holds. */
static void the_limit_holds_for_what_never_fits(void)
{
    void *block = blocks;
    int64_t passed = MG_LOAD(mg_passed.requests);
    CHECK(!mg_allocate(UNIT_LIBRARY, 90 * SIZE, 0, 0, &block));
    CHECK_EQ(MG_LOAD(mg_passed.requests), passed + 1);
    CHECK(mg_allocate(UNIT_LIBRARY, 500 * SIZE, 0, 0, &block) && !block);
    CHECK(!mg_allocate(UNIT_LIBRARY, SIZE_MAX / 2 + 1, 0, 0, &block));
    CHECK_EQ(MG_LOAD(mg_passed.requests), passed + 1);
    CHECK_EQ(unit_read(mg_root(), MG_DENIALS), 1);
    CHECK_EQ(unit_read(mg_root(), MG_PEAK) < 100 * SIZE, 1);
}

int main(void)
{
    mg_window_largest = (size_t)64 << 20;
    unit_start("enforce", "300m");
    CHECK_EQ(mg_window.size, mg_window_largest);
    what_does_not_fit_passes();
    the_limit_holds_for_what_never_fits();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
