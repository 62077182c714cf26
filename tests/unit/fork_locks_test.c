/* fork waits for each lock of ours that another thread has, so that the child finds all of them free: one after the other is held
 * while the process forks. */
#include "unit.h"

#include "mappings.h"
#include "overhead.h"
#include "window.h"

#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void take_books(void)
{
    mg_lock(&mg_books_lock);
}
static void give_books(void)
{
    mg_unlock(&mg_books_lock);
}

static const struct {
    const char *name;
    void (*take)(void), (*give)(void);
} locks[] = {
    { "mappings", mg_mappings_before_fork, mg_mappings_after_fork },
    { "overhead", mg_overhead_before_fork, mg_overhead_after_fork },
    { "books", take_books, give_books },
    { "heaps", mg_heap_before_fork, mg_heap_after_fork },
    { "libraries", mg_libraries_before_fork, mg_libraries_after_fork },
    { "window", mg_window_before_fork, mg_window_after_fork },
};
enum { LOCKS = sizeof locks / sizeof *locks };

static _Atomic(int) held; /* 1 + which one */
static _Atomic(bool) forked;
static pid_t forker;

/* Whether the forking thread sleeps in a futex: there it waits for the lock. */
static bool waits(void)
{
    char path[64], text[16] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/syscall", (int)forker);
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    bool read = fgets(text, sizeof text, file) != NULL;
    fclose(file);
    return read && atoi(text) == SYS_futex;
}

/* Gives the lock back when the other thread waits for it, or did not wait. */
static void *hold(void *which)
{
    int lock = (int)(size_t)which;
    locks[lock].take();
    held = lock + 1;
    while (!forked && !waits())
        sched_yield();
    locks[lock].give();
    return NULL;
}

static int in_child(void)
{
    alarm(200); /* instead of for ever */
    for (int i = 0; i < LOCKS; i++) {
        locks[i].take();
        locks[i].give();
    }
    mg_free(unit_allocate(1000));
    return MG_LOAD(mg_invariants_broken) != 0;
}

static void fork_while_it_is_held(int lock)
{
    pthread_t thread;
    int status = -1;
    held = 0;
    forked = false;
    CHECK(!pthread_create(&thread, NULL, hold, (void *)(size_t)lock));
    while (held != lock + 1)
        sched_yield();
    pid_t child = fork();
    if (child == 0)
        _exit(in_child());
    forked = true;
    CHECK_EQ(waitpid(child, &status, 0), child);
    if (status)
        dprintf(2, "the child found the lock of %s taken\n", locks[lock].name);
    CHECK_EQ(status, 0);
    CHECK(!pthread_join(thread, NULL));
}

int main(void)
{
#ifdef __SANITIZE_THREAD__
    SKIP("jemalloc takes more locks around fork than the 64 that ThreadSanitizer can follow");
#endif
    unit_start("observe", NULL);
    forker = (pid_t)syscall(SYS_gettid);
    mg_free(unit_allocate(100));
    FILE *file = fopen("/proc/self/syscall", "r");
    char text[16] = "";
    if (!file || !fgets(text, sizeof text, file))
        SKIP("/proc tells no thread's system call here");
    fclose(file);
    for (int lock = 0; lock < LOCKS; lock++)
        fork_while_it_is_held(lock);
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
