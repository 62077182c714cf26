/* Overhead: what the heaps keep resident beyond what is charged: free pages not given back yet, thread caches, fragmentation,
 * jemalloc's own records, the window's tables. A limit on charged bytes is none on resident memory without it.
 *
 * Measured, not counted, where it may have grown. In a pool that others share it is charged to an account of its own below the
 * root; of a fixed limit what is beyond MG_OVERHEAD_BOUND is not there for blocks. When enforcing it is kept within that bound by giving
 * pages back. What live blocks keep others from (fragmentation) can't be given back: it stays charged, or taken off.
 * Runs inside malloc. */
#ifndef MG_OVERHEAD_H
#define MG_OVERHEAD_H

#include "accounts.h"
#include "self.h"

/* Most that is kept on top of so many charged bytes, while it can be helped: 5 % and 16 MB (as for a heap of a plain jemalloc). */
#define MG_OVERHEAD_BOUND(charged) ((charged) / 20 + (16 << 20))

/* With an account: what is kept is charged to it. Runs at startup. */
void mg_overhead_start(bool charged);
/* Its account; NULL when it is not charged. */
extern struct mg_account *mg_overhead_account;

/* Whether so much came back since it was last measured that the bound may be broken, and what is charged and what is kept
 * may be more than `budget` together: 0 is always, INT64_MAX never. Cheap: for every slow charge. */
bool mg_overhead_due(int64_t budget);
/* Whether it was not measured for a while. For those who come by now and then. */
bool mg_overhead_is_old(void);
/* Measures and charges; keeps it within the bound where it is beyond that and beyond the budget. The thread holds no lock of ours
 * but, perhaps, the mappings': then nothing is done. While another thread is at it, it is left to that one, or, where it is
 * taken off a limit or the caller `waits`, waited for: that one may have begun before what the caller freed. */
void mg_overhead_measure(int64_t budget, bool waits);
/* What may be kept beyond the bound now, by what was last measured and what came back since. A limit that is to hold in resident
 * memory is lower by it. 0 where it is charged instead. */
int64_t mg_overhead_excess(void);
/* Around fork, between the mappings and the books. */
void mg_overhead_before_fork(void);
void mg_overhead_after_fork(void);
/* The calling thread is inside us and may empty its cache: it does, when memory was short since it last did. */
void mg_overhead_help(struct mg_self *self);

#endif
