/* Accounts: who is charged. A tree; the root is the process or the executor, its children are tasks, and in each of these others may be
 * nested, which have no grant but that of the task or the root that holds them (path.h). All books are kept per library, folded in
 * from lanes when a thread leaves the account.
 *
 *   used     = charged - refunded, exactly, over books, lanes and strangers' frees
 *   taken    = used + credit of the account's lanes, + taken of those nested in it and their reserves     (I3; at rest, after collecting
 *              strangers' frees)
 *   I1: used <= granted + overdraft, where overdraft = max(0, taken - granted), when enforcing
 *
 * Runs inside malloc; opening, closing and reading take the books' lock. */
#ifndef MG_ACCOUNTS_H
#define MG_ACCOUNTS_H

#include "base.h"
#include "book.h"
#include "granting.h"
#include "heap.h"
#include "memgrant.h"
#include "os.h"

/* Accounts on the longest path, the root included. */
#define MG_PATH_MOST 8

enum mg_account_state { MG_ACCOUNT_OPEN, MG_ACCOUNT_CLOSING, MG_ACCOUNT_CLOSED };

struct mg_account {
    char name[96];
    uint64_t id;
    struct mg_account *parent;
    struct mg_account *holder; /* whose grant pays: itself, or, nested, the task or the root above */
    int64_t opened_ns;
    _Atomic(int64_t) reservation; /* of a nested one: so much is held for it of those above, used or not */
    _Atomic(int64_t) reserve;     /* the part of that which it does not use now */
    unsigned depth;               /* accounts above it */
    unsigned children;            /* open or closing */
    struct mg_account *first_child, *last_child, *next_sibling, *sibling_before;
    struct mg_account *heir; /* what it leaves goes there; NULL: to its parent */
    unsigned awaited;        /* accounts that have not ended yet, whose heir it is: it does not end before */
    struct mg_account *next_ending;
    unsigned holders; /* of a shared one: who has not let it go */
    unsigned pins;    /* those who reserve for it just now: it does not end meanwhile */
    _Atomic(bool)
        spread; /* it has or had children: in any heap may be blocks of it and of those below. Read without the lock too */
    _Atomic(int) state;
    bool listed;    /* the slot is in use */
    unsigned lanes; /* threads bound to it */
    struct mg_lane *first_lane;
    int64_t limit;        /* -1 none */
    struct mg_heap *heap; /* NULL: no blocks of its own */
    _Atomic(int64_t) granted;
    _Atomic(int64_t) taken;
    _Atomic(int64_t) total; /* taken, with all descendants' */
    _Atomic(int64_t) peak;  /* of used, with descendants */
    _Atomic(int64_t) overdraft_peak;
    _Atomic(int64_t) denials;
    _Atomic(bool) fair;             /* each of those nested in it is sure of its share (fair.h) */
    _Atomic(unsigned) active;       /* how many of these count */
    _Atomic(bool) is_active;        /* it does, above it */
    _Atomic(int64_t) claim;         /* what is kept for it of its share */
    _Atomic(int64_t) claims;        /* of all that are nested in it */
    int64_t claimed_ns;             /* when it was refused that */
    _Atomic(bool) lends;            /* its lanes may hold credit */
    _Atomic(bool) observed;         /* counted and no more, whatever others are */
    _Atomic(int64_t) tolerated;     /* overdraft below this asks for no boundary */
    _Atomic(bool) injected;         /* a denial was, under stop, that no boundary has thrown yet */
    _Atomic(bool) attention;        /* the task thread should stop by at its next boundary */
    _Atomic(bool) refused;          /* the accountant's last word was no */
    _Atomic(int64_t) unmet;         /* the most overdraft while it was, until it is met */
    _Atomic(int64_t) ahead;         /* what its task threads ask for before they take it (java.c) */
    _Atomic(int64_t) workers_ahead; /* what processes that work for it ask for (workers.c) */
    _Atomic(unsigned) ahead_for;    /* the library that is to have it, the last one that asked */
    _Atomic(unsigned) culprit;      /* library that made it overdrawn */
    _Atomic(uint64_t) refuser;      /* of those nested in it whose limit refused, the last one's id; 0 none */
    _Atomic(uint64_t) refusers[MG_REFUSERS]; /* under stop; UINT64_MAX: more than these */
    _Atomic(uint32_t) doorbell;              /* futex of its courier */
    _Atomic(int64_t) wanted;                 /* bytes of the request posted, 0 none */
    _Atomic(bool) answering;                 /* a courier has taken it and has not answered */
    _Atomic(bool) stopped;                   /* no more requests */
    _Atomic(int64_t) refused_ns;             /* when */
    _Atomic(int64_t) lent; /* bytes of `granted` that Spark has not, but the container (headroom.h) */
    _Atomic(int64_t) lent_peak;
    struct mg_lock repaying; /* who takes back what was lent */
    struct mg_wait {
        _Atomic(uint32_t) news;     /* futex: rung when there may be memory */
        _Atomic(bool) over;         /* nobody is to wait any more */
        _Atomic(int64_t) bytes;     /* for so much it waits now */
        _Atomic(int64_t) since_ns;  /* since when, 0 not at all */
        _Atomic(int64_t) waited_ns; /* waits that ended */
    } wait;                         /* for memory, wherever (waits.h) */
    _Atomic(int64_t) declared;      /* what libraries that charge Spark themselves say that they have here */
    _Atomic(int64_t) declared_peak;
    _Atomic(int64_t) covered;           /* the part of the grant that is theirs, and not asked for by us */
    struct mg_book books[MG_LIBRARIES]; /* its own threads that left, and strangers' frees of closed pairs */
    struct mg_book descendants[MG_LIBRARIES]; /* closed ones */
};

