/* What of memgrant.h concerns threads, libraries and the JVM. */
#include "memgrant.h"

#include "accounts.h"
#include "base.h"
#include "charges.h"
#include "closing.h"
#include "grants.h"
#include "heap.h"
#include "lanes.h"
#include "libraries.h"
#include "mappings.h"
#include "modules.h"
#include "overhead.h"
#include "pool_threads.h"
#include "self.h"
#include "stacks.h"
#include "workers.h"

_Static_assert(MG_SLOTS == MG_LIBRARIES, "interpose/ has an entry for each library slot");

/* ---- Threads ---- */

bool mg_thread_created_by(unsigned library, struct mg_inheritance *inheritance)
{
    struct mg_self *self = &mg_self;
    if (!mg_active || MG_LOAD(self->inside))
        return false;
    if (MG_LIBRARY_SERVES(library))
        library = mg_charges_owner(self, library);
    if (mg_libraries[library].role != MG_ROLE_TARGET)
        return false;
    struct mg_account *account = self->account ? self->account : mg_accounts_root;
    *inheritance = (struct mg_inheritance){ account, account->id, library };
    if (self->inherited) {
        inheritance->account = self->inherited;
        inheritance->account_id = self->inherited_id;
    }
    return true;
}

void mg_thread_begins(const struct mg_inheritance *inheritance)
{
    struct mg_self *self = &mg_self;
    self->home = inheritance->library;
    mg_enter(self);
    mg_pool_threads_inherit(self, inheritance->account, inheritance->account_id);
    mg_leave(self);
}

/* ---- Libraries ---- */

unsigned mg_library_at(const void *code)
{
    return mg_libraries_slot((const char *)code - 1, true);
}

unsigned mg_libraries_count(void)
{
    return mg_libraries_loaded();
}

void mg_libraries_bound_past_us(unsigned from)
{
    mg_libraries_bind(from);
}

static void look_at_modules(void)
{
    if (MG_LIKELY(!mg_stacks.mean))
        return;
    mg_enter(&mg_self);
    mg_modules_look();
    mg_leave(&mg_self);
}

void mg_library_closing(void)
{
    look_at_modules(); /* what stacks know of them would be lost */
    mg_libraries_closing();
}

void mg_library_closed(void)
{
    mg_libraries_closed();
    look_at_modules();
}

unsigned mg_library_bound(const void *code)
{
    return mg_libraries_slot(code, true);
}

bool mg_library_is_target(unsigned library)
{
    return mg_libraries[library].role == MG_ROLE_TARGET;
}

const char *mg_library_name(unsigned library)
{
    return mg_libraries[library].name;
}

bool mg_library_nests(unsigned library)
{
    return mg_libraries[library].nested;
}

bool mg_library_closes_by(unsigned library, const char *method)
{
    return mg_names_hold(&mg_libraries[library].closers, method);
}

bool mg_library_may_leave(unsigned library, const char *method)
{
    return mg_names_hold(&mg_libraries[library].leaves, method);
}

/* ---- The JVM side ---- */

struct mg_account *mg_root(void)
{
    return mg_accounts_root;
}

struct mg_account *mg_overhead(void)
{
    return mg_overhead_account;
}

void mg_measure_overhead(void)
{
    mg_enter(&mg_self);
    mg_mappings_measure();
    mg_grants_mind_overhead(true); /* for somebody who lacks what was just freed */
    mg_leave(&mg_self);
}

int64_t mg_account_handle(const struct mg_account *account)
{
    return mg_accounts_handle(account);
}

struct mg_account *mg_account_of(int64_t handle)
{
    return mg_accounts_of(handle);
}

struct mg_account *mg_account_open(const char *name, struct mg_account *parent, int64_t limit)
{
    if (parent != mg_accounts_root)
        return NULL; /* those that have a grant of their own are tasks */
    mg_enter(&mg_self);
    struct mg_account *account = mg_accounts_open(name, parent, limit);
    mg_leave(&mg_self);
    return account;
}

int64_t mg_account_nest(const char *name, int64_t parent, int64_t limit)
{
    mg_enter(&mg_self);
    int64_t account = mg_accounts_nest(name, parent, limit);
    mg_leave(&mg_self);
    return account;
}

int64_t mg_settle(struct mg_account *account)
{
    if (!account->parent || !account->heap)
        return 0; /* the root and the overhead stay */
    mg_enter(&mg_self);
    mg_mappings_measure();
    mg_lock(&account->repaying); /* both are one figure */
    mg_lock(&mg_books_lock);
    mg_workers_settle(account);
    int64_t granted = atomic_exchange_explicit(&account->granted, 0, memory_order_relaxed) -
                      atomic_exchange_explicit(&account->lent, 0, memory_order_relaxed) -
                      atomic_exchange_explicit(&account->covered, 0, memory_order_relaxed);
    MG_STORE(account->declared, 0);
    struct mg_heap *heaps = mg_accounts_close(account);
    mg_unlock(&account->repaying);
    if (mg_grants.by_couriers)
        mg_accounts_pay_for_closing();
    mg_unlock(&mg_books_lock);
    MG_ADD(mg_grants.bytes_released, granted);
    mg_heap_close_all(heaps);
    mg_grants_mind_overhead_now_and_then();
    mg_leave(&mg_self);
    return granted;
}

void mg_lever_pulled(int64_t claimed, int64_t freed)
{
    MG_ADD(mg_grants.levers_pulled, 1);
    MG_ADD(mg_grants.levers_claimed, claimed);
    MG_ADD(mg_grants.levers_freed, freed);
}

void mg_bind(struct mg_account *account)
{
    struct mg_self *self = &mg_self;
    if (!account->heap)
        return; /* the overhead: there are no blocks in it */
    mg_enter(self);
    if (mg_lanes_bind(self, account, account->id))
        self->task_thread = true;
    mg_leave(self);
}

void mg_unbind(void)
{
    struct mg_self *self = &mg_self;
    mg_enter(self);
    if (self->state == MG_THREAD_ATTACHED)
        mg_lanes_unbind(self, false);
    mg_leave(self);
}

unsigned mg_library_entered(unsigned library)
{
    unsigned before = mg_self.library;
    mg_self.library = library;
    return before;
}

void mg_library_left(unsigned before)
{
    mg_self.library = before;
}

unsigned mg_behalf_begins(unsigned library)
{
    struct mg_self *self = &mg_self;
    unsigned before = self->behalf;
    if (library != MG_LIBRARY_LIBC) /* calls of its own are for whom it already works */
        self->behalf = library;
    return before;
}

void mg_behalf_ends(unsigned before)
{
    mg_self.behalf = before;
}

struct mg_account *mg_account_wants_boundary(void)
{
    const struct mg_self *self = &mg_self;
    if (MG_LIKELY(!self->task_thread || !MG_LOAD(self->account->holder->attention)))
        return NULL;
    return self->account->holder;
}

const char *mg_account_culprit(struct mg_account *account)
{
    return mg_libraries[MG_LOAD(account->culprit)].name;
}
