#include "closing.h"

#include "closed.h"
#include "fair.h"
#include "granting.h"
#include "libraries.h"
#include "path.h"

#include <string.h>

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
        if (account->listed && account->holder == account && MG_LOAD(account->state) == MG_ACCOUNT_CLOSING)
            pay_for(account);
    }
}

static struct mg_account *heir_of(const struct mg_account *account)
{
    return account->heir ? account->heir : account->parent;
}

void mg_accounts_hand_over(struct mg_account *account, struct mg_account *heir, unsigned library,
                           int64_t bytes, int64_t blocks)
{
    account->books[library].refunded += bytes;
    account->books[library].frees += blocks;
    heir->books[library].charged += bytes;
    heir->books[library].allocations += blocks;
    MG_ADD(mg_libraries[library].transferred, bytes);
    MG_ADD(mg_libraries[library].transferred_count, blocks);
    mg_path_hand_over(account, heir, bytes);
}

static void transfer(struct mg_account *account, const struct mg_pair *pair, int64_t bytes, int64_t blocks)
{
    mg_accounts_hand_over(account, heir_of(account), pair->library, bytes, blocks);
}

struct freed {
    int64_t bytes, blocks;
};

/* What strangers freed since the account has the pair is the account's refund. They go on: all that comes after these two readings is
 * the heir's. */
static struct freed take_in_strangers(struct mg_account *account, struct mg_pair *pair)
{
    int64_t refunded = MG_LOAD(pair->refunded);
    int64_t frees = MG_LOAD(pair->frees);
    mg_accounts_collect_pair_to(pair, refunded);
    struct freed freed = { refunded - pair->refunded_before, frees - pair->frees_before };
    account->books[pair->library].refunded += freed.bytes;
    account->books[pair->library].frees += freed.blocks;
    pair->refunded_before = refunded;
    pair->frees_before = frees;
    return freed;
}

/* The pair's blocks that are still alive go to the heir. */
static void hand_over(struct mg_account *account, struct mg_heap *heap, unsigned tag)
{
    struct mg_pair *pair = &heap->pairs[tag];
    const struct mg_book *book = &account->books[pair->library];
    take_in_strangers(account, pair);
    int64_t bytes = book->charged - book->refunded;
    int64_t blocks = book->allocations - book->frees;
    MG_INVARIANT(bytes >= 0 && blocks >= 0);
    if (!bytes && !blocks && !MG_LOAD(pair->mappings))
        return; /* the tag stays the library's, for the next account */
    transfer(account, pair, bytes, blocks);
    pair->survives = true;
    pair->survivors = bytes;
    pair->survivor_count = blocks;
    MG_STORE(heap->tag_of[pair->library], 0);
    MG_STORE(pair->local, NULL);
    MG_STORE(pair->account, heir_of(account));
}

/* What an account was handed before, in a heap that is not its own, goes on to its heir. */
static void pass_on(struct mg_account *account, struct mg_pair *pair)
{
    struct freed freed = take_in_strangers(account, pair);
    pair->survivors -= freed.bytes;
    pair->survivor_count -= freed.blocks;
    transfer(account, pair, pair->survivors, pair->survivor_count);
    MG_STORE(pair->account, heir_of(account));
}

/* Where others were nested in it, what they left is in heaps that serve somebody else now. */
static void pass_on_all(struct mg_account *account)
{
    for (unsigned i = 0; MG_LOAD(account->spread) && i < mg_heap_count(); i++) {
        struct mg_heap *heap = mg_heap_at(i);
        for (unsigned tag = 1; heap && tag < heap->tags_end; tag++)
            if (heap->pairs[tag].in_use && heap->pairs[tag].survives &&
                MG_LOAD(heap->pairs[tag].account) == account)
                pass_on(account, &heap->pairs[tag]);
    }
}

/* For the report, and in the sums of those above. */
static void keep(const struct mg_account *account)
{
    struct mg_closed *closed = mg_closed_new();
    memcpy(closed->name, account->name, sizeof closed->name);
    closed->id = account->id;
    closed->parent = account->parent->id;
    closed->nested = account->depth > 1;
    closed->limit = account->limit;
    closed->peak = MG_LOAD(account->peak);
    closed->denials = MG_LOAD(account->denials);
    closed->overdraft_peak = MG_LOAD(account->overdraft_peak);
    closed->lent_peak = MG_LOAD(account->lent_peak);
    closed->declared_peak = MG_LOAD(account->declared_peak);
    closed->waited_ns = MG_LOAD(account->wait.waited_ns);
    for (unsigned library = 0; library < MG_LIBRARIES; library++) {
        struct mg_book *all = &closed->books[library];
        *all = account->books[library];
        mg_book_add(all, &account->descendants[library]);
        mg_book_add(&closed->sum, all);
        mg_book_add(&account->parent->descendants[library], all);
    }
}

void mg_accounts_note_inheritance(struct mg_account *heir)
{
    mg_accounts_note_peak_locked(heir, 0);
    for (struct mg_account *a = heir; a != heir->holder; a = a->parent)
        if (a->limit >= 0 && MG_LOAD(mg_grants.enforcing))
            mg_accounts_raise(&a->overdraft_peak, MG_LOAD(a->taken) - a->limit);
    if (MG_LOAD(mg_grants.enforcing))
        mg_accounts_raise(&heir->holder->overdraft_peak,
                          MG_LOAD(heir->holder->taken) - MG_LOAD(heir->holder->granted));
}

