/* What each thread has for itself. One struct, in static TLS, valid from the thread's first instruction to its last,
 * all zero at the beginning. Runs inside malloc. */
#ifndef MG_SELF_H
#define MG_SELF_H

#include "base.h"

struct mg_account;
struct mg_heap;
struct mg_lane;
struct mg_magazines;

/* LEFT: the thread's destructors have run; what it frees goes to the owner's remote list, what it allocates passes. */
/* A sample's place, and what was there then. */
struct mg_sampled {
    uint32_t place, version;
};
#define MG_SAMPLED_AT_ONCE 32

enum mg_thread_state { MG_THREAD_NEW, MG_THREAD_ATTACHED, MG_THREAD_LEFT };

struct mg_self {
    struct mg_lane *lane;           /* NULL until the thread charges for the first time */
    struct mg_account *account;     /* to which the lane belongs now */
    struct mg_heap *heap;           /* to which jemalloc's thread cache and the magazines are bound now */
    struct mg_magazines *magazines; /* NULL: it has none */
    _Atomic(unsigned char) inside;  /* see mg_enter */
    unsigned char state;
    bool begins;              /* inside jemalloc, which makes what it needs for the thread (je_system.c) */
    bool task_thread;         /* bound by the plugin: here a denial may be thrown */
    unsigned char name_looks; /* how often the thread's name was compared with pool-threads */
    /* Its creator's, which the thread gets once its name shows that it serves in no pool; NULL when that is settled. */
    struct mg_account *inherited;
    uint64_t inherited_id;
    unsigned library;       /* whose native method the thread is in; 0 none */
    unsigned home;          /* whose thread it is; 0 the host's */
    unsigned turns;         /* slow charges and refunds: now and then somebody looks in (credit.h) */
    unsigned trims;         /* how often it emptied its cache because memory was short (overhead.c) */
    unsigned behalf;        /* for which libc allocates now; 0 for itself */
    unsigned java;          /* whose the block is that libjvm asks for next on this thread; 0 its own */
    size_t java_bytes;      /* how large that is, at least */
    unsigned char asked;    /* enum mg_asked: what is being charged */
    unsigned char mappings; /* how many it has been granted, as far as hazards.c counts them */
    /* The last range of code that was looked up, and when it was taken. */
    uintptr_t code_from, code_to;
    unsigned code_slot;
    uint32_t code_snapshot;
    int64_t until_sample; /* bytes until a block's stack is noted (stacks.h) */
    uint64_t random;      /* what comes by chance; 0: not begun */
    /* Samples of native methods that the thread is in, which get their Java stack where these end (callers.h). */
    unsigned sampled;
    unsigned asking; /* calls beside these that it is in, at whose end Java is asked as well */
    struct mg_sampled samples[MG_SAMPLED_AT_ONCE];
};
extern MG_PER_THREAD struct mg_self mg_self;

/* The thread is in our code until mg_leave: a malloc meanwhile comes from us or from a signal handler. What it does to its lane
 * lies in between, for its own signal handlers (so the compiler must not move it out) and for a recall of credit, which
 * reads `inside` of other threads: what was done before leaving is released to it; it brings the barrier that is not
 * here, between entering and what follows, by membarrier (lanes.c). */
static inline void mg_enter(struct mg_self *self)
{
    MG_BUMP(self->inside, 1);
    atomic_signal_fence(memory_order_seq_cst);
}

static inline void mg_leave(struct mg_self *self)
{
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(&self->inside, (unsigned char)(MG_LOAD(self->inside) - 1), memory_order_release);
}

/* The same, cheaper, where the thread is known to come from outside. */
static inline void mg_enter_from_outside(struct mg_self *self)
{
    MG_STORE(self->inside, 1);
    atomic_signal_fence(memory_order_seq_cst);
}

static inline void mg_leave_to_outside(struct mg_self *self)
{
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(&self->inside, 0, memory_order_release);
}

#endif
