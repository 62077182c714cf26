/* What workers do with blocks: every way to ask for one, to resize it and to give it back, by any library. */
#ifndef MG_MODEL_BLOCKS_H
#define MG_MODEL_BLOCKS_H

#include "model.h"

#define MODEL_KB ((size_t)1 << 10)
#define MODEL_MB ((size_t)1 << 20)
#define MODEL_GB ((size_t)1 << 30)
/* Beyond that much alive workers rather give back. */
#define MODEL_ALIVE (3 * (int64_t)MODEL_GB)

/* ---- Content: what of a block is written, and how ---- */

static inline unsigned char content(uint64_t pattern, size_t offset)
{
    return (unsigned char)((pattern >> offset % 8 * 8) + offset / 8);
}

/* The first 200 bytes, the last ones, and some between. */
static inline size_t next_offset(size_t offset, size_t size)
{
    if (offset < 200 || offset + 40 >= size)
        return offset + 1;
    size_t next = offset + 1 + (size < 4 * MODEL_KB ? 8 : size / 40);
    return next + 40 < size ? next : size - 40;
}

static MODEL_UNWATCHED void fill(char *at, size_t size, uint64_t pattern)
{
    for (size_t i = 0; i < size; i = next_offset(i, size))
        at[i] = (char)content(pattern, i);
}

/* The first `kept` bytes of what was filled for that size. */
static MODEL_UNWATCHED void verify(const char *at, size_t size, size_t kept, uint64_t pattern)
{
    for (size_t i = 0; i < size && i < kept; i = next_offset(i, size))
        if ((unsigned char)at[i] != content(pattern, i)) {
            dprintf(2, "byte %zu of %p, %zu bytes, is %x and not %x\n", i, (const void *)at, size,
                    (unsigned char)at[i], content(pattern, i));
            abort();
        }
}

static MODEL_UNWATCHED void verify_zero(const char *at, size_t size)
{
    for (size_t i = 0; i<size; i = size> 64 * MODEL_KB ? next_offset(i, size) : i + 1)
        CHECK(!at[i]);
}

/* ---- Sizes ---- */

static inline size_t any_size(struct worker *worker)
{
    static const size_t bounds[] = {
        64, 256, MODEL_KB, 4 * MODEL_KB, 16 * MODEL_KB, 64 * MODEL_KB, 256 * MODEL_KB, MODEL_MB, 16 * MODEL_MB
    };
    unsigned which = below(worker, 10000);
    if (which < 5)
        return below(worker, (unsigned)(MODEL_GB - 1)) + 1;
    if (which < 200)
        return mg_classes.size[1 + below(worker, 80)] + below(worker, 3) - 1; /* around the classes' ends */
    unsigned most = which < 8000 ? 3 : which < 9800 ? 6 : 9;
    return below(worker, (unsigned)bounds[below(worker, most)]);
}

static inline size_t any_alignment(struct worker *worker)
{
    return (size_t)1 << (one_in(worker, 300) ? below(worker, 31) : below(worker, 14));
}

static inline size_t usable_for(size_t size, size_t alignment)
{
    size = size < 16 ? 16 : size;
    return alignment <= 16 ? mgje_nallocx(size, 0) : mgje_nallocx(size, (int)__builtin_ctzl(alignment));
}

/* What jemalloc gives for it. */
static inline size_t expected_bytes(enum calls_make form, size_t size, size_t alignment)
{
    if (form == CALLS_PVALLOC)
        size = size ? mg_os_whole_pages(size) : mg_os_page();
    if (form == CALLS_VALLOC || form == CALLS_PVALLOC)
        return usable_for(size, mg_os_page());
    return usable_for(size, calls_aligned(form) ? alignment : 0);
}

/* ---- Making ---- */

/* A library has got a block that is `size` bytes to it. */
static inline void note_block(struct worker *worker, struct slot *slot, unsigned owner, unsigned noted,
                              int64_t most)
{
    bool ours = mg_owns(slot->at);
    /* After its thread's end, and there alone, a target's block is the next allocator's. */
    bool should = slot->library != BYSTANDER && mg_self.state != MG_THREAD_LEFT;
    if (ours != should)
        dprintf(2, "%zu bytes of library %u went %s; round %lu, alone %d, child %d, account %s\n", slot->size,
                slot->library, ours ? "to us" : "past us", model.round, model.alone, model.child,
                mg_self.account ? mg_self.account->name : "none");
    CHECK(ours == should);
    slot->kind = ours ? BLOCK : FOREIGN;
    slot->bytes = ours ? mg_usable_size(slot->at) : 0;
    CHECK(!ours || slot->bytes >= slot->size);
    slot->owner = owner;
    came(noted, most, owner, (int64_t)slot->bytes);
    slot->pattern = next_random(&worker->random);
}

