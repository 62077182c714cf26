#include "executor.h"

#include "granting.h"
#include "memgrant.h"
#include "self.h"
#include "settings.h"
#include "socket.h"

#include <endian.h>

/* What is asked for beyond what is missing: an eighth of it, within these. */
#define LEAST_MORE (256 << 10)
#define MOST_MORE (8 << 20)
/* What stays granted and unused when there is more than twice as much of it. */
#define KEPT (4 << 20)

_Atomic(bool) mg_executor_joined;

/* All but what is atomic under the lock; it is held while somebody waits for an answer. */
static struct {
    struct mg_lock lock;
    struct mg_socket socket;
    int64_t own; /* what the process had before */
    /* As they were before, and will be again. */
    int64_t granted;
    bool enforcing, saved;
} executor;

struct message {
    uint64_t need, want;
};

static struct message message_of(int64_t need, int64_t want)
{
    return (struct message){ htobe64((uint64_t)need), htobe64((uint64_t)want) };
}

/* ---- Joining and leaving ---- */

/* Under the lock. Whoever sees that it has been left sees as much granted as before: he does not take it for a denial. */
static void leave(void)
{
    if (!executor.saved)
        return;
    MG_STORE(mg_accounts_root->granted, executor.granted);
    MG_STORE(mg_grants.enforcing, executor.enforcing);
    atomic_store_explicit(&mg_executor_joined, false, memory_order_release);
    executor.saved = false;
    mg_socket_close(&executor.socket);
}

static void join(int file)
{
    struct mg_account *root = mg_accounts_root;
    if (!mg_socket_take(&executor.socket, file))
        return;
    mg_accounts_collect(root);
    executor.enforcing = MG_LOAD(mg_grants.enforcing);
    executor.granted = MG_LOAD(root->granted);
    executor.saved = true;
    executor.own = MG_LOAD(root->taken);
    MG_STORE(mg_executor_joined, true); /* first: who finds too little asks */
    atomic_thread_fence(memory_order_seq_cst);
    MG_STORE(root->granted, executor.own);
    MG_STORE(mg_grants.enforcing, true);
}

bool mg_executor_join(int file)
{
    struct mg_self *self = &mg_self;
    if (!mg_active || mg_grants.by_couriers || MG_LOAD(self->inside))
        return false;
    mg_enter(self);
    mg_lock(&executor.lock);
    leave();
    join(file);
    bool joined = MG_LOAD(mg_executor_joined);
    mg_unlock(&executor.lock);
    mg_leave(self);
    return joined;
}

void mg_executor_leave(void)
{
    struct mg_self *self = &mg_self;
    if (!mg_active || MG_LOAD(self->inside))
        return;
    mg_enter(self);
    mg_lock(&executor.lock);
    leave();
    mg_unlock(&executor.lock);
    mg_leave(self);
}

/* Another thread may have been waiting for an answer, or was just joining or leaving. */
void mg_executor_after_fork_in_child(void)
{
    executor.lock = (struct mg_lock){ 0 };
    leave();
}

/* ---- Asking ---- */

/* The process may have a limit of its own: what is left of it. */
static int64_t most_more(int64_t lacks)
{
    int64_t more = lacks / 8 < LEAST_MORE ? LEAST_MORE : lacks / 8 < MOST_MORE ? lacks / 8 : MOST_MORE;
    int64_t left = mg_settings.limit - MG_LOAD(mg_accounts_root->granted) - lacks;
    return mg_settings.limit >= 0 && left < more ? left : more;
}

/* Under the lock. What is lacking now: whoever had it before may have freed meanwhile. */
static bool ask(int64_t need)
{
    if (need >= MG_MOST_BYTES)
        return false;
    int64_t lacks = MG_LOAD(mg_accounts_root->taken) + need - MG_LOAD(mg_accounts_root->granted);
    if (lacks <= 0)
        return true;
    int64_t more = most_more(lacks);
    if (lacks > MG_MOST_BYTES || more < 0)
        return false;
    struct message message = message_of(lacks, lacks + more);
    uint64_t answer;
    MG_ADD(mg_grants.requests, 1);
    int64_t begun = mg_os_now_ns();
    bool answered = mg_socket_send(&executor.socket, &message, sizeof message, true) &&
                    mg_socket_receive(&executor.socket, &answer, sizeof answer);
    int64_t granted = answered ? (int64_t)be64toh(answer) : -1;
    if (granted && (granted < lacks || granted > lacks + more)) {
        leave(); /* its task is over, or it is no executor */
        return true;
    }
    MG_ADD(mg_grants.crossings, 1);
    MG_ADD(mg_grants.bytes_acquired, granted);
    mg_accounts_raise(&mg_grants.wait_ns_max, mg_os_now_ns() - begun);
    MG_ADD(mg_accounts_root->granted, granted);
    return granted > 0;
}

bool mg_executor_ask(int64_t need)
{
    mg_lock(&executor.lock);
    bool again = !MG_LOAD(mg_executor_joined) || ask(need); /* others may have found that nobody is there */
    mg_unlock(&executor.lock);
    return again;
}

/* Under the lock. What the process had before it joined is not the executor's to get. */
static void give_back(int64_t unused)
{
    struct mg_account *root = mg_accounts_root;
    int64_t theirs = MG_LOAD(root->granted) - executor.own;
    int64_t back = unused - KEPT < theirs ? unused - KEPT : theirs;
    back = back > 0 ? mg_take_back(root, back) : 0;
    if (back <= 0)
        return;
    struct message message = message_of(0, back);
    if (!mg_socket_send(&executor.socket, &message, sizeof message, false))
        leave();
}

void mg_executor_give_back(void)
{
    int64_t unused = MG_LOAD(mg_accounts_root->granted) - MG_LOAD(mg_accounts_root->taken);
    if (unused <= 2 * KEPT || !mg_try_lock(&executor.lock))
        return;
    if (MG_LOAD(mg_executor_joined))
        give_back(unused);
    mg_unlock(&executor.lock);
}
