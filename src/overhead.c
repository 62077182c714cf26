#include "overhead.h"

#include "heap.h"
#include "libraries.h"
#include "magazines.h"
#include "mappings.h"
#include "os.h"
#include "recall.h"

#define OLD_NS 100000000
/* A heap costs 6 microseconds to look at: 1 % where a GB comes and goes each second. */
#define WORTH_A_LOOK (512 << 10)

struct mg_account *mg_overhead_account;

static struct {
    struct mg_lock lock;
    _Atomic(int64_t) kept;     /* what was measured last */
    _Atomic(int64_t) returned; /* mg_accounts_returned before that */
    _Atomic(unsigned) trims;   /* how often trimming the heaps was not enough */
    _Atomic(int64_t) measured_ns;
    int64_t charged; /* to the account; under the books' lock */
} overhead;

void mg_overhead_start(bool charged)
{
    mg_overhead_account = charged ? mg_accounts_open_without_heap("overhead") : NULL;
}

/* Bytes that are charged to anybody for blocks and mappings, unused credit included. */
static int64_t charged_to_others(void)
{
    int64_t all = MG_LOAD(mg_accounts_root->total) - MG_LOAD(mg_accounts_elsewhere);
    return mg_overhead_account ? all - MG_LOAD(mg_overhead_account->taken) : all;
}

/* From here on something is done, so that the bound holds in between looks too. */
static int64_t alarm_at(int64_t charged)
{
    return MG_OVERHEAD_BOUND(charged) / 4 * 3;
}

/* What is resident now can only be what was resident when it was measured, and what was charged since on top of that: so what is
 * kept has grown by what came back meanwhile, at most. */
static int64_t kept_at_most(void)
{
    return MG_LOAD(overhead.kept) + MG_LOAD(mg_accounts_returned) - MG_LOAD(overhead.returned);
}

bool mg_overhead_due(int64_t budget)
{
    int64_t charged = charged_to_others();
    int64_t kept = kept_at_most();
    if (MG_LIKELY(kept <= alarm_at(charged) || kept <= budget - charged))
        return false;
    /* So much at once that measuring, which looks at each heap, costs little of what the change itself costs. */
    int64_t step = MG_OVERHEAD_BOUND(charged) / 4 + (int64_t)mg_heap_count() * WORTH_A_LOOK;
    return kept - MG_LOAD(overhead.kept) > step;
}

int64_t mg_overhead_excess(void)
{
    if (mg_overhead_account)
        return 0;
    int64_t excess = kept_at_most() - MG_OVERHEAD_BOUND(charged_to_others());
    return excess > 0 ? excess : 0;
}

bool mg_overhead_is_old(void)
{
    return mg_os_now_ns() - MG_LOAD(overhead.measured_ns) > OLD_NS;
}

/* Resident bytes that nobody is charged for. */
static int64_t kept_now(int64_t mapped)
{
    int64_t kept = mg_heaps_resident() - (charged_to_others() - mapped);
    return kept > 0 ? kept : 0;
}

/* How much of what was charged before comes back. */
static int64_t charge(int64_t kept)
{
    struct mg_account *account = mg_overhead_account;
    if (!account)
        return 0;
    mg_lock(&mg_books_lock);
    int64_t change = kept - overhead.charged;
    struct mg_book *book = &account->books[MG_LIBRARY_OWN];
    if (change > 0)
        book->charged += change;
    else
        book->refunded -= change;
    overhead.charged = kept;
    mg_accounts_move_taken(account, change);
    mg_accounts_note_peak_locked(account, 0);
    mg_library_raise(MG_LIBRARY_OWN, MG_ADD(mg_libraries[MG_LIBRARY_OWN].used, change) + change);
    mg_unlock(&mg_books_lock);
    return change < 0 ? -change : 0;
}

/* What threads have at hand: each empties its own jemalloc cache when it comes by; of idle ones others empty the magazines. */
static int64_t empty_threads(int64_t mapped)
{
    MG_ADD(overhead.trims, 1);
    mg_recall_magazines();
    mg_heaps_trim();
    return kept_now(mapped);
}

/* Where what is kept is taken off a limit, nobody goes by what another one has not measured yet. */
static bool begin_measuring(int64_t budget, bool waits)
{
    if (!waits && (mg_overhead_account || budget == INT64_MAX))
        return mg_try_lock(&overhead.lock);
    mg_lock(&overhead.lock);
    return true;
}

void mg_overhead_measure(int64_t budget, bool waits)
{
    int64_t mapped = mg_mappings_charged();
    if (mapped < 0 || !begin_measuring(budget, waits))
        return;
    /* What strangers freed of ended accounts, and of idle ones, nobody else takes in. */
    mg_accounts_collect(mg_accounts_root);
    /* Before each look: what comes back meanwhile may be seen by it or not. */
    int64_t returned = MG_LOAD(mg_accounts_returned);
    int64_t kept = kept_now(mapped);
    if (kept > budget - charged_to_others() && kept > alarm_at(charged_to_others())) {
        mg_heaps_trim();
        returned = MG_LOAD(mg_accounts_returned);
        kept = kept_now(mapped);
        if (kept > alarm_at(charged_to_others()))
            kept = empty_threads(mapped);
    }
    returned += charge(kept); /* by ourselves: nothing that was in use */
    MG_STORE(overhead.kept, kept);
    MG_STORE(overhead.returned, returned);
    MG_STORE(overhead.measured_ns, mg_os_now_ns());
    mg_unlock(&overhead.lock);
}

void mg_overhead_help(struct mg_self *self)
{
    unsigned trims = MG_LOAD(overhead.trims);
    if (MG_LIKELY(self->trims == trims))
        return;
    self->trims = trims;
    if (!self->heap)
        return;
    mg_magazines_flush(self->magazines, true);
    mg_heap_flush_cache();
}

void mg_overhead_before_fork(void)
{
    mg_lock(&overhead.lock);
}

void mg_overhead_after_fork(void)
{
    mg_unlock(&overhead.lock);
}
