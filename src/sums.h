/* What an account, and a library, used: summed over books, lanes, strangers' frees and descendants. Under the books' lock; the sums
 * stand there until it is given back, or another account is read. Runs inside malloc. */
#ifndef MG_SUMS_H
#define MG_SUMS_H

#include "accounts.h"
#include "rows.h"

/* By library, closed and open descendants included. */
const struct mg_book *mg_sums_read(struct mg_account *account);
struct mg_book mg_sums_total(const struct mg_book books[MG_LIBRARIES]);
/* A library's own, of the root's: without what closed accounts handed on. */
struct mg_book mg_sums_own(const struct mg_library *library, const struct mg_book *book);

static inline int64_t mg_at_least(int64_t value, int64_t bound)
{
    return value < bound ? bound : value;
}

#endif
