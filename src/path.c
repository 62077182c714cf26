#include "path.h"

#include "fair.h"
#include "settings.h"

void mg_path_show(struct mg_account *account, int64_t bytes)
{
    for (struct mg_account *a = account; a; a = a->parent)
        MG_ADD(a->total, bytes);
}

/* What goes leaves the sums first and what comes reaches them last: so they never show, nor a peak, what a limit did not let pass. */
void mg_accounts_move_taken(struct mg_account *account, int64_t bytes)
{
    if (bytes < 0) {
        MG_ADD(mg_accounts_returned, -bytes);
        mg_path_show(account, bytes);
        MG_ADD(account->holder->taken, -mg_path_lower(account, -bytes));
    } else {
        struct mg_path_raised raised;
        MG_ADD(account->holder->taken, mg_path_raise(account, bytes, &raised, NULL));
        mg_path_show(account, bytes);
    }
}

int64_t mg_path_share(int64_t unused, int64_t need, int64_t want)
{
    if (unused < need)
        return 0;
    /* Near the limit smaller batches, so that credit in idle lanes is not what others lack. */
    int64_t fair =
        unused / 16 > mg_settings.lane_batch_near_limit ? unused / 16 : mg_settings.lane_batch_near_limit;
    want = want - need > fair ? need + fair : want;
    return unused < want ? unused : want;
}

int64_t mg_path_room(struct mg_account *account, int64_t need, int64_t want, struct mg_account **refuser)
{
    int64_t paid = 0; /* out of reserves: those above are not asked for it */
    for (struct mg_account *a = account; a != a->holder && paid < want; a = a->parent) {
        int64_t left = a->limit - MG_LOAD(a->taken);
        int64_t least = need > paid ? need - paid : 0;
        if (a->limit >= 0 && left < least) {
            *refuser = a;
            return 0;
        }
        if (a->limit >= 0)
            want = paid + (left > 0 ? mg_path_share(left, least, want - paid) : 0);
        want = paid + mg_fair_part(a, least, want - paid);
        paid += MG_LOAD(a->reserve);
    }
    return want;
}

