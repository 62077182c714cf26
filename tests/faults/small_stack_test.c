/* Threads with the smallest stack that there may be: everything of ours that a thread may run into fits, and how deep it goes is
 * measured. */
#include "libs/libs.h"
#include "test.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { UNTOUCHED = 0xa5, SPARE = 2048 };

static void blocks(void)
{
    static const size_t sizes[] = { 24, 1500, 70000, 5 << 20 };
    for (int i = 0; i < 4; i++) {
        void *made[60];
        for (int n = 0; n < 60; n++)
            made[n] = n % 3 ? target_malloc(sizes[i]) : target_aligned(4096, sizes[i]);
        for (int n = 0; n < 60; n++)
            made[n] = n % 7 ? made[n] : target_realloc(made[n], 2 * sizes[i]);
        for (int n = 0; n < 60; n++)
            free(made[n]);
    }
}

static void denied(void)
{
    errno = 0;
    CHECK(!target_malloc((size_t)3 << 30) && errno == ENOMEM);
}

static void mappings(void)
{
    size_t size = 1 << 20;
    char *mapped = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(mapped != MAP_FAILED);
    CHECK(!mprotect(mapped, size / 2, PROT_READ | PROT_WRITE));
    CHECK(!madvise(mapped, size / 4, MADV_DONTNEED));
    CHECK(!munmap(mapped, size));
}

/* The slow half of finding out who calls: an object's code is looked up, and its slots are redirected. */
static void libraries(void)
{
    target_free(target_tail_malloc(100));
}

/* A report that was asked for while the thread was inside us is written by whoever charges slowly next. */
static void report(void)
{
    CHECK(!pthread_kill(pthread_self(), SIGRTMIN + 9));
    blocks();
}

struct work {
    const char *name;
    void (*does)(void);
};
static const struct work works[] = { { "libraries", libraries },
                                     { "blocks", blocks },
                                     { "mappings", mappings },
                                     { "denied", denied },
                                     { "report", report } };

static void *run(void *work)
{
    ((const struct work *)work)->does();
    return NULL;
}

int main(void)
{
    size_t size = (size_t)sysconf(_SC_THREAD_STACK_MIN);
    long page = sysconf(_SC_PAGESIZE);
    int bad = 0;
    for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
        unsigned char *stack;
        pthread_attr_t small;
        pthread_t thread;
        CHECK(!posix_memalign((void **)&stack, (size_t)page, size));
        memset(stack, UNTOUCHED, size);
        CHECK(!pthread_attr_init(&small));
        CHECK(!pthread_attr_setstack(&small, stack, size));
        CHECK(!pthread_create(&thread, &small, run, (void *)(uintptr_t)&works[i]));
        CHECK(!pthread_join(thread, NULL));
        size_t left = 0;
        while (left < size && stack[left] == UNTOUCHED)
            left++;
        printf("%s: %zu of %zu bytes of stack\n", works[i].name, size - left, size);
        bad += left < SPARE;
    }
    CHECK(!bad);
    return 0;
}
