/* Mappings: charged while writable, through partial unmaps, replacement, growth, moves and what madvise gives back. */
#include "mapped.h"

#include <errno.h>
#include <signal.h>

static void parts_are_unmapped_one_by_one(void)
{
    char *at = map(8 * MB, RW);
    CHECK_EQ(used(), 8 * MB);
    CHECK_EQ(mg_unmap(at + 2 * MB, MB), 0);
    CHECK_EQ(used(), 7 * MB);
    CHECK_EQ(mg_unmap(at + MB, 4 * MB), 0); /* over the hole */
    CHECK_EQ(used(), 4 * MB);
    CHECK(mg_unmap(at + 1, MB) < 0); /* refused by the kernel: nothing changes */
    CHECK_EQ(used(), 4 * MB);
    CHECK_EQ(mg_unmap(at, 8 * MB), 0);
    CHECK_EQ(used(), 0);
}

static void only_writable_memory_is_charged(void)
{
    char *at = map(8 * MB, PROT_NONE);
    CHECK_EQ(used(), 0);
    CHECK_EQ(mg_protect(at + MB, 3 * MB, RW), 0);
    CHECK_EQ(used(), 3 * MB);
    CHECK_EQ(mg_protect(at, 8 * MB, RW), 0);
    CHECK_EQ(used(), 8 * MB);
    CHECK_EQ(mg_protect(at, 2 * MB, PROT_READ), 0); /* its content stays */
    CHECK_EQ(used(), 8 * MB);
    CHECK_EQ(mg_protect(at, 2 * MB, PROT_NONE), 0);
    CHECK_EQ(used(), 6 * MB);
    CHECK_EQ(mg_unmap(at, 8 * MB), 0);
    CHECK_EQ(used(), 0);
}

static void what_is_replaced_is_refunded(void)
{
    char *at = map(4 * MB, RW);
    long inner = mg_map(UNIT_LIBRARY, at + MB, MB, RW, ANON | MAP_FIXED, -1, 0);
    CHECK(inner == (long)(at + MB));
    CHECK_EQ(used(), 4 * MB);
    CHECK(mg_map(MG_LIBRARY_OTHER, at + 2 * MB, MB, RW, ANON | MAP_FIXED, -1, 0) > 0); /* by somebody else */
    CHECK_EQ(used(), 3 * MB);
    CHECK_EQ(mg_unmap(at, 4 * MB), 0);
    CHECK_EQ(used(), 0);
}

static void growing_and_moving_keeps_the_owner(void)
{
    char *at = map(2 * MB, RW);
    char *wall = map(MB, PROT_NONE); /* so that it may have to move */
    at[0] = 'x';
    for (size_t size = 2; size < 40; size += 5) {
        long moved = mg_remap(UNIT_LIBRARY, at, size * MB, (size + 5) * MB, MREMAP_MAYMOVE, NULL);
        CHECK(moved > 0);
        at = (char *)moved;
        CHECK_EQ(used(), (size + 5) * MB);
    }
    CHECK(at[0] == 'x');
    CHECK(mg_remap(UNIT_LIBRARY, at, 42 * MB, MB, 0, NULL) == (long)at);
    CHECK_EQ(used(), MB);
    CHECK_EQ(mg_unmap(at, MB), 0);
    CHECK_EQ(mg_unmap(wall, MB), 0);
    CHECK_EQ(used(), 0);
}

static void what_madvise_gives_back_counts_as_it_comes_back(void)
{
    char *at = map(4 * MB, RW);
    memset(at, 1, 4 * MB);
    CHECK_EQ(mg_advise(at + MB, 2 * MB, MADV_DONTNEED), 0);
    CHECK_EQ(used(), 2 * MB);
    memset(at + MB, 1, MB);
    CHECK_EQ(used(), 3 * MB);
    CHECK_EQ(mg_unmap(at, 4 * MB), 0);
    CHECK_EQ(used(), 0);
}

static void a_reservation_that_grows_is_charged_when_it_becomes_writable(void)
{
    char *at = map(2 * MB, PROT_NONE);
    char *grown = (char *)mg_remap(UNIT_LIBRARY, at, 2 * MB, 6 * MB, MREMAP_MAYMOVE, NULL);
    CHECK(grown > (char *)0);
    CHECK_EQ(used(), 0);
    CHECK_EQ(mg_protect(grown, 6 * MB, RW), 0);
    CHECK_EQ(used(), 6 * MB);
    CHECK_EQ(mg_unmap(grown, 6 * MB), 0);
    CHECK_EQ(used(), 0);
}

/* An emulator's does not. */
static bool kernel_tells_of_holes(void)
{
    char *at = mmap(NULL, 3 * MB, RW, ANON, -1, 0);
    CHECK(at != MAP_FAILED && !munmap(at + MB, MB));
    bool told = madvise(at, 3 * MB, MADV_DONTNEED) && errno == ENOMEM;
    CHECK(!munmap(at, 3 * MB));
    return told;
}

