/* Grants: the bytes that an account's parent, in the end Spark, gave it; requests for more, which couriers carry; and
 * what happens when the answer is no. Nothing here waits, but mg_await_request on a courier. Runs inside malloc. */
#ifndef MG_GRANTS_H
#define MG_GRANTS_H

#include "accounts.h"
#include "granting.h"
#include "overhead.h"

/* Takes `need` bytes from the account's unused grant, and up to `want` if there is plenty; asks for more in time. What
 * it returns is at least `need`; 0 is a denial. */
int64_t mg_grants_take(struct mg_account *account, unsigned library, int64_t need, int64_t want);
/* What the account lacks to take so much more, once what strangers freed and others hold is collected. */
int64_t mg_grants_missing(struct mg_account *account, int64_t need);
/* Posts a request when the account's unused grant is low. */
void mg_grants_ask_in_time(struct mg_account *account);
/* Where charged bytes and what is kept beside them are more than that together, the latter is kept small: in a pool that others
 * share always, under a fixed limit only where that would not hold without, and never while observing. */
static inline int64_t mg_grants_budget(void)
{
    if (!MG_LOAD(mg_grants.enforcing))
        return INT64_MAX;
    return mg_overhead_account ? 0 : MG_LOAD(mg_accounts_root->granted);
}
/* Measures what heaps keep beyond what is charged, keeps it within bounds when enforcing, and asks for what it takes. */
void mg_grants_mind_overhead(void);
/* The same, if the last time was long ago: off every hot path. */
void mg_grants_mind_overhead_now_and_then(void);
/* The same, if it is due. For every slow charge. */
static inline void mg_grants_mind_overhead_in_time(struct mg_self *self)
{
    if (MG_LIKELY(!MG_LOAD(mg_grants.enforcing)))
        return;
    if (MG_UNLIKELY(mg_overhead_due(mg_grants_budget())))
        mg_grants_mind_overhead();
    mg_overhead_help(self);
}

#endif
