#include "lanes.h"

#include "grants.h"
#include "libraries.h"
#include "os.h"
#include "say.h"
#include "settings.h"
#include "specs.h"

#include <pthread.h>
#include <string.h>

#define MAX_LANES 8192

_Static_assert(sizeof(struct mg_lane) <= 4096, "a lane is one page, so that idle libraries cost nothing");

static struct {
    struct mg_lane *lanes; /* MAX_LANES, pages never used are never touched */
    unsigned used;
    struct mg_lane *free;
    pthread_key_t key; /* its destructor tells that a thread ends */
    bool said_full;
} table;

/* ---- Moving between accounts, under the books' lock ---- */

static void sum_library(struct mg_lane *lane, unsigned library)
{
    struct mg_lane_book *book = &lane->books[library];
    int64_t net = MG_LOAD(book->charged) - MG_LOAD(book->refunded);
    int64_t change = net - book->summed;
    book->summed = net;
    /* A limited library's sum is kept exact by each charge. */
    if (change && mg_libraries[library].limit < 0)
        mg_library_raise(library, MG_ADD(mg_libraries[library].used, change) + change);
}

static void fold_book(struct mg_book *book, struct mg_lane_book *lane)
{
    book->charged += MG_LOAD(lane->charged);
    book->refunded += MG_LOAD(lane->refunded);
    book->allocations += MG_LOAD(lane->allocations);
    book->frees += MG_LOAD(lane->frees);
}

/* The lane's counters become the account's; nothing of the lane is left behind. */
static void fold(struct mg_lane *lane)
{
    struct mg_account *account = lane->account;
    mg_accounts_note_peak(account, MG_LOAD(lane->low));
    unsigned libraries = mg_library_count();
    for (unsigned i = 0; i < libraries; i++) {
        if (!MG_LOAD(lane->books[i].charged) && !MG_LOAD(lane->books[i].refunded))
            continue;
        sum_library(lane, i);
        fold_book(&account->books[i], &lane->books[i]);
        memset(&lane->books[i], 0, sizeof lane->books[i]);
    }
    mg_accounts_move_taken(account, -MG_LOAD(lane->credit));
    MG_STORE(lane->credit, 0);
    MG_STORE(lane->low, 0);
    lane->account = NULL;
    account->lanes--;
}

static void enter(struct mg_lane *lane, struct mg_account *account)
{
    lane->account = account;
    lane->ceiling = 0;
    account->lanes++;
}

/* Folds the lane; a closing account whose last thread this was is finished. Returns a heap to close. */
static struct mg_heap *leave_account(struct mg_lane *lane)
{
    struct mg_account *account = lane->account;
    fold(lane);
    bool last = account->lanes == 0 && MG_LOAD(account->state) == MG_ACCOUNT_CLOSING;
    return last ? mg_accounts_finish(account) : NULL;
}

static struct mg_lane *claim_lane(void)
{
    struct mg_lane *lane = table.free;
    if (lane)
        table.free = lane->next_free;
    else if (table.used < MAX_LANES)
        lane = &table.lanes[table.used++];
    return lane;
}

/* ---- Threads ---- */

static void thread_ends(void *value)
{
    (void)value;
    struct mg_self *self = &mg_self;
    self->inside++;
    mg_lanes_unbind(self, true);
    self->inside--;
}

bool mg_lanes_make_key(void)
{
    return pthread_key_create(&table.key, thread_ends) == 0;
}

bool mg_lanes_start(void)
{
    table.lanes = mg_os_allocate(MAX_LANES * sizeof *table.lanes);
    return table.lanes;
}

static bool no_lane(void)
{
    if (!table.said_full) {
        table.said_full = true;
        mg_say("more than %d threads allocate at once; what further ones take is not counted", MAX_LANES);
    }
    return false;
}

/* The account a thread really gets: a closing one takes no more threads. */
static struct mg_account *still_open(struct mg_account *account, uint64_t id)
{
    return account->id == id && MG_LOAD(account->state) == MG_ACCOUNT_OPEN ? account : mg_accounts_root;
}

