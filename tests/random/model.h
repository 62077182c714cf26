/* A model of the books for the randomized test: what is alive, whose it is, and so what every account must show. It is
 * kept by what the test asks for, by jemalloc's size classes and by mincore, never by what src/ counts.
 *
 * Workers play; between rounds nobody does and everything is compared (check.h). In a round alone one of them plays at a
 * time, and all that happens follows from the seed. */
#ifndef MG_MODEL_H
#define MG_MODEL_H

#include "calls.h"
#include "test.h"

#include "accounts.h"
#include "classes.h"
#include "grants.h"
#include "heap.h"
#include "jemalloc.h"
#include "lanes.h"
#include "libraries.h"
#include "mappings.h"
#include "memgrant.h"
#include "os.h"
#include "self.h"
#include "settings.h"

#include <semaphore.h>
#include <string.h>
#include <sys/mman.h>

#ifdef __SANITIZE_THREAD__
/* Two threads write to one address in an order that jemalloc keeps, which the sanitizer does not see. */
#define MODEL_UNWATCHED __attribute__((no_sanitize("thread")))
#else
#define MODEL_UNWATCHED
#endif

enum { WORKERS = 6, SLOTS = 1024, ENTRIES = 14, LIBRARIES = 2, BYSTANDER = LIBRARIES, MOST_UNITS = 64 };

/* FOREIGN: the next allocator's block. */
enum kind { NOTHING, BLOCK, FOREIGN, MAPPING };
/* What a unit of a mapping is to us: RETURNED, its resident pages are charged; UNCOUNTED, somebody else's now. */
enum unit { GONE, RESERVED, CHARGED, RETURNED, UNCOUNTED };

struct slot {
    _Atomic(int) busy;
    enum kind kind;
    char *at;
    size_t size, bytes;      /* of a block: asked for, usable */
    unsigned owner, library; /* entries[] and libraries[] */
    uint64_t pattern;        /* what is written into it */
    size_t unit;             /* of a mapping: its parts' size, and each part's state, owner and protection */
    unsigned units;
    unsigned char state[MOST_UNITS], unit_owner[MOST_UNITS], protection[MOST_UNITS];
};

/* An account; entry 0 is the root, others are tasks or nested in one above. From `least` to `most` bytes are in use while workers
 * play; alone both agree. Those of one include what is below. */
struct entry {
    unsigned parent, depth, heir; /* who has what it leaves: its parent, or another one */
    struct mg_account *account;
    int64_t handle, grant;
    bool open; /* workers may be bound to it */
    bool
        blurred; /* something was handed from it, or from below, to another one, or the other way: nobody knows when */
    bool settled; /* its blocks are the root's once it has closed */
    _Atomic(int64_t) least, least_peak, most, most_peak;
};

struct worker {
    pthread_t thread;
    sem_t go;
    uint64_t random;
    unsigned number;
    unsigned entry; /* where it was bound last */
    int steps;      /* 0: its life ends */
};

struct model {
    struct slot slots[SLOTS];
    struct entry entries[ENTRIES];
    struct worker workers[WORKERS];
    const struct calls *calls[LIBRARIES + 1];
    unsigned libraries[LIBRARIES]; /* their slots in src/ */
    bool alone, enforcing, spark, child;
    bool forks;
    uint64_t seed, round;
    pthread_mutex_t tree; /* accounts are opened, bound to and settled under it */
    sem_t done;
    int64_t lost[4096]; /* by heap: what caches of threads held that a fork child does not have */
    _Atomic(int64_t) operations, denials, alive, forked, settled;
};
static struct model model;

static inline uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static inline unsigned below(struct worker *worker, unsigned bound)
{
    return (unsigned)(next_random(&worker->random) >> 33) % bound;
}

static inline bool one_in(struct worker *worker, unsigned bound)
{
    return below(worker, bound) == 0;
}

/* The entry of the account that the calling worker charges. */
static inline unsigned entry_here(const struct worker *worker)
{
    if (!mg_self.account || mg_self.account == mg_root())
        return 0;
    unsigned entry = worker->entry;
    while (entry && mg_self.account->id != mg_accounts_id(model.entries[entry].handle))
        entry = model.entries[entry].parent; /* what closed around it */
    CHECK(entry);
    return entry;
}

/* ---- Bounds of what is in use ---- */

static inline void add_least(unsigned owner, int64_t bytes)
{
    struct entry *entry = &model.entries[owner];
    mg_accounts_raise(&entry->least_peak, MG_ADD(entry->least, bytes) + bytes);
    if (owner)
        add_least(entry->parent, bytes);
}

static inline void add_most(unsigned owner, int64_t bytes)
{
    struct entry *entry = &model.entries[owner];
    mg_accounts_raise(&entry->most_peak, MG_ADD(entry->most, bytes) + bytes);
    if (owner)
        add_most(entry->parent, bytes);
}

/* Before it is asked for; alone a worker knows afterwards, and exactly. Returns whom it was noted for. */
static inline unsigned may_come(const struct worker *worker, int64_t bytes)
{
    unsigned owner = entry_here(worker);
    if (!model.alone)
        add_most(owner, bytes);
    return owner;
}

/* What grows by moving is there twice for a moment, alone too. */
static inline unsigned may_come_beside(const struct worker *worker, int64_t bytes)
{
    unsigned owner = entry_here(worker);
    add_most(owner, bytes);
    add_most(owner, -bytes);
    return may_come(worker, bytes);
}

static inline void did_not_come(unsigned noted, int64_t bytes)
{
    if (!model.alone)
        add_most(noted, -bytes);
}

static inline void came(unsigned noted, int64_t most, unsigned owner, int64_t bytes)
{
    add_most(owner, bytes);
    did_not_come(noted, most);
    add_least(owner, bytes);
    MG_ADD(model.alive, bytes);
}

/* It is perhaps in use, as far as it is resident. */
static inline void may_be(unsigned owner, int64_t bytes)
{
    add_most(owner, bytes);
    MG_ADD(model.alive, bytes);
}

/* Before it is given back, and after. */
static inline void goes(unsigned owner, int64_t bytes)
{
    add_least(owner, -bytes);
}

static inline void went(unsigned owner, int64_t bytes)
{
    add_most(owner, -bytes);
    MG_ADD(model.alive, -bytes);
}

/* A denial: only where something is limited. */
static inline void was_denied(void)
{
    CHECK(model.enforcing);
    MG_ADD(model.denials, 1);
}

#endif
