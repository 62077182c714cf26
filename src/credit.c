#include "credit.h"

#include "denials.h"
#include "executor.h"
#include "grants.h"
#include "injection.h"
#include "libraries.h"
#include "pool_threads.h"
#include "settings.h"

/* While a recall that will leave this thread alone goes on, it is no number to reckon with. */
static int64_t ceiling_of(struct mg_lane *lane)
{
    int64_t ceiling = MG_LOAD(lane->ceiling);
    return ceiling > 0 ? ceiling : 0;
}

static void count(struct mg_lane *lane, unsigned library, int64_t bytes)
{
    MG_BUMP(lane->books[library].charged, bytes);
    MG_BUMP(lane->books[library].allocations, 1);
}

/* Credit that a lane keeps at hand: for a few more such blocks at least, where they are not large themselves. None while every
 * charge has to be looked at. */
static int64_t lane_batch(int64_t bytes)
{
    enum { BLOCKS = 8 };
    if (MG_UNLIKELY(mg_injection_is_on()))
        return 0;
    int64_t batch = mg_settings.lane_batch;
    return bytes <= batch && BLOCKS * bytes > batch ? BLOCKS * bytes : batch;
}

static void nothing(void)
{
}
void (*mg_credit_at_slow_charge)(void) = nothing;
void (*mg_credit_at_change)(void) = nothing;

MG_NOINLINE bool mg_credit_charge_slow(struct mg_self *self, unsigned library, int64_t bytes)
{
    if (MG_UNLIKELY(mg_credit_floor(self->lane) == MG_FLOOR_COUNTED) &&
        MG_LIKELY(mg_credit_spend(self->lane, 0, library, bytes)))
        return true;
    mg_credit_at_slow_charge();
    mg_credit_look_in(self, 0);
    mg_lanes_await_recall(self->lane);
    mg_grants_mind_overhead_in_time(self);
    if (!mg_pool_threads_move(self, library, bytes))
        return false;
    struct mg_lane *lane = self->lane;
    struct mg_account *account = self->account;
    if (MG_LOAD(self->heap->remote)) {
        mg_heap_drain(self->heap, true);
        mg_accounts_collect(account);
    }
    mg_lanes_sum(lane, library);
    mg_accounts_note_peak(account, MG_LOAD(lane->low));
    if (MG_UNLIKELY(mg_injection_is_on()) && mg_grants_injected(account, library, bytes))
        return false;
    int64_t credit = MG_LOAD(lane->credit);
    int64_t missing = bytes - credit;
    int64_t taken = missing > 0 ? mg_grants_take(account, library, missing, missing + lane_batch(bytes)) : 0;
    if (missing > 0 && !taken)
        return false;
    int64_t left = credit + taken - bytes;
    MG_STORE(lane->ceiling, 2 * left);
    MG_STORE(lane->credit, left);
    MG_STORE(lane->low, left);
    /* After the credit, released: whoever takes the flag away for a recall finds the credit of all who raised it. */
    if (left)
        atomic_exchange_explicit(&account->holder->lends, true, memory_order_release);
    count(lane, library, bytes);
    return true;
}

void mg_credit_undo(struct mg_self *self, unsigned library, int64_t bytes)
{
    struct mg_lane *lane = self->lane;
    int64_t credit = MG_LOAD(lane->credit) + bytes;
    int64_t most = ceiling_of(lane);
    int64_t kept = credit < most ? credit : most / 2;
    MG_BUMP(lane->books[library].charged, -bytes);
    MG_BUMP(lane->books[library].allocations, -1);
    mg_accounts_move_taken(self->account, kept - credit);
    MG_STORE(lane->credit, kept);
    MG_STORE(lane->low, kept);
}

MG_NOINLINE void mg_credit_give_back(struct mg_self *self, unsigned library, int64_t bytes)
{
    struct mg_lane *lane = self->lane;
    mg_lanes_await_recall(lane);
    mg_lanes_sum(lane, library); /* for its peak: what goes now may have come since it was summed */
    MG_BUMP(lane->books[library].refunded, bytes);
    MG_BUMP(lane->books[library].frees, 1);
    int64_t credit = MG_LOAD(lane->credit) + bytes;
    int64_t most = ceiling_of(lane);
    int64_t kept = credit > most ? most / 2 : credit;
    mg_lanes_sum(lane, library);
    mg_accounts_note_peak(self->account, MG_LOAD(lane->low));
    mg_accounts_move_taken(self->account, kept - credit);
    MG_STORE(lane->credit, kept);
    MG_STORE(lane->low, kept);
    mg_grants_mind_overhead_in_time(self);
    mg_credit_came_back(self, bytes);
}

void mg_credit_came_back(struct mg_self *self, int64_t bytes)
{
    if (mg_executor_is_joined())
        mg_executor_give_back();
    mg_credit_look_in(self, bytes);
}
