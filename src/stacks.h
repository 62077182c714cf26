/* Stacks: of some blocks and mappings it is known who asked for them, as long as they live. Which ones is left to chance, by bytes: each byte
 * begins a sample with the same probability, so a block of s bytes is one with 1 - exp(-s / mean), and what that is divided by
 * in the report makes the sums right in the mean, of whatever sizes.
 *
 * Off, it costs nothing where blocks are at hand: there is no question. On, the floor of each lane can't be met (lanes.h), so that each charge
 * comes by where bytes are counted down, still at hand (blocks.c); frees are as they were, since a page with a sampled block says so in its own
 * word, and only there a bit tells which one it is (window.h). Runs inside malloc. */
#ifndef MG_STACKS_H
#define MG_STACKS_H

#include "base.h"
#include "self.h"
#include "window.h"

#define MG_STACKS ((size_t)1 << 14)
#define MG_STACK_DEPTH 62
#define MG_STACK_LABELS ((size_t)1 << 12)

/* Frames, the innermost first. Stacks stay once they were seen. */
struct mg_stack {
    _Atomic(uint64_t) hash; /* 0: the place is free */
    _Atomic(bool) complete; /* what follows is */
    uint8_t depth;
    bool cut;                       /* there are more */
    uint32_t generation;            /* of the loaded code (modules.h) */
    uintptr_t code[MG_STACK_DEPTH]; /* in the calling instructions */
};

/* Whose a block was when it was asked for. */
struct mg_stack_label {
    _Atomic(uint64_t) hash;
    _Atomic(bool) complete;
    uint64_t account;
    char account_name[96];
    char thread[16];
};

struct mg_stacks {
    int64_t mean;                  /* bytes; 0: off. Read-only after the start */
    struct mg_stack *stacks;       /* MG_STACKS of them; 0 stands for those that found no room */
    struct mg_stack_label *labels; /* MG_STACK_LABELS; the same */
    _Atomic(int64_t) taken, dropped, in_signals;
    _Atomic(int64_t) without_stack, without_label;
    _Atomic(bool) frozen; /* nothing more is noted */
    /* Goes on when code was unloaded: what is at an address afterwards is something else. */
    _Atomic(uint32_t) generation;
};
extern struct mg_stacks mg_stacks;

/* Whether the settings ask for them. */
bool mg_stacks_wanted(void);
/* False when there is no memory for it: it stays off. Runs at startup, before any thread has a lane. */
bool mg_stacks_start(void);

/* In the child of a fork: another thread may have held the dynamic linker's lock, for which some unwinders wait. No further samples; those
 * that are there live as long as their blocks. */
void mg_stacks_freeze(void);

void mg_stacks_sample(struct mg_self *self, unsigned library, const void *block, int64_t bytes);
/* The library has been given that block; by mg_allocate. The thread is inside us. */
static inline void mg_stacks_count(struct mg_self *self, unsigned library, const void *block)
{
    if (MG_LIKELY(!mg_stacks.mean) || !block)
        return;
    int64_t bytes = (int64_t)mg_classes.size[mg_window_owner(block).class];
    self->until_sample -= bytes;
    if (MG_UNLIKELY(self->until_sample < 0))
        mg_stacks_sample(self, library, block, bytes);
}

uint32_t mg_stacks_sample_mapping(struct mg_self *self, unsigned library, int64_t bytes);
/* The library is about to be given so many bytes by mapping: the number of their sample (samples.h), which the caller holds, or 0. Before the
 * mappings' lock is taken, since the walk may wait for the dynamic linker's. The thread is inside us, and attached. */
static inline uint32_t mg_stacks_count_mapping(struct mg_self *self, unsigned library, size_t bytes)
{
    if (MG_LIKELY(!mg_stacks.mean) || !bytes)
        return 0;
    self->until_sample -= (int64_t)bytes;
    return self->until_sample < 0 ? mg_stacks_sample_mapping(self, library, (int64_t)bytes) : 0;
}

/* The caller no longer holds it. Where no range of a mapping does, there is no such mapping: nothing was sampled. Under the mappings' lock. */
void mg_stacks_mapped(uint32_t sample);

/* A block in a page with sampled ones is about to go. */
void mg_stacks_forget(const void *block);
/* One in any page. */
static inline void mg_stacks_forget_any(const void *block)
{
    if (MG_UNLIKELY(mg_window_owner(block).class >= MG_SAMPLED))
        mg_stacks_forget(block);
}

/* How many blocks of that size one that is sampled stands for. */
double mg_stacks_weight(int64_t bytes);

#endif
