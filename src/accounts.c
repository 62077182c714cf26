#include "accounts.h"

#include "closed.h"
#include "libraries.h"
#include "say.h"

#include <string.h>

#define MAX_ACCOUNTS 4096

struct mg_lock mg_books_lock;
_Atomic(int64_t) mg_accounts_returned;
_Atomic(int64_t) mg_accounts_elsewhere;
struct mg_account *mg_accounts_root;

static struct {
    struct mg_account *slots; /* pages of slots never used are never touched */
    unsigned size, used;
    uint64_t next_id;
    _Atomic(bool) said_full;
} tree;

unsigned mg_accounts_slots(void)
{
    return tree.used;
}

struct mg_account *mg_accounts_slot(unsigned index)
{
    return &tree.slots[index];
}

/* The slot is in the low bits, the id above it: 0 is nobody's handle, and ids are never used again. */
int64_t mg_accounts_handle(const struct mg_account *account)
{
    return account ? (int64_t)((account->id + 1) * MAX_ACCOUNTS + (uint64_t)(account - tree.slots)) : 0;
}

uint64_t mg_accounts_id(int64_t handle)
{
    return (uint64_t)handle / MAX_ACCOUNTS - 1;
}

struct mg_account *mg_accounts_of(int64_t handle)
{
    uint64_t slot = (uint64_t)handle % MAX_ACCOUNTS;
    if (handle < MAX_ACCOUNTS || slot >= tree.used)
        return NULL;
    struct mg_account *account = &tree.slots[slot];
    return account->listed && account->id == mg_accounts_id(handle) ? account : NULL;
}

/* ---- Strangers' frees ---- */

struct range {
    unsigned from, to;
};

/* The heaps in which blocks of the account and of its descendants may be: its own, or all. */
static struct range heaps_of(const struct mg_account *account)
{
    if (!account->heap)
        return (struct range){ 0, 0 };
    unsigned own = account->heap->index;
    return MG_LOAD(account->spread) ? (struct range){ 0, mg_heap_count() } : (struct range){ own, own + 1 };
}

void mg_accounts_collect_pair_to(struct mg_pair *pair, int64_t refunded)
{
    int64_t fresh = refunded - pair->collected;
    if (!fresh)
        return;
    pair->collected = refunded;
    mg_accounts_move_taken(MG_LOAD(pair->account), -fresh);
    if (mg_libraries[pair->library].limit < 0) /* a limited library's sum is kept exact by each refund */
        MG_ADD(mg_libraries[pair->library].used, -fresh);
}

void mg_accounts_collect_pair(struct mg_pair *pair)
{
    mg_accounts_collect_pair_to(pair, MG_LOAD(pair->refunded));
}

static void collect_heap(struct mg_heap *heap)
{
    mg_heap_begin_collecting(heap);
    for (unsigned tag = 1; tag < heap->tags_end; tag++)
        if (heap->pairs[tag].in_use)
            mg_accounts_collect_pair(&heap->pairs[tag]);
}

static bool has_news(const struct mg_account *account)
{
    struct range range = heaps_of(account);
    for (unsigned i = range.from; i < range.to; i++)
        if (mg_heap_at(i) && mg_heap_has_news(mg_heap_at(i)))
            return true;
    return false;
}

void mg_accounts_collect_locked(struct mg_account *account)
{
    struct range range = heaps_of(account);
    for (unsigned i = range.from; i < range.to; i++)
        if (mg_heap_at(i) && mg_heap_has_news(mg_heap_at(i)))
            collect_heap(mg_heap_at(i));
}

void mg_accounts_collect(struct mg_account *account)
{
    mg_lock(&mg_books_lock);
    mg_accounts_collect_locked(account);
    mg_unlock(&mg_books_lock);
}

/* ---- Peaks ---- */

/* What strangers freed is not in use: it is taken in before a peak rises over it. */
static void note_peak(struct mg_account *account, int64_t lowest_credit, void (*take_in)(struct mg_account *))
{
    for (struct mg_account *a = account; a; a = a->parent) {
        if (MG_LOAD(a->total) - lowest_credit > MG_LOAD(a->peak) && has_news(a))
            take_in(a);
        mg_accounts_raise(&a->peak, MG_LOAD(a->total) - lowest_credit);
    }
}

void mg_accounts_note_peak(struct mg_account *account, int64_t lowest_credit)
{
    note_peak(account, lowest_credit, mg_accounts_collect);
}

void mg_accounts_note_peak_locked(struct mg_account *account, int64_t lowest_credit)
{
    note_peak(account, lowest_credit, mg_accounts_collect_locked);
}

void mg_accounts_add_books(const struct mg_account *account, struct mg_book books[MG_LIBRARIES])
{
    for (unsigned library = 0; library < MG_LIBRARIES; library++)
        mg_book_add(&books[library], &account->books[library]);
    struct range range = heaps_of(account);
    for (unsigned i = range.from; i < range.to; i++) {
        const struct mg_heap *heap = mg_heap_at(i);
        for (unsigned tag = 1; heap && tag < heap->tags_end; tag++) {
            const struct mg_pair *pair = &heap->pairs[tag];
            if (!pair->in_use || MG_LOAD(pair->account) != account)
                continue;
            books[pair->library].refunded += mg_strangers_bytes(pair);
            books[pair->library].frees += mg_strangers_frees(pair);
        }
    }
}