bool mg_lanes_bind(struct mg_self *self, struct mg_account *account, uint64_t id)
{
    if (self->state == MG_THREAD_LEFT)
        return false;
    /* Without it nobody would tell when the thread ends. */
    if (self->state == MG_THREAD_NEW && pthread_setspecific(table.key, self))
        return false;
    struct mg_heap *closing = NULL;
    mg_lock(&mg_books_lock);
    account = still_open(account, id);
    struct mg_lane *lane = self->lane ? self->lane : claim_lane();
    if (lane) {
        if (lane->account)
            closing = leave_account(lane);
        enter(lane, account);
    }
    mg_unlock(&mg_books_lock);
    if (!lane)
        return no_lane();
    if (self->heap != account->heap) {
        if (self->heap)
            mg_heap_unbind();
        mg_heap_bind(account->heap);
    }
    self->lane = lane;
    self->account = account;
    self->heap = account->heap;
    self->state = MG_THREAD_ATTACHED;
    if (closing)
        mg_heap_close(closing);
    return true;
}

void mg_lanes_unbind(struct mg_self *self, bool thread_is_ending)
{
    struct mg_heap *closing = NULL;
    struct mg_lane *lane = self->lane;
    if (self->heap)
        mg_heap_unbind();
    self->heap = NULL;
    self->lane = NULL;
    self->account = NULL;
    self->task_thread = false;
    if (lane) {
        mg_lock(&mg_books_lock);
        closing = leave_account(lane);
        lane->next_free = table.free;
        table.free = lane;
        mg_unlock(&mg_books_lock);
    }
    if (closing)
        mg_heap_close(closing);
    if (thread_is_ending)
        self->state = MG_THREAD_LEFT;
}

/* ---- Credit ---- */

/* A pool's thread gets its name from its creator, soon; before that it has little to do. */
static bool has_name_of_pool(struct mg_self *self, const char *pattern)
{
    self->name_looks++;
    char name[16];
    mg_os_thread_name(name);
    return mg_matches(pattern, name);
}

enum { NAME_LOOKS = 4 };

/* Where a library has pools, a new thread is the root's until its name is known: idle in its creator's account, it would
 * keep that from closing for ever. */
void mg_lanes_inherit(struct mg_self *self, struct mg_account *account, uint64_t id)
{
    if (account != mg_accounts_root && *mg_libraries[self->home].pool_threads) {
        self->inherited = account;
        self->inherited_id = id;
        account = mg_accounts_root;
    }
    mg_lanes_bind(self, account, id);
}

static bool inherits_now(struct mg_self *self, int64_t bytes)
{
    if (self->task_thread || has_name_of_pool(self, mg_libraries[self->home].pool_threads)) {
        self->inherited = NULL;
        return false;
    }
    return self->name_looks == NAME_LOOKS || bytes > mg_settings.lane_batch;
}

/* A thread of an account that closes goes on in the root; so does one that turns out to serve the whole process. */
static bool belongs_to_root(struct mg_self *self, unsigned library)
{
    if (self->account == mg_accounts_root)
        return false;
    if (MG_LOAD(self->account->state) != MG_ACCOUNT_OPEN)
        return true;
    const char *pattern = mg_libraries[self->home ? self->home : library].pool_threads;
    if (self->task_thread || !*pattern || self->name_looks >= NAME_LOOKS)
        return false;
    return has_name_of_pool(self, pattern);
}

/* Before a charge: into the account in which the thread has to be from now on. */
static bool move(struct mg_self *self, unsigned library, int64_t bytes)
{
    if (self->inherited && inherits_now(self, bytes)) {
        struct mg_account *account = self->inherited;
        self->inherited = NULL;
        self->name_looks = NAME_LOOKS;
        return mg_lanes_bind(self, account, self->inherited_id);
    }
    return !belongs_to_root(self, library) || mg_lanes_bind(self, mg_accounts_root, 0);
}

