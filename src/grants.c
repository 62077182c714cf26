#include "grants.h"

#include "denials.h"
#include "headroom.h"
#include "libraries.h"
#include "mappings.h"
#include "memgrant.h"
#include "os.h"
#include "recall.h"
#include "say.h"
#include "self.h"
#include "settings.h"
#include "waits.h"

/* A refused account asks again this much later at the earliest: memory that came free meanwhile is worth a try. */
#define ASK_AGAIN_NS 10000000
#define OVERHEAD_BATCH (1 << 20) /* it is measured now and then: it need not be there before it is needed */

/* What is taken beyond the grant, strangers' frees that nobody collected yet not deducted. */
static int64_t over(const struct mg_account *account)
{
    int64_t bytes = MG_LOAD(account->taken) - MG_LOAD(account->granted);
    return bytes > 0 ? bytes : 0;
}

/* A charge changes `taken` and then looks at the grant and what was said of it; who changes these then looks at `taken`.
 * With a fence in between, on either side, one of the two sees what the other did. */
static void between(void)
{
    atomic_thread_fence(memory_order_seq_cst);
}

/* ---- Requests ---- */

static bool may_ask(const struct mg_account *account)
{
    if (!mg_grants.by_couriers || MG_LOAD(account->stopped) || MG_LOAD(account->answering))
        return false;
    return !MG_LOAD(account->refused) || mg_os_now_ns() - MG_LOAD(account->refused_ns) > ASK_AGAIN_NS;
}

static void ask(struct mg_account *account, int64_t bytes)
{
    if (!may_ask(account))
        return;
    int64_t before = MG_LOAD(account->wanted);
    while (before < bytes &&
           !atomic_compare_exchange_weak_explicit(&account->wanted, &before, bytes, memory_order_relaxed,
                                                  memory_order_relaxed))
        ;
    if (before)
        return; /* it is posted already, and grew at most */
    MG_ADD(mg_grants.requests, 1);
    atomic_fetch_add_explicit(&account->doorbell, 1, memory_order_release);
    mg_os_wake(&account->doorbell, 1);
}

void mg_grants_ask_in_time(struct mg_account *account)
{
    int64_t unused = MG_LOAD(account->granted) - MG_LOAD(account->taken);
    if (unused < mg_settings.grant_batch / 2)
        ask(account, mg_settings.grant_batch - unused + MG_LOAD(account->lent));
}

void mg_grants_mind_overhead(void)
{
    mg_overhead_measure(mg_grants_budget());
    struct mg_account *account = mg_overhead_account;
    int64_t missing = account && MG_LOAD(mg_grants.enforcing) ? over(account) : 0;
    if (missing)
        ask(account, missing + OVERHEAD_BATCH);
}

void mg_grants_mind_overhead_now_and_then(void)
{
    if (mg_overhead_due(mg_grants_budget()) || mg_overhead_is_old())
        mg_grants_mind_overhead();
}

int64_t mg_await_request(struct mg_account *account)
{
    for (;;) {
        uint32_t bell = atomic_load_explicit(&account->doorbell, memory_order_acquire);
        if (MG_LOAD(account->stopped))
            return -1;
        int64_t wanted = MG_LOAD(account->wanted);
        if (wanted > 0) {
            MG_STORE(account->answering, true);
            return wanted;
        }
        mg_os_wait(&account->doorbell, bell);
    }
}

/* Lowers the flag, if it is up, unless the account is or comes to be beyond what is granted and tolerated. */
static void lower_flag(struct mg_account *account)
{
    if (!atomic_exchange_explicit(&account->attention, false, memory_order_relaxed))
        return;
    between();
    if (over(account) > MG_LOAD(account->tolerated) || MG_LOAD(account->injected))
        MG_STORE(account->attention, true);
}

/* The account has what it used: nothing is wrong any more. */
static void calm(struct mg_account *account)
{
    if (!over(account))
        lower_flag(account);
}

static void add_grant(struct mg_account *account, int64_t bytes)
{
    MG_ADD(mg_grants.crossings, 1);
    MG_ADD(mg_grants.bytes_acquired, bytes);
    MG_ADD(account->granted, bytes);
    mg_headroom_repay(account);
    calm(account);
}

static void refuse(struct mg_account *account)
{
    MG_STORE(account->refused_ns, mg_os_now_ns());
    MG_STORE(account->refused, true);
    between();
    mg_accounts_raise(&account->unmet, over(account));
}

static void satisfy(struct mg_account *account)
{
    if (over(account))
        return;
    MG_STORE(account->refused, false);
    MG_STORE(account->unmet, 0);
}

