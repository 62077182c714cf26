/* What the books must show, when nobody plays. */
#ifndef MG_MODEL_CHECK_H
#define MG_MODEL_CHECK_H

#include "closed.h"
#include "maps.h"

#include <stdlib.h>

struct sums {
    int64_t bytes[ENTRIES][LIBRARIES], blocks[ENTRIES][LIBRARIES];
    int64_t least[ENTRIES], most[ENTRIES]; /* what was returned left out, and all of it */
    int64_t all;
};

static inline void add_units(struct sums *sums, const struct slot *slot)
{
    for (unsigned i = 0; i < slot->units; i++) {
        int64_t unit = (int64_t)slot->unit;
        unsigned owner = slot->unit_owner[i];
        if (!is_counted(slot, i))
            continue;
        bool charged = slot->state[i] == CHARGED;
        uintptr_t at = (uintptr_t)slot->at + i * slot->unit;
        sums->bytes[owner][slot->library] += charged ? unit : (int64_t)mg_os_resident(at, slot->unit);
        sums->least[owner] += charged ? unit : 0;
        sums->most[owner] += unit;
    }
}

/* Whatever is alive, by who owns it; of a fork child what no other thread had in its hands. */
static struct sums sum_alive(void)
{
    struct sums sums = { 0 };
    mg_mappings_measure();
    for (int i = 0; i < SLOTS; i++) {
        const struct slot *slot = &model.slots[i];
        if (model.child && slot->busy)
            continue;
        if (slot->kind == MAPPING)
            add_units(&sums, slot);
        if (slot->kind != BLOCK)
            continue;
        sums.bytes[slot->owner][slot->library] += (int64_t)slot->bytes;
        sums.blocks[slot->owner][slot->library]++;
        sums.least[slot->owner] += (int64_t)slot->bytes;
        sums.most[slot->owner] += (int64_t)slot->bytes;
    }
    for (int i = 0; i < ENTRIES; i++)
        for (int library = 0; library < LIBRARIES; library++)
            sums.all += sums.bytes[i][library];
    return sums;
}

static inline int64_t read_figure(const struct mg_account *account, int which)
{
    int64_t figures[MG_FIGURES];
    mg_read(mg_account_handle(account), figures);
    return figures[which];
}

/* Without the overhead, which is measured and not counted. */
static inline int64_t used_by_all(void)
{
    return read_figure(mg_root(), MG_USED) - (mg_overhead() ? read_figure(mg_overhead(), MG_USED) : 0);
}

/* ---- Accounts that have ended ---- */

static inline const struct mg_closed *closed_record(uint64_t id)
{
    for (unsigned i = mg_closed_count(); i-- > 0;)
        if (mg_closed_at(i)->id == id)
            return mg_closed_at(i);
    return NULL;
}

/* Credit that lanes may hold, and peaks be off by: twice as much as is taken at once, for blocks just below a batch. */
static inline int64_t most_credit(void)
{
    return (WORKERS + 1) * 2 * 8 * mg_settings.lane_batch;
}

static inline void check_peak(const struct entry *entry, int64_t peak)
{
    bool good = peak >= MG_LOAD(entry->least_peak) - most_credit() &&
                peak <= MG_LOAD(entry->most_peak) + most_credit();
    if (!good)
        dprintf(2, "entry %ld: peak %ld is not in %ld to %ld, nor within %ld of it\n", entry - model.entries,
                peak, MG_LOAD(entry->least_peak), MG_LOAD(entry->most_peak), most_credit());
    CHECK(good);
}

static inline void give_up(struct slot *slot, unsigned entry)
{
    unsigned heir = model.entries[entry].heir;
    if (slot->owner == entry)
        slot->owner = heir;
    for (unsigned i = 0; i < MOST_UNITS; i++)
        if (slot->unit_owner[i] == entry)
            slot->unit_owner[i] = (unsigned char)heir;
}

/* What is in use moves from the account's path to its heir's; of its parent's it is a part already. */
static inline void move_bounds(unsigned i)
{
    const struct entry *entry = &model.entries[i];
    if (entry->heir == entry->parent)
        return;
    struct sums sums = sum_alive();
    add_least(entry->parent, -sums.least[i]);
    add_most(entry->parent, -sums.most[i]);
    add_least(entry->heir, sums.least[i]);
    add_most(entry->heir, sums.most[i]);
}

static inline bool has_ended(unsigned i)
{
    return model.entries[i].settled && !mg_account_of(model.entries[i].handle);
}

/* A settled account whose last thread has left: its books are at zero, and what is alive is its heir's from now on. */
static inline void notice_end(unsigned i)
{
    struct entry *entry = &model.entries[i];
    const struct mg_closed *closed = closed_record(mg_accounts_id(entry->handle));
    CHECK(closed);
    for (unsigned library = 0; library < MG_LIBRARIES; library++) {
        const struct mg_book *book = &closed->books[library];
        CHECK_EQ(book->charged, book->refunded);
        CHECK_EQ(book->allocations, book->frees);
    }
    if (!entry->blurred)
        check_peak(entry, closed->peak);
    move_bounds(i);
    for (int slot = 0; slot < SLOTS; slot++)
        give_up(&model.slots[slot], i);
    entry->settled = false;
}

