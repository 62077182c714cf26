/* Lanes: the counters of one thread in one account, written by that thread alone; their table is the lock-free table of
 * threads by accounts. A lane holds credit, bytes prepaid from its account, so that most charges touch nothing shared.
 *
 * Other threads read lanes under the books' lock, under which a lane changes its account; the counters themselves go on
 * meanwhile, those of a library read as at one moment, so that a sum is off by no more than the operations in flight: of a
 * thread one, and what went from one thread to another while the sum was taken. Runs inside malloc. */
#ifndef MG_LANES_H
#define MG_LANES_H

#include "accounts.h"
#include "base.h"
#include "heap.h"
#include "self.h"

/* What a thread charged to one library, and how much of it is already in the library's shared sum. */
struct mg_lane_book {
    _Atomic(int64_t) charged, refunded, allocations, frees;
    int64_t summed;
};

#define MG_FLOOR_RECALLED INT64_MAX
#define MG_FLOOR_COUNTED (INT64_MAX - 1)

struct mg_lane {
    _Atomic(int64_t) credit;
    _Atomic(int64_t) low; /* the lowest credit since `taken` last moved: where the peak was */
    /* Credit stays in between: below the floor more is taken from the account, above the ceiling it goes back. The floor is 0,
     * but while credit is recalled neither can be met, and the thread waits; where each charge is to be looked at (stacks.h) the
     * floor alone can't be met. */
    _Atomic(int64_t) floor, ceiling;
    struct mg_account *account;     /* NULL: the slot is free. Changes under the books' lock. */
    struct mg_self *self;           /* whose it is */
    struct mg_magazines *magazines; /* of whoever has the lane */
    struct mg_lane *next_free;
    struct mg_lane *next, *before; /* of the same account */
    struct mg_lane_book books[MG_LIBRARIES];
};

/* The key whose destructor tells that a thread ends. False: there is none of those that need no memory. Runs at startup. */
bool mg_lanes_make_key(void);
/* How many there may be at once. For tests, before the start. */
extern unsigned mg_lanes_most;
/* False when there is no memory. Runs at startup. */
bool mg_lanes_start(void);
/* The floor of a lane that nobody recalls anything from: 0, or MG_FLOOR_COUNTED. Set at startup. */
extern int64_t mg_lanes_floor;

/* Gives the thread a lane in the account of that id, or in the one above it that is open, or in the root when it has closed, and binds it to the account's
 * heap. False: the thread stays without. */
bool mg_lanes_bind(struct mg_self *self, struct mg_account *account, uint64_t id);
/* The same by a handle, but where that account has ended the thread stays where it is: false. */
bool mg_lanes_enter(struct mg_self *self, int64_t handle);
/* Whether the last thread that asked for a lane got none. */
bool mg_lanes_full(void);
/* The thread leaves its account, and for good when it ends. */
void mg_lanes_unbind(struct mg_self *self, bool thread_ends);

/* Whoever recalls what this thread has (recall.h) holds the books' lock: returns when that is over. On the lane's own thread,
 * inside us, before it touches its magazines by other ways than mg_credit_spend and mg_credit_regain. */
void mg_lanes_await_recall(struct mg_lane *lane);

/* The lanes, of which some are free. Under the books' lock. */
unsigned mg_lanes_used(void);
struct mg_lane *mg_lanes_at(unsigned index);
/* Brings the library's shared sum up to what the lane charged to it. On the lane's own thread, or under the books' lock. */
void mg_lanes_sum(struct mg_lane *lane, unsigned library);
/* Adds what live lanes hold of an account's books. Under the books' lock. */
void mg_lanes_add_books(const struct mg_account *account, struct mg_book books[MG_LIBRARIES]);
/* Raises the account's peak by what its lanes have seen. Under the books' lock. */
void mg_lanes_note_peaks(struct mg_account *account);
/* Bytes in magazines of threads that are bound to the heap, exact while these are at rest. Under the books' lock. */
int64_t mg_lanes_magazine_bytes(const struct mg_heap *heap);
/* In a fork child the other threads are gone: their lanes are folded. */
void mg_lanes_after_fork_in_child(void);

#endif
