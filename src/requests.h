/* Requests: what an account asks its accountant for, by its courier or at a boundary, and what comes of the answer. Nothing here
 * waits, but mg_await_request on a courier. What couriers and boundaries call of it is in memgrant.h. Runs inside malloc. */
#ifndef MG_REQUESTS_H
#define MG_REQUESTS_H

#include "accounts.h"
#include "granting.h"
#include "overhead.h"

/* Posts a request for so much, or makes one that is posted so large. */
void mg_requests_ask(struct mg_account *account, int64_t bytes);
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
void mg_grants_mind_overhead(bool waits);
/* The same, if the last time was long ago: off every hot path. */
void mg_grants_mind_overhead_now_and_then(void);
/* The same, if it is due. For every slow charge. */
static inline void mg_grants_mind_overhead_in_time(struct mg_self *self)
{
    if (MG_LIKELY(!MG_LOAD(mg_grants.enforcing)))
        return;
    if (MG_UNLIKELY(mg_overhead_due(mg_grants_budget())))
        mg_grants_mind_overhead(false);
    mg_overhead_help(self);
}

/* What is taken beyond the grant, strangers' frees that nobody collected yet not deducted. */
static inline int64_t mg_requests_over(const struct mg_account *account)
{
    int64_t bytes = MG_LOAD(account->taken) - MG_LOAD(account->granted);
    return bytes > 0 ? bytes : 0;
}

/* A charge changes `taken` and then looks at the grant and what was said of it; who changes these then looks at `taken`.
 * With a fence in between, on either side, one of the two sees what the other did. */
static inline void mg_requests_between(void)
{
    atomic_thread_fence(memory_order_seq_cst);
}

#endif
