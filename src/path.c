#include "path.h"

#include "settings.h"

void mg_path_show(struct mg_account *account, int64_t bytes)
{
    for (struct mg_account *a = account; a; a = a->parent)
        MG_ADD(a->total, bytes);
}

void mg_accounts_move_taken(struct mg_account *account, int64_t bytes)
{
    if (bytes < 0)
        MG_ADD(mg_accounts_returned, -bytes);
    mg_path_force(account, bytes);
    MG_ADD(account->holder->taken, bytes);
    mg_path_show(account, bytes);
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
    for (struct mg_account *a = account; a != a->holder; a = a->parent) {
        if (a->limit < 0)
            continue;
        want = mg_path_share(a->limit - MG_LOAD(a->taken), need, want);
        if (!want) {
            *refuser = a;
            return 0;
        }
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

bool mg_path_raise(struct mg_account *account, int64_t bytes, struct mg_account **refuser)
{
    for (struct mg_account *a = account; a != a->holder; a = a->parent) {
        if (take_within(a, bytes))
            continue;
        for (struct mg_account *below = account; below != a; below = below->parent)
            MG_ADD(below->taken, -bytes);
        *refuser = a;
        return false;
    }
    return true;
}

void mg_path_force(struct mg_account *account, int64_t bytes)
{
    for (struct mg_account *a = account; a != a->holder; a = a->parent)
        MG_ADD(a->taken, bytes);
}

void mg_path_lower(struct mg_account *account, int64_t bytes)
{
    mg_path_force(account, -bytes);
}

int64_t mg_path_granted(const struct mg_account *account)
{
    if (account != account->holder)
        return MG_LOAD(account->taken);
    return MG_LOAD(account->granted) - MG_LOAD(account->lent);
}
