/* What a reader sees while threads are at work is off by no more than the operations in flight, never by a batch of credit
 * and never by what happened between two of its own loads. */
#include "unit.h"

#include <signal.h>
#include <sys/time.h>
#include <time.h>

enum { WRITERS = 3, HELD = 64 };
#define LARGEST ((int64_t)128 << 10)
/* More than ever is in flight, so that a move that is not seen whole is seen. Nobody touches it. */
#define LARGE ((int64_t)64 << 20)

/* Each writer keeps the same blocks alive, size by size: it makes a new one before it frees the old one. */
struct writer {
    pthread_t thread;
    struct mg_account *accounts[2]; /* to which it is bound in turn, if at all */
    void *held[HELD], *large;
    _Atomic(int64_t) in_hand, flow; /* bytes being replaced now, and that were so far */
    int64_t bytes;
};
static struct writer writers[WRITERS];
static _Atomic(bool) stop;
static pthread_barrier_t ready;

/* From what comes out of a lane's credit to what is more than a batch of it. */
static size_t size_of(int i)
{
    return (size_t)1 << (4 + i % 14);
}

static void replace(struct writer *writer, void **held, size_t size)
{
    MG_STORE(writer->in_hand, (int64_t)size);
    MG_ADD(writer->flow, (int64_t)size);
    void *old = *held;
    *held = unit_allocate(size);
    mg_free(old);
    MG_STORE(writer->in_hand, 0);
}

static void *write_on(void *argument)
{
    struct writer *writer = argument;
    unsigned turn = 0;
    if (writer->accounts[0])
        mg_bind(writer->accounts[0]);
    for (int i = 0; i < HELD; i++) {
        writer->held[i] = unit_allocate(size_of(i));
        writer->bytes += (int64_t)mg_usable_size(writer->held[i]);
    }
    writer->large = unit_allocate(LARGE);
    writer->bytes += LARGE;
    pthread_barrier_wait(&ready);
    for (unsigned i = 0; !MG_LOAD(stop); i++) {
        replace(writer, &writer->held[i % HELD], size_of((int)(i % HELD)));
        if (writer->accounts[1] && i % 200 == 0)
            mg_bind(writer->accounts[++turn % 2]); /* what it holds is another account's now */
        if (writer->accounts[1] && i % 200 == 100)
            replace(writer, &writer->large, LARGE);
    }
    for (int i = 0; i < HELD; i++)
        mg_free(writer->held[i]);
    mg_free(writer->large);
    if (writer->accounts[0])
        mg_unbind();
    return NULL;
}

static int64_t held_by_all(void)
{
    int64_t bytes = 0;
    for (int i = 0; i < WRITERS; i++)
        bytes += writers[i].bytes;
    return bytes;
}

/* What was replaced until now, and what is in the writers' hands. */
static int64_t flow_of_all(void)
{
    int64_t bytes = 0;
    for (int i = 0; i < WRITERS; i++)
        bytes += MG_LOAD(writers[i].flow);
    return bytes;
}

static int64_t in_hand_of_all(void)
{
    int64_t bytes = 0;
    for (int i = 0; i < WRITERS; i++)
        bytes += MG_LOAD(writers[i].in_hand);
    return bytes;
}

static void hold_up_in(int microseconds)
{
    struct itimerval once = { .it_value.tv_usec = microseconds };
    CHECK(!setitimer(ITIMER_REAL, &once, NULL));
}

/* The reader is held up in the middle of what it does, while the writers go on: as on a machine with few processors, only
 * more often. They may be waiting for it, so not for long; and in between it goes on, which a timer that fires while
 * this still runs would not let it. */
static void hold_up(int signal_number)
{
    (void)signal_number;
    int64_t before = flow_of_all();
    for (int i = 0; i < 3000 && flow_of_all() < before + 20 * LARGEST; i++)
        __asm__ volatile("" ::: "memory");
    if (!MG_LOAD(stop))
        hold_up_in(15);
}

