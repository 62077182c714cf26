/* The window: one reserved range of addresses in which every block of a target lies. From an address alone follows
 * whether it is ours, whose heap it is in, and by page and tag which (account, library) owns the block and its size.
 *
 *   address -> granule (2 MB) -> heap
 *           -> page (4 KB)    -> size class, base tag, mixed?, how many blocks with a known stack
 *           -> tag of the 16 bytes, only looked at in mixed pages: 0 means the page's base tag
 *           -> whether the block of the 16 bytes has a known stack, only looked at in pages with such blocks
 *
 * A page is mixed once two owners have blocks in it; most never are, so that tags cost no memory there.
 * Runs inside malloc; takes the window's lock under jemalloc's. */
#ifndef MG_WINDOW_H
#define MG_WINDOW_H

#include "base.h"
#include "classes.h"

#define MG_GRANULE ((size_t)2 << 20)
#define MG_TAGS 256

struct mg_window {
    uintptr_t base;
    size_t size;
    _Atomic(uint16_t) *heaps; /* by granule: index of the heap + 1, 0 none */
    _Atomic(uint32_t) *pages; /* by page: class | base tag << 8 | mixed << 16 | sampled blocks << 17 */
    _Atomic(uint8_t) *tags;   /* by 16 bytes */
    /* By 16 bytes a bit; NULL where no stacks are taken. */
    _Atomic(uint64_t) *sampled;
};
/* Read-only after mg_window_start. */
extern struct mg_window mg_window;

/* False when no addresses are to be had. Runs at startup. */
bool mg_window_start(void);
/* What it reserves at most: enough for any executor. For tests, before the start. */
extern size_t mg_window_largest;
/* Addresses with memory for a heap; NULL when the window is full or the kernel refuses. */
void *mg_window_take(unsigned heap, size_t size, size_t alignment);
/* Bytes of the tables of pages and tags that have memory behind them. */
size_t mg_window_tables_resident(void);
/* Bytes in it that have memory behind them. Looks at every page. */
size_t mg_window_touched(void);
/* Around fork. */
void mg_window_before_fork(void);
void mg_window_after_fork(void);

static inline bool mg_window_holds(const void *address)
{
    return (uintptr_t)address - mg_window.base < mg_window.size;
}

static inline unsigned mg_window_heap(const void *address)
{
    return MG_LOAD(mg_window.heaps[((uintptr_t)address - mg_window.base) / MG_GRANULE]) - 1u;
}

struct mg_owner {
    unsigned class;
    unsigned tag;
};

/* The owner of a live block; of any block in a page with sampled ones the class is MG_SAMPLED higher. */
static inline struct mg_owner mg_window_owner(const void *block)
{
    uintptr_t offset = (uintptr_t)block - mg_window.base;
    uint32_t page = MG_LOAD(mg_window.pages[offset / MG_PAGE]);
    unsigned tag = page >> 8 & 0xff;
    if (MG_UNLIKELY(page >> 16)) {
        /* Where nobody wrote a tag none is read: that would give the table memory, which is counted. */
        unsigned own = page >> 16 & 1 ? MG_LOAD(mg_window.tags[offset / 16]) : 0;
        tag = own ? own : tag;
        return (struct mg_owner){ (page & 0xff) + (page >> 17 ? MG_SAMPLED : 0), tag };
    }
    return (struct mg_owner){ page & 0xff, tag };
}

void mg_window_mark_slow(const void *block, unsigned class, unsigned tag);

/* Notes the owner of a block that jemalloc has just given out. */
static inline void mg_window_mark(const void *block, unsigned class, unsigned tag)
{
    uintptr_t offset = (uintptr_t)block - mg_window.base;
    if (MG_UNLIKELY(MG_LOAD(mg_window.pages[offset / MG_PAGE]) != (class | tag << 8)))
        mg_window_mark_slow(block, class, tag);
}

/* Room for the bits of sampled blocks. False: there are no addresses. Runs at startup, before anything is taken. */
bool mg_window_start_sampling(void);
/* The block, which is the caller's alone, is a sampled one from now on, or no longer. */
void mg_window_mark_sampled(const void *block, bool sampled);
/* Of a live block in a page with sampled ones. */
static inline bool mg_window_is_sampled(const void *block)
{
    uintptr_t at = ((uintptr_t)block - mg_window.base) / 16;
    return MG_LOAD(mg_window.sampled[at / 64]) >> at % 64 & 1;
}

#endif
