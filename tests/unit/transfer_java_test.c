/* Java's blocks and a library's lie in the same pages. With native memory tracking on, Java knows its own by an address 16 bytes into them, and no
 * such is handed over; the library's are, whatever lies before them. */
#include "nested.h"

enum { BLOCKS = 200, HEADER = 16, BESIDE = 18 };

static unsigned java;

/* As libjvm does: the header begins with how much was asked for, and Java gets what is behind it. */
static char *allocate_for_java(size_t asked)
{
    void *block = NULL;
    mg_java_begins(java, (int64_t)asked);
    CHECK(mg_allocate(MG_LIBRARY_JVM, asked + BESIDE, 0, 0, &block));
    mg_java_ends();
    memcpy(block, &asked, sizeof asked);
    return (char *)block + HEADER;
}

/* In turn, of one size: the page is whose block was first, and knows the other's by tags of their own. */
static void each_is_told_from_the_other(size_t size, bool java_first)
{
    int64_t from = nest(root(), -1), to = nest(root(), -1), before = mg_scopes_enter(from);
    char *javas[BLOCKS], *own[BLOCKS];
    for (int i = 0; i < 2 * BLOCKS; i++)
        if (i % 2 == !java_first)
            javas[i / 2] = allocate_for_java(size - BESIDE);
        else
            memset(own[i / 2] = unit_allocate(size), 0xff, size);
    for (int i = 0; i < BLOCKS; i++) {
        CHECK_EQ(mg_scopes_transfer(javas[i], from, to), 0);
        CHECK_EQ(mg_scopes_transfer(own[i], from, to), (int64_t)mg_usable_size(own[i]));
    }
    CHECK_EQ(used(to), BLOCKS * (int64_t)mg_usable_size(own[0]));
    for (int i = 0; i < BLOCKS; i++) {
        mg_free(own[i]);
        mg_free(javas[i] - HEADER);
    }
    mg_scopes_leave(before);
    CHECK_EQ(mg_scopes_end(from) + mg_scopes_end(to), 0);
}

int main(void)
{
    setenv("MEMGRANT_TARGETS", "java:*", 1);
    setenv("MEMGRANT_MODE", "observe", 1);
    mg_start(NULL, true);
    java = mg_java_library_of_all();
    CHECK(mg_active && java);
    static const size_t sizes[] = { 32, 48, 112, 1000, 14336, 20480 };
    for (unsigned i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++)
        each_is_told_from_the_other(sizes[i / 2], i % 2);
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
