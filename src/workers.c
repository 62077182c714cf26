#include "workers.h"

#include "accounts.h"
#include "denials.h"
#include "headroom.h"
#include "lanes.h"
#include "libraries.h"
#include "memgrant.h"
#include "os.h"
#include "self.h"

#include <string.h>

/* Under the books' lock. */
static struct {
    char *at;
    size_t length;
} said;

void mg_workers_say(const char *json)
{
    size_t length = strlen(json);
    char *copy = mg_os_allocate(length + 1);
    if (!copy)
        return;
    memcpy(copy, json, length + 1);
    mg_enter(&mg_self);
    mg_lock(&mg_books_lock);
    char *before = said.at;
    size_t before_length = said.length;
    said.at = copy;
    said.length = length;
    mg_unlock(&mg_books_lock);
    mg_leave(&mg_self);
    if (before)
        mg_os_release(before, before_length + 1);
}

/* ---- Charged to accounts: no block of ours, nor of a heap's ---- */

static struct mg_account *open_one(int64_t handle)
{
    struct mg_account *account = mg_accounts_of(handle);
    return account && account->heap && MG_LOAD(account->state) == MG_ACCOUNT_OPEN ? account : NULL;
}

/* What its own threads hold and don't use. */
static int64_t unused_credit(const struct mg_account *account)
{
    int64_t bytes = 0;
    for (const struct mg_lane *lane = account->first_lane; lane; lane = lane->next)
        bytes += MG_LOAD(lane->credit);
    return bytes;
}

static void take(struct mg_account *account, int64_t bytes)
{
    struct mg_book *book = &account->books[MG_LIBRARY_WORKERS];
    if (bytes > 0)
        book->charged += bytes;
    else
        book->refunded -= bytes;
    /* Whoever measures what heaps keep in between may miss some of it, and finds no more than there is. */
    MG_ADD(mg_accounts_elsewhere, bytes < 0 ? bytes : 0);
    mg_accounts_move_taken(account, bytes);
    MG_ADD(mg_accounts_elsewhere, bytes > 0 ? bytes : 0);
    mg_accounts_note_peak_locked(account, unused_credit(account));
    mg_library_raise(MG_LIBRARY_WORKERS, MG_ADD(mg_libraries[MG_LIBRARY_WORKERS].used, bytes) + bytes);
    if (bytes > 0 && mg_account_is_enforced(account))
        mg_accounts_raise(&account->overdraft_peak, MG_LOAD(account->taken) - MG_LOAD(account->granted));
}

bool mg_workers_ask(int64_t handle, int64_t bytes)
{
    mg_enter(&mg_self);
    mg_lock(&mg_books_lock);
    struct mg_account *account = open_one(handle);
    if (account)
        MG_ADD(account->workers_ahead, bytes);
    mg_unlock(&mg_books_lock);
    mg_leave(&mg_self);
    return account;
}

bool mg_workers_charge(int64_t handle, int64_t bytes, int64_t asked)
{
    mg_enter(&mg_self);
    mg_lock(&mg_books_lock);
    struct mg_account *account = open_one(handle);
    if (account) {
        take(account, bytes);
        MG_ADD(account->workers_ahead, -asked);
    }
    mg_unlock(&mg_books_lock);
    mg_leave(&mg_self);
    return account;
}

int64_t mg_workers_lack(int64_t handle)
{
    mg_enter(&mg_self);
    mg_lock(&mg_books_lock);
    struct mg_account *account = open_one(handle);
    mg_unlock(&mg_books_lock);
    mg_leave(&mg_self);
    return account ? mg_lacking(account, MG_LOAD(account->workers_ahead)) : 0;
}

void mg_workers_deny(int64_t handle)
{
    mg_enter(&mg_self);
    mg_lock(&mg_books_lock);
    struct mg_account *account = open_one(handle);
    if (account)
        mg_denial_count(account, &mg_libraries[MG_LIBRARY_WORKERS]);
    mg_unlock(&mg_books_lock);
    mg_leave(&mg_self);
}

void mg_workers_seen(int64_t resident)
{
    MG_STORE(mg_headroom_elsewhere, resident);
}

void mg_workers_settle(struct mg_account *account)
{
    int64_t left = mg_book_used(&account->books[MG_LIBRARY_WORKERS]);
    if (left)
        take(account, -left);
}

/* ---- Told ---- */

void mg_workers_add(struct mg_text *text)
{
    if (!said.at)
        return;
    mg_text_add(text, ",\"workers\":");
    mg_text_add_whole(text, said.at, said.length);
}

void mg_workers_after_fork_in_child(void)
{
    said.at = NULL;
}
