/* What fail does not deny: what would end the process, up to an eighth of the limit where that is all there is. Nobody
 * catches anything in this program. */
#include "unit.h"

#include "rows.h"

#include <errno.h>
#include <sys/mman.h>

#define LIMIT (16 << 20)

static void *try_to_allocate(size_t size, unsigned form)
{
    void *block = NULL;
    CHECK(mg_allocate(UNIT_LIBRARY, size, 0, form, &block));
    return block;
}

static void *filling[LIMIT / (64 << 10) + 1];

static void use_up_the_limit(void)
{
    size_t count = 0;
    while ((filling[count] = try_to_allocate(64 << 10, 0)))
        count++;
    CHECK_EQ(count, LIMIT / (64 << 10));
}

static void give_all_back(void)
{
    for (size_t i = 0; filling[i]; i++)
        mg_free(filling[i]);
    CHECK_EQ(unit_read(mg_root(), MG_USED), 0);
}

/* Takes throwing blocks until one is denied; how many bytes that were. */
static int64_t take_all(size_t size)
{
    static void *blocks[LIMIT / 1024];
    int64_t before = unit_read(mg_root(), MG_USED);
    int count = 0;
    while ((blocks[count] = try_to_allocate(size, MG_THROWING)))
        count++;
    int64_t bytes = unit_read(mg_root(), MG_USED) - before;
    while (count)
        mg_free(blocks[--count]);
    return bytes;
}

static void what_throws_has_an_eighth_more(void)
{
    CHECK(!try_to_allocate(1000, 0));
    CHECK_EQ(take_all(1024), LIMIT / 8);
    CHECK_EQ(take_all(1 << 20), LIMIT / 8);
    CHECK_EQ(unit_read(mg_root(), MG_OVERDRAFT_PEAK), LIMIT / 8);
}

static void *map_ten_times(void *refused)
{
    for (int i = 0; i < 10; i++) {
        long address =
            mg_map(UNIT_LIBRARY, NULL, 64 << 10, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (address == -ENOMEM)
            ++*(int *)refused;
        else
            CHECK_EQ(mg_unmap((void *)address, 64 << 10), 0);
    }
    long large =
        mg_map(UNIT_LIBRARY, NULL, LIMIT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_EQ(large, -ENOMEM);
    return NULL;
}

static void a_threads_first_mappings_are_its_allocators(void)
{
    pthread_t thread;
    int refused = 0;
    pthread_create(&thread, NULL, map_ten_times, &refused);
    pthread_join(thread, NULL);
    CHECK_EQ(refused, 2);
}

static void a_library_has_an_eighth_of_its_own_limit(void)
{
    mg_library_set_limit(UNIT_LIBRARY, 1 << 20);
    CHECK_EQ(take_all(1024), (1 << 20) + (1 << 17));
    CHECK(!try_to_allocate(2 << 20, 0));
    CHECK_EQ(MG_LOAD(mg_libraries[UNIT_LIBRARY].used), 0);
    mg_library_set_limit(UNIT_LIBRARY, -1);
}

/* In a JVM malloc's small blocks pass too, and beyond the cap what would end it still does. */
static void a_jvm_is_never_ended(void)
{
    mg_rows_find("/opt/jdk/lib/server/libjvm.so");
    CHECK(mg_libraries_jvm_here());
    void *small = try_to_allocate(1000, 0);
    CHECK(small);
    CHECK(!try_to_allocate(100000, 0));
    void *beyond = try_to_allocate(2 * (size_t)mg_settings.overdraft_cap, MG_THROWING);
    CHECK(beyond);
    mg_free(beyond);
    mg_free(small);
}

int main(void)
{
    unit_start("enforce", "16m");
    a_library_has_an_eighth_of_its_own_limit();
    use_up_the_limit();
    what_throws_has_an_eighth_more();
    a_threads_first_mappings_are_its_allocators();
    a_jvm_is_never_ended();
    give_all_back();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
