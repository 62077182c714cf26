#include "grants.h"

#include "denials.h"
#include "executor.h"
#include "fair.h"
#include "headroom.h"
#include "libraries.h"
#include "mappings.h"
#include "memgrant.h"
#include "path.h"
#include "recall.h"
#include "requests.h"
#include "self.h"
#include "settings.h"
#include "waits.h"

/* Takes need to want bytes of what is granted, neither taken nor kept beyond a fixed limit's bound; 0: that is less than need. (An executor is asked for
 * what is in use: what the process keeps is its own.) */
static int64_t take_unused(struct mg_account *holder, int64_t need, int64_t want)
{
    int64_t taken = MG_LOAD(holder->taken);
    int64_t bytes, kept = holder == mg_accounts_root && !mg_executor_is_joined() ? mg_overhead_excess() : 0;
    for (;;) {
        bytes = mg_path_share(MG_LOAD(holder->granted) - kept - taken, need, want);
        if (!bytes)
            return 0;
        if (!atomic_compare_exchange_weak_explicit(&holder->taken, &taken, taken + bytes,
                                                   memory_order_relaxed, memory_order_relaxed))
            continue;
        /* The grant may have been taken back after we looked: then they are not ours (mg_take_back). */
        mg_requests_between();
        if (MG_LIKELY(MG_LOAD(holder->granted) >= taken + bytes))
            break;
        taken = MG_ADD(holder->taken, -bytes) - bytes;
    }
    return bytes;
}

/* Not what is kept for others. */
static bool may_take(struct mg_account *account, int64_t bytes, struct mg_account **refuser)
{
    return MG_LIKELY(!mg_fair_is_on_path(account)) || mg_fair_allows(account, bytes, refuser);
}

/* So many bytes of a nested account: of all on the path, or of none. */
static bool take_exactly(struct mg_account *account, int64_t bytes, struct mg_account **refuser)
{
    struct mg_path_raised raised;
    int64_t owed = mg_path_raise(account, bytes, &raised, refuser);
    if (owed <= 0 || take_unused(account->holder, owed, owed))
        return owed >= 0;
    mg_path_undo(account, &raised, account->holder);
    return false;
}

/* The same within the limits on the way there; none of which was where the holder has too little. */
static int64_t take_path(struct mg_account *account, int64_t need, int64_t want, struct mg_account **refuser)
{
    if (MG_LIKELY(account == account->holder)) {
        want = may_take(account, want, refuser) ? want : need;
        return may_take(account, want, refuser) ? take_unused(account, need, want) : 0;
    }
    int64_t bytes = mg_path_room(account, need, want, refuser);
    if (!bytes)
        return 0;
    /* No more than the holder gives anybody at once; what it lacks reserves may have. */
    int64_t unused = MG_LOAD(account->holder->granted) - MG_LOAD(account->holder->taken);
    int64_t share = mg_path_share(unused, need, bytes);
    bytes = share ? share : need;
    if (may_take(account, bytes, refuser) && take_exactly(account, bytes, refuser))
        return bytes;
    return bytes > need && !*refuser && may_take(account, need, refuser) &&
                   take_exactly(account, need, refuser)
               ? need
               : 0;
}

