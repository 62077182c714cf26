#include "declared.h"

#include "grants.h"
#include "headroom.h"
#include "libraries.h"
#include "memgrant.h"
#include "self.h"

int64_t mg_declared_measured(const struct mg_book books[MG_LIBRARIES])
{
    int64_t bytes = 0;
    for (unsigned i = 0; i < mg_library_count(); i++)
        if (mg_libraries[i].charges_itself)
            bytes += books[i].charged - books[i].refunded;
    return bytes;
}

void mg_cover(struct mg_account *account, int64_t declared, int64_t covered, int64_t by_answer)
{
    MG_STORE(account->declared, declared);
    mg_accounts_raise(&account->declared_peak, declared);
    int64_t before = atomic_exchange_explicit(&account->covered, covered, memory_order_relaxed);
    MG_ADD(account->granted, covered - before - by_answer);
    if (covered > before)
        mg_headroom_repay(account);
    if (covered >= before || !MG_LOAD(mg_grants.enforcing))
        return;
    /* What they use and have not declared any more is asked for. */
    atomic_thread_fence(memory_order_seq_cst);
    mg_accounts_raise(&account->overdraft_peak,
                      MG_LOAD(account->taken) - MG_LOAD(account->granted) + MG_LOAD(account->lent));
    mg_enter(&mg_self);
    mg_grants_ask_in_time(account);
    mg_leave(&mg_self);
}
