#include "injection.h"

#include "hazards.h"
#include "memgrant.h"

static _Atomic(int64_t) charges, denials;

/* SplitMix64: from one seed the same charges, whoever makes them. */
static uint64_t scatter(uint64_t number)
{
    number *= 0x9e3779b97f4a7c15u;
    number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9u;
    number = (number ^ number >> 27) * 0x94d049bb133111ebu;
    return number ^ number >> 31;
}

static bool concerns(const struct mg_self *self)
{
    static const enum mg_asked asked[] = { [MG_ROUTE_MALLOC] = MG_ASKED_BLOCK,
                                           [MG_ROUTE_NEW] = MG_ASKED_THROWING,
                                           [MG_ROUTE_MMAP] = MG_ASKED_MAPPING };
    if (mg_settings.deny_threads != MG_THREADS_ANY &&
        self->task_thread != (mg_settings.deny_threads == MG_THREADS_TASK))
        return false;
    return mg_settings.deny_route == MG_ROUTE_ANY || self->asked == asked[mg_settings.deny_route];
}

bool mg_injection_hits(const struct mg_self *self)
{
    if (!concerns(self))
        return false;
    int64_t number = MG_ADD(charges, 1) + 1;
    if (number == mg_settings.deny_nth)
        return true;
    return mg_settings.deny_random &&
           scatter((uint64_t)(mg_settings.deny_seed + number)) % (uint64_t)mg_settings.deny_random == 0;
}

bool mg_injection_takes(void)
{
    int64_t before = MG_LOAD(denials);
    do {
        if (mg_settings.deny_most && before >= mg_settings.deny_most)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&denials, &before, before + 1, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}

/* As in grants.c: what lowers the flag sees the mark, or it was lowered before. */
void mg_injection_mark(struct mg_account *account, unsigned library)
{
    MG_STORE(account->injected, true);
    atomic_thread_fence(memory_order_seq_cst);
    if (!MG_LOAD(account->culprit))
        MG_STORE(account->culprit, library);
    MG_STORE(account->attention, true);
}

bool mg_take_injected(struct mg_account *account)
{
    return atomic_exchange_explicit(&account->injected, false, memory_order_relaxed);
}

int64_t mg_injection_denials(void)
{
    return MG_LOAD(denials);
}
