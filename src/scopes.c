/* Scopes: accounts that are nested in what a thread charges, for a part of its work. What include/memgrant_scope.h and Java's
 * Account.child do. The handles are a program's: they may be anything. */
#include "memgrant.h"

#include "accounts.h"
#include "closing.h"
#include "fair.h"
#include "grants.h"
#include "lanes.h"
#include "leaks.h"
#include "path.h"
#include "pool_threads.h"
#include "self.h"
#include "sums.h"

#include <string.h>

static struct mg_account *here(const struct mg_self *self)
{
    return self->account ? self->account : mg_accounts_root;
}

static bool may(const struct mg_self *self)
{
    return mg_active && !MG_LOAD(self->inside);
}

/* Where the thread is to charge, once it is known whose it is. Inside the allocator, where nothing is decided, what it is bound to. */
static struct mg_account *decided(struct mg_self *self)
{
    if (may(self) && self->inherited) {
        mg_enter(self);
        mg_pool_threads_decide(self);
        mg_leave(self);
    }
    return here(self);
}

int64_t mg_scope_here(void)
{
    return mg_active ? mg_accounts_handle(decided(&mg_self)) : 0;
}

int64_t mg_scope_task(void)
{
    return mg_active ? mg_accounts_handle(decided(&mg_self)->holder) : 0;
}

int64_t mg_scopes_begin(const char *name, int64_t limit)
{
    struct mg_self *self = &mg_self;
    if (!may(self))
        return 0;
    mg_enter(self);
    mg_pool_threads_decide(self);
    int64_t scope =
        mg_accounts_nest(name ? name : "scope", mg_accounts_handle(here(self)), limit < 0 ? -1 : limit);
    bool bound = scope && mg_lanes_enter(self, scope);
    mg_leave(self);
    if (scope && !bound) {
        mg_scopes_end(scope); /* a thread without a lane would charge nobody there */
        return 0;
    }
    return scope;
}

int64_t mg_scopes_enter(int64_t scope)
{
    struct mg_self *self = &mg_self;
    if (!may(self))
        return 0;
    mg_enter(self);
    mg_pool_threads_decide(self);
    int64_t before = mg_accounts_handle(here(self));
    bool bound = mg_lanes_enter(self, scope);
    mg_leave(self);
    return bound ? before : 0;
}

void mg_scopes_leave(int64_t before)
{
    struct mg_self *self = &mg_self;
    if (!before || !may(self))
        return;
    mg_enter(self);
    if (!mg_lanes_enter(self, before))
        (void)mg_lanes_bind(self, mg_accounts_root, 0);
    mg_leave(self);
}

/* The open scope with that handle, and the account above it; NULL when it is none. Under the books' lock. */
static struct mg_account *scope_of(int64_t scope)
{
    struct mg_account *account = mg_accounts_of(scope);
    bool is_one = account && account != account->holder && MG_LOAD(account->state) == MG_ACCOUNT_OPEN;
    return is_one ? account : NULL;
}

static bool is_inside(const struct mg_account *account, const struct mg_account *scope)
{
    while (account && account != scope)
        account = account->parent;
    return account;
}

/* The thread goes to where the scope is nested. */
static void step_out(struct mg_self *self, int64_t scope)
{
    mg_lock(&mg_books_lock);
    const struct mg_account *account = scope_of(scope);
    struct mg_account *above = account && is_inside(self->account, account) ? account->parent : NULL;
    uint64_t id = above ? above->id : 0;
    mg_unlock(&mg_books_lock);
    if (above)
        (void)mg_lanes_bind(self, above, id);
}

/* What it uses goes to the heir, or, where there is none any more, to the account above. Under the lock. Returns heaps to close. */
static struct mg_heap *close_scope(struct mg_account *account, struct mg_account *heir, int64_t *left)
{
    mg_accounts_collect_locked(account);
    struct mg_book sum = mg_sums_total(mg_sums_read(account));
    *left = mg_book_used(&sum);
    if (mg_accounts_may_inherit(heir, account))
        mg_accounts_bequeath(account, heir);
    struct mg_heap *heaps = mg_accounts_close(account);
    if (heir && MG_LOAD(mg_grants.enforcing))
        mg_grants_ask_in_time(heir->holder);
    return heaps;
}

