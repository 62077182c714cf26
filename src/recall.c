#include "recall.h"

#include "lanes.h"
#include "magazines.h"
#include "os.h"
#include "say.h"

/* Credit and magazines are their thread's, which changes them by plain loads and stores. Another one may take them where the
 * thread is seen not to be inside us, and to wait when it comes: first the lane's bounds are made so that no credit is within
 * them, then membarrier puts a full barrier into each running thread, then `inside` is read. A thread that is not inside
 * then enters after the barrier and meets the bounds. One that is, is left alone. It may even leave between the barrier and
 * the reading; what it did meanwhile is seen then, and of all that it does only a slow charge puts a bound back: so the ceiling
 * is looked at too. */
static void close_bounds(struct mg_lane *lane)
{
    MG_STORE(lane->floor, MG_FLOOR_RECALLED);
    MG_STORE(lane->ceiling, INT64_MIN);
}

/* After what was done to the lane, for the thread reads a bound first. */
static void open_bounds(struct mg_lane *lane)
{
    atomic_store_explicit(&lane->ceiling, 0, memory_order_release);
    atomic_store_explicit(&lane->floor, mg_lanes_floor, memory_order_release);
}

static bool is_idle(struct mg_lane *lane)
{
    return !atomic_load_explicit(&lane->self->inside, memory_order_acquire) &&
           MG_LOAD(lane->ceiling) == INT64_MIN;
}

static void take_credit(struct mg_lane *lane)
{
    mg_accounts_note_peak_locked(lane->account, MG_LOAD(lane->low));
    mg_accounts_move_taken(lane->account, -MG_LOAD(lane->credit));
    MG_STORE(lane->credit, 0);
    MG_STORE(lane->low, 0);
}

static void empty_magazines(struct mg_lane *lane)
{
    mg_magazines_flush(lane->magazines, false);
}

static _Atomic(bool) refused; /* membarrier was, by a sandbox or for want of memory */

static void say_if_refused(void)
{
    static _Atomic(bool) said;
    if (MG_UNLIKELY(MG_LOAD(refused)) && !atomic_exchange_explicit(&said, true, memory_order_relaxed))
        mg_say(
            "the kernel refuses membarrier(2): what idle threads hold prepaid is not taken back when memory is short; "
            "allow it, or make MEMGRANT_LANE_BATCH smaller");
}

static unsigned close_bounds_of_others(const struct mg_account *holder, bool (*has)(const struct mg_lane *))
{
    unsigned closed = 0;
    for (unsigned i = 0; i < mg_lanes_used(); i++) {
        struct mg_lane *lane = mg_lanes_at(i);
        if (!lane->account || (holder && lane->account->holder != holder) || lane == mg_self.lane ||
            !has(lane))
            continue;
        close_bounds(lane);
        closed++;
    }
    return closed;
}

/* From all threads but this one that have some. Whether none of them was busy. Under the books' lock. */
static bool take_from_idle(const struct mg_account *holder, bool (*has)(const struct mg_lane *),
                           void (*take)(struct mg_lane *))
{
    bool all = true;
    if (!close_bounds_of_others(holder, has))
        return true;
    bool ordered = mg_os_order_threads();
    MG_STORE(refused, !ordered);
    for (unsigned i = 0; i < mg_lanes_used(); i++) {
        struct mg_lane *lane = mg_lanes_at(i);
        if (MG_LOAD(lane->floor) != MG_FLOOR_RECALLED)
            continue;
        if (ordered && is_idle(lane))
            take(lane);
        else
            all = false;
        open_bounds(lane);
    }
    return all;
}

static bool has_credit(const struct mg_lane *lane)
{
    return MG_LOAD(lane->credit);
}

void mg_recall_credit(struct mg_account *account, bool keeps_own)
{
    struct mg_lane *own = mg_self.lane;
    account = account->holder;
    if (MG_LIKELY(!MG_LOAD(account->lends)))
        return;
    mg_lock(&mg_books_lock);
    /* Acquire: with the flag comes the credit of all who raised it before (credit.c). */
    atomic_exchange_explicit(&account->lends, false, memory_order_acquire);
    if (own && own->account->holder == account && !keeps_own) {
        take_credit(own);
        MG_STORE(own->ceiling, 0);
    }
    bool keeps = own && own->account->holder == account && has_credit(own);
    if (!take_from_idle(account, has_credit, take_credit) || keeps)
        MG_STORE(account->lends, true);
    mg_unlock(&mg_books_lock);
    say_if_refused();
}

static bool has_magazines(const struct mg_lane *lane)
{
    return mg_magazines_bytes(lane->magazines);
}

void mg_recall_magazines(void)
{
    mg_lock(&mg_books_lock);
    take_from_idle(NULL, has_magazines, empty_magazines);
    mg_unlock(&mg_books_lock);
    say_if_refused();
}