/* Before its heir's: that may have ended with it. */
static inline void notice_ends_before(unsigned i)
{
    for (unsigned j = 1; j < ENTRIES; j++)
        if (j != i && has_ended(j) && model.entries[j].heir == i)
            notice_ends_before(j);
    if (has_ended(i))
        notice_end(i);
}

static inline void notice_ends(void)
{
    for (unsigned i = 1; i < ENTRIES; i++)
        notice_ends_before(i);
}

/* ---- Books ---- */

static inline bool is_there(unsigned entry)
{
    return !entry || model.entries[entry].open || model.entries[entry].settled;
}

/* Of the entry and of all below, `width` figures each. */
static inline int64_t sum_within(unsigned above, const int64_t *figures, size_t width)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < ENTRIES; i++) {
        unsigned entry = i;
        while (entry && entry != above && is_there(entry))
            entry = model.entries[entry].parent;
        for (size_t k = 0; entry == above && k < width; k++)
            sum += figures[i * width + k];
    }
    return sum;
}

static inline void check_book(const struct mg_book *book, int64_t bytes, int64_t blocks)
{
    CHECK_EQ(book->charged - book->refunded, bytes);
    CHECK_EQ(book->allocations - book->frees, blocks);
}

/* Under the books' lock. Every difference is told, before the first of them ends the test. */
static inline void tell_differences(const struct sums *sums)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        struct mg_book books[MG_LIBRARIES] = { 0 };
        const struct entry *entry = &model.entries[i];
        if (!is_there(i))
            continue;
        mg_accounts_add_books(entry->account, books);
        mg_lanes_add_books(entry->account, books);
        for (unsigned library = 0; library < LIBRARIES; library++) {
            const struct mg_book *book = &books[model.libraries[library]];
            int64_t bytes = book->charged - book->refunded - sums->bytes[i][library];
            int64_t blocks = (int64_t)(book->allocations - book->frees) - sums->blocks[i][library];
            if (bytes || blocks)
                dprintf(
                    2,
                    "entry %u in %u (%s%s), library %u, round %lu, alone %d: %ld bytes and %ld blocks too many\n",
                    i, entry->parent, entry->open ? "open" : "", entry->settled ? "settled" : "", library,
                    model.round, model.alone, bytes, blocks);
        }
    }
}

/* Under the books' lock. Returns what all libraries have in use in the account, by the model. */
static inline int64_t check_books(struct entry *entry, const struct sums *sums)
{
    struct mg_book books[MG_LIBRARIES] = { 0 };
    long i = entry - model.entries;
    int64_t used = 0;
    mg_accounts_add_books(entry->account, books);
    mg_lanes_add_books(entry->account, books);
    for (unsigned library = 0; library < LIBRARIES; library++) {
        check_book(&books[model.libraries[library]], sums->bytes[i][library], sums->blocks[i][library]);
        used += sums->bytes[i][library];
    }
    /* I3: what is taken from an account and not in use is its lanes' credit, or taken by those nested in it. */
    int64_t credit = MG_LOAD(entry->account->taken) - used;
    for (unsigned child = 1; child < ENTRIES; child++)
        if (is_there(child) && &model.entries[model.entries[child].parent] == entry &&
            model.entries[child].account->holder == entry->account->holder)
            credit -=
                MG_LOAD(model.entries[child].account->taken) + MG_LOAD(model.entries[child].account->reserve);
    CHECK(credit >= 0);
    CHECK(credit <= most_credit());
    return used;
}

/* What is kept for those nested in an account, and how many of them count, is what they say of themselves. */
static inline void check_fairness(const struct mg_account *account)
{
    int64_t claims = 0;
    unsigned active = 0, children = 0;
    for (const struct mg_account *child = account->first_child; child; child = child->next_sibling) {
        CHECK(child->listed && child->parent == account);
        CHECK(MG_LOAD(account->fair) || !MG_LOAD(child->claim));
        claims += MG_LOAD(child->claim);
        active += MG_LOAD(child->is_active);
        children++;
    }
    CHECK_EQ(MG_LOAD(account->claims), claims);
    CHECK_EQ((int64_t)MG_LOAD(account->active), active);
    CHECK_EQ((int64_t)account->children, children);
}

