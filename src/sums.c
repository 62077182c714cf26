#include "sums.h"

#include "lanes.h"

#include <string.h>

/* Not on the stack: it may have to be summed on a thread with 16 KB of it. */
static struct mg_book sums[MG_LIBRARIES];

static void add_account(struct mg_account *account)
{
    mg_lanes_note_peaks(account);
    mg_accounts_add_books(account, sums);
    mg_lanes_add_books(account, sums);
    for (unsigned i = 0; i < MG_LIBRARIES; i++)
        mg_book_add(&sums[i], &account->descendants[i]);
    for (struct mg_account *child = account->first_child; child; child = child->next_sibling)
        add_account(child);
}

const struct mg_book *mg_sums_read(struct mg_account *account)
{
    memset(sums, 0, sizeof sums);
    add_account(account);
    return sums;
}

struct mg_book mg_sums_total(const struct mg_book books[MG_LIBRARIES])
{
    struct mg_book sum = { 0 };
    for (unsigned i = 0; i < MG_LIBRARIES; i++)
        mg_book_add(&sum, &books[i]);
    return sum;
}

struct mg_book mg_sums_own(const struct mg_library *library, const struct mg_book *book)
{
    int64_t moved = MG_LOAD(library->transferred);
    int64_t moved_count = MG_LOAD(library->transferred_count);
    return (struct mg_book){ book->charged - moved, book->refunded - moved, book->allocations - moved_count,
                             book->frees - moved_count };
}
