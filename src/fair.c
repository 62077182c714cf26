#include "fair.h"

#include "granting.h"
#include "os.h"

/* Nobody has to come back for what it was refused: its claim is forgotten after so long where somebody else could use it. */
#define CLAIM_LASTS_NS 10000000000

int64_t mg_fair_capacity(const struct mg_account *account)
{
    /* The root's grant without a limit is a number that never ends. */
    if (account != account->holder || account == mg_accounts_root)
        return account->limit;
    return mg_grants.by_couriers ? -1 : MG_LOAD(account->granted);
}

/* Of the one above it. */
static int64_t held_by(const struct mg_account *account)
{
    return MG_LOAD(account->taken) + MG_LOAD(account->reserve);
}

static int64_t share_of(const struct mg_account *account)
{
    unsigned active = MG_LOAD(account->parent->active) + !MG_LOAD(account->is_active);
    int64_t capacity = mg_fair_capacity(account->parent);
    return capacity < 0 ? -1 : capacity / (active ? active : 1);
}

int64_t mg_fair_share(const struct mg_account *account)
{
    if (account == account->holder || !MG_LOAD(account->parent->fair))
        return -1;
    return share_of(account);
}

int64_t mg_fair_part(const struct mg_account *account, int64_t need, int64_t want)
{
    if (MG_LIKELY(!MG_LOAD(account->parent->claims)))
        return want;
    int64_t left = mg_fair_share(account) - held_by(account);
    if (left >= want)
        return want;
    return left > need ? left : need;
}

bool mg_fair_is_on_path(const struct mg_account *account)
{
    bool fair = MG_LOAD(account->fair);
    for (const struct mg_account *a = account; !fair && a != a->holder; a = a->parent)
        fair = MG_LOAD(a->parent->fair);
    return fair;
}

/* ---- Under the books' lock ---- */

static void claim(struct mg_account *account, int64_t bytes)
{
    MG_ADD(account->parent->claims, bytes - MG_LOAD(account->claim));
    MG_STORE(account->claim, bytes);
    account->claimed_ns = bytes ? mg_os_now_ns() : 0;
}

static void count(struct mg_account *account, bool active)
{
    if (MG_LOAD(account->is_active) == active)
        return;
    MG_STORE(account->is_active, active);
    MG_ADD(account->parent->active, active ? 1u : -1u);
}

/* Who holds nothing any more is not noticed when it gives that back, but when it matters. */
static void count_again(struct mg_account *above)
{
    int64_t now = mg_os_now_ns();
    for (struct mg_account *a = above->first_child; a; a = a->next_sibling) {
        if (MG_LOAD(a->claim) && now - a->claimed_ns > CLAIM_LASTS_NS)
            claim(a, 0);
        if (MG_LOAD(a->is_active))
            count(a, held_by(a) > 0 || MG_LOAD(a->claim));
    }
}

void mg_fair_count(struct mg_account *account)
{
    if (MG_LOAD(account->fair))
        count_again(account);
}

void mg_fair_set(struct mg_account *account, bool fair)
{
    MG_STORE(account->fair, fair);
    for (struct mg_account *a = account->first_child; a; a = a->next_sibling) {
        claim(a, 0);
        count(a, fair && a->holder != a && held_by(a) > 0);
    }
}

void mg_fair_closes(struct mg_account *account)
{
    if (account->parent)
        claim(account, 0);
}

void mg_fair_ends(struct mg_account *account)
{
    claim(account, 0);
    count(account, false);
}

void mg_fair_comes(struct mg_account *account)
{
    mg_lock(&mg_books_lock);
    for (struct mg_account *a = account; a != a->holder; a = a->parent) {
        if (!MG_LOAD(a->parent->fair))
            continue;
        count_again(a->parent);
        count(a, true);
    }
    mg_unlock(&mg_books_lock);
}