static inline void check_accounts(const struct sums *sums)
{
    int64_t all = 0;
    for (unsigned i = 0; i < ENTRIES; i++)
        if (is_there(i))
            mg_accounts_collect(model.entries[i].account);
    mg_lock(&mg_books_lock);
    tell_differences(sums);
    for (unsigned i = 0; i < ENTRIES; i++)
        if (is_there(i)) {
            all += check_books(&model.entries[i], sums);
            check_fairness(model.entries[i].account);
        }
    mg_unlock(&mg_books_lock);
    CHECK_EQ(all, sums->all);
    CHECK_EQ(used_by_all(), sums->all);
    for (unsigned i = 1; i < ENTRIES; i++)
        if (is_there(i)) {
            CHECK_EQ(read_figure(model.entries[i].account, MG_USED),
                     sum_within(i, sums->bytes[0], LIBRARIES));
            if (!model.entries[i].blurred)
                check_peak(&model.entries[i], read_figure(model.entries[i].account, MG_PEAK));
        }
    if (!model.spark) /* the overhead's is in there */
        check_peak(model.entries, read_figure(mg_root(), MG_PEAK));
}

/* A limited library's sum is kept by each charge, not out of the books. */
static inline void check_limited(const struct sums *sums)
{
    for (unsigned library = 0; library < LIBRARIES; library++) {
        const struct mg_library *row = &mg_libraries[model.libraries[library]];
        int64_t bytes = 0;
        for (unsigned i = 0; i < ENTRIES; i++)
            bytes += sums->bytes[i][library];
        if (row->limit >= 0)
            CHECK_EQ(MG_LOAD(row->used), bytes);
    }
}

/* The model's own sums, which it kept all the time, are what is alive. */
static inline void check_bounds(const struct sums *sums)
{
    int64_t least = 0;
    int64_t most = 0;
    for (unsigned i = 0; i < ENTRIES; i++) {
        least += sums->least[i];
        most += sums->most[i];
        if (!i || !is_there(i))
            continue;
        CHECK_EQ(MG_LOAD(model.entries[i].least), sum_within(i, sums->least, 1));
        CHECK_EQ(MG_LOAD(model.entries[i].most), sum_within(i, sums->most, 1));
    }
    CHECK_EQ(MG_LOAD(model.entries[0].least), least);
    CHECK_EQ(MG_LOAD(model.entries[0].most), most);
}

/* ---- Heaps (I8) ---- */

static inline int64_t arena_figure(const struct mg_heap *heap, const char *which)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < heap->arena_count; i++) {
        char name[60];
        size_t value = 0;
        size_t length = sizeof value;
        snprintf(name, sizeof name, "stats.arenas.%u.%s", heap->arenas[i], which);
        CHECK(!mgje_mallctl(name, &value, &length, NULL, 0));
        sum += (int64_t)value;
    }
    return sum;
}

/* Of the last epoch; mg_heap_allocated begins one. */
static inline int64_t thread_caches_of(const struct mg_heap *heap)
{
    return arena_figure(heap, "tcache_bytes");
}

static MODEL_UNWATCHED int64_t strangers_list(struct mg_heap *heap)
{
    int64_t bytes = 0;
    for (void *block = MG_LOAD(heap->remote); block; block = *(void **)block)
        bytes += (int64_t)mg_usable_size(block);
    return bytes;
}

static inline void check_heaps(void)
{
    static int64_t owned[sizeof model.lost / sizeof *model.lost];
    unsigned count = mg_heap_count();
    memset(owned, 0, count * sizeof *owned);
    for (int slot = 0; slot < SLOTS; slot++)
        if (model.slots[slot].kind == BLOCK)
            owned[mg_window_heap(model.slots[slot].at)] += (int64_t)model.slots[slot].bytes;
    mg_heap_allocated(mg_heap_at(0));
    mg_lock(&mg_books_lock);
    for (unsigned i = 0; i < count; i++) {
        struct mg_heap *heap = mg_heap_at(i);
        if (!heap)
            continue;
        int64_t allocated = arena_figure(heap, "small.allocated") + arena_figure(heap, "large.allocated");
        int64_t free = thread_caches_of(heap) + mg_lanes_magazine_bytes(heap) + strangers_list(heap);
        CHECK_EQ(allocated - free - model.lost[i], owned[i]);
    }
    mg_unlock(&mg_books_lock);
}

/* ---- Blocks ---- */

static inline int by_address(const void *a, const void *b)
{
    const struct slot *const *one = a;
    const struct slot *const *other = b;
    return ((*one)->at > (*other)->at) - ((*one)->at < (*other)->at);
}

static inline void check_overlaps(void)
{
    static const struct slot *order[SLOTS];
    size_t count = 0;
    for (int i = 0; i < SLOTS; i++)
        if (model.slots[i].kind == BLOCK || model.slots[i].kind == FOREIGN)
            order[count++] = &model.slots[i];
    qsort(order, count, sizeof *order, by_address);
    for (size_t i = 0; i < count; i++) {
        const struct slot *slot = order[i];
        size_t bytes = slot->kind == BLOCK ? slot->bytes : slot->size;
        CHECK(i + 1 == count || slot->at + bytes <= order[i + 1]->at);
        verify(slot->at, slot->size, slot->size, slot->pattern);
    }
}

static void check_at_rest(void)
{
    notice_ends();
    struct sums sums = sum_alive();
    check_bounds(&sums);
    check_accounts(&sums);
    check_limited(&sums);
    check_heaps();
    check_overlaps();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
}

#endif
