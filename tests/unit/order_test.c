/* The order of our thread key and fork's handlers among jemalloc's, also when we are armed long after the process began. */
#include "unit.h"

#include "jemalloc.h"

#include <sys/wait.h>
#include <unistd.h>

/* ---- A destructor of another key, made before we were armed, runs after jemalloc's ---- */

static pthread_key_t key;

static void allocate_at_the_end(void *value)
{
    (void)value;
    void *block = NULL;
    /* Served or passed on; never from a place that free would not know. */
    if (mg_allocate(UNIT_LIBRARY, 100, 0, false, &block)) {
        CHECK(mg_owns(block));
        mg_free(block);
    }
}

static void *use_and_end(void *argument)
{
    pthread_setspecific(key, &key);
    mg_free(unit_allocate(100));
    return argument;
}

static void a_late_destructor_gets_no_stray_block(void)
{
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, use_and_end, NULL);
        pthread_join(thread, NULL);
    }
    CHECK_EQ(unit_read(mg_root(), MG_USED), 0);
}

/* ---- A thread whose arena is not its account's: somebody else's cache of it, jemalloc's own last resort ---- */

static void a_block_from_elsewhere_is_passed_on(void)
{
    unsigned none = 0;
    void *block = &block;
    int64_t before = unit_read(mg_root(), MG_USED);
    mg_free(unit_allocate(3000));
    CHECK(!mgje_mallctl("thread.arena", NULL, NULL, &none, sizeof none));
    mg_heap_flush_cache();
    CHECK(!mg_allocate(UNIT_LIBRARY, 3000, 0, 0, &block));
    CHECK_EQ(unit_read(mg_root(), MG_USED), before);
    mg_unbind();
    mg_free(unit_allocate(3000));
}

/* The last of the account's blocks that jemalloc's cache holds is served, and what is put at hand then is not the account's. */
static void a_block_from_elsewhere_is_not_put_at_hand(void)
{
    unsigned none = 0;
    for (size_t size = 16; size <= 4096; size += 272) {
        void *block = unit_allocate(size);
        mg_free(block);
        CHECK(!mgje_mallctl("thread.arena", NULL, NULL, &none, sizeof none));
        while ((block = mg_allocate_at_hand(UNIT_LIBRARY, size)) ||
               mg_allocate(UNIT_LIBRARY, size, 0, 0, &block))
            CHECK(mg_owns(block)); /* and is left over */
        mg_unbind();
    }
}

/* ---- fork while others open heaps, which hold jemalloc's locks and ask for the window's ---- */

static _Atomic(int) busy;

static void *open_accounts(void *argument)
{
    for (int i = 0; i < 300; i++)
        CHECK(mg_account_open("kept open", mg_root(), -1));
    busy--;
    return argument;
}

/* Measuring asks jemalloc while it holds a lock of ours. */
static void *measure(void *argument)
{
    while (busy)
        mg_measure_overhead();
    return argument;
}

static void fork_never_waits_for_ever(void)
{
#ifdef __SANITIZE_THREAD__
    return; /* it holds at most 64 locks, and jemalloc takes more of its own around fork */
#endif
    pthread_t threads[3], measuring;
    busy = 3;
    pthread_create(&measuring, NULL, measure, NULL);
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, open_accounts, NULL);
    while (busy) {
        pid_t child = fork();
        if (!child) {
            mg_free(unit_allocate(1000));
            _exit(MG_LOAD(mg_invariants_broken) != 0);
        }
        int status;
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK_EQ(status, 0);
    }
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    pthread_join(measuring, NULL);
}

int main(void)
{
    pthread_key_create(&key, allocate_at_the_end);
    unit_start("observe", NULL);
    a_late_destructor_gets_no_stray_block();
    a_block_from_elsewhere_is_passed_on();
    a_block_from_elsewhere_is_not_put_at_hand();
    fork_never_waits_for_ever();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
