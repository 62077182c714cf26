#include "lanes.h"

#include "closing.h"
#include "libraries.h"
#include "magazines.h"
#include "os.h"

#include <pthread.h>
#include <string.h>

unsigned mg_lanes_most = 16384;

_Static_assert(sizeof(struct mg_lane) <= 4096, "a lane is one page, so that idle libraries cost nothing");

static struct {
    struct mg_lane *lanes; /* pages never used are never touched */
    unsigned size, used;
    struct mg_lane *free;
    pthread_key_t key; /* its destructor tells that a thread ends */
    _Atomic(bool) full;
} table;

int64_t mg_lanes_floor;

/* ---- Moving between accounts, under the books' lock ---- */

void mg_lanes_sum(struct mg_lane *lane, unsigned library)
{
    struct mg_lane_book *book = &lane->books[library];
    int64_t net = MG_LOAD(book->charged) - MG_LOAD(book->refunded);
    int64_t change = net - book->summed;
    book->summed = net;
    /* A limited library's sum is kept exact by each charge. */
    if (change && mg_libraries[library].limit < 0)
        mg_library_raise(library, MG_ADD(mg_libraries[library].used, change) + change);
}

static struct mg_book read_once(const struct mg_lane_book *lane)
{
    struct mg_book book;
    book.charged = atomic_load_explicit(&lane->charged, memory_order_acquire);
    book.refunded = atomic_load_explicit(&lane->refunded, memory_order_acquire);
    book.allocations = atomic_load_explicit(&lane->allocations, memory_order_acquire);
    book.frees = atomic_load_explicit(&lane->frees, memory_order_acquire);
    return book;
}

/* The lane's counters become the account's; nothing of the lane is left behind. */
static void fold(struct mg_lane *lane)
{
    struct mg_account *account = lane->account;
    mg_accounts_note_peak_locked(account, MG_LOAD(lane->low));
    unsigned libraries = mg_library_count();
    for (unsigned i = 0; i < libraries; i++) {
        if (!MG_LOAD(lane->books[i].charged) && !MG_LOAD(lane->books[i].refunded))
            continue;
        mg_lanes_sum(lane, i);
        struct mg_book book = read_once(&lane->books[i]);
        mg_book_add(&account->books[i], &book);
        memset(&lane->books[i], 0, sizeof lane->books[i]);
    }
    mg_accounts_move_taken(account, -MG_LOAD(lane->credit));
    MG_STORE(lane->credit, 0);
    MG_STORE(lane->low, 0);
    *(lane->before ? &lane->before->next : &account->first_lane) = lane->next;
    if (lane->next)
        lane->next->before = lane->before;
    lane->account = NULL;
    account->lanes--;
}

static void enter(struct mg_lane *lane, struct mg_account *account)
{
    lane->account = account;
    MG_STORE(lane->ceiling, 0);
    MG_STORE(lane->floor, mg_lanes_floor);
    lane->before = NULL;
    lane->next = account->first_lane;
    if (lane->next)
        lane->next->before = lane;
    account->first_lane = lane;
    account->lanes++;
}

/* Folds the lane; a closing account whose last thread this was ends. Returns heaps to close. */
static struct mg_heap *leave_account(struct mg_lane *lane)
{
    struct mg_account *account = lane->account;
    fold(lane);
    return mg_accounts_end(account);
}

static struct mg_lane *claim_lane(void)
{
    struct mg_lane *lane = table.free;
    if (lane)
        table.free = lane->next_free;
    else if (table.used < table.size)
        lane = &table.lanes[table.used++];
    MG_STORE(table.full, !lane);
    return lane;
}

/* ---- Threads ---- */

static void thread_ends(void *value)
{
    (void)value;
    struct mg_self *self = &mg_self;
    mg_enter(self);
    mg_lanes_unbind(self, true);
    mg_leave(self);
}

/* glibc has room in each thread for the values of this many keys; a further one's is allocated. jemalloc's key comes next after
 * ours, and a thread for which jemalloc could not set it is not forgotten by jemalloc when it ends. */
#define KEYS_WITHOUT_MEMORY 32

bool mg_lanes_make_key(void)
{
    return pthread_key_create(&table.key, thread_ends) == 0 && table.key + 1 < KEYS_WITHOUT_MEMORY;
}

bool mg_lanes_start(void)
{
    table.lanes = mg_os_allocate_affordable(mg_lanes_most, sizeof *table.lanes, &table.size);
    return table.lanes;
}

bool mg_lanes_full(void)
{
    return MG_LOAD(table.full);
}

/* The account a thread really gets: a closing one takes no more threads, but one above it may. */
static struct mg_account *still_open(struct mg_account *account)
{
    while (MG_LOAD(account->state) != MG_ACCOUNT_OPEN)
        account = account->parent;
    return account;
}

void mg_lanes_await_recall(struct mg_lane *lane)
{
    /* Acquire: where a recall has ended, what it left is seen. */
    if (MG_LIKELY(atomic_load_explicit(&lane->floor, memory_order_acquire) != MG_FLOOR_RECALLED))
        return;
    mg_lock(&mg_books_lock);
    mg_unlock(&mg_books_lock);
}

