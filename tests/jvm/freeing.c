/* A thread that does nothing but free, from the process's first moment to its last: NULL, what lies on the heap, and what was mapped. */
#include <pthread.h>
#include <stdlib.h>

static void *free_all_the_time(void *unused)
{
    void *volatile nothing = NULL;
    for (;;) {
        for (int i = 0; i < 1000000; i++)
            free(nothing);
        free(malloc(100));
        free(malloc(1 << 20));
    }
    return unused;
}

__attribute__((constructor)) static void begin(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, free_all_the_time, NULL))
        abort();
}
