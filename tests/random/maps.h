/* What workers do with mappings: parts of them are unmapped, protected, given back and replaced, the whole is moved. */
#ifndef MG_MODEL_MAPS_H
#define MG_MODEL_MAPS_H

#include "blocks.h"

#include <errno.h>

enum { MODEL_ANON = MAP_PRIVATE | MAP_ANONYMOUS, MODEL_RW = PROT_READ | PROT_WRITE };

static inline bool is_counted(const struct slot *slot, unsigned unit)
{
    return slot->state[unit] == CHARGED || slot->state[unit] == RETURNED;
}

/* A unit of a mapping has another state now. What was returned counts as far as it is resident: from none to all of it. */
static inline void set_unit(struct slot *slot, unsigned unit, enum unit state, unsigned owner)
{
    int64_t bytes = (int64_t)slot->unit;
    if (slot->state[unit] == CHARGED)
        goes(slot->unit_owner[unit], bytes);
    if (is_counted(slot, unit))
        went(slot->unit_owner[unit], bytes);
    slot->state[unit] = (unsigned char)state;
    slot->unit_owner[unit] = (unsigned char)owner;
    if (state == CHARGED)
        came(owner, 0, owner, bytes);
    else if (state == RETURNED)
        may_be(owner, bytes);
}

struct part {
    unsigned from, to;
    char *at;
    size_t size;
};

/* Some units in a row, without holes: in these may be anybody's mappings by now. None where the first is one. */
static inline struct part any_part(struct worker *worker, const struct slot *slot)
{
    unsigned from = below(worker, slot->units);
    unsigned to = from + 1 + below(worker, slot->units - from);
    for (unsigned i = from; i < to; i++)
        if (slot->state[i] == GONE)
            to = i;
    return (struct part){ from, to, slot->at + from * slot->unit, (to - from) * slot->unit };
}

/* Before what is charged of it may be refunded: from now on it is only perhaps in use. Returns which units that were. */
static inline uint64_t weaken(struct slot *slot, struct part part)
{
    uint64_t charged = 0;
    for (unsigned i = part.from; i < part.to; i++)
        if (slot->state[i] == CHARGED) {
            charged |= (uint64_t)1 << i;
            set_unit(slot, i, RETURNED, slot->unit_owner[i]);
        }
    return charged;
}

static inline void strengthen(struct slot *slot, uint64_t charged)
{
    for (unsigned i = 0; i < MOST_UNITS; i++)
        if (charged >> i & 1)
            set_unit(slot, i, CHARGED, slot->unit_owner[i]);
}

static inline void make_mapping(struct worker *worker, struct slot *slot)
{
    slot->unit = one_in(worker, 40) ? MODEL_MB << below(worker, 5) : mg_os_page();
    slot->units = 1 + below(worker, MOST_UNITS);
    slot->library = below(worker, LIBRARIES);
    int protection = one_in(worker, 3) ? PROT_NONE : MODEL_RW;
    size_t size = slot->units * slot->unit;
    int64_t most = protection ? (int64_t)size : 0;
    unsigned noted = may_come(worker, most);
    /* The last bytes of a page belong to it as well. */
    void *at =
        model.calls[slot->library]->map(NULL, size - below(worker, mg_os_page()), protection, MODEL_ANON);
    if (at == MAP_FAILED) {
        did_not_come(noted, most);
        was_denied();
        return;
    }
    slot->kind = MAPPING;
    slot->at = at;
    unsigned owner = entry_here(worker);
    bool counted = mg_self.state != MG_THREAD_LEFT;
    memset(slot->state, GONE, sizeof slot->state);
    for (unsigned i = 0; i < slot->units; i++) {
        set_unit(slot, i, !counted ? UNCOUNTED : protection ? CHARGED : RESERVED, owner);
        slot->protection[i] = (unsigned char)protection;
    }
    did_not_come(noted, most);
}

