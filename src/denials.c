#include "denials.h"

#include "executor.h"
#include "granting.h"
#include "hazards.h"
#include "injection.h"
#include "say.h"
#include "self.h"
#include "settings.h"

enum mg_fate mg_denial_fate(const struct mg_account *account, struct mg_library *library)
{
    if (library->role == MG_ROLE_SYSTEM || (mg_grants.by_couriers && account == mg_accounts_root))
        return MG_FATE_OVERDRAFT;
    enum mg_fate fate = library->fate           ? library->fate
                        : mg_settings.on_denial ? mg_settings.on_denial
                                                : MG_FATE_STOP;
    /* Where Spark grants, a task is told by an error that Spark knows, and not by the JDK's, which ends its executor. */
    if (library->java && fate != MG_FATE_OVERDRAFT)
        return mg_grants.by_couriers ? MG_FATE_STOP : MG_FATE_FAIL;
    if (fate != MG_FATE_STOP || mg_grants.by_couriers)
        return fate;
    if (!mg_libraries_jvm_here())
        return MG_FATE_FAIL;
    if (!atomic_exchange_explicit(&library->said_so, true, memory_order_relaxed))
        mg_say(
            "%s is beyond its limit; stopping a task needs Spark's plugin, so it is only counted (on-denial=fail denies)",
            library->name);
    return MG_FATE_OVERDRAFT;
}

int64_t mg_denial_count(struct mg_account *account, struct mg_library *library)
{
    MG_ADD(account->denials, 1);
    MG_ADD(library->denials, 1);
    return 0;
}

bool mg_denial_spared(int64_t over, int64_t limit, int64_t bytes)
{
    if (mg_self.asked == MG_ASKED_JAVA)
        return false;
    bool in_jvm = mg_libraries_jvm_here();
    bool within = over <= mg_settings.overdraft_cap && (in_jvm || over <= limit / 8);
    if ((within || mg_grants.by_couriers) && mg_hazards_minor(&mg_self, bytes, in_jvm))
        return true;
    return (within || in_jvm) && mg_hazards_fatal(&mg_self, in_jvm);
}

/* Where there is no room, nobody is to think that he knows them all. */
static void keep_refuser(struct mg_account *holder, uint64_t id)
{
    for (int i = 0; i < MG_REFUSERS; i++) {
        uint64_t kept = 0;
        if (atomic_compare_exchange_strong_explicit(&holder->refusers[i], &kept, id, memory_order_relaxed,
                                                    memory_order_relaxed) ||
            kept == id)
            return;
    }
    MG_STORE(holder->refusers[MG_REFUSERS - 1], UINT64_MAX);
}

bool mg_denial_by_limit(struct mg_account *refuser, unsigned slot, int64_t limit, int64_t over, int64_t bytes)
{
    struct mg_library *library = &mg_libraries[slot];
    struct mg_account *holder = refuser->holder;
    enum mg_fate fate = mg_denial_fate(refuser, library);
    MG_STORE(holder->refuser, refuser->id);
    if (fate == MG_FATE_STOP && holder->parent) {
        /* Once until it is thrown, where the holder counts it. */
        if (!MG_LOAD(holder->injected))
            MG_ADD(refuser->denials, 1);
        keep_refuser(holder, refuser->id);
        mg_injection_mark(holder, slot);
        return false;
    }
    bool fails = fate == MG_FATE_FAIL;
    if (fails && mg_denial_spared(over, limit, bytes))
        return false;
    if (holder != refuser)
        MG_ADD(holder->denials, 1);
    mg_denial_count(refuser, library);
    return fails;
}

bool mg_grants_within_library(struct mg_account *account, unsigned slot, int64_t bytes)
{
    struct mg_library *library = &mg_libraries[slot];
    int64_t used = MG_ADD(library->used, bytes) + bytes;
    if (used > library->limit && mg_account_is_enforced(account)) {
        mg_denial_count(account, library);
        if (mg_denial_fate(account->holder, library) == MG_FATE_FAIL &&
            !mg_denial_spared(used - library->limit, library->limit, bytes)) {
            MG_ADD(library->used, -bytes);
            return false;
        }
    }
    mg_library_raise(slot, used);
    return true;
}

/* What an executor has not granted yet, it may grant. */
static int64_t most_granted(const struct mg_account *holder)
{
    int64_t own = mg_settings.limit >= 0 ? mg_settings.limit : INT64_MAX;
    return mg_executor_is_joined() ? own : MG_LOAD(holder->granted);
}

bool mg_grants_could_cover(struct mg_account *account, unsigned slot, int64_t bytes)
{
    struct mg_library *library = &mg_libraries[slot];
    int64_t limit = most_granted(account->holder);
    for (const struct mg_account *a = account; a != a->holder; a = a->parent)
        if (a->limit >= 0 && a->limit < limit)
            limit = a->limit;
    if (library->limit >= 0 && library->limit < limit)
        limit = library->limit;
    if (!mg_account_is_enforced(account) || bytes <= limit ||
        mg_denial_fate(account->holder, library) != MG_FATE_FAIL ||
        mg_denial_spared(bytes - limit, limit, bytes))
        return true;
    mg_denial_count(account, library);
    return false;
}

bool mg_grants_injected(struct mg_account *account, unsigned library, int64_t bytes)
{
    if (!mg_injection_hits(&mg_self))
        return false;
    account = account->holder;
    enum mg_fate fate = mg_denial_fate(account, &mg_libraries[library]);
    bool fails = fate == MG_FATE_FAIL;
    if ((fails && mg_settings.deny_spares && mg_denial_spared(0, 0, bytes)) || !mg_injection_takes())
        return false;
    if (fate == MG_FATE_STOP)
        mg_injection_mark(account, library);
    else
        mg_denial_count(account, &mg_libraries[library]);
    return fails;
}
