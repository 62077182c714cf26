/* The dynamic linker's lock and ours: threads allocate in callbacks of dl_iterate_phdr, which holds it, from a library that
 * is not known yet, while others load and unload libraries and look code up. Nobody waits for ever. */
#include "test.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdbool.h>

enum { THREADS = 4, ROUNDS = 150 };

struct library {
    void *handle;
    void *(*allocate)(size_t);
    void (*release)(void *);
};

static struct library load(const char *name, const char *prefix)
{
    char path[4096], symbol[64];
    struct library library;
    snprintf(path, sizeof path, "%s/libs/%s", getenv("BUILD"), name);
    CHECK((library.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL)));
    snprintf(symbol, sizeof symbol, "%s_malloc", prefix);
    *(void **)&library.allocate = dlsym(library.handle, symbol);
    snprintf(symbol, sizeof symbol, "%s_free", prefix);
    *(void **)&library.release = dlsym(library.handle, symbol);
    CHECK(library.allocate && library.release);
    return library;
}

static int allocate_once(struct dl_phdr_info *object, size_t size, void *argument)
{
    (void)object, (void)size;
    const struct library *library = argument;
    library->release(library->allocate(100));
    return 1;
}

static void *come_and_go(void *argument)
{
    bool under_lock = argument != NULL;
    for (int i = 0; i < ROUNDS; i++) {
        struct library library = i % 2 ? load("libtarget.so", "target") : load("liblodger.so", "lodger");
        if (under_lock)
            CHECK_EQ(dl_iterate_phdr(allocate_once, &library), 1);
        else
            library.release(library.allocate(100));
        CHECK(!dlclose(library.handle));
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, come_and_go, i % 2 ? &threads : NULL));
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_join(threads[i], NULL));
    return 0;
}
