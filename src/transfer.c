/* Single blocks change their account while they live: mg_scopes_transfer. A transfer is a refund in one's books and a charge in the other's; the
 * block stays where it is, in the heap of the account that asked for it, and gets a tag that says whose it is now: as if its account had closed. */
#include "memgrant.h"

#include "accounts.h"
#include "charges.h"
#include "classes.h"
#include "closing.h"
#include "grants.h"
#include "heap.h"
#include "lanes.h"
#include "self.h"
#include "window.h"

struct held {
    struct mg_heap *heap;
    unsigned class, tag;
};

/* Above this size jemalloc's blocks begin where pages do. */
#define LARGEST_SLAB 14336

static bool is_in_a_heap(const void *address)
{
    size_t granule = ((uintptr_t)address - mg_window.base) / MG_GRANULE;
    return mg_window_holds(address) && MG_LOAD(mg_window.heaps[granule]);
}

/* What its page says that a block would be there. That it is one that is alive, the caller has to know. */
static bool find(const void *block, struct held *held)
{
    if ((uintptr_t)block % 16 || !is_in_a_heap(block))
        return false;
    struct mg_owner owner = mg_window_owner(block);
    held->heap = mg_heap_at(mg_window_heap(block));
    held->class = owner.class % MG_SAMPLED;
    held->tag = owner.tag;
    bool begins = mg_classes.size[held->class] <= LARGEST_SLAB || !((uintptr_t)block % MG_PAGE);
    return held->heap && held->class && held->tag && held->heap->pairs[held->tag].in_use && begins;
}

static bool is_javas(const void *address)
{
    struct held held;
    return find(address, &held) && mg_libraries[held.heap->pairs[held.tag].library].java;
}

/* With native memory tracking on, what Java knows of its own memory is 16 bytes into the block, behind a header that begins with how much Java
 * asked for. In a page that is Java's but for a few blocks any 16 bytes are said to be Java's that no block begins at, and behind a block of
 * the library's own they are those before it: so the header is looked at, too. */
static bool has_a_header(const char *block)
{
    enum { HEADER = 16 };
    const size_t beside = MG_LOAD(mg_charges_java_beside);
    if (MG_LIKELY(!beside))
        return false;
    struct held before;
    if (is_javas(block))
        return true;
    if (!is_javas(block - HEADER) || !find(block - HEADER, &before))
        return false;
    size_t asked = *(const size_t *)(const void *)(block - HEADER);
    return asked && asked <= mg_classes.size[before.class] && mg_class_of(asked + beside) == before.class;
}

/* The tag of what the library's blocks in that heap are that were handed to the account; 0 when there is none. Some tags are kept for
 * what the heap's own account will ask for. */
static unsigned tag_for(struct mg_heap *heap, struct mg_account *heir, unsigned library)
{
    unsigned own = MG_LOAD(heap->tag_of[library]);
    if (heir->heap == heap)
        return own ? own : mg_heap_new_tag(heap, heir, library, false);
    for (unsigned tag = 1; tag < heap->tags_end; tag++) {
        const struct mg_pair *pair = &heap->pairs[tag];
        if (pair->in_use && pair->survives && pair->library == library && MG_LOAD(pair->account) == heir)
            return tag;
    }
    if (mg_heap_is_full(heap))
        mg_accounts_release_empty(heap);
    return mg_heap_is_full(heap) ? 0 : mg_heap_new_tag(heap, heir, library, true);
}

static void count(struct mg_pair *pair, int64_t bytes, int64_t blocks)
{
    if (!pair->survives)
        return; /* its account's books alone say how many there are */
    pair->survivors += bytes;
    pair->survivor_count += blocks;
}

/* Under the books' lock. */
static int64_t transfer(const void *block, const struct held *held, struct mg_account *heir)
{
    struct mg_pair *pair = &held->heap->pairs[held->tag];
    struct mg_account *account = MG_LOAD(pair->account);
    int64_t bytes = (int64_t)mg_classes.size[held->class];
    if (account == heir)
        return bytes;
    unsigned tag = tag_for(held->heap, heir, pair->library);
    if (!tag)
        return 0;
    MG_STORE(heir->spread, true);
    mg_lanes_note_peaks(
        account); /* it had that until now, which a lane that takes it out of credit has not told */
    mg_accounts_hand_over(account, heir, pair->library, bytes, 1);
    count(pair, -bytes, -1);
    count(&held->heap->pairs[tag], bytes, 1);
    mg_window_mark(block, held->class, tag);
    mg_accounts_note_inheritance(heir);
    if (MG_LOAD(mg_grants.enforcing))
        mg_grants_ask_in_time(heir->holder);
    return bytes;
}

int64_t mg_scopes_transfer(const void *block, int64_t from, int64_t to)
{
    struct mg_self *self = &mg_self;
    struct held held;
    int64_t bytes = 0;
    if (!mg_active || MG_LOAD(self->inside))
        return 0;
    mg_enter(self);
    mg_lock(&mg_books_lock);
    struct mg_account *heir = mg_accounts_of(to);
    if (!heir || !heir->heap || MG_LOAD(heir->state) != MG_ACCOUNT_OPEN)
        bytes = -1;
    else if (!has_a_header(block) && find(block, &held) &&
             (!from || mg_accounts_handle(MG_LOAD(held.heap->pairs[held.tag].account)) == from))
        bytes = transfer(block, &held, heir);
    mg_unlock(&mg_books_lock);
    mg_leave(self);
    return bytes;
}
