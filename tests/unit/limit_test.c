/* A fixed budget: charges beyond it are denied, exactly there, and what is freed can be used again. */
#include "unit.h"

static void *try_to_allocate(size_t size)
{
    void *block = NULL;
    CHECK(mg_allocate(UNIT_LIBRARY, size, 0, false, &block));
    return block;
}

static void denied_exactly_at_the_limit(void)
{
    static void *blocks[2000];
    int count = 0;
    while (count < 2000 && (blocks[count] = try_to_allocate(4096)))
        count++;
    CHECK_EQ(count, (1 << 20) / 4096);
    CHECK_EQ(unit_read(mg_root(), MG_USED), 1 << 20);
    CHECK_EQ(unit_read(mg_root(), MG_DENIALS), 1);
    mg_free(blocks[--count]);
    CHECK(!try_to_allocate(8192));
    blocks[count] = try_to_allocate(4096);
    CHECK(blocks[count++]);
    while (count)
        mg_free(blocks[--count]);
    CHECK_EQ(unit_read(mg_root(), MG_USED), 0);
    CHECK_EQ(unit_read(mg_root(), MG_OVERDRAFT_PEAK), 0);
}

static void a_denied_growth_leaves_the_block(void)
{
    char *block = try_to_allocate(100000);
    void *moved = &moved;
    memset(block, 'x', 100000);
    CHECK(mg_reallocate(UNIT_LIBRARY, block, 2 << 20, &moved));
    CHECK(!moved);
    for (int i = 0; i < 100000; i++)
        CHECK(block[i] == 'x');
    mg_free(block);
    CHECK_EQ(unit_read(mg_root(), MG_USED), 0);
}

static void *free_it(void *block)
{
    mg_free(block);
    return NULL;
}

/* What a stranger freed counts as free at once, before anybody has taken the block off the list. */
static void strangers_frees_make_room(void)
{
    pthread_t thread;
    void *block = try_to_allocate(900000);
    pthread_create(&thread, NULL, free_it, block);
    pthread_join(thread, NULL);
    block = try_to_allocate(900000);
    CHECK(block);
    mg_free(block);
}

/* A library's own limit counts each byte once, whoever frees it. */
static void a_librarys_own_limit_holds(void)
{
    mg_library_set_limit(UNIT_LIBRARY, 600000);
    for (int round = 0; round < 20; round++) {
        pthread_t thread;
        pthread_create(&thread, NULL, free_it, try_to_allocate(300000));
        pthread_join(thread, NULL);
        mg_free(try_to_allocate(100000)); /* collects */
    }
    CHECK_EQ(MG_LOAD(mg_libraries[UNIT_LIBRARY].used), 0);
    CHECK(!try_to_allocate(700000));
    mg_free(try_to_allocate(500000));
    mg_library_set_limit(UNIT_LIBRARY, -1);
}

int main(void)
{
    unit_start("enforce", "1m");
    denied_exactly_at_the_limit();
    a_denied_growth_leaves_the_block();
    strangers_frees_make_room();
    a_librarys_own_limit_holds();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
