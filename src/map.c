/* mmap and its kin for targets: charged when memory becomes writable, before it is. Calls that concern no target's
 * mapping go straight to the kernel. */
#include "charges.h"
#include "hazards.h"
#include "mappings.h"
#include "memgrant.h"
#include "os.h"
#include "stacks.h"
#include "window.h"

#include <errno.h>
#include <limits.h>
#include <sys/mman.h>

/* Charges bytes of mappings: no block, so none is counted. */
static bool charge(struct mg_self *self, unsigned library, size_t bytes)
{
    self->asked = MG_ASKED_MAPPING;
    if (!mg_charges_take(self, library, (int64_t)bytes))
        return false;
    if (self->mappings < UCHAR_MAX)
        self->mappings++;
    MG_BUMP(self->lane->books[library].allocations, -1);
    return true;
}

/* Bytes were charged, if any, and the mapping is there now, or was not to be had, or so much of it can't be noted. */
static void conclude(struct mg_self *self, unsigned library, size_t bytes, bool good)
{
    if (!bytes)
        return;
    if (good) {
        mg_charges_keep(self, (int64_t)bytes);
        return;
    }
    mg_charges_undo(self, library, (int64_t)bytes);
    MG_BUMP(self->lane->books[library].allocations, 1);
}

/* The calling thread begins a call for a library that wants so many bytes: false when the mapping is not to be charged. */
static bool begin(struct mg_self *self, unsigned *library, size_t bytes)
{
    if (!mg_active || MG_LOAD(self->inside))
        return false;
    if (MG_LIBRARY_SERVES(*library))
        *library = mg_charges_owner(self, *library);
    return mg_libraries[*library].role == MG_ROLE_TARGET &&
           (self->heap || mg_charges_attach(self, *library, bytes));
}

/* A range that became the library's: charged before, and from now on in the table; or else passed uncounted. */
static void note(struct mg_self *self, unsigned library, uintptr_t from, uintptr_t to,
                 enum mg_mapping_state state, struct mg_mapping_owner owner)
{
    bool added = owner.tag && mg_mappings_add(from, to, state, owner);
    conclude(self, library, state == MG_MAPPING_CHARGED ? to - from : 0, added);
    if (!added)
        mg_pass(library, (int64_t)(to - from), owner.tag ? MG_PASSED_TABLE : MG_PASSED_TAGS);
}

static struct mg_mapping_owner owner_here(struct mg_self *self, unsigned library, uint32_t sample)
{
    return (struct mg_mapping_owner){ self->heap, mg_charges_tag(self, library), sample };
}

/* A new mapping of a target's own, under the table's lock. */
static long map_charged(struct mg_self *self, unsigned library, void *address, size_t size, int protection,
                        int flags, uint32_t sample)
{
    size_t bytes = protection & PROT_WRITE ? mg_os_whole_pages(size) : 0;
    if (bytes && !charge(self, library, bytes))
        return -ENOMEM;
    struct mg_mapping_owner owner =
        owner_here(self, library, sample); /* after the charge, which may move the thread */
    long mapped = mg_os_call_mmap(address, size, protection, flags, -1, 0);
    bool good = mapped >= 0 || mapped < -4095;
    uintptr_t from = (uintptr_t)mapped;
    enum mg_mapping_state state = bytes ? MG_MAPPING_CHARGED : MG_MAPPING_RESERVED;
    if (good)
        note(self, library, from, from + mg_os_whole_pages(size), state, owner);
    else
        conclude(self, library, bytes, false);
    return mapped;
}

long mg_map(unsigned library, void *address, size_t size, int protection, int flags, int file, long offset)
{
    struct mg_self *self = &mg_self;
    bool memory = (flags & (MAP_ANONYMOUS | MAP_PRIVATE)) == (MAP_ANONYMOUS | MAP_PRIVATE) && size &&
                  size <= mg_window.size;
    bool ours = memory && begin(self, &library, protection & PROT_WRITE ? size : 0);
    bool replaces = flags & MAP_FIXED && mg_mappings_any() && !MG_LOAD(self->inside);
    if (!ours && !replaces)
        return mg_os_call_mmap(address, size, protection, flags, file, offset);
    long mapped;
    mg_enter(self);
    size_t writable = ours && protection & PROT_WRITE ? mg_os_whole_pages(size) : 0;
    uint32_t sample = mg_stacks_count_mapping(self, library, writable);
    mg_mappings_lock();
    if (ours) {
        mapped = map_charged(self, library, address, size, protection, flags, sample);
    } else {
        mapped = mg_os_call_mmap(address, size, protection, flags, file, offset);
        if (mapped >= 0)
            mg_mappings_change((uintptr_t)mapped, (uintptr_t)mapped + mg_os_whole_pages(size),
                               MG_MAPPING_GONE);
    }
    mg_stacks_mapped(sample);
    mg_mappings_unlock();
    mg_leave(self);
    return mapped;
}