void mg_answer(struct mg_account *account, int64_t asked, int64_t granted, int64_t wait_ns)
{
    mg_enter(&mg_self);
    mg_mappings_measure(); /* now and then, off every hot path */
    mg_grants_mind_overhead_now_and_then();
    mg_leave(&mg_self);
    add_grant(account, granted);
    mg_accounts_raise(&mg_grants.wait_ns_max, wait_ns);
    /* Less than asked is a no only to what is missing: an overdraft that it covers was met. */
    if (granted < asked)
        refuse(account);
    else
        satisfy(account);
    MG_STORE(account->wanted, 0);
    MG_STORE(account->answering, false);
    mg_wait_news(account);
}

void mg_grant(struct mg_account *account, int64_t bytes)
{
    add_grant(account, bytes);
    if (bytes)
        satisfy(account);
    mg_wait_news(account);
}

bool mg_lend(struct mg_account *account, int64_t bytes)
{
    /* Who has not taken it yet is not known as the culprit, but must be where it is called in. */
    unsigned culprit = MG_LOAD(account->ahead) ? MG_LOAD(account->ahead_for) : 0;
    bool lent = bytes <= 0 || mg_headroom_lend(account, culprit, bytes, 0); /* nothing is always there */
    calm(account);
    return lent;
}

/* Of the root, what accounts have that are closing is its own. */
static void pay_for_closing(const struct mg_account *account)
{
    if (account->parent || !mg_grants.by_couriers)
        return;
    mg_enter(&mg_self);
    mg_lock(&mg_books_lock);
    mg_accounts_pay_for_closing();
    mg_unlock(&mg_books_lock);
    mg_leave(&mg_self);
}

int64_t mg_unmet(const struct mg_account *account)
{
    int64_t unused = MG_LOAD(account->granted) - MG_LOAD(account->taken);
    int64_t missing = MG_LOAD(account->unmet) - (unused > 0 ? unused : 0);
    return missing > 0 ? missing : 0;
}

int64_t mg_take_back(struct mg_account *account, int64_t bytes)
{
    pay_for_closing(account);
    mg_headroom_repay(account); /* first: that is not Spark's */
    if (MG_LOAD(account->granted) - MG_LOAD(account->taken) < bytes) {
        mg_enter(&mg_self);
        mg_recall_credit(account, false);
        mg_leave(&mg_self);
    }
    int64_t granted = MG_LOAD(account->granted);
    int64_t back;
    do {
        int64_t unused = granted - mg_accounts_needs(account);
        back = unused < bytes ? unused : bytes;
        if (back <= 0)
            return 0;
    } while (!atomic_compare_exchange_weak_explicit(&account->granted, &granted, granted - back,
                                                    memory_order_relaxed, memory_order_relaxed));
    /* A charge may have taken them after we looked: then they stay. If we don't see it yet, it sees that they are gone. */
    between();
    int64_t missing = MG_LOAD(account->taken) - (granted - back);
    int64_t kept = missing < 0 ? 0 : missing < back ? missing : back;
    MG_ADD(account->granted, kept);
    MG_ADD(mg_grants.bytes_released, back - kept);
    return back - kept;
}

int64_t mg_overdraft(struct mg_account *account)
{
    pay_for_closing(account);
    int64_t ahead = MG_LOAD(account->ahead);
    if (!ahead && !over(account))
        return 0;
    mg_enter(&mg_self);
    mg_accounts_collect(account);
    mg_recall_credit(account, false);
    mg_leave(&mg_self);
    int64_t missing = MG_LOAD(account->taken) + ahead - MG_LOAD(account->granted);
    return missing > 0 ? missing : 0;
}

void mg_tolerate(struct mg_account *account, int64_t further_bytes)
{
    int64_t until;
    if (__builtin_add_overflow(over(account), further_bytes, &until))
        until = INT64_MAX;
    MG_STORE(account->tolerated, until);
    lower_flag(account);
}

void mg_deny(struct mg_account *account)
{
    refuse(account);
    mg_denial_count(account, &mg_libraries[MG_LOAD(account->culprit)]);
}

void mg_stop_requests(struct mg_account *account)
{
    MG_STORE(account->stopped, true);
    mg_wait_news(account);
    atomic_fetch_add_explicit(&account->doorbell, 1, memory_order_release);
    mg_os_wake(&account->doorbell, 1000);
}

/* ---- Taking ---- */

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
        between();
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
    between();
    int64_t beyond = over(account);
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
            ask(account, need + mg_settings.grant_batch);
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
    ask(account, over + mg_settings.grant_batch + MG_LOAD(account->lent));
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