void mg_accounts_release_empty(struct mg_heap *heap)
{
    for (unsigned tag = 1; tag < heap->tags_end; tag++) {
        struct mg_pair *pair = &heap->pairs[tag];
        if (!pair->in_use || !pair->survives || atomic_load_explicit(&pair->mappings, memory_order_acquire) ||
            mg_strangers_bytes(pair) != pair->survivors || mg_strangers_frees(pair) != pair->survivor_count)
            continue;
        struct mg_account *owner = MG_LOAD(pair->account);
        mg_accounts_collect_pair(pair);
        owner->books[pair->library].refunded += mg_strangers_bytes(pair);
        owner->books[pair->library].frees += mg_strangers_frees(pair);
        pair->in_use = false;
    }
}

/* ---- Opening ---- */

static struct mg_account *free_slot(void)
{
    for (unsigned i = 1; i < tree.used; i++)
        if (!tree.slots[i].listed)
            return &tree.slots[i];
    return tree.used < tree.size ? &tree.slots[tree.used++] : NULL;
}

static void add_child(struct mg_account *parent, struct mg_account *account)
{
    account->sibling_before = parent->last_child;
    *(parent->last_child ? &parent->last_child->next_sibling : &parent->first_child) = account;
    parent->last_child = account;
    parent->children++;
}

void mg_accounts_remove(struct mg_account *account)
{
    struct mg_account *parent = account->parent, *before = account->sibling_before;
    *(before ? &before->next_sibling : &parent->first_child) = account->next_sibling;
    *(account->next_sibling ? &account->next_sibling->sibling_before : &parent->last_child) = before;
    parent->children--;
    account->listed = false;
}

static struct mg_account *open_slot(const char *name, struct mg_account *parent, int64_t limit,
                                    struct mg_heap *heap)
{
    struct mg_account *account = free_slot();
    if (!account)
        return NULL;
    memset(account, 0, sizeof *account);
    mg_print(account->name, sizeof account->name, "%s", name);
    account->id = tree.next_id++;
    account->parent = parent;
    account->holder = account;
    account->opened_ns = mg_os_now_ns();
    if (parent) {
        account->depth = parent->depth + 1;
        add_child(parent, account);
        MG_STORE(parent->spread, true);
    }
    account->limit = limit;
    account->heap = heap;
    account->listed = true;
    return account;
}

/* A recycled heap's pairs whose blocks are all gone serve the new account again, so that pages keep their tags. */
static void adopt_heap(struct mg_heap *heap, struct mg_account *account)
{
    for (unsigned library = 0; library < MG_LIBRARIES; library++) {
        unsigned tag = MG_LOAD(heap->tag_of[library]);
        if (!tag)
            continue;
        MG_STORE(heap->pairs[tag].account, account);
        MG_STORE(heap->pairs[tag].local, account);
    }
}

static struct mg_account *no_room(void)
{
    if (!atomic_exchange_explicit(&tree.said_full, true, memory_order_relaxed))
        mg_say("no room for another account; the memory of further tasks is charged to their executor");
    return NULL;
}

/* A full heap whose survivors have gone meanwhile serves again. */
static void reconsider_a_full_heap(void)
{
    struct mg_heap *heap = mg_heap_reconsider();
    if (!heap)
        return;
    mg_lock(&mg_books_lock);
    mg_accounts_release_empty(heap);
    heap->full = mg_heap_is_full(heap);
    mg_unlock(&mg_books_lock);
    mg_heap_close(heap);
}

/* Under the lock: whoever opens one below another may be too late. */
static struct mg_account *open_below(struct mg_account *parent, bool nested, const char *name, int64_t limit,
                                     struct mg_heap *heap)
{
    if (!parent || MG_LOAD(parent->state) != MG_ACCOUNT_OPEN || parent->depth + 1 >= MG_PATH_MOST)
        return NULL;
    struct mg_account *account = open_slot(name, parent, limit, heap);
    if (!account)
        return no_room();
    if (nested)
        account->holder = parent->holder;
    adopt_heap(heap, account);
    return account;
}

/* Its handle is read under the lock: whoever closes what is above it may be faster than the caller, and another one have the place then. */
static struct mg_account *open_account(int64_t parent, bool nested, const char *name, int64_t limit,
                                       int64_t *handle)
{
    reconsider_a_full_heap();
    struct mg_heap *heap = mg_heap_open(1);
    *handle = 0;
    if (!heap)
        return no_room();
    mg_lock(&mg_books_lock);
    struct mg_account *account = open_below(mg_accounts_of(parent), nested, name, limit, heap);
    *handle = mg_accounts_handle(account);
    mg_unlock(&mg_books_lock);
    if (!account)
        mg_heap_close(heap);
    return account;
}

struct mg_account *mg_accounts_open(const char *name, struct mg_account *parent, int64_t limit)
{
    int64_t handle;
    return open_account(mg_accounts_handle(parent), false, name, limit, &handle);
}

int64_t mg_accounts_nest(const char *name, int64_t parent, int64_t limit)
{
    int64_t handle;
    (void)open_account(parent, true, name, limit, &handle);
    return handle;
}

struct mg_account *mg_accounts_open_without_heap(const char *name)
{
    mg_lock(&mg_books_lock);
    struct mg_account *account = open_slot(name, mg_accounts_root, -1, NULL);
    mg_unlock(&mg_books_lock);
    return account;
}

bool mg_accounts_start(const char *name, unsigned arenas)
{
    tree.slots = mg_os_allocate_affordable(MAX_ACCOUNTS, sizeof *tree.slots, &tree.size);
    struct mg_heap *heap = mg_heap_open(arenas);
    if (!tree.slots || !mg_closed_start() || !heap)
        return false;
    mg_accounts_root = open_slot(name, NULL, -1, heap);
    MG_STORE(mg_accounts_root->spread, true);
    return true;
}