/* In a fork's child: what the threads that did not come along had in hand just then, taken of an account and no lane's yet, is nobody's. */
static bool threads_were_lost;

/* What one of them reserved after closing began, or put into the reserve and did not trim, nobody gives back any more either. */
static void let_go_what_was_lost(struct mg_account *account)
{
    mg_path_give_back(account, INT64_MAX);
    mg_path_trim_reserve(account);
    mg_accounts_move_taken(account, -MG_LOAD(account->taken));
}

static struct mg_heap *finish(struct mg_account *account)
{
    struct mg_heap *heap = account->heap;
    mg_accounts_release_empty(heap);
    pass_on_all(account);
    for (unsigned library = 0; library < MG_LIBRARIES; library++) {
        unsigned tag = MG_LOAD(heap->tag_of[library]);
        if (tag)
            hand_over(account, heap, tag);
    }
    heap->full = mg_heap_is_full(heap);
    if (account->heir)
        mg_accounts_note_inheritance(account->heir);
    if (threads_were_lost)
        let_go_what_was_lost(account);
    /* I3: whatever is taken now is credit that a lane lost, or a refund that was never charged. */
    MG_INVARIANT(MG_LOAD(account->taken) == 0);
    if (account == account->holder)
        pay_for(account); /* what it was granted is its parent's again */
    keep(account);
    MG_STORE(account->state, MG_ACCOUNT_CLOSED);
    mg_fair_ends(account);
    mg_accounts_remove(account);
    return heap;
}

static struct mg_heap *join(struct mg_heap *heaps, struct mg_heap *more)
{
    struct mg_heap **end = &heaps;
    while (*end)
        end = &(*end)->next_idle;
    *end = more;
    return heaps;
}

static bool may_end(const struct mg_account *account)
{
    return account->listed && MG_LOAD(account->state) == MG_ACCOUNT_CLOSING && !account->lanes &&
           !account->children && !account->pins && !account->awaited;
}

/* Each waits for what is below it and for those whose heir it is: when one ends, others may be at their end. */
struct mg_heap *mg_accounts_end(struct mg_account *account)
{
    struct mg_heap *heaps = NULL;
    struct mg_account *next = may_end(account) ? account : NULL;
    for (account->next_ending = NULL; next;) {
        account = next;
        next = account->next_ending;
        struct mg_account *parent = account->parent, *heir = account->heir;
        struct mg_heap *heap = finish(account);
        heap->next_idle = heaps;
        heaps = heap;
        if (heir)
            heir->awaited--;
        /* Neither could end before, so neither is in the list. */
        if (may_end(parent)) {
            parent->next_ending = next;
            next = parent;
        }
        if (heir && heir != parent && may_end(heir)) {
            heir->next_ending = next;
            next = heir;
        }
    }
    return heaps;
}

static bool is_below(const struct mg_account *account, const struct mg_account *above)
{
    while (account && account != above)
        account = account->parent;
    return account;
}

/* What is held for it goes back. Whoever reserves more now sees that it closes (mg_account_reserve). */
static void begin_closing(struct mg_account *account)
{
    MG_STORE(account->state, MG_ACCOUNT_CLOSING);
    mg_path_give_back(account, INT64_MAX);
    mg_fair_closes(account);
}

bool mg_accounts_may_inherit(const struct mg_account *heir, const struct mg_account *account)
{
    return heir && heir->heap && MG_LOAD(heir->state) == MG_ACCOUNT_OPEN && !is_below(heir, account);
}

void mg_accounts_bequeath(struct mg_account *account, struct mg_account *heir)
{
    account->heir = heir;
    heir->awaited++;
    MG_STORE(heir->spread, true);
}

struct mg_heap *mg_accounts_after_fork_in_child(bool was_alone)
{
    struct mg_heap *heaps = NULL;
    threads_were_lost = threads_were_lost || !was_alone;
    for (unsigned i = 0; i < mg_accounts_slots(); i++)
        mg_accounts_slot(i)->pins = 0;
    for (unsigned i = 0; i < mg_accounts_slots(); i++)
        heaps = join(heaps, mg_accounts_end(mg_accounts_slot(i)));
    return heaps;
}

struct mg_heap *mg_accounts_close(struct mg_account *account)
{
    struct mg_heap *heaps = NULL;
    begin_closing(account);
    if (!account->children)
        return mg_accounts_end(account);
    for (unsigned i = 0; i < mg_accounts_slots(); i++)
        if (mg_accounts_slot(i)->listed && is_below(mg_accounts_slot(i), account))
            begin_closing(mg_accounts_slot(i));
    /* Those above others come to their end when these have. */
    for (unsigned i = 0; i < mg_accounts_slots(); i++)
        if (mg_accounts_slot(i)->listed && is_below(mg_accounts_slot(i), account))
            heaps = join(heaps, mg_accounts_end(mg_accounts_slot(i)));
    return heaps;
}
