/* The report says by which calls blocks were asked for that are in use: also while another thread loads and unloads libraries, whose
 * lock it has then. What the handler of a signal asks for has no stack, and is counted. errno is kept. */
#include "libs/libs.h"
#include "test.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { BLOCKS = 1000, SIZE = 1000, ROUNDS = 100 };
static void *kept[BLOCKS], *handlers;
static atomic_bool loaded;

static void handle(int number)
{
    (void)number;
    handlers = target_malloc(SIZE);
}

static void *load(void *nothing)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/libs/libplugin.so", getenv("BUILD"));
    for (int i = 0; i < ROUNDS; i++) {
        void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        CHECK(library && !dlclose(library));
    }
    atomic_store(&loaded, true);
    return nothing;
}

__attribute__((noinline)) static void keep_some(void)
{
    for (int i = 0; i < BLOCKS; i++) {
        errno = 77;
        CHECK((kept[i] = target_malloc(SIZE)));
        CHECK_EQ(errno, 77);
    }
    for (int i = 0; i < BLOCKS / 2; i++)
        target_free(kept[i]);
}

int main(void)
{
    pthread_t thread;
    CHECK(!pthread_create(&thread, NULL, load, NULL));
    while (!atomic_load(&loaded))
        target_free(target_malloc(SIZE));
    CHECK(!pthread_join(thread, NULL));
    keep_some();
    CHECK(signal(SIGUSR1, handle) != SIG_ERR);
    CHECK(!raise(SIGUSR1));
    CHECK(handlers);
    return 0;
}
