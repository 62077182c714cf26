/* The order of our thread key and fork's handlers among jemalloc's, also when we are armed long after the process began. */
#include "unit.h"

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

/* ---- fork while others open heaps, which hold jemalloc's locks and ask for the window's ---- */

static _Atomic(int) busy;

static void *open_accounts(void *argument)
{
    for (int i = 0; i < 300; i++)
        CHECK(mg_account_open("kept open", mg_root(), -1));
    busy--;
    return argument;
}

static void fork_never_waits_for_ever(void)
{
#ifdef __SANITIZE_THREAD__
    return; /* it holds at most 64 locks, and jemalloc takes more of its own around fork */
#endif
    pthread_t threads[3];
    busy = 3;
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
}

int main(void)
{
    pthread_key_create(&key, allocate_at_the_end);
    unit_start("observe", NULL);
    a_late_destructor_gets_no_stray_block();
    fork_never_waits_for_ever();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
