/* The table of mappings is full: what can't be noted is not counted, and what was counted is never given back twice. */
#include "unit.h"

#include "mappings.h"
#include "passed.h"

#include <sys/mman.h>

enum { ROOM = 2048, PAGE = 4096 };

static char *map(size_t size, int protection)
{
    long mapped = mg_map(UNIT_LIBRARY, NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(mapped > 0);
    return (char *)mapped;
}

/* A part in the middle would need two ranges more. */
static void parts_change(char *reserved, char *charged)
{
    int64_t used = unit_read(mg_root(), MG_USED);
    CHECK_EQ(mg_protect(reserved + 16 * PAGE, 8 * PAGE, PROT_READ | PROT_WRITE), 0);
    int64_t more = unit_read(mg_root(), MG_USED) - used;
    CHECK(more == 0 || more == 8 * PAGE);
    used += more;
    int64_t passed = MG_LOAD(mg_passed.bytes);
    CHECK_EQ(mg_unmap(charged + 16 * PAGE, 8 * PAGE), 0);
    int64_t less = used - unit_read(mg_root(), MG_USED);
    CHECK(less >= 8 * PAGE && less <= 64 * PAGE);
    CHECK(less - 8 * PAGE <= MG_LOAD(mg_passed.bytes) - passed);
    CHECK_EQ(mg_advise(charged + 4 * PAGE, PAGE, MADV_DONTNEED), 0);
}

static void a_new_mapping_passes(void)
{
    int64_t used = unit_read(mg_root(), MG_USED);
    int64_t passed = MG_LOAD(mg_passed.bytes);
    char *late = map(64 * PAGE, PROT_READ | PROT_WRITE);
    CHECK_EQ(MG_LOAD(mg_passed.bytes) - passed, 64 * PAGE);
    CHECK_EQ(unit_read(mg_root(), MG_USED), used);
    CHECK_EQ(mg_unmap(late, 64 * PAGE), 0);
    CHECK_EQ(unit_read(mg_root(), MG_USED), used);
}

int main(void)
{
    mg_mappings_most = ROOM;
    unit_start("observe", NULL);
    char *reserved = map(64 * PAGE, PROT_NONE);
    char *charged = map(64 * PAGE, PROT_READ | PROT_WRITE);
    /* Each a range of its own: every other page of a mapping is made writable. */
    char *comb = map(2 * ROOM * PAGE, PROT_NONE);
    int tooth = 0;
    for (; !MG_LOAD(mg_passed.requests); tooth++)
        CHECK_EQ(mg_protect(comb + 2 * tooth * PAGE, PAGE, PROT_READ | PROT_WRITE), 0);
    CHECK(tooth > ROOM / 2 - 10 && tooth <= ROOM / 2);
    parts_change(reserved, charged);
    a_new_mapping_passes();
    CHECK_EQ(mg_unmap(reserved, 64 * PAGE), 0);
    CHECK_EQ(mg_unmap(charged, 64 * PAGE), 0);
    CHECK_EQ(mg_unmap(comb, 2 * ROOM * PAGE), 0);
    CHECK_EQ(unit_read(mg_root(), MG_USED), 0);
    CHECK(MG_LOAD(mg_passed.requests) > 0);
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