static inline void make(struct worker *worker, struct slot *slot)
{
    size_t size = any_size(worker);
    size_t alignment = any_alignment(worker);
    enum calls_make form = below(worker, CALLS_MAKES);
    bool throws = (form >= CALLS_NEW && form < CALLS_NEW_NOTHROW) ||
                  (form >= CALLS_NEW_ALIGNED && form < CALLS_NEW_ALIGNED_NOTHROW);
    if (throws && model.enforcing)
        form += 2; /* nobody here would catch */
    if (form == CALLS_CALLOC && size > 4 * MODEL_MB)
        size %= 4 * MODEL_MB; /* what is not fresh is written to */
    size_t expected = expected_bytes(form, size, alignment);
    slot->library = below(worker, 8) % (LIBRARIES + 1);
    bool counted = slot->library != BYSTANDER && mg_self.state != MG_THREAD_LEFT;
    int64_t most = counted ? (int64_t)expected : 0;
    unsigned noted = may_come(worker, most);
    slot->at = model.calls[slot->library]->make(form, size, alignment);
    if (!slot->at) {
        did_not_come(noted, most);
        was_denied();
        return;
    }
    CHECK(!calls_aligned(form) || (uintptr_t)slot->at % alignment == 0);
    slot->size = size;
    note_block(worker, slot, entry_here(worker), noted, most);
    CHECK(!counted || slot->bytes == expected);
    if (counted)
        CHECK_EQ(model.calls[slot->library]->usable(slot->at), expected);
    if (form == CALLS_CALLOC)
        verify_zero(slot->at, size);
    fill(slot->at, size, slot->pattern);
}

/* libc asks for more than it hands out: a line's first room, a stream's. */
#define TEXT_MOST (16 * (int64_t)MODEL_KB)

/* libc asks several times: where the thread came to another account in between, only the block's heap tells whose it is. */
static inline unsigned owner_of_text(const struct worker *worker, const void *text, unsigned before)
{
    unsigned after = entry_here(worker);
    if (before == after || !mg_owns(text))
        return after;
    return mg_heap_at(mg_window_heap(text)) == model.entries[after].account->heap ? after : before;
}

static inline void make_text(struct worker *worker, struct slot *slot)
{
    char text[600];
    size_t length = 1 + below(worker, sizeof text - 1);
    memset(text, 'a' + (int)below(worker, 20), length);
    text[length - 1] = '\0';
    if (length == 1)
        memcpy(text, "b", 2);
    slot->library = below(worker, 8) % (LIBRARIES + 1);
    unsigned noted = may_come(worker, TEXT_MOST);
    slot->at = model.calls[slot->library]->text(below(worker, CALLS_TEXTS), text);
    if (!slot->at) {
        did_not_come(noted, TEXT_MOST);
        was_denied();
        return;
    }
    slot->size = model.calls[slot->library]->usable(slot->at);
    note_block(worker, slot, owner_of_text(worker, slot->at, noted), noted, TEXT_MOST);
    fill(slot->at, slot->size, slot->pattern);
}

/* ---- Giving back and resizing ---- */

static inline void drop(struct worker *worker, struct slot *slot)
{
    verify(slot->at, slot->size, slot->size, slot->pattern);
    goes(slot->owner, (int64_t)slot->bytes);
    unsigned by = below(worker, LIBRARIES + 1);
    model.calls[by]->drop(below(worker, CALLS_DROPS), slot->at, slot->size, 16);
    went(slot->owner, (int64_t)slot->bytes);
    slot->kind = NOTHING;
}

/* By whatever library; the block goes to that one. */
static inline void remake(struct worker *worker, struct slot *slot)
{
    size_t size = any_size(worker);
    if (size > 16 * MODEL_MB)
        size %= 16 * MODEL_MB; /* it is copied, and all of it written to */
    struct slot old = *slot;
    unsigned library = below(worker, 4) % (LIBRARIES + 1);
    int64_t most = library != BYSTANDER && size ? (int64_t)usable_for(size, 0) : 0;
    unsigned noted = may_come_beside(worker, most);
    verify(slot->at, slot->size, slot->size, slot->pattern);
    goes(old.owner, (int64_t)old.bytes);
    void *block = model.calls[library]->remake(below(worker, 2), slot->at, size);
    if (!block && size) {
        did_not_come(noted, most);
        add_least(old.owner, (int64_t)old.bytes);
        verify(slot->at, slot->size, slot->size, slot->pattern);
        was_denied();
        return;
    }
    went(old.owner, (int64_t)old.bytes);
    slot->kind = NOTHING;
    if (!block) {
        did_not_come(noted, most);
        return; /* realloc(p, 0): freed */
    }
    slot->at = block;
    slot->size = size;
    slot->library = library;
    note_block(worker, slot, entry_here(worker), noted, most);
    CHECK(slot->kind == FOREIGN || slot->bytes == usable_for(size, 0));
    verify(slot->at, old.size, size, old.pattern);
    fill(slot->at, size, slot->pattern);
}

/* To any account that is open, whatever its limit; its own heap may lack the tags for it. */
static inline void hand_over(struct worker *worker, struct slot *slot)
{
    pthread_mutex_lock(&model.tree);
    unsigned to = below(worker, ENTRIES), from = slot->owner;
    int64_t bytes = (int64_t)slot->bytes;
    if (slot->kind == BLOCK && (!to || model.entries[to].open)) {
        goes(from, bytes);
        add_most(to, bytes);
        int64_t moved = mg_scopes_transfer(slot->at, 0, mg_account_handle(model.entries[to].account));
        CHECK(moved == bytes || !moved);
        add_most(moved ? from : to, -bytes);
        add_least(moved ? to : from, bytes);
        slot->owner = moved ? to : from;
    }
    pthread_mutex_unlock(&model.tree);
}

static inline void play_with_block(struct worker *worker, struct slot *slot)
{
    bool full = MG_LOAD(model.alive) > MODEL_ALIVE;
    unsigned what = full ? 0 : below(worker, 10);
    if (what < 5)
        drop(worker, slot);
    else if (what < 8 && slot->size <= 16 * MODEL_MB)
        remake(worker, slot);
    else if (what == 8)
        hand_over(worker, slot);
    else
        verify(slot->at, slot->size, slot->size, slot->pattern);
}

#endif
