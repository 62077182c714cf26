/* Accounts below others by their handles, what is in them, and blocks of theirs: for the tests of what goes from one to another. */
#ifndef MG_UNIT_NESTED_H
#define MG_UNIT_NESTED_H

#include "unit.h"

#include "rows.h"

static inline int64_t nest(int64_t parent, int64_t limit)
{
    int64_t account = mg_account_nest("nested", parent, limit);
    CHECK(account);
    return account;
}

static inline int64_t root(void)
{
    return mg_account_handle(mg_root());
}

static inline int64_t figure(int64_t account, int which)
{
    int64_t figures[MG_FIGURES];
    mg_read(account, figures);
    return figures[which];
}

static inline int64_t used(int64_t account)
{
    return figure(account, MG_USED);
}

static inline int64_t taken(int64_t account)
{
    return MG_LOAD(mg_account_of(account)->taken);
}

static inline void *allocate_in(int64_t account, size_t size)
{
    void *block = NULL;
    int64_t before = mg_scopes_enter(account);
    CHECK(before);
    CHECK(mg_allocate(UNIT_LIBRARY, size, 0, false, &block));
    mg_scopes_leave(before);
    return block;
}

#endif