/* Relaxed: the sum alone matters, and compare-and-exchange never lets two take the same room. */
static bool take_within(struct mg_account *account, int64_t bytes)
{
    int64_t taken = MG_LOAD(account->taken);
    do {
        if (account->limit >= 0 && taken + bytes > account->limit)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&account->taken, &taken, taken + bytes,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

/* ---- Reserves: bytes that those above hold for an account and that it does not use. Each byte that goes in was not given back to
 * the parent, each that comes out is not asked of it: so the parent always holds what is taken and the reserve, whatever happens at once; the
 * reservation only says where refunds stop filling it. */

int64_t mg_path_use_reserve(struct mg_account *account, int64_t bytes)
{
    int64_t reserve = MG_LOAD(account->reserve), used;
    do {
        used = reserve < bytes ? reserve : bytes;
        if (used <= 0)
            return 0;
    } while (!atomic_compare_exchange_weak_explicit(&account->reserve, &reserve, reserve - used,
                                                    memory_order_relaxed, memory_order_relaxed));
    return used;
}

/* What is over goes to the parent. Who makes the reservation smaller takes from the reserve afterwards: with fences one of the two sees
 * the other, and nothing stays above it. */
static int64_t fill_reserve(struct mg_account *account, int64_t bytes)
{
    int64_t reserve = MG_LOAD(account->reserve), kept;
    do {
        int64_t room = MG_LOAD(account->reservation) - reserve;
        kept = room < bytes ? room : bytes;
        if (kept <= 0)
            return bytes;
    } while (!atomic_compare_exchange_weak_explicit(&account->reserve, &reserve, reserve + kept,
                                                    memory_order_relaxed, memory_order_relaxed));
    atomic_thread_fence(memory_order_seq_cst);
    int64_t beyond = MG_LOAD(account->reserve) - MG_LOAD(account->reservation);
    return bytes - kept + (beyond > 0 ? mg_path_use_reserve(account, beyond) : 0);
}

static void give_up(struct mg_account *account, int64_t bytes)
{
    MG_ADD(account->holder->taken, -mg_path_lower(account->parent, bytes));
}

void mg_path_trim_reserve(struct mg_account *account)
{
    atomic_thread_fence(memory_order_seq_cst);
    int64_t beyond = MG_LOAD(account->reserve) - MG_LOAD(account->reservation);
    if (beyond > 0)
        give_up(account, mg_path_use_reserve(account, beyond));
}

int64_t mg_path_give_back(struct mg_account *account, int64_t bytes)
{
    int64_t reservation = MG_LOAD(account->reservation), less;
    do {
        less = reservation < bytes ? reservation : bytes;
        if (less <= 0)
            return 0;
    } while (!atomic_compare_exchange_weak_explicit(&account->reservation, &reservation, reservation - less,
                                                    memory_order_relaxed, memory_order_relaxed));
    int64_t back = mg_path_use_reserve(account, less);
    give_up(account, back);
    mg_path_trim_reserve(account);
    return back;
}

/* ---- The way up ---- */

void mg_path_undo(struct mg_account *account, const struct mg_path_raised *raised,
                  const struct mg_account *until)
{
    int level = 0;
    for (struct mg_account *a = account; a != until && raised->owed[level]; a = a->parent, level++) {
        MG_ADD(a->taken, -raised->owed[level]);
        MG_ADD(a->reserve, raised->paid[level]);
        mg_path_trim_reserve(a);
    }
}

int64_t mg_path_raise(struct mg_account *account, int64_t bytes, struct mg_path_raised *raised,
                      struct mg_account **refuser)
{
    int level = 0;
    raised->owed[0] = bytes;
    for (struct mg_account *a = account; a != a->holder && raised->owed[level]; a = a->parent, level++) {
        if (!refuser) {
            MG_ADD(a->taken, raised->owed[level]);
        } else if (!take_within(a, raised->owed[level])) {
            *refuser = a;
            mg_path_undo(account, raised, a);
            return -1;
        }
        raised->paid[level] = mg_path_use_reserve(a, raised->owed[level]);
        raised->owed[level + 1] = raised->owed[level] - raised->paid[level];
    }
    return raised->owed[level];
}

static int64_t lower_to(struct mg_account *account, const struct mg_account *until, int64_t bytes)
{
    for (struct mg_account *a = account; a != until && bytes; a = a->parent) {
        MG_ADD(a->taken, -bytes);
        bytes = fill_reserve(a, bytes);
    }
    return bytes;
}

int64_t mg_path_lower(struct mg_account *account, int64_t bytes)
{
    return lower_to(account, account->holder, bytes);
}

/* ---- From one path to another ---- */

static int64_t raise_to(struct mg_account *account, const struct mg_account *until, int64_t bytes)
{
    for (struct mg_account *a = account; a != until && bytes; a = a->parent) {
        MG_ADD(a->taken, bytes);
        bytes -= mg_path_use_reserve(a, bytes);
    }
    return bytes;
}

static void show_to(struct mg_account *account, const struct mg_account *until, int64_t bytes)
{
    for (struct mg_account *a = account; a != until; a = a->parent)
        MG_ADD(a->total, bytes);
}

static struct mg_account *common_to(struct mg_account *one, struct mg_account *other)
{
    while (one != other)
        if (one->depth >= other->depth)
            one = one->parent;
        else
            other = other->parent;
    return one;
}

void mg_path_hand_over(struct mg_account *account, struct mg_account *heir, int64_t bytes)
{
    struct mg_account *common = common_to(account, heir), *holder = heir->holder;
    const bool one_pays = account->holder == holder;
    show_to(account, common, -bytes);
    int64_t back = lower_to(account, one_pays ? common : account->holder, bytes);
    int64_t owed = raise_to(heir, one_pays ? common : holder, bytes);
    show_to(heir, common, bytes);
    if (!one_pays) {
        MG_ADD(account->holder->taken, -back);
        MG_ADD(holder->taken, owed);
    } else if (owed > back) {
        MG_ADD(holder->taken, raise_to(common, holder, owed - back));
    } else {
        MG_ADD(holder->taken, -lower_to(common, holder, back - owed));
    }
}

int64_t mg_path_granted(const struct mg_account *account)
{
    if (account != account->holder)
        return MG_LOAD(account->taken) + MG_LOAD(account->reserve);
    return MG_LOAD(account->granted) - MG_LOAD(account->lent);
}
