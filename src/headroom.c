#include "headroom.h"

#include "granting.h"
#include "heap.h"
#include "mappings.h"
#include "memgrant.h"
#include "os.h"
#include "self.h"

int64_t mg_headroom_serves_ns = 1000000000;
_Atomic(int64_t) mg_headroom_elsewhere;

static struct {
    struct mg_lock lock; /* of those who tell what they saw */
    _Atomic(int64_t) lent_ever;
    _Atomic(int64_t) until; /* it may grow so far */
    _Atomic(int64_t) looked_ns;
} headroom;

struct mg_look mg_headroom_look(void)
{
    /* The time first: what is seen is no older than it says, however long whoever looks is held up. */
    struct mg_look begun = { .begun_ns = mg_os_now_ns() };
    begun.lent_ever = MG_LOAD(headroom.lent_ever);
    return begun;
}

void mg_headroom_looked(struct mg_look begun, int64_t room)
{
    mg_lock(&headroom.lock);
    /* Of two that look at once the one who began last knows best, whoever ends last. */
    if (begun.begun_ns >= MG_LOAD(headroom.looked_ns)) {
        MG_STORE(headroom.until, begun.lent_ever + room);
        /* Release: who sees that it is new finds the room that belongs to it, or a newer one. */
        atomic_store_explicit(&headroom.looked_ns, begun.begun_ns, memory_order_release);
    }
    mg_unlock(&headroom.lock);
}

/* By libraries that charge Spark themselves: they may use it without asking anybody. The root's `declared` is what they have
 * declared beyond what they use in tasks' accounts. */
static int64_t declared_and_unused(void)
{
    int64_t bytes = MG_LOAD(mg_accounts_root->declared) - MG_LOAD(mg_accounts_root->covered);
    return bytes > 0 ? bytes : 0;
}

/* What has memory behind it in other processes was seen with the container. */
static int64_t touched_elsewhere(void)
{
    int64_t seen = MG_LOAD(mg_headroom_elsewhere), charged = MG_LOAD(mg_accounts_elsewhere);
    return seen < charged ? seen : charged;
}

int64_t mg_headroom_promised(int64_t by_spark)
{
    mg_enter(&mg_self);
    int64_t promised = 0;
    int64_t on_its_way = by_spark;
    mg_lock(&mg_books_lock);
    for (unsigned i = 0; i < mg_accounts_slots(); i++) {
        const struct mg_account *account = mg_accounts_slot(i);
        if (account->holder != account)
            continue; /* what is nested takes of that one's */
        int64_t granted = account->listed ? MG_LOAD(account->granted) : 0;
        int64_t taken = account->listed ? MG_LOAD(account->taken) : 0;
        /* What was lent Spark has not granted, and what libraries have declared themselves it has granted them. */
        on_its_way -= account->listed ? granted - MG_LOAD(account->lent) - MG_LOAD(account->covered) : 0;
        promised += granted > taken ? granted : taken;
    }
    mg_unlock(&mg_books_lock);
    promised += on_its_way > 0 ? on_its_way : 0;
    promised += declared_and_unused();
    /* Later, so that what is touched meanwhile is missing in it, not counted twice. */
    promised -= mg_heaps_touched() + mg_mappings_touched() + touched_elsewhere();
    mg_leave(&mg_self);
    return promised > 0 ? promised : 0;
}

int64_t mg_headroom_lent(void)
{
    int64_t lent = 0;
    mg_enter(&mg_self);
    mg_lock(&mg_books_lock);
    for (unsigned i = 0; i < mg_accounts_slots(); i++) {
        const struct mg_account *account = mg_accounts_slot(i);
        lent += account->listed ? MG_LOAD(account->lent) : 0;
    }
    mg_unlock(&mg_books_lock);
    mg_leave(&mg_self);
    return lent;
}

static bool claim(int64_t bytes)
{
    int64_t before = MG_LOAD(headroom.lent_ever);
    do {
        if (bytes > MG_LOAD(headroom.until) - before)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&headroom.lent_ever, &before, before + bytes,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

bool mg_headroom_lend(struct mg_account *account, unsigned culprit, int64_t need, int64_t more)
{
    int64_t looked_ns = atomic_load_explicit(&headroom.looked_ns, memory_order_acquire);
    if (!looked_ns || mg_os_now_ns() - looked_ns > mg_headroom_serves_ns)
        return false;
    int64_t bytes = need + more;
    if (!claim(bytes)) {
        bytes = need;
        if (!claim(bytes))
            return false;
    }
    if (culprit && !MG_LOAD(account->culprit))
        MG_STORE(account->culprit, culprit);
    mg_accounts_raise(&account->lent_peak, MG_ADD(account->lent, bytes) + bytes);
    MG_ADD(account->granted, bytes);
    mg_headroom_note(account);
    if (MG_LOAD(account->taken) <= MG_LOAD(account->granted))
        MG_STORE(account->unmet, 0);
    return true;
}

void mg_headroom_note(struct mg_account *account)
{
    int64_t lent = MG_LOAD(account->lent);
    if (MG_UNLIKELY(lent))
        mg_accounts_raise(&account->overdraft_peak,
                          MG_LOAD(account->taken) - MG_LOAD(account->granted) + lent);
}

void mg_headroom_repay(struct mg_account *account)
{
    /* One at a time: it is being repaid (by this very thread, which takes it back), or called in, or goes with the account. */
    if (MG_LIKELY(!MG_LOAD(account->lent)) || !mg_try_lock(&account->repaying))
        return;
    int64_t lent = MG_LOAD(account->lent);
    int64_t back = lent ? mg_take_back(account, lent) : 0;
    MG_ADD(account->lent, -back); /* those who look whether anything is lent never miss the rest */
    mg_unlock(&account->repaying);
    MG_ADD(mg_grants.bytes_released, -back); /* not Spark's */
}

static void call_in(struct mg_account *account)
{
    int64_t lent = atomic_exchange_explicit(&account->lent, 0, memory_order_relaxed);
    MG_ADD(account->granted, -lent);
    atomic_thread_fence(memory_order_seq_cst); /* as for a grant that is taken back (grants.c) */
    if (lent && MG_LOAD(account->culprit) && MG_LOAD(account->taken) > MG_LOAD(account->granted))
        MG_STORE(account->attention, true);
}

void mg_headroom_call_in(int64_t handle)
{
    mg_enter(&mg_self);
    mg_lock(&mg_books_lock); /* it can't end meanwhile, and its slot serve another one */
    struct mg_account *account = mg_accounts_of(handle);
    /* Where somebody repays it just now: whoever calls in comes again as long as it is needed. */
    if (account && MG_LOAD(account->state) == MG_ACCOUNT_OPEN && mg_try_lock(&account->repaying)) {
        call_in(account);
        mg_unlock(&account->repaying);
    }
    mg_unlock(&mg_books_lock);
    mg_leave(&mg_self);
}
