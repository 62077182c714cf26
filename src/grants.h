/* Grants: the bytes that an account's parent, in the end Spark, gave it, and what happens where they are too few. Runs inside malloc. */
#ifndef MG_GRANTS_H
#define MG_GRANTS_H

#include "accounts.h"
#include "requests.h"

/* Takes `need` bytes from the account's unused grant, and up to `want` if there is plenty; asks for more in time. What
 * it returns is at least `need`; 0 is a denial. */
int64_t mg_grants_take(struct mg_account *account, unsigned library, int64_t need, int64_t want);
/* Holds so many bytes for a nested account, or with `in_part` as many as nobody on the way refuses. Returns how many, 0 for none. */
int64_t mg_grants_reserve(struct mg_account *account, int64_t bytes, bool in_part);
/* What the account lacks to take so much more, once what strangers freed and others hold is collected. */
int64_t mg_grants_missing(struct mg_account *account, int64_t need);
#endif
