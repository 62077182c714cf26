/* The dynamic linker's lock and ours: threads allocate in callbacks of dl_iterate_phdr, which holds it, from a library that
 * is not known yet, while others load and unload libraries and look code up. Nobody waits for ever. */
#include "test.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

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

/* ---- One thread is in a callback when another one looks code up ---- */

static pthread_barrier_t in_callback;
static _Atomic(pid_t) other;
static struct library target, lodger;

/* Whether the other thread sleeps in a futex: there it waits for the dynamic linker. */
static bool waits(void)
{
    char path[64], text[16] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/syscall", (int)other);
    FILE *file = fopen(path, "r");
    if (!file)
        SKIP("/proc tells no thread's system call here");
    bool read = fgets(text, sizeof text, file) != NULL;
    fclose(file);
    return read && atoi(text) == SYS_futex;
}

static int allocate_while_another_waits(struct dl_phdr_info *object, size_t size, void *argument)
{
    (void)object, (void)size, (void)argument;
    pthread_barrier_wait(&in_callback);
    while (!other || !waits())
        sched_yield();
    target.release(target.allocate(100));
    return 1;
}

static void *look_up(void *unused)
{
    pthread_barrier_wait(&in_callback);
    other = (pid_t)syscall(SYS_gettid);
    lodger.release(lodger.allocate(100));
    return unused;
}

static void both_at_once(void)
{
    pthread_t thread;
    target = load("libtarget.so", "target");
    lodger = load("liblodger.so", "lodger");
    alarm(200); /* instead of for ever */
    CHECK(!pthread_barrier_init(&in_callback, NULL, 2));
    CHECK(!pthread_create(&thread, NULL, look_up, NULL));
    CHECK_EQ(dl_iterate_phdr(allocate_while_another_waits, NULL), 1);
    CHECK(!pthread_join(thread, NULL));
    alarm(0);
    CHECK(!dlclose(target.handle) && !dlclose(lodger.handle));
}

/* ---- Many ---- */

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
    both_at_once();
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, come_and_go, i % 2 ? &threads : NULL));
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_join(threads[i], NULL));
    return 0;
}
