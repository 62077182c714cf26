#include "requests.h"

#include "closing.h"
#include "denials.h"
#include "headroom.h"
#include "libraries.h"
#include "mappings.h"
#include "memgrant.h"
#include "os.h"
#include "recall.h"
#include "self.h"
#include "settings.h"
#include "waits.h"

/* A refused account asks again this much later at the earliest: memory that came free meanwhile is worth a try. */
#define ASK_AGAIN_NS 10000000
#define OVERHEAD_BATCH (1 << 20) /* it is measured now and then: it need not be there before it is needed */

static bool may_ask(const struct mg_account *account)
{
    if (!mg_grants.by_couriers || MG_LOAD(account->stopped) || MG_LOAD(account->answering))
        return false;
    return !MG_LOAD(account->refused) || mg_os_now_ns() - MG_LOAD(account->refused_ns) > ASK_AGAIN_NS;
}

void mg_requests_ask(struct mg_account *account, int64_t bytes)
{
    if (!may_ask(account))
        return;
    int64_t before = MG_LOAD(account->wanted);
    while (before < bytes &&
           !atomic_compare_exchange_weak_explicit(&account->wanted, &before, bytes, memory_order_relaxed,
                                                  memory_order_relaxed))
        ;
    if (before)
        return; /* it is posted already, and grew at most */
    MG_ADD(mg_grants.requests, 1);
    atomic_fetch_add_explicit(&account->doorbell, 1, memory_order_release);
    mg_os_wake(&account->doorbell, 1);
}

void mg_grants_ask_in_time(struct mg_account *account)
{
    int64_t unused = MG_LOAD(account->granted) - MG_LOAD(account->taken);
    if (unused < mg_settings.grant_batch / 2)
        mg_requests_ask(account, mg_settings.grant_batch - unused + MG_LOAD(account->lent));
}

void mg_grants_mind_overhead(bool waits)
{
    mg_overhead_measure(mg_grants_budget(), waits);
    struct mg_account *account = mg_overhead_account;
    int64_t missing = account && MG_LOAD(mg_grants.enforcing) ? mg_requests_over(account) : 0;
    if (missing)
        mg_requests_ask(account, missing + OVERHEAD_BATCH);
}

void mg_grants_mind_overhead_now_and_then(void)
{
    if (mg_overhead_due(mg_grants_budget()) || mg_overhead_is_old())
        mg_grants_mind_overhead(false);
}

int64_t mg_await_request(struct mg_account *account)
{
    for (;;) {
        uint32_t bell = atomic_load_explicit(&account->doorbell, memory_order_acquire);
        if (MG_LOAD(account->stopped))
            return -1;
        int64_t wanted = MG_LOAD(account->wanted);
        if (wanted > 0) {
            MG_STORE(account->answering, true);
            return wanted;
        }
        mg_os_wait(&account->doorbell, bell);
    }
}

/* Lowers the flag, if it is up, unless the account is or comes to be beyond what is granted and tolerated. */
static void lower_flag(struct mg_account *account)
{
    if (!atomic_exchange_explicit(&account->attention, false, memory_order_relaxed))
        return;
    mg_requests_between();
    if (mg_requests_over(account) > MG_LOAD(account->tolerated) || MG_LOAD(account->injected))
        MG_STORE(account->attention, true);
}

/* The account has what it used: nothing is wrong any more. */
static void calm(struct mg_account *account)
{
    if (!mg_requests_over(account))
        lower_flag(account);
}

static void add_grant(struct mg_account *account, int64_t bytes)
{
    MG_ADD(mg_grants.crossings, 1);
    MG_ADD(mg_grants.bytes_acquired, bytes);
    MG_ADD(account->granted, bytes);
    mg_headroom_repay(account);
    calm(account);
}

static void refuse(struct mg_account *account)
{
    MG_STORE(account->refused_ns, mg_os_now_ns());
    MG_STORE(account->refused, true);
    mg_requests_between();
    mg_accounts_raise(&account->unmet, mg_requests_over(account));
}

static void satisfy(struct mg_account *account)
{
    if (mg_requests_over(account))
        return;
    MG_STORE(account->refused, false);
    MG_STORE(account->unmet, 0);
}

void mg_answer(struct mg_account *account, int64_t asked, int64_t granted, int64_t wait_ns)
{
    mg_enter(&mg_self);
    mg_mappings_measure(); /* now and then, off every hot path */
    mg_grants_mind_overhead_now_and_then();
    mg_leave(&mg_self);
    add_grant(account, granted);
    mg_accounts_raise(&mg_grants.wait_ns_max, wait_ns);
    /* Less than asked is a no only to what is missing: an overdraft that it covers was met. */
    if (granted < asked)
        refuse(account);
    else
        satisfy(account);
    MG_STORE(account->wanted, 0);
    MG_STORE(account->answering, false);
    mg_wait_news(account);
}