/* Whether it is to end: what is to inherit it may, and nobody else holds it. Under the lock. */
static bool is_to_end(struct mg_account *account, bool lets_go)
{
    if (!account || !lets_go)
        return account;
    account->holders -= account->holders > 0;
    return !account->holders;
}

static int64_t end_scope(int64_t scope, int64_t heir, bool lets_go)
{
    struct mg_self *self = &mg_self;
    int64_t left = 0;
    struct mg_heap *heaps = NULL;
    struct mg_leaks leaks = { .ids = NULL };
    if (!scope || !may(self))
        return 0;
    mg_enter(self);
    mg_lock(&mg_books_lock);
    struct mg_account *account = scope_of(scope);
    bool inherits = !heir || !account || mg_accounts_may_inherit(mg_accounts_of(heir), account);
    bool ends = inherits && is_to_end(account, lets_go);
    mg_unlock(&mg_books_lock);
    if (ends) {
        step_out(self, scope);
        mg_lock(&mg_books_lock);
        if ((account = scope_of(scope)) != NULL) {
            if (!heir)
                mg_leaks_note(&leaks, account);
            heaps = close_scope(account, mg_accounts_of(heir), &left);
        }
        mg_unlock(&mg_books_lock);
        mg_heap_close_all(heaps);
        mg_grants_mind_overhead_now_and_then();
        mg_leaks_say(&leaks, left);
        mg_leaks_forget(&leaks);
    }
    mg_leave(self);
    return inherits ? left : -1;
}

int64_t mg_scopes_end(int64_t scope)
{
    return end_scope(scope, 0, false);
}

int64_t mg_scopes_end_into(int64_t scope, int64_t heir)
{
    return heir ? end_scope(scope, heir, false) : -1;
}

/* ---- Shared ones ---- */

static struct mg_account *find_shared(struct mg_account *above, const char *name)
{
    struct mg_account *found = NULL;
    for (struct mg_account *a = above ? above->first_child : NULL; a && !found; a = a->next_sibling)
        if (a->holders && MG_LOAD(a->state) == MG_ACCOUNT_OPEN && !strncmp(a->name, name, sizeof a->name - 1))
            found = a;
    if (found)
        found->holders++;
    return found;
}

int64_t mg_scopes_share(int64_t above, const char *name, int64_t limit)
{
    struct mg_self *self = &mg_self;
    struct mg_heap *heaps = NULL;
    if (!may(self))
        return 0;
    mg_enter(self);
    mg_lock(&mg_books_lock);
    int64_t scope = mg_accounts_handle(find_shared(mg_accounts_of(above), name));
    mg_unlock(&mg_books_lock);
    if (!scope) {
        int64_t made = mg_accounts_nest(name, above, limit < 0 ? -1 : limit);
        mg_lock(&mg_books_lock);
        struct mg_account *own = scope_of(made);
        struct mg_account *other = find_shared(mg_accounts_of(above), name); /* who was faster */
        if (own && other)
            heaps = mg_accounts_close(own);
        else if (own)
            own->holders = 1;
        scope = mg_accounts_handle(other ? other : own);
        mg_unlock(&mg_books_lock);
    }
    mg_heap_close_all(heaps);
    mg_leave(self);
    return scope;
}

int64_t mg_scopes_let_go(int64_t scope)
{
    return end_scope(scope, 0, true);
}

/* ---- What is asked of a scope ---- */