/* Nothing that the thread has at hand is the heap's any more. */
static void empty_hands(struct mg_self *self)
{
    if (!self->heap)
        return;
    mg_magazines_flush(self->magazines, true);
    mg_heap_flush_cache();
}

static void leave_heap(struct mg_self *self)
{
    if (!self->heap)
        return;
    empty_hands(self);
    mg_heap_unbind();
    self->heap = NULL;
}

static bool may_be_bound(struct mg_self *self)
{
    if (self->state == MG_THREAD_LEFT)
        return false;
    /* Without it nobody would tell when the thread ends. */
    return self->state != MG_THREAD_NEW || !pthread_setspecific(table.key, self);
}

/* Under the books' lock, which is given back. */
static bool bind_and_unlock(struct mg_self *self, struct mg_account *account)
{
    struct mg_heap *closing = NULL;
    struct mg_lane *lane = self->lane ? self->lane : claim_lane();
    if (lane) {
        if (lane->account)
            closing = leave_account(lane);
        lane->self = self;
        if (!lane->magazines)
            lane->magazines = mg_magazines_make();
        enter(lane, account);
    }
    mg_unlock(&mg_books_lock);
    if (!lane)
        return false;
    if (self->heap != account->heap) {
        empty_hands(self);
        mg_heap_bind(account->heap);
    }
    self->magazines = lane->magazines;
    self->lane = lane;
    self->account = account;
    self->heap = account->heap;
    self->state = MG_THREAD_ATTACHED;
    mg_heap_close_all(closing);
    return true;
}

bool mg_lanes_bind(struct mg_self *self, struct mg_account *account, uint64_t id)
{
    if (!may_be_bound(self))
        return false;
    mg_lock(&mg_books_lock);
    bool ended = account->id != id || !account->listed;
    return bind_and_unlock(self, ended ? mg_accounts_root : still_open(account));
}

bool mg_lanes_enter(struct mg_self *self, int64_t handle)
{
    if (!may_be_bound(self))
        return false;
    mg_lock(&mg_books_lock);
    struct mg_account *account = mg_accounts_of(handle);
    if (account && account->heap)
        return bind_and_unlock(self, still_open(account));
    mg_unlock(&mg_books_lock);
    return false;
}

void mg_lanes_unbind(struct mg_self *self, bool thread_is_ending)
{
    struct mg_heap *closing = NULL;
    struct mg_lane *lane = self->lane;
    if (lane)
        mg_lanes_await_recall(lane);
    leave_heap(self);
    self->magazines = NULL;
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
    mg_heap_close_all(closing);
    if (thread_is_ending)
        self->state = MG_THREAD_LEFT;
}

/* ---- Reading ---- */

unsigned mg_lanes_used(void)
{
    return table.used;
}

struct mg_lane *mg_lanes_at(unsigned index)
{
    return &table.lanes[index];
}

/* A lane's counters as they were at one moment, while its thread goes on: what two readings in the same order both found was so
 * between them, because counters only grow (but for a charge that came to nothing, and puts everything back). Read one
 * by one they would be as far apart as the thread got while the reader was held up. */
static struct mg_book read_at_once(const struct mg_lane_book *lane)
{
    enum { ENOUGH = 1000 }; /* a thread that does nothing else leaves time for it now and then */
    struct mg_book book = read_once(lane);
    for (int i = 0; i < ENOUGH; i++) {
        struct mg_book again = read_once(lane);
        if (!memcmp(&again, &book, sizeof book))
            break;
        book = again;
    }
    return book;
}

void mg_lanes_add_books(const struct mg_account *account, struct mg_book books[MG_LIBRARIES])
{
    unsigned libraries = mg_library_count();
    for (const struct mg_lane *lane = account->first_lane; lane; lane = lane->next)
        for (unsigned library = 0; library < libraries; library++) {
            struct mg_book book = read_at_once(&lane->books[library]);
            mg_book_add(&books[library], &book);
        }
}

int64_t mg_lanes_magazine_bytes(const struct mg_heap *heap)
{
    int64_t bytes = 0;
    for (unsigned i = 0; i < table.used; i++)
        if (table.lanes[i].account && table.lanes[i].account->heap == heap)
            bytes += mg_magazines_bytes(table.lanes[i].magazines);
    return bytes;
}

void mg_lanes_note_peaks(struct mg_account *account)
{
    for (const struct mg_lane *lane = account->first_lane; lane; lane = lane->next)
        mg_accounts_note_peak_locked(account, MG_LOAD(lane->low));
}

void mg_lanes_after_fork_in_child(void)
{
    for (unsigned i = 0; i < table.used; i++) {
        struct mg_lane *lane = &table.lanes[i];
        if (lane == mg_self.lane || !lane->account)
            continue;
        fold(lane);
        mg_magazines_flush(lane->magazines, false);
        lane->next_free = table.free;
        table.free = lane;
    }
}
