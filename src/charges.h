/* Charges and refunds of a thread, by library, with the library's own limit; what blocks and mappings share. The thread
 * is inside us, and attached. Runs inside malloc. */
#ifndef MG_CHARGES_H
#define MG_CHARGES_H

#include "credit.h"
#include "denials.h"
#include "grants.h"
#include "lanes.h"
#include "libraries.h"
#include "passed.h"
#include "self.h"
#include "settings.h"

/* Whom a library that MG_LIBRARY_SERVES serves. libc: the library that called it for memory, else itself, if it is a
 * target. libstdc++: the library that the thread is in, or whose thread it is; only where neither is known the stack is
 * asked. The thread need not be inside us. */
unsigned mg_charges_owner(const struct mg_self *self, unsigned library);
/* How much more than the JVM is asked for it asks malloc for: 0, or the header of native memory tracking (18 bytes in OpenJDK 17 to
 * 25). Learnt from the last block. */
extern _Atomic(size_t) mg_charges_java_beside;
/* Whose the block of that size is that libjvm asks for: the marked thread's, where it is as large as was said, or has that
 * header; whoever serves it takes the mark away. 0: libjvm's own. */
static inline unsigned mg_charges_java(struct mg_self *self, size_t size)
{
    enum { MOST_BESIDE = 64 };
    unsigned library = self->java;
    size_t beside = size - self->java_bytes;
    if (!library || beside > MOST_BESIDE)
        return 0;
    if (MG_UNLIKELY(beside != MG_LOAD(mg_charges_java_beside)))
        MG_STORE(mg_charges_java_beside, beside);
    return library;
}
/* A thread that nobody bound charges the root. False: it can't, and the bytes that the library asks for pass uncounted. */
bool mg_charges_attach(struct mg_self *self, unsigned library, size_t bytes);

unsigned mg_charges_new_tag(struct mg_self *self, unsigned library);
/* The library's tag in the thread's heap; 0 when there is none left. */
static inline unsigned mg_charges_tag(struct mg_self *self, unsigned library)
{
    unsigned tag = atomic_load_explicit(&self->heap->tag_of[library], memory_order_acquire);
    return MG_LIKELY(tag) ? tag : mg_charges_new_tag(self, library);
}

/* False when it is denied. */
static inline bool mg_charges_take(struct mg_self *self, unsigned library, int64_t bytes)
{
    bool limited = MG_UNLIKELY(MG_LOAD(mg_library_limits)) && mg_libraries[library].limit >= 0;
    if (MG_UNLIKELY(limited) && !mg_grants_within_library(self->account, library, bytes))
        return false;
    if (MG_LIKELY(mg_credit_charge(self, library, bytes)))
        return true;
    if (limited)
        MG_ADD(mg_libraries[library].used, -bytes);
    return false;
}

/* A charge whose block or mapping was not to be had. */
static inline void mg_charges_undo(struct mg_self *self, unsigned library, int64_t bytes)
{
    if (MG_UNLIKELY(MG_LOAD(mg_library_limits)) && mg_libraries[library].limit >= 0)
        MG_ADD(mg_libraries[library].used, -bytes);
    mg_credit_undo(self, library, bytes);
}

/* A charge has its block or mapping. A large one shows in the peak at once: it may be freed by a stranger, or unmapped, before
 * the thread takes or gives back again. What no peak has seen yet is thus a lane's credit at most. */
static inline void mg_charges_keep(struct mg_self *self, int64_t bytes)
{
    if (MG_LIKELY(bytes <= mg_settings.lane_batch))
        return;
    mg_accounts_note_peak(self->account, MG_LOAD(self->lane->low));
    mg_credit_look_in(self, bytes);
}

static inline void mg_charges_return(struct mg_self *self, unsigned library, int64_t bytes)
{
    if (MG_UNLIKELY(MG_LOAD(mg_library_limits)) && mg_libraries[library].limit >= 0)
        MG_ADD(mg_libraries[library].used, -bytes);
    mg_credit_refund(self, library, bytes);
}

#endif