static inline bool is_gone(const struct slot *slot)
{
    for (unsigned i = 0; i < slot->units; i++)
        if (slot->state[i] != GONE)
            return false;
    return true;
}

static inline void unmap_part(struct worker *worker, struct slot *slot, struct part part)
{
    const struct calls *calls = model.calls[below(worker, LIBRARIES + 1)];
    if (!part.size)
        return;
    CHECK(!one_in(worker, 8) || calls->unmap(part.at + 1, part.size) == -1); /* refused: nothing changes */
    weaken(slot, part);
    CHECK(!calls->unmap(part.at, part.size - below(worker, mg_os_page())));
    for (unsigned i = part.from; i < part.to; i++)
        set_unit(slot, i, GONE, 0);
}

static inline void unmap_all(struct worker *worker, struct slot *slot)
{
    for (unsigned from = 0; from < slot->units; from++) {
        unsigned to = from;
        while (to < slot->units && slot->state[to] != GONE)
            to++;
        unmap_part(worker, slot,
                   (struct part){ from, to, slot->at + from * slot->unit, (to - from) * slot->unit });
        from = to;
    }
}

/* Alone it is what is charged now, else the most that may be. */
static inline int64_t reserved_bytes(const struct slot *slot, struct part part)
{
    int64_t bytes = 0;
    for (unsigned i = part.from; i < part.to; i++)
        bytes += slot->state[i] == RESERVED ? (int64_t)slot->unit : 0;
    return bytes;
}

static inline void protect_part(struct worker *worker, struct slot *slot)
{
    static const int protections[] = { PROT_NONE, PROT_READ, MODEL_RW, MODEL_RW };
    struct part part = any_part(worker, slot);
    int protection = protections[below(worker, 4)];
    int64_t most = protection == MODEL_RW ? reserved_bytes(slot, part) : 0;
    if (!part.size)
        return;
    unsigned noted = may_come(worker, most);
    if (!protection)
        weaken(slot, part);
    int result = model.calls[below(worker, LIBRARIES + 1)]->protect(part.at, part.size, protection);
    unsigned owner = entry_here(worker);
    if (result)
        was_denied();
    for (unsigned i = part.from; i < part.to && !result; i++) {
        if (protection == MODEL_RW && slot->state[i] == RESERVED && mg_self.state != MG_THREAD_LEFT)
            set_unit(slot, i, CHARGED, owner);
        else if (!protection && is_counted(slot, i))
            set_unit(slot, i, RESERVED, slot->unit_owner[i]);
        slot->protection[i] = (unsigned char)protection;
    }
    did_not_come(noted, most);
}

static inline void advise_part(struct worker *worker, struct slot *slot)
{
    struct part part = any_part(worker, slot);
    int advice = one_in(worker, 4) ? MADV_FREE : one_in(worker, 5) ? MADV_WILLNEED : MADV_DONTNEED;
    if (!part.size)
        return;
    if (advice != MADV_WILLNEED)
        weaken(slot, part);
    CHECK(!model.calls[below(worker, LIBRARIES + 1)]->advise(part.at, part.size, advice));
}

static MODEL_UNWATCHED void touch_part(struct worker *worker, struct slot *slot)
{
    struct part part = any_part(worker, slot);
    for (unsigned i = part.from; i < part.to; i++)
        if (slot->protection[i] == MODEL_RW)
            slot->at[i * slot->unit] = (char)i;
}

/* Over a part of it somebody maps anew. */
static inline void replace_part(struct worker *worker, struct slot *slot)
{
    struct part part = any_part(worker, slot);
    unsigned library = one_in(worker, 2) ? slot->library : BYSTANDER;
    bool counted = library != BYSTANDER && mg_self.state != MG_THREAD_LEFT;
    int64_t most = counted ? (int64_t)part.size : 0;
    if (!part.size)
        return;
    unsigned noted = may_come(worker, most);
    uint64_t charged = weaken(slot, part);
    void *at = model.calls[library]->map(part.at, part.size, MODEL_RW, MODEL_ANON | MAP_FIXED);
    unsigned owner = entry_here(worker);
    if (at == MAP_FAILED) {
        was_denied();
        strengthen(slot, charged);
    }
    for (unsigned i = part.from; i < part.to && at != MAP_FAILED; i++) {
        set_unit(slot, i, counted ? CHARGED : UNCOUNTED, owner);
        slot->protection[i] = MODEL_RW;
    }
    did_not_come(noted, most);
}