static void begin(void)
{
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarm, NULL); /* the writers inherit that */
    MG_STORE(stop, false);
    CHECK(!pthread_barrier_init(&ready, NULL, WRITERS + 1));
    for (int i = 0; i < WRITERS; i++) {
        writers[i].bytes = 0;
        CHECK(!pthread_create(&writers[i].thread, NULL, write_on, &writers[i]));
    }
    pthread_barrier_wait(&ready);
    pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);
    struct sigaction action = { .sa_handler = hold_up, .sa_flags = SA_RESTART };
    CHECK(!sigaction(SIGALRM, &action, NULL));
    hold_up_in(15);
}

static void end(void)
{
    MG_STORE(stop, true);
    hold_up_in(0);
    for (int i = 0; i < WRITERS; i++)
        CHECK(!pthread_join(writers[i].thread, NULL));
    CHECK_EQ(unit_read(mg_root(), MG_USED), 0);
    for (int i = 0; i < WRITERS; i++)
        for (int turn = 0; turn < 2; turn++)
            if (writers[i].accounts[turn]) {
                mg_settle(writers[i].accounts[turn]);
                writers[i].accounts[turn] = NULL;
            }
}

static bool for_a_while(time_t *end)
{
    if (!*end)
        *end = time(NULL) + 2;
    return time(NULL) < *end;
}

/* What all have in use, as every figure is made of it. */
static int64_t read_books(void)
{
    struct mg_book books[MG_LIBRARIES] = { { 0 } };
    mg_lock(&mg_books_lock);
    for (unsigned i = 0; i < mg_accounts_slots(); i++) {
        const struct mg_account *account = mg_accounts_slot(i);
        if (!account->listed)
            continue;
        mg_lanes_add_books(account, books);
        mg_book_add(&books[UNIT_LIBRARY], &account->books[UNIT_LIBRARY]);
    }
    mg_unlock(&mg_books_lock);
    return books[UNIT_LIBRARY].charged - books[UNIT_LIBRARY].refunded;
}

/* Threads of one account and of several, which free what they made themselves: each has one block in its hands at most. */
static void a_thread_is_seen_with_one_operation_in_flight(bool in_tasks)
{
    time_t until = 0;
    for (int i = 0; in_tasks && i < WRITERS; i++)
        writers[i].accounts[0] = mg_account_open("task", mg_root(), -1);
    begin();
    for (int64_t i = 0; for_a_while(&until); i++) {
        int64_t off = read_books() - held_by_all();
        if (off < 0 || off > WRITERS * LARGEST)
            dprintf(2, "reading %ld: %ld bytes off\n", i, off);
        CHECK(off >= 0 && off <= WRITERS * LARGEST);
    }
    end();
}

/* Threads that move from account to account, and free as strangers there what they made here. */
static void moves_are_seen_whole(void)
{
    time_t until = 0;
    for (int i = 0; i < WRITERS; i++)
        for (int turn = 0; turn < 2; turn++)
            writers[i].accounts[turn] = mg_account_open("task", mg_root(), -1);
    begin();
    for (int64_t i = 0; for_a_while(&until); i++) {
        int64_t before = flow_of_all();
        int64_t in_hand = in_hand_of_all();
        int64_t used = unit_read(mg_root(), MG_USED);
        int64_t in_flight = flow_of_all() - before + in_hand;
        int64_t off = used - held_by_all();
        if (off < -in_flight || off > in_flight)
            dprintf(2, "reading %ld: %ld bytes off, with %ld in flight\n", i, off, in_flight);
        CHECK(off >= -in_flight && off <= in_flight);
    }
    end();
}

int main(void)
{
    unit_start("observe", NULL);
    a_thread_is_seen_with_one_operation_in_flight(false);
    a_thread_is_seen_with_one_operation_in_flight(true);
    moves_are_seen_whole();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