bool mg_account_share_fairly(int64_t handle, bool fair)
{
    struct mg_self *self = &mg_self;
    if (!may(self))
        return false;
    mg_enter(self);
    mg_lock(&mg_books_lock);
    struct mg_account *account = mg_accounts_of(handle);
    bool open = account && account->heap && MG_LOAD(account->state) == MG_ACCOUNT_OPEN;
    if (open)
        mg_fair_set(account, fair);
    mg_unlock(&mg_books_lock);
    mg_leave(self);
    return open;
}

int64_t mg_account_share(int64_t scope)
{
    if (!may(&mg_self))
        return -1;
    mg_enter(&mg_self);
    mg_lock(&mg_books_lock);
    struct mg_account *account = scope_of(scope);
    if (account)
        mg_fair_count(account->parent);
    int64_t share = account ? mg_fair_share(account) : -1;
    mg_unlock(&mg_books_lock);
    mg_leave(&mg_self);
    return share;
}

bool mg_take_refusal(struct mg_account *account, struct mg_refusal *refusal)
{
    uint64_t id = atomic_exchange_explicit(&account->refuser, 0, memory_order_relaxed);
    bool found = false;
    for (int i = 0; i < MG_REFUSERS; i++)
        MG_STORE(account->refusers[i], 0);
    mg_enter(&mg_self);
    mg_lock(&mg_books_lock);
    for (unsigned i = 0; id && !found && i < mg_accounts_slots(); i++) {
        const struct mg_account *refuser = mg_accounts_slot(i);
        found = refuser->id == id; /* of a closed one too, while nobody else has the slot */
        if (!found)
            continue;
        memcpy(refusal->name, refuser->name, sizeof refusal->name);
        refusal->limit = refuser->limit;
    }
    mg_unlock(&mg_books_lock);
    mg_leave(&mg_self);
    return found;
}

unsigned mg_account_refusers(int64_t handle, int64_t refusers[MG_REFUSERS])
{
    unsigned count = 0;
    mg_enter(&mg_self);
    mg_lock(&mg_books_lock);
    const struct mg_account *account = mg_accounts_of(handle);
    for (unsigned kept = 0; account && kept < MG_REFUSERS; kept++) {
        uint64_t id = MG_LOAD(account->refusers[kept]);
        if (!id)
            continue;
        int64_t found = 0;
        for (unsigned i = 0; !found && i < mg_accounts_slots(); i++)
            if (mg_accounts_slot(i)->listed && mg_accounts_slot(i)->id == id)
                found = mg_accounts_handle(mg_accounts_slot(i));
        refusers[count++] = found;
    }
    mg_unlock(&mg_books_lock);
    mg_leave(&mg_self);
    return count;
}

int64_t mg_account_reserve(int64_t scope, int64_t bytes, bool in_part)
{
    struct mg_self *self = &mg_self;
    if (bytes <= 0 || !may(self))
        return 0;
    mg_enter(self);
    mg_lock(&mg_books_lock);
    struct mg_account *account = scope_of(scope);
    if (account)
        account->pins++;
    mg_unlock(&mg_books_lock);
    int64_t reserved = account ? mg_grants_reserve(account, bytes, in_part) : 0;
    struct mg_heap *heaps = NULL;
    mg_lock(&mg_books_lock);
    if (account) {
        account->pins--;
        if (MG_LOAD(account->state) != MG_ACCOUNT_OPEN) {
            mg_path_give_back(account, INT64_MAX);
            reserved = 0;
            heaps = mg_accounts_end(account);
        }
    }
    mg_unlock(&mg_books_lock);
    mg_heap_close_all(heaps);
    mg_leave(self);
    return reserved;
}

int64_t mg_account_give_back(int64_t scope, int64_t bytes)
{
    struct mg_self *self = &mg_self;
    if (bytes <= 0 || !may(self))
        return 0;
    mg_enter(self);
    mg_lock(&mg_books_lock);
    struct mg_account *account = scope_of(scope);
    int64_t back = account ? mg_path_give_back(account, bytes) : 0;
    mg_unlock(&mg_books_lock);
    mg_leave(self);
    return back;
}
