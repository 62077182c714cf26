/* Each entry point as the first call of a process (before any constructor) and as the first call of a thread. */
#include "test.h"

#include <malloc.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void *block;
static void by_malloc(void)
{
    block = malloc(10);
}
static void by_calloc(void)
{
    block = calloc(2, 5);
}
static void by_realloc(void)
{
    block = realloc(NULL, 10);
}
static void by_reallocarray(void)
{
    block = reallocarray(NULL, 2, 5);
}
static void by_memalign(void)
{
    block = memalign(64, 10);
}
static void by_aligned_alloc(void)
{
    block = aligned_alloc(64, 64);
}
static void by_valloc(void)
{
    block = valloc(10);
}
static void by_pvalloc(void)
{
    block = pvalloc(10);
}
static void by_free(void)
{
    free(NULL);
    block = malloc(10);
}
static void by_usable_size(void)
{
    block = malloc_usable_size(NULL) ? NULL : malloc(10);
}
static void by_posix_memalign(void)
{
    if (posix_memalign(&block, 64, 10))
        block = NULL;
}
static void (*const ways[])(void) = { by_malloc,   by_calloc,        by_realloc,       by_reallocarray,
                                      by_memalign, by_aligned_alloc, by_valloc,        by_pvalloc,
                                      by_free,     by_usable_size,   by_posix_memalign };
enum { WAYS = sizeof ways / sizeof *ways };

/* Runs before the constructors of every library, ours included. */
static void before_all(int count, char **words, char **environment)
{
    (void)environment;
    if (count == 2)
        ways[atoi(words[1])]();
}
__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **,
                                                                            char **) = before_all;

static void *on_thread(void *way)
{
    (*(void (*const *)(void))way)();
    return block;
}

int main(int count, char **words)
{
    if (count == 2)
        return !block || (memset(block, 1, 10), free(block), 0);
    for (int i = 0; i < WAYS; i++) {
        char number[12];
        snprintf(number, sizeof number, "%d", i);
        pid_t child = fork();
        if (child == 0) {
            execl("/proc/self/exe", words[0], number, (char *)NULL);
            _exit(99);
        }
        int status = -1;
        CHECK(waitpid(child, &status, 0) == child);
        CHECK_EQ(status, 0);
        pthread_t thread;
        void *made = NULL;
        CHECK(!pthread_create(&thread, NULL, on_thread, (void *)&ways[i]));
        CHECK(!pthread_join(thread, &made) && made);
        memset(made, 1, 10);
        free(made);
    }
    return 0;
}
