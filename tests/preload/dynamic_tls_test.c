/* Thread-local storage of libraries that are loaded late: ld.so allocates it when a thread first touches it and frees it when the
 * thread is dead, or its stack is taken by another one, or the library goes. It is ld.so's own and nobody is charged. */
#include "test.h"

#include <dlfcn.h>
#include <pthread.h>

enum { THREADS = 200, TOGETHER = 8 };

static char *(*touch)(void);
static pthread_barrier_t touched, closed;

/* Every other thread is alive when the library goes. */
static void *use(void *outlives)
{
    touch()[4999]++;
    if (outlives) {
        pthread_barrier_wait(&touched);
        pthread_barrier_wait(&closed);
    }
    return NULL;
}

int main(void)
{
    char path[4096];
    CHECK(!pthread_barrier_init(&touched, NULL, TOGETHER / 2 + 1));
    CHECK(!pthread_barrier_init(&closed, NULL, TOGETHER / 2 + 1));
    snprintf(path, sizeof path, "%s/libs/libtls.so", getenv("BUILD"));
    for (int round = 0; round < THREADS / TOGETHER; round++) {
        pthread_t threads[TOGETHER];
        void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        CHECK(library != NULL);
        *(void **)&touch = dlsym(library, "tls_touch");
        CHECK(touch != NULL);
        for (int i = 0; i < TOGETHER; i++)
            CHECK(!pthread_create(&threads[i], NULL, use, i % 2 ? path : NULL));
        use(NULL);
        for (int i = 0; i < TOGETHER; i += 2)
            CHECK(!pthread_join(threads[i], NULL));
        pthread_barrier_wait(&touched);
        CHECK(!dlclose(library));
        pthread_barrier_wait(&closed);
        for (int i = 1; i < TOGETHER; i += 2)
            CHECK(!pthread_join(threads[i], NULL));
    }
    return 0;
}
