/* Heaps: the jemalloc arenas that serve one account, the owners of the blocks in them, and the list of blocks that other
 * accounts' threads freed. A heap is recycled when its account closes, survivors inside; their owners stay known.
 *
 * Rules: a thread's jemalloc cache only ever holds blocks of the heap that it is bound to (it is flushed before it is
 * bound elsewhere), and no jemalloc call is made on a thread that has left (interposed frees may come after that).
 * Runs inside malloc. */
#ifndef MG_HEAP_H
#define MG_HEAP_H

#include "base.h"
#include "window.h"

#define MG_HEAP_ARENAS 8

struct mg_account;

/* Who owns the blocks with one tag in one heap. `refunded` and `frees` only grow, by any thread that frees without
 * being bound to the account; the rest changes under the accounts' lock. */
struct mg_pair {
    _Atomic(struct mg_account *) account;
    /* The same, where the heap is the account's own and the blocks were charged to it there: its threads refund them on their lanes. NULL where
     * they were handed to it: of those the pair itself has to know when all are freed, so all are strangers. */
    _Atomic(struct mg_account *) local;
    unsigned library;
    bool in_use;
    bool survives; /* the blocks were handed to the account: by one that closed, or one by one */
    _Atomic(int64_t) refunded;
    _Atomic(int64_t) frees;
    _Atomic(int64_t) mappings; /* ranges that name it: they may come to be charged again (mappings.c) */
    int64_t refunded_before;   /* what of it belongs to the account that had the pair before */
    int64_t frees_before;
    int64_t collected; /* what of it was given back to the account's `taken` */
    int64_t survivors; /* bytes and blocks handed over */
    int64_t survivor_count;
};

struct mg_heap {
    unsigned index;
    unsigned arena_count;
    unsigned arenas[MG_HEAP_ARENAS];
    _Atomic(unsigned) next_arena;
    _Atomic(void *) remote;    /* blocks freed by strangers, linked through their first word */
    _Atomic(void *) collected; /* the first of them when refunds were last collected (accounts.c) */
    _Atomic(bool) drained;     /* since then */
    _Atomic(bool) resting;     /* no account has it */
    _Atomic(int64_t) waiting;  /* bytes that strangers freed since and that are still there */
    _Atomic(uint8_t) tag_of[MG_LIBRARIES]; /* the current account's tag for a library, 0 none yet */
    struct mg_heap *next_idle;             /* or, of one whose account ended, the next one to be closed */
    bool full;                             /* of survivors: hardly a tag is left */
    unsigned tags_end; /* above the highest tag that was ever in use: few have more than a handful */
    struct mg_pair pairs[MG_TAGS];
};

/* Reads what is constant of jemalloc. False: no heaps. Runs at startup. */
bool mg_heap_start(void);
/* A heap for an account, recycled or new. NULL when there are no more. Takes no part of the accounts' lock. */
struct mg_heap *mg_heap_open(unsigned arenas);
/* Gives its free memory back to the system and keeps the heap for the next account, or aside while it is full. */
void mg_heap_close(struct mg_heap *heap);
/* The same of a list of them. */
void mg_heap_close_all(struct mg_heap *first);
/* One of the heaps that were put aside, in turn, for the caller to close again; NULL when there are none. */
struct mg_heap *mg_heap_reconsider(void);
/* Whether survivors have nearly all tags. Under the accounts' lock. */
bool mg_heap_is_full(const struct mg_heap *heap);
struct mg_heap *mg_heap_at(unsigned index);
unsigned mg_heap_count(void);

/* The tag for a library of the heap's current account, or for blocks in it that are handed to another one; 0 when all are taken. Under the
 * accounts' lock. */
unsigned mg_heap_new_tag(struct mg_heap *heap, struct mg_account *account, unsigned library, bool handed);

/* The calling thread's blocks come from this heap from now on. Its cache has been emptied into the one that they came from until now. */
void mg_heap_bind(struct mg_heap *heap);
/* The same, but from no heap of ours. */
void mg_heap_unbind(void);

/* Only on a thread that is bound to a heap. alignment 0 is malloc's own. */
void *mg_heap_allocate(size_t size, size_t alignment, bool zeroed);

/* For threads that are not bound to the block's heap, in any state. The block must be refunded already. */
void mg_heap_push_remote(struct mg_heap *heap, void *block);
/* After so many more bytes were pushed: gives them back to the system if the heap has no account, whose threads would, and it is
 * worth it. On a thread that may call jemalloc. */
void mg_heap_tidy(struct mg_heap *heap, int64_t bytes);
/* Whether strangers freed something whose refund nobody has collected. Cheap. */
bool mg_heap_has_news(const struct mg_heap *heap);
/* Before the pairs' refunds are collected: what is pushed from now on is news again. Under the accounts' lock. */
void mg_heap_begin_collecting(struct mg_heap *heap);
/* Frees what strangers pushed. `bound`: the calling thread is bound to this heap. */
void mg_heap_drain(struct mg_heap *heap, bool bound);

/* Bytes that jemalloc counts as allocated in the heap's arenas, thread caches, magazines and remote list included. For tests and
 * on request. */
size_t mg_heap_allocated(const struct mg_heap *heap);
/* Bytes that all heaps keep resident, jemalloc's own and the window's tables included: pages of blocks, free pages that were not
 * given back yet, thread caches. An upper bound: a page counts from when it is first given out, touched or not. */
int64_t mg_heaps_resident(void);
/* Bytes of them that have memory behind them now, exactly for blocks. Looks at every page. */
int64_t mg_heaps_touched(void);
/* Gives every page back that holds no block: takes in what strangers freed, then purges. Thread caches stay. */
void mg_heaps_trim(void);
/* Empties the calling thread's cache into the heap that it is bound to. */
void mg_heap_flush_cache(void);
void mg_heap_before_fork(void);
void mg_heap_after_fork(void);

#endif