static void count(struct mg_lane *lane, unsigned library, int64_t bytes)
{
    MG_BUMP(lane->books[library].charged, bytes);
    MG_BUMP(lane->books[library].allocations, 1);
}

/* Credit that a lane keeps at hand; none while every charge has to be looked at. */
static int64_t lane_batch(void)
{
    return mg_settings.deny_nth ? 0 : mg_settings.lane_batch;
}

static void nothing(void)
{
}
void (*mg_lanes_at_slow_charge)(void) = nothing;

MG_NOINLINE bool mg_lanes_charge_slow(struct mg_self *self, unsigned library, int64_t bytes)
{
    mg_lanes_at_slow_charge();
    mg_grants_mind_overhead_in_time(self);
    if (!move(self, library, bytes))
        return false;
    struct mg_lane *lane = self->lane;
    struct mg_account *account = self->account;
    if (MG_LOAD(self->heap->remote)) {
        mg_heap_drain(self->heap, true);
        mg_accounts_collect(account);
    }
    sum_library(lane, library);
    mg_accounts_note_peak(account, MG_LOAD(lane->low));
    if (MG_UNLIKELY(mg_settings.deny_nth) && mg_grants_injected(account, library, bytes))
        return false;
    int64_t credit = MG_LOAD(lane->credit);
    int64_t missing = bytes - credit;
    int64_t taken = missing > 0 ? mg_grants_take(account, library, missing, missing + lane_batch()) : 0;
    if (missing > 0 && !taken)
        return false;
    int64_t left = credit + taken - bytes;
    lane->ceiling = 2 * left;
    MG_STORE(lane->credit, left);
    MG_STORE(lane->low, left);
    count(lane, library, bytes);
    return true;
}

void mg_lanes_undo(struct mg_self *self, unsigned library, int64_t bytes)
{
    struct mg_lane *lane = self->lane;
    int64_t credit = MG_LOAD(lane->credit) + bytes;
    int64_t kept = credit < lane->ceiling ? credit : lane->ceiling / 2;
    MG_BUMP(lane->books[library].charged, -bytes);
    MG_BUMP(lane->books[library].allocations, -1);
    mg_accounts_move_taken(self->account, kept - credit);
    MG_STORE(lane->credit, kept);
    MG_STORE(lane->low, kept);
}

MG_NOINLINE void mg_lanes_give_back(struct mg_self *self, unsigned library)
{
    struct mg_lane *lane = self->lane;
    int64_t credit = MG_LOAD(lane->credit);
    int64_t kept = lane->ceiling / 2;
    sum_library(lane, library);
    mg_accounts_note_peak(self->account, MG_LOAD(lane->low));
    mg_accounts_move_taken(self->account, kept - credit);
    MG_STORE(lane->credit, kept);
    MG_STORE(lane->low, kept);
    mg_grants_mind_overhead_in_time(self);
}

/* ---- Reading ---- */

void mg_lanes_add_books(const struct mg_account *account, struct mg_book books[MG_LIBRARIES])
{
    for (unsigned i = 0; i < table.used; i++) {
        struct mg_lane *lane = &table.lanes[i];
        for (unsigned library = 0; lane->account == account && library < MG_LIBRARIES; library++)
            fold_book(&books[library], &lane->books[library]);
    }
}

void mg_lanes_note_peaks(struct mg_account *account)
{
    for (unsigned i = 0; i < table.used; i++)
        if (table.lanes[i].account == account)
            mg_accounts_note_peak(account, MG_LOAD(table.lanes[i].low));
}

void mg_lanes_after_fork_in_child(void)
{
    for (unsigned i = 0; i < table.used; i++) {
        struct mg_lane *lane = &table.lanes[i];
        if (lane == mg_self.lane || !lane->account)
            continue;
        fold(lane);
        lane->next_free = table.free;
        table.free = lane;
    }
}
