/* Grants: the bytes that an account's parent, in the end Spark, gave it; requests for more, which couriers carry; and
 * what happens when the answer is no. Nothing here waits, but mg_await_request on a courier. Runs inside malloc. */
#ifndef MG_GRANTS_H
#define MG_GRANTS_H

#include "accounts.h"
#include "overhead.h"

/* Fixed before the first charge, but for `enforcing`, which a fork child and a broken rule end. */
struct mg_grants {
    _Atomic(bool) enforcing;
    bool by_couriers; /* Spark grants; else the limit is the grant */
    /* For the report. */
    _Atomic(int64_t) requests, crossings, bytes_acquired, bytes_released, wait_ns_max;
    _Atomic(int64_t) charges; /* for deny_nth */
};
extern struct mg_grants mg_grants;

/* Takes `need` bytes from the account's unused grant, and up to `want` if there is plenty; asks for more in time. What
 * it returns is at least `need`; 0 is a denial. */
int64_t mg_grants_take(struct mg_account *account, unsigned library, int64_t need, int64_t want);
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
/* A charge against the library's own limit. False is a denial. */
bool mg_grants_within_library(struct mg_account *account, unsigned library, int64_t bytes);
/* Whether so many bytes at once could ever be charged: false is a denial, of more than the account's whole grant or the library's
 * limit, by which nothing was charged. */
bool mg_grants_could_cover(struct mg_account *account, unsigned library, int64_t bytes);
/* Whether this charge is the one that deny_nth names. */
bool mg_grants_injected(struct mg_account *account, unsigned library, int64_t bytes);

#endif
