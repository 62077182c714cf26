/* A child of fork allocates and frees at once, also its parent's blocks, whatever other threads were doing. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

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
    return 0;
}

int main(void)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        CHECK(!pthread_create(&threads[i], NULL, busy, NULL));
    for (int round = 0; round < 100; round++) {
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
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
