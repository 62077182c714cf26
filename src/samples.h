/* Samples: the blocks whose stacks are known, found by address. A table without locks that never grows: each address has a few
 * places, of which it takes one that is free, and where none is the sample is dropped and counted. Those of mappings are in it too: parts of a
 * mapping come and go and move, so its ranges (mappings.c) hold its sample by number, and the last one that goes takes it along.
 * Runs inside malloc, and on threads of any kind and state. */
#ifndef MG_SAMPLES_H
#define MG_SAMPLES_H

#include "base.h"
#include "self.h"

#define MG_SAMPLES ((size_t)1 << 17)

struct mg_sample {
    uint32_t bytes_low,
        bytes_high; /* of a mapping: of which chance was asked; what is in use its ranges know */
    uint32_t stack; /* index in stacks.h's table */
    uint16_t label; /* the same */
    uint8_t library;
    bool mapping;
    uintptr_t block;  /* no address of a mapping's */
    uint32_t callers; /* index in callers.h's table; 0 none, or not yet */
};

/* False when there is no memory. Runs at startup. */
bool mg_samples_start(void);
/* False: there is no room. The block belongs to the caller alone, and is not there yet. Its callers come later: */
bool mg_samples_add(const void *block, struct mg_sample sample, struct mg_sampled *at);
/* if it is still there. Any thread, at any time. */
void mg_samples_name(struct mg_sampled at, uint32_t callers);
/* Whether it was there. Of one block by one thread, which frees it. */
bool mg_samples_remove(const void *block);
/* The same of a mapping: its number, which the caller holds; 0 where there is no room. */
uint32_t mg_samples_add_mapping(struct mg_sample sample, struct mg_sampled *at);
/* Of a number that somebody holds, or of 0. */
void mg_samples_hold(uint32_t number);
/* Whether nobody holds it any more: it is gone. */
bool mg_samples_drop(uint32_t number);
/* What no other mapping's sample ever has for its `block`. */
uintptr_t mg_samples_key(uint32_t number);
/* The place of a number that is not 0. */
static inline size_t mg_samples_place(uint32_t number)
{
    return number - 1;
}
/* The sample at a place below MG_SAMPLES, as it was at one moment. False: there is none. Any thread. */
bool mg_samples_at(size_t place, struct mg_sample *sample);

#endif