/* All of it has one state and one protection: the kernel moves no other, and shrinks none but by its end. */
static inline bool is_uniform(const struct slot *slot)
{
    for (unsigned i = 1; i < slot->units; i++)
        if (slot->state[i] != slot->state[0] || slot->protection[i] != slot->protection[0])
            return false;
    return slot->state[0] == CHARGED || slot->state[0] == RESERVED;
}

static inline void resize_mapping(struct worker *worker, struct slot *slot)
{
    unsigned before = slot->units;
    unsigned after = 1 + below(worker, MOST_UNITS);
    bool foreign = one_in(worker, 20);
    bool taken_over = foreign || mg_self.state == MG_THREAD_LEFT;
    const struct calls *calls = model.calls[foreign ? BYSTANDER : slot->library];
    if (!is_uniform(slot))
        return;
    enum unit state = (enum unit)slot->state[0];
    int64_t most =
        state == CHARGED && !taken_over && after > before ? (int64_t)((after - before) * slot->unit) : 0;
    unsigned noted = may_come(worker, most);
    uint64_t charged = weaken(slot, (struct part){ taken_over ? 0 : after, before, NULL, 0 });
    void *at = calls->remap(slot->at, before * slot->unit, after * slot->unit, MREMAP_MAYMOVE, NULL);
    unsigned owner = entry_here(worker);
    did_not_come(noted, most);
    if (at == MAP_FAILED) {
        strengthen(slot, charged);
        return errno == EFAULT ? (void)0 : was_denied(); /* several mappings to the kernel: it moves one */
    }
    slot->at = at;
    slot->units = after;
    for (unsigned i = 0; i < before || i < after; i++) {
        if (i >= after)
            set_unit(slot, i, GONE, 0);
        else if (taken_over)
            set_unit(slot, i, UNCOUNTED, 0);
        else if (i >= before)
            set_unit(slot, i, state, owner);
        slot->protection[i] = slot->protection[0];
    }
}

static inline void play_with_mapping(struct worker *worker, struct slot *slot)
{
    unsigned what = MG_LOAD(model.alive) > MODEL_ALIVE ? 0 : below(worker, 16);
    if (what == 0)
        unmap_all(worker, slot);
    else if (what < 4)
        unmap_part(worker, slot, any_part(worker, slot));
    else if (what < 7)
        protect_part(worker, slot);
    else if (what < 10)
        advise_part(worker, slot);
    else if (what < 12)
        touch_part(worker, slot);
    else if (what < 13)
        replace_part(worker, slot);
    else
        resize_mapping(worker, slot);
    if (is_gone(slot))
        slot->kind = NOTHING;
}

/* Grows and gives back the break, as nobody else may meanwhile: libc's own malloc works with it. */
static inline void play_with_break(struct worker *worker)
{
    intptr_t growth = 1 + (intptr_t)below(worker, 100000);
    const struct calls *calls = model.calls[below(worker, LIBRARIES)];
    int64_t before = MG_LOAD(model.entries[0].least);
    unsigned noted = may_come(worker, growth);
    void *at = calls->grow_break(growth);
    if (at == (void *)-1)
        return was_denied();
    unsigned owner = entry_here(worker);
    came(noted, growth, owner, growth);
    goes(owner, growth);
    CHECK(calls->grow_break(-growth) == (char *)at + growth);
    went(owner, growth);
    CHECK_EQ(MG_LOAD(model.entries[0].least), before);
}

#endif
