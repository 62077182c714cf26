#include "grants.h"

#include "denials.h"
#include "headroom.h"
#include "libraries.h"
#include "mappings.h"
#include "memgrant.h"
#include "recall.h"
#include "requests.h"
#include "self.h"
#include "settings.h"
#include "waits.h"

/* Need to want bytes of what is unused, 0 when that is less than need. */
static int64_t share(int64_t unused, int64_t need, int64_t want)
{
    if (unused < need)
        return 0;
    /* Near the limit smaller batches, so that credit in idle lanes is not what others lack. */
    int64_t fair =
        unused / 16 > mg_settings.lane_batch_near_limit ? unused / 16 : mg_settings.lane_batch_near_limit;
    want = want - need > fair ? need + fair : want;
    return unused < want ? unused : want;
}

/* Takes need to want bytes of what is granted, neither taken nor kept beyond a fixed limit's bound; 0: that is less than need. */
static int64_t take_unused(struct mg_account *account, int64_t need, int64_t want)
{
    int64_t taken = MG_LOAD(account->taken);
    int64_t bytes, kept = account == mg_accounts_root ? mg_overhead_excess() : 0;
    for (;;) {
        bytes = share(MG_LOAD(account->granted) - kept - taken, need, want);
        if (!bytes)
            return 0;
        if (!atomic_compare_exchange_weak_explicit(&account->taken, &taken, taken + bytes,
                                                   memory_order_relaxed, memory_order_relaxed))
            continue;
        /* The grant may have been taken back after we looked: then they are not ours (mg_take_back). */
        mg_requests_between();
        if (MG_LIKELY(MG_LOAD(account->granted) >= taken + bytes))
            break;
        taken = MG_ADD(account->taken, -bytes) - bytes;
    }
    for (struct mg_account *a = account; a; a = a->parent)
        MG_ADD(a->total, bytes);
    return bytes;
}

static int64_t overdraw(struct mg_account *account, unsigned library, int64_t bytes, enum mg_fate fate)
{
    mg_accounts_move_taken(account, bytes);
    mg_requests_between();
    int64_t beyond = mg_requests_over(account);
    mg_accounts_raise(&account->overdraft_peak, beyond);
    if (MG_LOAD(account->refused))
        mg_accounts_raise(&account->unmet, beyond);
    /* What fail could not deny ends at the next boundary once it is much: a task can be stopped, a process is not ended. */
    bool stops = fate == MG_FATE_STOP ||
                 (fate == MG_FATE_FAIL && mg_grants.by_couriers && beyond > mg_settings.overdraft_cap);
    if (stops && beyond > MG_LOAD(account->tolerated)) {
        if (!MG_LOAD(account->culprit))
            MG_STORE(account->culprit, library);
        MG_STORE(account->attention, true);
    }
    /* With couriers it is a denial only once they have brought a no. */
    if (fate == MG_FATE_OVERDRAFT && (!mg_grants.by_couriers || MG_LOAD(account->refused)))
        mg_denial_count(account, &mg_libraries[library]);
    return bytes;
}

/* Room in the container, or, where the thread may wait, what comes free of Spark's memory. 0 when there is neither. */
static int64_t take_refused(struct mg_account *account, unsigned slot, enum mg_fate fate, int64_t need,
                            int64_t want)
{
    int64_t over = MG_LOAD(account->taken) + need - MG_LOAD(account->granted);
    unsigned culprit = fate == MG_FATE_OVERDRAFT ? 0 : slot;
    if (mg_headroom_lend(account, culprit, over > 0 ? over : 0, mg_settings.grant_batch))
        return take_unused(account, need, want);
    if (MG_LIKELY(!mg_wait_may(&mg_self, need)))
        return 0;
    int64_t taken = 0;
    int64_t begun = mg_wait_begins(account, need);
    for (uint32_t news = MG_LOAD(account->wait.news); !taken && mg_wait_turn(account, &news, begun);) {
        taken = take_unused(account, need, need);
        if (!taken)
            mg_requests_ask(account, need + mg_settings.grant_batch);
    }
    mg_wait_ends(account, need, begun);
    return taken;
}

/* More is needed than was granted. */
static int64_t shortage(struct mg_account *account, unsigned slot, int64_t need, int64_t want)
{
    struct mg_library *library = &mg_libraries[slot];
    enum mg_fate fate = mg_denial_fate(account, library);
    int64_t over = MG_LOAD(account->taken) + need - MG_LOAD(account->granted);
    bool beyond_cap = over > mg_settings.overdraft_cap;
    /* Only the accountant denies. Without couriers that is the limit, at once; with them their last answer. */
    bool denied = !mg_grants.by_couriers || MG_LOAD(account->refused) || beyond_cap;
    mg_requests_ask(account, over + mg_settings.grant_batch + MG_LOAD(account->lent));
    int64_t taken = denied && mg_grants.by_couriers && account->parent
                        ? take_refused(account, slot, fate, need, want)
                        : 0;
    if (taken)
        return taken;
    bool fails = fate == MG_FATE_FAIL ? denied : fate == MG_FATE_STOP && beyond_cap && library->copes;
    if (fails && !mg_denial_spared(over, MG_LOAD(account->granted), need))
        return mg_denial_count(account, library);
    return overdraw(account, slot, need, fate);
}

/* What strangers freed, madvise gave back, or idle threads have left may be enough. */
static void collect(struct mg_account *account)
{
    mg_mappings_measure();
    mg_accounts_collect(account);
    mg_recall_credit(account, true);
}

int64_t mg_grants_missing(struct mg_account *account, int64_t need)
{
    if (MG_LOAD(account->granted) - MG_LOAD(account->taken) < need)
        collect(account);
    int64_t missing = need - (MG_LOAD(account->granted) - MG_LOAD(account->taken));
    return missing > 0 ? missing : 0;
}

int64_t mg_grants_take(struct mg_account *account, unsigned library, int64_t need, int64_t want)
{
    if (!MG_LOAD(mg_grants.enforcing)) {
        mg_accounts_move_taken(account, want);
        return want;
    }
    int64_t taken = take_unused(account, need, want);
    if (!taken) {
        collect(account);
        if (mg_overhead_excess())
            mg_grants_mind_overhead();
        taken = take_unused(account, need, need);
    }
    if (!taken)
        taken = shortage(account, library, need, want);
    else
        mg_grants_ask_in_time(account);
    mg_headroom_note(account);
    return taken;
}