/* The kernel gives back what there is, and then says that there was a hole. */
static void giving_back_over_a_hole_counts(void)
{
    char *at = map(6 * MB, RW);
    memset(at, 1, 6 * MB);
    CHECK_EQ(mg_unmap(at + 2 * MB, MB), 0);
    CHECK_EQ(mg_advise(at, 6 * MB, MADV_DONTNEED), -ENOMEM);
    CHECK_EQ(used(), 0);
    memset(at + 4 * MB, 1, MB);
    CHECK_EQ(used(), MB);
    CHECK_EQ(mg_unmap(at, 6 * MB), 0);
    CHECK_EQ(used(), 0);
}

static void what_was_unmapped_at_once_is_in_the_peak(void)
{
    struct mg_account *account = mg_account_open("mapper", mg_root(), -1);
    mg_grant(account, 60 * MB);
    mg_bind(account);
    CHECK_EQ(mg_unmap(map(50 * MB, RW), 50 * MB), 0);
    CHECK(unit_read(account, MG_PEAK) >= 50 * (int64_t)MB);
    CHECK(unit_read(account, MG_PEAK) < 51 * (int64_t)MB);
    mg_unbind();
    mg_settle(account);
}

static void a_closed_account_hands_its_mappings_over(void)
{
    struct mg_account *account = mg_account_open("mapper", mg_root(), -1);
    mg_grant(account, 10 * MB);
    mg_bind(account);
    char *at = map(3 * MB, RW);
    CHECK_EQ(unit_read(account, MG_USED), 3 * MB);
    mg_unbind();
    mg_settle(account);
    CHECK_EQ(MG_LOAD(account->state), MG_ACCOUNT_CLOSED);
    CHECK_EQ(used(), 3 * MB);
    CHECK_EQ(mg_unmap(at, 3 * MB), 0);
    CHECK_EQ(used(), 0);
}

/* What was given back before its account ended, and touched after, is the parent's and not the next task's. */
static void what_comes_back_after_the_end_is_the_parents(void)
{
    struct mg_account *first = mg_account_open("gave back", mg_root(), -1);
    mg_grant(first, 10 * MB);
    mg_bind(first);
    char *at = map(8 * MB, RW);
    memset(at, 1, 8 * MB);
    CHECK_EQ(mg_advise(at, 8 * MB, MADV_DONTNEED), 0);
    mg_unbind();
    mg_settle(first);
    CHECK_EQ(used(), 0);
    struct mg_account *second = mg_account_open("next", mg_root(), -1);
    memset(at, 1, 8 * MB);
    mg_mappings_measure();
    CHECK_EQ(unit_read(second, MG_USED), 0);
    CHECK_EQ(used(), 8 * MB);
    CHECK_EQ(mg_unmap(at, 8 * MB), 0);
    mg_settle(second);
    CHECK_EQ(used(), 0);
}

/* The report that a signal asks for while the thread is in the middle of a mapping is written later, not waited for. */
static void a_report_asked_for_inside_a_mapping_waits_its_turn(void)
{
    mg_mappings_lock();
    mg_enter(&mg_self);
    raise(SIGRTMIN + 9);
    mg_leave(&mg_self);
    mg_mappings_unlock();
    char *at = map(MB, RW);
    CHECK_EQ(mg_unmap(at, MB), 0);
    CHECK_EQ(used(), 0);
}

static void absurd_sizes_are_the_kernels_to_refuse(void)
{
    CHECK(mg_map(UNIT_LIBRARY, NULL, (size_t)1 << 63, RW, ANON, -1, 0) < 0);
    CHECK(mg_map(UNIT_LIBRARY, NULL, SIZE_MAX - 100, RW, ANON, -1, 0) < 0);
    CHECK_EQ(used(), 0);
}

static void beyond_the_limit_it_is_denied(void)
{
    CHECK_EQ(mg_map(UNIT_LIBRARY, NULL, 200 * MB, RW, ANON, -1, 0), -ENOMEM);
    char *at = map(200 * MB, PROT_NONE);
    CHECK_EQ(mg_protect(at, 200 * MB, RW), -ENOMEM);
    CHECK_EQ(used(), 0);
    CHECK_EQ(mg_unmap(at, 200 * MB), 0);
}

int main(void)
{
    unit_start("enforce", "100m");
    parts_are_unmapped_one_by_one();
    only_writable_memory_is_charged();
    what_is_replaced_is_refunded();
    growing_and_moving_keeps_the_owner();
    what_madvise_gives_back_counts_as_it_comes_back();
    a_reservation_that_grows_is_charged_when_it_becomes_writable();
    if (kernel_tells_of_holes())
        giving_back_over_a_hole_counts();
    else
        puts("not tried: what madvise gives back over a hole");
    what_was_unmapped_at_once_is_in_the_peak();
    a_closed_account_hands_its_mappings_over();
    what_comes_back_after_the_end_is_the_parents();
    a_report_asked_for_inside_a_mapping_waits_its_turn();
    absurd_sizes_are_the_kernels_to_refuse();
    beyond_the_limit_it_is_denied();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
