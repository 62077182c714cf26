/* Lanes: the counters of one thread in one account, written by that thread alone; their table is the lock-free table of
 * threads by accounts. A lane holds credit, bytes prepaid from its account, so that most charges touch nothing shared.
 *
 * Other threads read lanes under the books' lock, under which a lane changes its account; the counters themselves go on
 * meanwhile, each read whole, so that a sum is off by no more than the operations in flight. Runs inside malloc. */
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

struct mg_lane {
    _Atomic(int64_t) credit;
    _Atomic(int64_t) low;       /* the lowest credit since `taken` last moved: where the peak was */
    int64_t ceiling;            /* credit above it goes back to the account */
    struct mg_account *account; /* NULL: the slot is free. Changes under the books' lock. */
    struct mg_lane *next_free;
    struct mg_lane_book books[MG_LIBRARIES];
};

/* The key whose destructor tells that a thread ends. False: there is none left. Runs at startup. */
bool mg_lanes_make_key(void);
/* False when there is no memory. Runs at startup. */
bool mg_lanes_start(void);

/* Gives the thread a lane in the account of that id, or in the root when it has closed, and binds it to the account's
 * heap. False: the thread stays without. */
bool mg_lanes_bind(struct mg_self *self, struct mg_account *account, uint64_t id);
/* For a thread that begins: binds it to its creator's account, or to the root until its name shows that no pool has it. */
void mg_lanes_inherit(struct mg_self *self, struct mg_account *account, uint64_t id);
/* The thread leaves its account, and for good when it ends. */
void mg_lanes_unbind(struct mg_self *self, bool thread_ends);

/* Called at every slow charge, where the thread holds no lock: for the report that a signal could not write. */
extern void (*mg_lanes_at_slow_charge)(void);

/* Charges and refunds on the thread's own lane. Charging is false when it is denied. */
bool mg_lanes_charge_slow(struct mg_self *self, unsigned library, int64_t bytes);
/* The charge came to nothing: nobody ever had the bytes, so no peak saw them. */
void mg_lanes_undo(struct mg_self *self, unsigned library, int64_t bytes);
void mg_lanes_give_back(struct mg_self *self, unsigned library);

/* Adds what live lanes hold of an account's books. Under the books' lock. */
void mg_lanes_add_books(const struct mg_account *account, struct mg_book books[MG_LIBRARIES]);
/* Raises the account's peak by what its lanes have seen. Under the books' lock. */
void mg_lanes_note_peaks(struct mg_account *account);
/* In a fork child the other threads are gone: their lanes are folded. */
void mg_lanes_after_fork_in_child(void);

static inline bool mg_lanes_charge(struct mg_self *self, unsigned library, int64_t bytes)
{
    struct mg_lane *lane = self->lane;
    int64_t credit = MG_LOAD(lane->credit) - bytes;
    if (MG_UNLIKELY(credit < 0))
        return mg_lanes_charge_slow(self, library, bytes);
    MG_STORE(lane->credit, credit);
    if (credit < MG_LOAD(lane->low))
        MG_STORE(lane->low, credit);
    MG_BUMP(lane->books[library].charged, bytes);
    MG_BUMP(lane->books[library].allocations, 1);
    return true;
}

static inline void mg_lanes_refund(struct mg_self *self, unsigned library, int64_t bytes)
{
    struct mg_lane *lane = self->lane;
    MG_BUMP(lane->books[library].refunded, bytes);
    MG_BUMP(lane->books[library].frees, 1);
    int64_t credit = MG_LOAD(lane->credit) + bytes;
    MG_STORE(lane->credit, credit);
    if (MG_UNLIKELY(credit > lane->ceiling))
        mg_lanes_give_back(self, library);
}

#endif