/* A call on a range that gives its mappings another state when it succeeds. */
static bool concerns_us(const struct mg_self *self)
{
    return mg_mappings_any() && !MG_LOAD(self->inside);
}

long mg_unmap(void *address, size_t size)
{
    struct mg_self *self = &mg_self;
    if (!concerns_us(self))
        return mg_os_call_munmap(address, size);
    mg_enter(self);
    mg_mappings_lock();
    long result = mg_os_call_munmap(address, size);
    if (!result)
        mg_mappings_change((uintptr_t)address, (uintptr_t)address + mg_os_whole_pages(size), MG_MAPPING_GONE);
    mg_mappings_unlock();
    mg_credit_came_back(self, (int64_t)size);
    mg_leave(self);
    return result;
}

long mg_advise(void *address, size_t size, int advice)
{
    struct mg_self *self = &mg_self;
    bool gives_back = advice == MADV_DONTNEED || advice == MADV_FREE || advice == MADV_REMOVE;
    if (!gives_back || !concerns_us(self))
        return mg_os_call_madvise(address, size, advice);
    mg_enter(self);
    mg_mappings_lock();
    long result = mg_os_call_madvise(address, size, advice);
    /* At a hole in the range the kernel goes on, and says so at the end. */
    if (!result || result == -ENOMEM)
        mg_mappings_change((uintptr_t)address, (uintptr_t)address + mg_os_whole_pages(size),
                           MG_MAPPING_RETURNING);
    mg_mappings_unlock();
    mg_credit_came_back(self, (int64_t)size);
    mg_leave(self);
    return result;
}

/* The sample of what becomes writable, if it is one: it takes the lock to see how much that is. What of it others are quicker to make
 * writable is theirs, and the rest is as probably a sample as all of it was. */
static uint32_t sample_of_writable(struct mg_self *self, uintptr_t from, uintptr_t to)
{
    struct mg_mapping_owner owner = { 0 };
    if (MG_LIKELY(!mg_stacks.mean))
        return 0;
    mg_mappings_lock();
    size_t bytes = mg_mappings_uncharged(from, to, &owner);
    unsigned library = bytes ? owner.heap->pairs[owner.tag].library : 0;
    mg_mappings_unlock();
    bool attached = bytes && (self->heap || mg_charges_attach(self, library, bytes));
    return attached ? mg_stacks_count_mapping(self, library, bytes) : 0;
}

/* Memory that becomes writable is charged to the account of the thread that makes it so. Under the table's lock. */
static long make_writable(struct mg_self *self, uintptr_t from, uintptr_t to, int protection, uint32_t sample)
{
    struct mg_mapping_owner owner = { 0 };
    size_t bytes = mg_mappings_uncharged(from, to, &owner);
    unsigned library = bytes ? owner.heap->pairs[owner.tag].library : 0;
    if (bytes && !self->heap && !mg_charges_attach(self, library, bytes))
        bytes = 0;
    if (bytes && !charge(self, library, bytes))
        return -ENOMEM;
    long result = mg_os_call_mprotect((void *)from, to - from, protection);
    struct mg_mapping_owner here = { 0 };
    if (bytes)
        here = owner_here(self, library, sample);
    size_t noted = !result && here.tag ? mg_mappings_commit(from, to, here) : 0;
    conclude(self, library, noted, true);
    conclude(self, library, bytes - noted, false);
    if (bytes > noted && !result)
        mg_pass(library, (int64_t)(bytes - noted), here.tag ? MG_PASSED_TABLE : MG_PASSED_TAGS);
    return result;
}