/* Whether it can have so many bytes beside what others have a claim to. */
static bool is_free(const struct mg_account *above, int64_t bytes, int64_t claims)
{
    int64_t capacity = mg_fair_capacity(above);
    return capacity < 0 || claims <= 0 || capacity - MG_LOAD(above->taken) - bytes >= claims;
}

static bool is_within_share(const struct mg_account *account, int64_t bytes)
{
    int64_t share = share_of(account);
    return share < 0 || held_by(account) + bytes <= share;
}

static bool allows(struct mg_account *account, int64_t bytes)
{
    struct mg_account *above = account->parent;
    count(account, true);
    for (int looks = 0; looks < 2; looks++) {
        if (is_free(above, bytes, MG_LOAD(above->claims) - MG_LOAD(account->claim)) ||
            is_within_share(account, bytes))
            return true;
        count_again(above);
        count(account, true);
    }
    return false;
}

static int64_t beyond_reserve(const struct mg_account *account, int64_t bytes)
{
    int64_t more = bytes - MG_LOAD(account->reserve);
    return more > 0 ? more : 0;
}

/* What the account itself is charged has no share of what it divides. */
static bool allows_path(struct mg_account *account, int64_t bytes, struct mg_account **refuser)
{
    if (MG_LOAD(account->fair) && !is_free(account, bytes, MG_LOAD(account->claims))) {
        count_again(account);
        *refuser = account;
        if (!is_free(account, bytes, MG_LOAD(account->claims)))
            return false;
    }
    for (struct mg_account *a = account; a != a->holder; a = a->parent) {
        bytes = beyond_reserve(a, bytes);
        *refuser = a->parent;
        if (bytes && MG_LOAD(a->parent->fair) && !allows(a, bytes))
            return false;
    }
    *refuser = NULL;
    return true;
}

bool mg_fair_allows(struct mg_account *account, int64_t bytes, struct mg_account **refuser)
{
    mg_lock(&mg_books_lock);
    bool allowed = allows_path(account, bytes, refuser);
    mg_unlock(&mg_books_lock);
    return allowed;
}

bool mg_fair_is_owed(struct mg_account *account, const struct mg_account *refuser, int64_t bytes)
{
    bool owed = false;
    mg_lock(&mg_books_lock);
    for (struct mg_account *a = account; a != a->holder && a != refuser; a = a->parent) {
        bytes = beyond_reserve(a, bytes);
        if (a->parent != refuser || !MG_LOAD(refuser->fair))
            continue;
        count_again(a->parent);
        count(a, true);
        owed = is_within_share(a, bytes);
    }
    mg_unlock(&mg_books_lock);
    return owed;
}

void mg_fair_refused(struct mg_account *account, int64_t bytes)
{
    mg_lock(&mg_books_lock);
    for (struct mg_account *a = account; a != a->holder; a = a->parent) {
        bytes = beyond_reserve(a, bytes);
        if (!MG_LOAD(a->parent->fair) || !bytes || mg_fair_capacity(a->parent) < 0)
            continue;
        count_again(a->parent);
        count(a, true);
        bool short_of_it = mg_fair_capacity(a->parent) - MG_LOAD(a->parent->taken) < bytes;
        if (short_of_it && is_within_share(a, bytes) && MG_LOAD(a->state) == MG_ACCOUNT_OPEN)
            claim(a, bytes > MG_LOAD(a->claim) ? bytes : MG_LOAD(a->claim));
    }
    mg_unlock(&mg_books_lock);
}

void mg_fair_got(struct mg_account *account, int64_t bytes)
{
    bool any = false;
    for (const struct mg_account *a = account; a != a->holder; a = a->parent)
        any |= MG_LOAD(a->claim) != 0;
    if (MG_LIKELY(!any))
        return;
    mg_lock(&mg_books_lock);
    for (struct mg_account *a = account; a != a->holder; a = a->parent) {
        int64_t left = MG_LOAD(a->claim) - bytes;
        claim(a, left > 0 ? left : 0);
    }
    mg_unlock(&mg_books_lock);
}