static int64_t overdraw(struct mg_account *account, unsigned library, int64_t bytes, enum mg_fate fate)
{
    MG_ADD(account->taken, bytes);
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

/* Where an executor is asked, in another process, this waits for its answer. 0: it said no, or there is none. */
static int64_t take_from_executor(struct mg_account *root, int64_t need, int64_t want)
{
    enum { TRIES = 100 }; /* others may be faster, each time */
    int64_t taken = 0;
    bool again = true;
    for (int i = 0; !taken && again && i < TRIES && mg_executor_is_joined(); i++) {
        again = mg_executor_ask(need);
        taken = take_unused(root, need, want);
    }
    /* If it was left just now there is enough; and where it said no, others may have freed meanwhile. */
    return taken ? taken : take_unused(root, need, want);
}

/* More is needed than was granted to the account, which holds that of those nested in it. */
static int64_t shortage(struct mg_account *account, unsigned slot, int64_t need, int64_t want)
{
    struct mg_library *library = &mg_libraries[slot];
    enum mg_fate fate = mg_denial_fate(account, library);
    int64_t over = MG_LOAD(account->taken) + need - MG_LOAD(account->granted);
    bool beyond_cap = over > mg_settings.overdraft_cap;
    /* Only the accountant denies. Without couriers that is the limit, at once; with them their last answer. */
    bool denied = !mg_grants.by_couriers || MG_LOAD(account->refused) || beyond_cap;
    mg_requests_ask(account, over + mg_settings.grant_batch + MG_LOAD(account->lent));
    int64_t taken = !mg_grants.by_couriers      ? take_from_executor(account, need, want)
                    : denied && account->parent ? take_refused(account, slot, fate, need, want)
                                                : 0;
    if (taken)
        return taken;
    bool fails = fate == MG_FATE_FAIL ? denied : fate == MG_FATE_STOP && beyond_cap && library->copes;
    if (fails && !mg_denial_spared(over, MG_LOAD(account->granted), need))
        return mg_denial_count(account, library);
    return overdraw(account, slot, need, fate);
}

/* What was taken on the path below the holder costs that so much. */
static int64_t pay(struct mg_account *account, unsigned slot, const struct mg_path_raised *raised,
                   int64_t owed)
{
    if (!owed || take_unused(account->holder, owed, owed) || shortage(account->holder, slot, owed, owed))
        return raised->owed[0];
    mg_path_undo(account, raised, account->holder);
    return 0;
}

/* The limit of one on the path refuses. What can't be denied is taken all the same, beyond it. */
static int64_t beyond_limit(struct mg_account *account, struct mg_account *refuser, unsigned slot,
                            int64_t need)
{
    int64_t limit = mg_fair_capacity(refuser), over = MG_LOAD(refuser->taken) + need - limit;
    bool fails = mg_denial_fate(refuser, &mg_libraries[slot]) == MG_FATE_FAIL;
    /* Who has more than its share is denied in place of one that is owed it. */
    bool owed_it = !fails && MG_LOAD(refuser->fair) && mg_fair_is_owed(account, refuser, need);
    if (!owed_it && mg_denial_by_limit(refuser, slot, limit, over, need))
        return 0;
    mg_accounts_raise(&refuser->overdraft_peak, over);
    struct mg_path_raised raised;
    int64_t owed = mg_path_raise(account, need, &raised, NULL);
    return pay(account, slot, &raised, owed);
}

static int64_t beyond_grant(struct mg_account *account, unsigned slot, int64_t need, int64_t want)
{
    struct mg_account *refuser = NULL;
    if (MG_LIKELY(account == account->holder))
        return shortage(account, slot, need, want);
    struct mg_path_raised raised;
    int64_t owed = may_take(account, need, &refuser) ? mg_path_raise(account, need, &raised, &refuser) : -1;
    return owed < 0 ? beyond_limit(account, refuser, slot, need) : pay(account, slot, &raised, owed);
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

static void note_fairness(struct mg_account *account, int64_t need, int64_t taken)
{
    if (MG_LIKELY(!mg_fair_is_on_path(account)))
        return;
    if (taken)
        mg_fair_got(account, taken);
    else
        mg_fair_refused(account, need);
}

int64_t mg_grants_take(struct mg_account *account, unsigned library, int64_t need, int64_t want)
{
    if (!mg_account_is_enforced(account)) {
        mg_accounts_move_taken(account, want);
        return want;
    }
    struct mg_account *refuser = NULL;
    int64_t taken = take_path(account, need, want, &refuser);
    if (!taken) {
        collect(account->holder);
        if (mg_overhead_excess())
            mg_grants_mind_overhead(false);
        refuser = NULL;
        taken = take_path(account, need, need, &refuser);
    }
    if (taken)
        mg_grants_ask_in_time(account->holder);
    else if (refuser)
        taken = beyond_limit(account, refuser, library, need);
    else
        taken = beyond_grant(account, library, need, want);
    if (taken)
        mg_path_show(account, taken);
    note_fairness(account, need, taken);
    mg_headroom_note(account->holder);
    return taken;
}

/* What nobody on the way would refuse just now. */
static int64_t room_for(const struct mg_account *account)
{
    int64_t room = MG_LOAD(account->holder->granted) - MG_LOAD(account->holder->taken);
    for (const struct mg_account *a = account; a != a->holder; a = a->parent) {
        int64_t left = a->limit - MG_LOAD(a->taken) - MG_LOAD(a->reserve);
        if (a->limit >= 0 && left < room)
            room = left;
        /* What is reserved is not called back: it is no more than a share. */
        int64_t share = mg_fair_share(a);
        left = share - MG_LOAD(a->taken) - MG_LOAD(a->reserve);
        if (share >= 0 && left < room)
            room = left;
    }
    return room > 0 ? room : 0;
}

/* Of those above it; its own limit has been looked at. */
static bool reserve(struct mg_account *account, int64_t bytes, struct mg_account **refuser)
{
    struct mg_path_raised raised;
    if (!mg_account_is_enforced(account))
        MG_ADD(account->holder->taken, mg_path_raise(account->parent, bytes, &raised, NULL));
    else if (!may_take(account, bytes + MG_LOAD(account->reserve), refuser) ||
             !take_exactly(account->parent, bytes, refuser))
        return false;
    MG_ADD(account->reservation, bytes);
    MG_ADD(account->reserve, bytes);
    mg_path_trim_reserve(account); /* refunds in between have filled the new reservation */
    return true;
}

int64_t mg_grants_reserve(struct mg_account *account, int64_t bytes, bool in_part)
{
    enum { TRIES = 8 };
    struct mg_account *refuser = NULL;
    const bool fair = mg_fair_is_on_path(account);
    if (bytes > MG_MOST_BYTES || MG_LOAD(account->reservation) > MG_MOST_BYTES)
        return 0;
    if (MG_UNLIKELY(fair))
        mg_fair_comes(account);
    if (room_for(account) < bytes)
        collect(account->holder);
    for (int i = 0; i < TRIES; i++) {
        int64_t room = mg_account_is_enforced(account) ? room_for(account) : bytes;
        int64_t part = room < bytes && in_part ? room : bytes;
        if (part <= 0)
            break;
        if (part <= room && reserve(account, part, &refuser)) {
            if (MG_UNLIKELY(fair))
                mg_fair_got(account, part);
            return part;
        }
        if (!in_part)
            break;
        refuser = NULL;
    }
    if (MG_UNLIKELY(fair))
        mg_fair_refused(account, bytes + MG_LOAD(account->reserve));
    return 0;
}