/* Whether what the account takes has to be granted. Either may change at any time: what is asked twice may be answered twice. */
static inline bool mg_account_is_enforced(const struct mg_account *account)
{
    return MG_LOAD(mg_grants.enforcing) && !MG_LOAD(account->holder->observed);
}

/* Guards the tree, books, pairs and which lane belongs to whom. */
extern struct mg_lock mg_books_lock;

/* The root. False when there is no heap for it. Runs at startup. */
bool mg_accounts_start(const char *name, unsigned arenas);
extern struct mg_account *mg_accounts_root;
/* Bytes that came back to all accounts until now. Only grows. */
extern _Atomic(int64_t) mg_accounts_returned;
/* What all are charged for that lies in other processes. */
extern _Atomic(int64_t) mg_accounts_elsewhere;

struct mg_account *mg_accounts_open(const char *name, struct mg_account *parent, int64_t limit);
/* The handle of one nested in the account with that handle: that may be closed at any time, and this one with it. 0 when that is not open, or
 * too deep, or there is no room. */
int64_t mg_accounts_nest(const char *name, int64_t parent, int64_t limit);
/* One below the root for what is charged by figures, and not for blocks: no thread is ever bound to it, and it stays open. NULL
 * when there is no room. */
struct mg_account *mg_accounts_open_without_heap(const char *name);
/* See mg_account_handle. */
int64_t mg_accounts_handle(const struct mg_account *account);
struct mg_account *mg_accounts_of(int64_t handle);
/* The id in a handle. */
uint64_t mg_accounts_id(int64_t handle);
/* What no less can be granted: what is taken, and what libraries that charge Spark themselves have. */
static inline int64_t mg_accounts_needs(const struct mg_account *account)
{
    int64_t taken = MG_LOAD(account->taken), covered = MG_LOAD(account->covered);
    return taken > covered ? taken : covered;
}

/* More or fewer bytes are taken from the account. */
void mg_accounts_move_taken(struct mg_account *account, int64_t bytes);
/* A lane with that much unused credit at its lowest was seen: raises peaks. Takes the lock where strangers freed something. */
void mg_accounts_note_peak(struct mg_account *account, int64_t lowest_credit);
/* The same under the lock. */
void mg_accounts_note_peak_locked(struct mg_account *account, int64_t lowest_credit);
/* To the value, if it is higher. Relaxed: only the peak's own values matter, and a compare-and-exchange never misses a higher one. */
static inline void mg_accounts_raise(_Atomic(int64_t) *peak, int64_t value)
{
    int64_t before = MG_LOAD(*peak);
    while (value > before && !atomic_compare_exchange_weak_explicit(
                                 peak, &before, value, memory_order_relaxed, memory_order_relaxed))
        ;
}
/* Takes in what strangers freed, of descendants too. Takes the lock. */
void mg_accounts_collect(struct mg_account *account);
/* The same under the lock. */
void mg_accounts_collect_locked(struct mg_account *account);
/* The same of one pair. Under the lock. */
void mg_accounts_collect_pair(struct mg_pair *pair);
/* The same up to that reading of pair->refunded. */
void mg_accounts_collect_pair_to(struct mg_pair *pair, int64_t refunded);
/* Bytes that strangers freed of a pair since its present account has it. */
static inline int64_t mg_strangers_bytes(const struct mg_pair *pair)
{
    return MG_LOAD(pair->refunded) - pair->refunded_before;
}
static inline int64_t mg_strangers_frees(const struct mg_pair *pair)
{
    /* Acquire: when it tells that all are freed, those who freed are done with the pair. */
    return atomic_load_explicit(&pair->frees, memory_order_acquire) - pair->frees_before;
}

/* A survivors' pair whose blocks are all freed goes back to its heap. Under the lock. */
void mg_accounts_release_empty(struct mg_heap *heap);
/* Adds the account's own books by library: folded ones, and strangers' frees. Under the lock. The lanes' part is added by lanes.c. */
void mg_accounts_add_books(const struct mg_account *account, struct mg_book books[MG_LIBRARIES]);

/* An ended one leaves its parent, and its slot. Under the lock. */
void mg_accounts_remove(struct mg_account *account);

/* For the report, under the lock: slots, of which some are listed. */
unsigned mg_accounts_slots(void);
struct mg_account *mg_accounts_slot(unsigned index);

#endif
