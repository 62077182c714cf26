/* Mappings: private anonymous memory that targets map themselves, as allocators of their own do. Charged while it is
 * writable; refunded when it is unmapped, replaced or made inaccessible. What madvise gave back comes back by a mere
 * touch, so that part is counted by its residency, measured when somebody needs to know.
 *
 * The table is locked across the system call: an address is somebody else's the moment munmap returns. Its owners are
 * the heaps' pairs, as for blocks. Runs inside malloc. */
#ifndef MG_MAPPINGS_H
#define MG_MAPPINGS_H

#include "base.h"
#include "heap.h"

enum mg_mapping_state {
    MG_MAPPING_GONE,     /* not in the table */
    MG_MAPPING_RESERVED, /* not writable: not charged */
    MG_MAPPING_CHARGED,
    MG_MAPPING_RETURNING, /* given back by madvise; charged as far as it was resident when last measured */
};

struct mg_mapping_owner {
    struct mg_heap *heap;
    unsigned tag;
    uint32_t sample; /* who asked for it (samples.h); 0: nobody knows */
};

/* Addresses for the table. It grows in place, because memory that we mapped while the host unmaps might come to lie in the hole just
 * made, and go with what the host unmaps around it. False: there are none. Runs at startup. */
bool mg_mappings_start(void);
/* How many ranges there may be. For tests, before the start. */
extern size_t mg_mappings_most;
/* Whether there is any: if not, and the caller is no target, there is nothing to do here. */
bool mg_mappings_any(void);
void mg_mappings_lock(void);
void mg_mappings_unlock(void);

/* The rest under the lock. */
/* Whether any of these addresses is in the table. */
bool mg_mappings_touches(uintptr_t from, uintptr_t to);
/* Bytes of the range that are in the table and not charged; and their owner, the first one's. */
size_t mg_mappings_uncharged(uintptr_t from, uintptr_t to, struct mg_mapping_owner *owner);
/* These bytes were charged to that owner now, and their part of the table is his. Returns how many there are: fewer than were
 * uncharged where there was no memory to note them. */
size_t mg_mappings_commit(uintptr_t from, uintptr_t to, struct mg_mapping_owner owner);
/* Puts a range that was charged (or is RESERVED) into the table, in place of what was there. False: the table is full. */
bool mg_mappings_add(uintptr_t from, uintptr_t to, enum mg_mapping_state state,
                     struct mg_mapping_owner owner);
/* Gives what is in the table of a range another state than CHARGED, and refunds what was charged of it. */
void mg_mappings_change(uintptr_t from, uintptr_t to, enum mg_mapping_state state);
/* The range's part of the table moves by that distance (mremap). */
void mg_mappings_move(uintptr_t from, uintptr_t to, uintptr_t target);

/* Measures what madvise gave back and corrects its owners' books. Takes the lock, or does nothing while it is taken. */
void mg_mappings_measure(void);
/* Bytes in the table that are charged. -1 while the lock is taken, perhaps by this very thread. */
int64_t mg_mappings_charged(void);
/* Bytes in the table that have memory behind them now. Looks at every page. Takes the lock. */
int64_t mg_mappings_touched(void);
/* Where the first so many lie, writable or not. How many of them; *missing is how many there are beyond, 1 when nobody can say now. */
struct mg_mapping_place {
    uintptr_t from, to;
    unsigned library;
};
size_t mg_mappings_list(struct mg_mapping_place *places, size_t most, size_t *missing);
/* Ranges that hold a sample: as many as the samples' places and the kernel's usual most mappings can make. */
#define MG_MAPPING_PARTS ((size_t)2 << 17)
struct mg_mapping_part {
    uintptr_t from, to;
    int64_t charged;
    uint32_t sample;
    uintptr_t key; /* of the sample then: its number may be another one's soon */
};
struct mg_mapping_parts {
    size_t count;
    struct mg_mapping_part parts[MG_MAPPING_PARTS];
};
/* Bytes in the table that are charged, by library, and the ranges that hold a sample, of the same moment; parts may be NULL. Takes the lock;
 * false when it is taken and `wait` is false. */
bool mg_mappings_read(int64_t charged[MG_LIBRARIES], struct mg_mapping_parts *parts, bool wait);

void mg_mappings_before_fork(void);
void mg_mappings_after_fork(void);

#endif