void mg_grant(struct mg_account *account, int64_t bytes)
{
    add_grant(account, bytes);
    if (bytes)
        satisfy(account);
    mg_wait_news(account);
}

bool mg_lend(struct mg_account *account, int64_t bytes)
{
    /* Who has not taken it yet is not known as the culprit, but must be where it is called in. */
    unsigned culprit = MG_LOAD(account->ahead) ? MG_LOAD(account->ahead_for) : 0;
    bool lent = bytes <= 0 || mg_headroom_lend(account, culprit, bytes, 0); /* nothing is always there */
    calm(account);
    return lent;
}

/* Of the root, what accounts have that are closing is its own. */
static void pay_for_closing(const struct mg_account *account)
{
    if (account->parent || !mg_grants.by_couriers)
        return;
    mg_enter(&mg_self);
    mg_lock(&mg_books_lock);
    mg_accounts_pay_for_closing();
    mg_unlock(&mg_books_lock);
    mg_leave(&mg_self);
}

int64_t mg_unmet(const struct mg_account *account)
{
    int64_t unused = MG_LOAD(account->granted) - MG_LOAD(account->taken);
    int64_t missing = MG_LOAD(account->unmet) - (unused > 0 ? unused : 0);
    return missing > 0 ? missing : 0;
}

int64_t mg_take_back(struct mg_account *account, int64_t bytes)
{
    pay_for_closing(account);
    mg_headroom_repay(account); /* first: that is not Spark's */
    if (MG_LOAD(account->granted) - MG_LOAD(account->taken) < bytes) {
        mg_enter(&mg_self);
        mg_recall_credit(account, false);
        mg_leave(&mg_self);
    }
    int64_t granted = MG_LOAD(account->granted);
    int64_t back;
    do {
        int64_t unused = granted - mg_accounts_needs(account);
        back = unused < bytes ? unused : bytes;
        if (back <= 0)
            return 0;
    } while (!atomic_compare_exchange_weak_explicit(&account->granted, &granted, granted - back,
                                                    memory_order_relaxed, memory_order_relaxed));
    /* A charge may have taken them after we looked: then they stay. If we don't see it yet, it sees that they are gone. */
    mg_requests_between();
    int64_t missing = MG_LOAD(account->taken) - (granted - back);
    int64_t kept = missing < 0 ? 0 : missing < back ? missing : back;
    MG_ADD(account->granted, kept);
    MG_ADD(mg_grants.bytes_released, back - kept);
    return back - kept;
}

int64_t mg_overdraft(struct mg_account *account)
{
    return mg_lacking(account, MG_LOAD(account->ahead));
}

int64_t mg_lacking(struct mg_account *account, int64_t ahead)
{
    pay_for_closing(account);
    if (!ahead && !mg_requests_over(account))
        return 0;
    mg_enter(&mg_self);
    mg_accounts_collect(account);
    mg_recall_credit(account, false);
    mg_leave(&mg_self);
    int64_t missing = MG_LOAD(account->taken) + ahead - MG_LOAD(account->granted);
    return missing > 0 ? missing : 0;
}

void mg_tolerate(struct mg_account *account, int64_t further_bytes)
{
    int64_t until;
    if (__builtin_add_overflow(mg_requests_over(account), further_bytes, &until))
        until = INT64_MAX;
    MG_STORE(account->tolerated, until);
    lower_flag(account);
}

void mg_deny(struct mg_account *account)
{
    refuse(account);
    unsigned culprit = MG_LOAD(account->culprit);
    if (!culprit && MG_LOAD(account->ahead)) /* nobody has taken it yet */
        culprit = MG_LOAD(account->ahead_for);
    mg_denial_count(account, &mg_libraries[culprit]);
}

void mg_enforce(bool enforce)
{
    if (mg_grants.by_couriers)
        MG_STORE(mg_grants.enforcing, enforce);
}

void mg_observe(struct mg_account *account)
{
    MG_STORE(account->observed, true);
}

void mg_stop_requests(struct mg_account *account)
{
    MG_STORE(account->stopped, true);
    mg_wait_news(account);
    atomic_fetch_add_explicit(&account->doorbell, 1, memory_order_release);
    mg_os_wake(&account->doorbell, 1000);
}
