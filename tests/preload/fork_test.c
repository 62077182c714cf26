/* A child of fork allocates and frees at once, also its parent's blocks, whatever 16 other threads were doing; so do its own
 * threads, and its child. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 16 };
static atomic_bool stop;

static void *busy(void *unused)
{
    while (!atomic_load(&stop)) {
        char *blocks[50];
        for (int i = 0; i < 50; i++)
            blocks[i] = malloc((size_t)(i + 1) * 700);
        KEEP(blocks[0]);
        for (int i = 0; i < 50; i++)
            free(blocks[i]);
    }
    return unused;
}

static void *once(void *unused)
{
    for (int i = 0; i < 100; i++)
        free(malloc((size_t)i * 1000));
    return unused;
}

static int a_thread_works(void)
{
    pthread_t thread;
    return !pthread_create(&thread, NULL, once, NULL) && !pthread_join(thread, NULL);
}

/* Threads that come and go hold the books' lock now and then. */
static void *creating(void *unused)
{
    while (!atomic_load(&stop))
        CHECK(a_thread_works());
    return unused;
}

static int a_child_works(void)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        once(NULL);
        _exit(0);
    }
    return waitpid(child, &status, 0) == child && status == 0;
}

static int in_child(void **parents)
{
    for (int i = 0; i < 100; i++)
        free(parents[i]);
    for (int i = 0; i < 1000; i++) {
        char *block = malloc((size_t)i * 37);
        if (!block)
            return 1;
        KEEP(block);
        block = realloc(block, (size_t)i * 90 + 1);
        free(block);
    }
    return !a_thread_works() || !a_child_works();
}

int main(void)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, i % 4 ? busy : creating, NULL));
    for (int round = 0; round < 40; round++) {
        void *blocks[100];
        for (int i = 0; i < 100; i++)
            blocks[i] = malloc((size_t)i * 100 + 1);
        pid_t child = fork();
        if (child == 0)
            _exit(in_child(blocks));
        int status = -1;
        CHECK(waitpid(child, &status, 0) == child);
        CHECK_EQ(status, 0);
        for (int i = 0; i < 100; i++)
            free(blocks[i]);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
