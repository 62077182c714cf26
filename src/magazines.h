/* Magazines: what a thread has at hand of small blocks of the heap that it is bound to, a stack for each size class, in front
 * of jemalloc's own thread cache. Taking one and putting one back is a handful of instructions, so that a small block costs its
 * library no more than it does without us, counting included. (The word is Bonwick's: "Magazines and Vmem", USENIX 2001.)
 *
 * A block in a magazine is free: nobody is charged for it. To jemalloc it is allocated. Only the thread itself touches its
 * magazines, inside us; they are emptied wherever jemalloc's thread cache is. Runs inside malloc. */
#ifndef MG_MAGAZINES_H
#define MG_MAGAZINES_H

#include "base.h"
#include "classes.h"

/* Of blocks up to this size (bytes): as far as classes.h has them by a table. */
#define MG_MAGAZINE_LARGEST MG_SMALL_LIMIT
#define MG_MAGAZINES 32
#define MG_MAGAZINE_ROUNDS 32

struct mg_magazines {
    _Atomic(uint8_t) count[MG_MAGAZINES];
    void *blocks[MG_MAGAZINES][MG_MAGAZINE_ROUNDS];
};

/* By class, how many blocks a magazine takes; 0 for classes that have none, MG_SAMPLED and above among them. Read-only after mg_magazines_start. */
extern uint8_t mg_magazine_rounds[MG_CLASSES + MG_SAMPLED];
/* Runs at startup, after mg_classes_start. */
void mg_magazines_start(void);
/* Empty ones; NULL when there is no memory, or when each allocation has to be looked at. */
struct mg_magazines *mg_magazines_make(void);

/* Fills an empty magazine half from the heap that the thread is bound to, or empties a full one half into it. */
void mg_magazines_fill(struct mg_magazines *magazines, unsigned class);
void mg_magazines_drain(struct mg_magazines *magazines, unsigned class);
/* Empties all. `bound`: by their own thread, which is bound to the blocks' heap. NULL is none. */
void mg_magazines_flush(struct mg_magazines *magazines, bool bound);
/* What is in them, in bytes of classes. NULL is none. */
int64_t mg_magazines_bytes(const struct mg_magazines *magazines);

#endif
