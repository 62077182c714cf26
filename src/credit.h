/* Credit: charges and refunds of a thread, out of what its lane holds prepaid and into it. The thread is inside us, and
 * attached. Runs inside malloc. */
#ifndef MG_CREDIT_H
#define MG_CREDIT_H

#include "lanes.h"
#include "self.h"

/* Called at every slow charge, where the thread holds no lock but, perhaps, the mappings': for the report that a signal could not write, which
 * only tries to take locks. The other one where large blocks have come or gone, and now and then, for the live page: never between a charge
 * and its block, since what comes to nothing would show in a peak. */
extern void (*mg_credit_at_slow_charge)(void);
extern void (*mg_credit_at_change)(void);

/* Where each block is slow, since it is large, a call for each would show in what it costs. */
static inline void mg_credit_look_in(struct mg_self *self, int64_t bytes)
{
    enum { LARGE = 1 << 20, TURNS = 16 };
    if (MG_UNLIKELY(bytes >= LARGE || ++self->turns % TURNS == 0))
        mg_credit_at_change();
}

/* Charges and refunds on the thread's own lane. Charging is false when it is denied. */
bool mg_credit_charge_slow(struct mg_self *self, unsigned library, int64_t bytes);
/* The charge came to nothing: nobody ever had the bytes, so no peak saw them. */
void mg_credit_undo(struct mg_self *self, unsigned library, int64_t bytes);
void mg_credit_give_back(struct mg_self *self, unsigned library, int64_t bytes);
/* So much is not used any more: what of that was an executor's goes back to it, and the live page shows it. */
void mg_credit_came_back(struct mg_self *self, int64_t bytes);

/* To be read before the lane's credit and its thread's magazines. Acquire: whoever recalls either from a thread that comes in
 * meanwhile puts the floor back afterwards, so an open one tells that what is read next is left. */
static inline int64_t mg_credit_floor(const struct mg_lane *lane)
{
    return atomic_load_explicit(&lane->floor, memory_order_acquire);
}

/* The same out of credit alone, and into it: false when that is not possible, and nothing happened. */
static MG_INLINE bool mg_credit_spend(struct mg_lane *lane, int64_t floor, unsigned library, int64_t bytes)
{
    int64_t credit = MG_LOAD(lane->credit) - bytes;
    if (MG_UNLIKELY(credit < floor))
        return false;
    MG_STORE(lane->credit, credit);
    if (credit < MG_LOAD(lane->low))
        MG_STORE(lane->low, credit);
    MG_BUMP(lane->books[library].charged, bytes);
    MG_BUMP(lane->books[library].allocations, 1);
    return true;
}

/* The same at hand. Where stacks are taken the floor says so, as one that no credit meets; then bytes are counted down too, and a block with
 * which a sample begins is none for here. */
static MG_INLINE bool mg_credit_spend_counted(struct mg_self *self, int64_t floor, unsigned library,
                                              int64_t bytes)
{
    if (MG_LIKELY(mg_credit_spend(self->lane, floor, library, bytes)))
        return true;
    if (MG_LIKELY(floor != MG_FLOOR_COUNTED) || self->until_sample < bytes ||
        !mg_credit_spend(self->lane, 0, library, bytes))
        return false;
    self->until_sample -= bytes;
    return true;
}

static inline bool mg_credit_regain(struct mg_lane *lane, unsigned library, int64_t bytes)
{
    /* Relaxed, and in whichever order: a recall leaves the ceiling so low that nothing is regained until the next slow charge, which
     * awaits the recall's end. */
    int64_t ceiling = MG_LOAD(lane->ceiling);
    int64_t credit = MG_LOAD(lane->credit) + bytes;
    if (MG_UNLIKELY(credit > ceiling))
        return false;
    MG_BUMP(lane->books[library].refunded, bytes);
    MG_BUMP(lane->books[library].frees, 1);
    MG_STORE(lane->credit, credit);
    return true;
}

static inline bool mg_credit_charge(struct mg_self *self, unsigned library, int64_t bytes)
{
    return MG_LIKELY(mg_credit_spend(self->lane, mg_credit_floor(self->lane), library, bytes)) ||
           mg_credit_charge_slow(self, library, bytes);
}

static inline void mg_credit_refund(struct mg_self *self, unsigned library, int64_t bytes)
{
    if (MG_UNLIKELY(!mg_credit_regain(self->lane, library, bytes)))
        mg_credit_give_back(self, library, bytes);
}

#endif
