/* The window: what is taken lies in it, aligned as asked, for the heap that took it, and is nobody else's. */
#include "unit.h"

#include "window.h"

enum { MB = 1 << 20 };

static void each_alignment_is_one_of_addresses(void)
{
    for (size_t alignment = 4096; alignment <= (size_t)1 << 30; alignment *= 2) {
        char *first = mg_window_take(7, 3 * MB, alignment);
        char *second = mg_window_take(8, 100, alignment);
        CHECK(first && second);
        CHECK_EQ((uintptr_t)first % alignment, 0);
        CHECK_EQ((uintptr_t)second % alignment, 0);
        CHECK(second >= first + 4 * MB || first >= second + 2 * MB);
        CHECK(mg_window_holds(first) && mg_window_holds(first + 4 * MB - 1));
        CHECK_EQ(mg_window_heap(first), 7);
        CHECK_EQ(mg_window_heap(first + 3 * MB), 7);
        CHECK_EQ(mg_window_heap(second), 8);
        memset(first, 1, 3 * MB);
        CHECK_EQ(second[0], 0);
    }
}

static void what_is_too_large_is_refused(void)
{
    CHECK(!mg_window_take(7, mg_window.size + MG_GRANULE, 4096));
    CHECK(!mg_window_take(7, MG_GRANULE, mg_window.size * 2));
}

/* Other threads read base and size while they are being written. */
static void half_a_window_holds_nothing(void)
{
    const struct mg_window before = mg_window;
    int on_stack;
    void *block = malloc(1);
    const void *const freed[] = { NULL, &on_stack, &mg_window, block };
    CHECK(mg_window_start());
    const struct mg_window started = mg_window;
    for (size_t i = 0; i < sizeof freed / sizeof *freed; i++) {
        mg_window = before;
        CHECK(!mg_window_holds(freed[i]));
        mg_window.size = started.size;
        CHECK(!mg_window_holds(freed[i]));
        mg_window = before;
        mg_window.base = started.base;
        CHECK(!mg_window_holds(freed[i]));
    }
    free(block);
    mg_window = before;
}

int main(void)
{
    half_a_window_holds_nothing();
    unit_start("observe", NULL);
    each_alignment_is_one_of_addresses();
    what_is_too_large_is_refused();
    return 0;
}
