/* A thread that is inside us, where a signal's handler may call: it is served nothing, what it frees goes on the owner's list,
 * a block that it resizes moves, and its mappings are the kernel's alone. No lock is taken, whoever holds it. */
#include "unit.h"

#include "mappings.h"

#include <sys/mman.h>

enum { ANON = MAP_PRIVATE | MAP_ANONYMOUS, RW = PROT_READ | PROT_WRITE };

static void nothing_is_served(void)
{
    void *block = &block;
    CHECK(!mg_allocate(UNIT_LIBRARY, 100, 0, 0, &block));
    CHECK(!mg_allocate_at_hand(UNIT_LIBRARY, 100));
    CHECK(!mg_allocate_at_hand(UNIT_LIBRARY, 20000)); /* which credit would pay for */
    CHECK(!mg_allocate(MG_LIBRARY_TRANSPARENT, 100, 0, MG_THROWING, &block));
    CHECK(block == &block);
}

/* The cache could be in the middle of a change, and so could a magazine. */
static void what_is_freed_goes_on_the_list(void *small, void *large)
{
    const struct mg_heap *heap = mg_self.heap;
    CHECK(!MG_LOAD(heap->remote));
    mg_free(small);
    CHECK(MG_LOAD(heap->remote) == small);
    mg_free(large);
    CHECK(MG_LOAD(heap->remote) == large);
    CHECK_EQ(MG_LOAD(mg_self.inside), 1);
}

static void what_is_resized_moves_to_the_next_allocator(char *block)
{
    void *moved = &moved;
    CHECK(!mg_reallocate(UNIT_LIBRARY, block, 5000, &moved));
    CHECK(block[0] == 'x' && moved == &moved);
}

static void mappings_are_the_kernels(void)
{
    long at = mg_map(UNIT_LIBRARY, NULL, 1 << 20, RW, ANON, -1, 0);
    CHECK(at > 0);
    CHECK_EQ(mg_protect((void *)at, 1 << 20, RW), 0);
    CHECK_EQ(mg_advise((void *)at, 1 << 20, MADV_DONTNEED), 0);
    CHECK_EQ(mg_remap(UNIT_LIBRARY, (void *)at, 1 << 20, 1 << 19, 0, NULL), at);
    CHECK_EQ(mg_unmap((void *)at, 1 << 19), 0);
}

int main(void)
{
    unit_start("observe", NULL);
    char *kept = unit_allocate(100);
    void *gone = unit_allocate(2000);
    void *large = unit_allocate(20000);
    long mapped = mg_map(UNIT_LIBRARY, NULL, 1 << 20, RW, ANON, -1, 0); /* so that the table is looked at */
    kept[0] = 'x';
    int64_t before = unit_read(mg_root(), MG_USED);
    int64_t bytes = (int64_t)(mg_usable_size(gone) + mg_usable_size(large));

    mg_mappings_lock();
    mg_lock(&mg_books_lock);
    mg_enter(&mg_self);
    nothing_is_served();
    what_is_freed_goes_on_the_list(gone, large);
    what_is_resized_moves_to_the_next_allocator(kept);
    mappings_are_the_kernels();
    mg_leave(&mg_self);
    mg_unlock(&mg_books_lock);
    mg_mappings_unlock();

    CHECK_EQ(unit_read(mg_root(), MG_USED), before - bytes);
    mg_free(kept);
    CHECK_EQ(mg_unmap((void *)mapped, 1 << 20), 0);
    CHECK_EQ(unit_read(mg_root(), MG_USED), 0);
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
