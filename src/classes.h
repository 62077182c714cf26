/* jemalloc's size classes as a table: size -> class -> usable size, without asking jemalloc. What is charged is the
 * usable size, because that is all that free can know. Runs inside malloc. */
#ifndef MG_CLASSES_H
#define MG_CLASSES_H

#include "base.h"

/* Class 0 is none; jemalloc 5.3 has 232 with 4 KB pages. */
#define MG_CLASSES 256
#define MG_SMALL_LIMIT ((size_t)4096)

/* Added to the class of a block in a page where some block's stack is known (stacks.h): what is done at hand is done for classes
 * below, without asking. */
#define MG_SAMPLED MG_CLASSES

struct mg_classes {
    size_t size[MG_CLASSES + MG_SAMPLED];
    unsigned count;
    uint8_t small[MG_SMALL_LIMIT / 8 + 1];
};
extern struct mg_classes mg_classes;

/* Reads the table from jemalloc, which comes to life by that. NULL, or what is wrong (static text). Runs at startup. */
const char *mg_classes_start(void);
/* The class of a size above MG_SMALL_LIMIT; 0 when none is that large. From there on jemalloc has four sizes between a power of
 * two and the next, evenly: which is found without a branch, that would be guessed wrong half of the time. */
static inline unsigned mg_class_of_large(size_t size)
{
    unsigned doublings = (unsigned)(__builtin_clzl(MG_SMALL_LIMIT) - __builtin_clzl(size - 1));
    unsigned quarter = (unsigned)((size - 1) >> doublings) / (MG_SMALL_LIMIT / 4) - 3;
    unsigned class = mg_classes.small[MG_SMALL_LIMIT / 8] + 4 * doublings + quarter;
    return MG_LIKELY(class <= mg_classes.count) ? class : 0;
}

static inline unsigned mg_class_of(size_t size)
{
    return MG_LIKELY(size <= MG_SMALL_LIMIT) ? mg_classes.small[(size + 7) / 8] : mg_class_of_large(size);
}

#endif
