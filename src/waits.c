#include "waits.h"

#include "hazards.h"
#include "os.h"
#include "settings.h"

/* Memory that comes free in Spark's pool rings no bell here: it is asked for again after so long. */
#define LOOK_NS 50000000

int64_t mg_wait_begins(struct mg_account *account, int64_t bytes)
{
    int64_t now = mg_os_now_ns();
    int64_t nobody = 0;
    MG_ADD(account->wait.bytes, bytes);
    atomic_compare_exchange_strong_explicit(&account->wait.since_ns, &nobody, now, memory_order_relaxed,
                                            memory_order_relaxed);
    return now;
}

void mg_wait_ends(struct mg_account *account, int64_t bytes, int64_t begun_ns)
{
    MG_ADD(account->wait.waited_ns, mg_os_now_ns() - begun_ns);
    if (MG_ADD(account->wait.bytes, -bytes) == bytes)
        MG_STORE(account->wait.since_ns, 0);
}

int64_t mg_waiting_ns(const struct mg_account *account)
{
    int64_t since = MG_LOAD(account->wait.since_ns);
    return since ? mg_os_now_ns() - since : 0;
}

void mg_wait_news(struct mg_account *account)
{
    if (MG_LIKELY(!mg_settings.malloc_wait_ms))
        return;
    atomic_fetch_add_explicit(&account->wait.news, 1, memory_order_release);
    mg_os_wake(&account->wait.news, 1000);
}

void mg_wait_no_more(struct mg_account *account)
{
    MG_STORE(account->wait.over, true);
    mg_wait_news(account);
}

bool mg_wait_may(const struct mg_self *self, int64_t bytes)
{
    return MG_UNLIKELY(mg_settings.malloc_wait_ms) && bytes >= mg_settings.malloc_wait_smallest &&
           self->home && !self->task_thread && !self->library && self->asked != MG_ASKED_MAPPING &&
           self->account->holder->parent && !mg_hazards_in_linker();
}

bool mg_wait_turn(struct mg_account *account, uint32_t *news, int64_t begun_ns)
{
    int64_t left = begun_ns + mg_settings.malloc_wait_ms * 1000000 - mg_os_now_ns();
    if (left <= 0 || MG_LOAD(account->wait.over) || MG_LOAD(account->stopped))
        return false;
    mg_os_wait_briefly(&account->wait.news, *news, left < LOOK_NS ? left : LOOK_NS);
    *news = atomic_load_explicit(&account->wait.news, memory_order_acquire);
    return true;
}
