/* What is handed over is given back once, wherever its new account has its heap. */
#include "unit.h"

enum { KB = 1 << 10, LARGE = 512 * KB };

static int64_t nest(int64_t parent, int64_t limit)
{
    int64_t account = mg_account_nest("nested", parent, limit);
    CHECK(account);
    return account;
}

static int64_t root(void)
{
    return mg_account_handle(mg_root());
}

static int64_t figure(int64_t account, int which)
{
    int64_t figures[MG_FIGURES];
    mg_read(account, figures);
    return figures[which];
}

static int64_t used(int64_t account)
{
    return figure(account, MG_USED);
}

static void *allocate_in(int64_t account, size_t size)
{
    void *block = NULL;
    int64_t before = mg_scopes_enter(account);
    CHECK(before);
    CHECK(mg_allocate(UNIT_LIBRARY, size, 0, false, &block));
    mg_scopes_leave(before);
    return block;
}

static void free_in(int64_t account, void *block)
{
    int64_t before = mg_scopes_enter(account);
    CHECK(before);
    mg_free(block);
    mg_scopes_leave(before);
}

/* Its heap was another one's, whose survivors come back to it by a detour: its own threads free them as its own ones then. */
static void what_an_account_inherits_in_its_own_heap_is_given_back_once(void)
{
    int64_t above = nest(root(), -1), first = nest(above, -1);
    const struct mg_heap *heap = mg_account_of(first)->heap;
    void *block = allocate_in(first, LARGE);
    CHECK_EQ(mg_scopes_end(first), LARGE);
    int64_t second = nest(root(), -1);
    CHECK(mg_account_of(second)->heap == heap);
    CHECK_EQ(mg_scopes_end_into(above, second), LARGE);
    CHECK_EQ(used(second), LARGE);
    free_in(second, block);
    CHECK_EQ(used(second), 0);
    CHECK_EQ(mg_scopes_end(second), 0);
    CHECK_EQ(used(root()), 0);
}

int main(void)
{
    unit_start("enforce", "1g");
    what_an_account_inherits_in_its_own_heap_is_given_back_once();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