long mg_protect(void *address, size_t size, int protection)
{
    struct mg_self *self = &mg_self;
    uintptr_t from = (uintptr_t)address;
    uintptr_t to = from + mg_os_whole_pages(size);
    if (!concerns_us(self))
        return mg_os_call_mprotect(address, size, protection);
    long result;
    mg_enter(self);
    uint32_t sample = protection & PROT_WRITE ? sample_of_writable(self, from, to) : 0;
    mg_mappings_lock();
    if (protection & PROT_WRITE) {
        result = make_writable(self, from, to, protection, sample);
    } else {
        result = mg_os_call_mprotect(address, size, protection);
        if (!result && protection == PROT_NONE)
            mg_mappings_change(from, to, MG_MAPPING_RESERVED);
    }
    mg_stacks_mapped(sample);
    mg_mappings_unlock();
    if (protection == PROT_NONE)
        mg_credit_came_back(self, (int64_t)size);
    mg_leave(self);
    return result;
}

/* Under the table's lock; the old range is a target's. */
static long remap_charged(struct mg_self *self, unsigned library, void *address, size_t size, size_t new_size,
                          int flags, void *new_address, uint32_t sample)
{
    uintptr_t from = (uintptr_t)address;
    size_t before = mg_os_whole_pages(size);
    size_t after = mg_os_whole_pages(new_size);
    struct mg_mapping_owner here = { 0 };
    bool reserved = mg_mappings_uncharged(from, from + before, &here) > 0;
    size_t growth = after > before && !reserved ? after - before : 0;
    if (growth && !charge(self, library, growth))
        return -ENOMEM;
    long moved = mg_os_call_mremap(address, size, new_size, flags, new_address);
    if (moved < 0 && moved >= -4095) {
        conclude(self, library, growth, false);
        return moved;
    }
    uintptr_t to = (uintptr_t)moved;
    if (after < before)
        mg_mappings_change(from + after, from + before, MG_MAPPING_GONE);
    if (to != from) {
        mg_mappings_change(to, to + after, MG_MAPPING_GONE);
        mg_mappings_move(from, from + (before < after ? before : after), to);
    }
    if (after > before) {
        if (!reserved)
            here = owner_here(self, library, sample);
        enum mg_mapping_state state = reserved ? MG_MAPPING_RESERVED : MG_MAPPING_CHARGED;
        note(self, library, to + before, to + after, state, here);
    }
    return moved;
}

long mg_remap(unsigned library, void *address, size_t size, size_t new_size, int flags, void *new_address)
{
    struct mg_self *self = &mg_self;
    uintptr_t from = (uintptr_t)address;
    if (!concerns_us(self))
        return mg_os_call_mremap(address, size, new_size, flags, new_address);
    bool charges = begin(self, &library, new_size > size ? new_size - size : 0);
    mg_enter(self);
    size_t growth = charges && new_size > size ? mg_os_whole_pages(new_size) - mg_os_whole_pages(size) : 0;
    uint32_t sample = mg_stacks_count_mapping(self, library, growth);
    mg_mappings_lock();
    long moved;
    if (charges && mg_mappings_touches(from, from + mg_os_whole_pages(size))) {
        moved = remap_charged(self, library, address, size, new_size, flags, new_address, sample);
    } else {
        moved = mg_os_call_mremap(address, size, new_size, flags, new_address);
        if (moved >= 0) {
            mg_mappings_change(from, from + mg_os_whole_pages(size), MG_MAPPING_GONE);
            mg_mappings_change((uintptr_t)moved, (uintptr_t)moved + mg_os_whole_pages(new_size),
                               MG_MAPPING_GONE);
        }
    }
    mg_stacks_mapped(sample);
    mg_mappings_unlock();
    mg_leave(self);
    return moved;
}

void *mg_break(unsigned library, intptr_t growth, void *(*move)(intptr_t))
{
    struct mg_self *self = &mg_self;
    bool ours = growth > 0 && begin(self, &library, (size_t)growth);
    if (!growth || (!ours && (growth > 0 || !concerns_us(self))))
        return move(growth);
    mg_enter(self);
    uint32_t sample = mg_stacks_count_mapping(self, library, ours ? (size_t)growth : 0);
    mg_mappings_lock();
    void *before = (void *)-1;
    if (!ours || charge(self, library, (size_t)growth)) {
        before = move(growth);
        uintptr_t from = (uintptr_t)before;
        bool good = before != (void *)-1;
        if (!ours && good)
            mg_mappings_change(from - (uintptr_t)-growth, from, MG_MAPPING_GONE);
        if (ours && good)
            note(self, library, from, from + (uintptr_t)growth, MG_MAPPING_CHARGED,
                 owner_here(self, library, sample));
        else if (ours)
            conclude(self, library, (size_t)growth, false);
    } else {
        errno = ENOMEM;
    }
    mg_stacks_mapped(sample);
    mg_mappings_unlock();
    mg_leave(self);
    return before;
}
