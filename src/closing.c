#include "closing.h"

#include "closed.h"
#include "libraries.h"

#include <string.h>

bool mg_accounts_close(struct mg_account *account)
{
    MG_STORE(account->state, MG_ACCOUNT_CLOSING);
    return account->lanes == 0;
}

static void pay_for(struct mg_account *account)
{
    int64_t due = MG_LOAD(account->taken) - MG_LOAD(account->granted);
    MG_ADD(account->granted, due);
    MG_ADD(account->parent->granted, -due);
}

void mg_accounts_pay_for_closing(void)
{
    for (unsigned i = 0; i < mg_accounts_slots(); i++) {
        struct mg_account *account = mg_accounts_slot(i);
        if (account->listed && MG_LOAD(account->state) == MG_ACCOUNT_CLOSING)
            pay_for(account);
    }
}

/* The pair's blocks that are still alive go to the parent: a refund here, a charge there. */
static void hand_over(struct mg_account *account, struct mg_heap *heap, unsigned tag)
{
    struct mg_pair *pair = &heap->pairs[tag];
    struct mg_book *book = &account->books[pair->library];
    /* Strangers go on freeing: what they did up to these two readings is this account's, all else the parent's. */
    int64_t refunded = MG_LOAD(pair->refunded);
    int64_t frees = MG_LOAD(pair->frees);
    mg_accounts_collect_pair_to(pair, refunded);
    book->refunded += refunded - pair->refunded_before;
    book->frees += frees - pair->frees_before;
    pair->refunded_before = refunded;
    pair->frees_before = frees;
    int64_t bytes = book->charged - book->refunded;
    int64_t blocks = book->allocations - book->frees;
    MG_INVARIANT(bytes >= 0 && blocks >= 0);
    if (!bytes && !blocks && !MG_LOAD(pair->mappings))
        return; /* the tag stays the library's, for the next account */
    book->refunded += bytes;
    book->frees += blocks;
    struct mg_account *parent = account->parent;
    parent->books[pair->library].charged += bytes;
    parent->books[pair->library].allocations += blocks;
    MG_ADD(mg_libraries[pair->library].transferred, bytes);
    MG_ADD(mg_libraries[pair->library].transferred_count, blocks);
    mg_accounts_move_taken(account, -bytes);
    mg_accounts_move_taken(parent, bytes);
    pair->survives = true;
    pair->survivors = bytes;
    pair->survivor_count = blocks;
    MG_STORE(heap->tag_of[pair->library], 0);
    MG_STORE(pair->account, parent);
}

/* For the report, and in the sums of those above. */
static void keep(const struct mg_account *account)
{
    struct mg_closed *closed = mg_closed_new();
    memcpy(closed->name, account->name, sizeof closed->name);
    closed->id = account->id;
    closed->parent = account->parent->id;
    closed->limit = account->limit;
    closed->peak = MG_LOAD(account->peak);
    closed->denials = MG_LOAD(account->denials);
    closed->overdraft_peak = MG_LOAD(account->overdraft_peak);
    closed->lent_peak = MG_LOAD(account->lent_peak);
    closed->declared_peak = MG_LOAD(account->declared_peak);
    closed->waited_ns = MG_LOAD(account->wait.waited_ns);
    for (unsigned library = 0; library < MG_LIBRARIES; library++) {
        closed->books[library] = account->books[library];
        mg_book_add(&closed->sum, &account->books[library]);
        mg_book_add(&account->parent->descendants[library], &account->books[library]);
    }
}

struct mg_heap *mg_accounts_finish(struct mg_account *account)
{
    struct mg_heap *heap = account->heap;
    mg_accounts_release_empty(heap);
    for (unsigned library = 0; library < MG_LIBRARIES; library++) {
        unsigned tag = MG_LOAD(heap->tag_of[library]);
        if (tag)
            hand_over(account, heap, tag);
    }
    heap->full = mg_heap_is_full(heap);
    /* I3: whatever is taken now is credit that a lane lost, or a refund that was never charged. */
    MG_INVARIANT(MG_LOAD(account->taken) == 0);
    pay_for(account); /* what it was granted is its parent's again */
    keep(account);
    MG_STORE(account->state, MG_ACCOUNT_CLOSED);
    account->listed = false;
    return heap;
}
