/* A process forks while a thread of it is within the dynamic linker, whose lock the child then finds taken for ever: it still
 * allocates, even from a library that was never looked up before, and from one that it knows. */
#include "libs/libs.h"
#include "test.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_barrier_t inside, forked;

static int stay(struct dl_phdr_info *object, size_t size, void *argument)
{
    (void)object, (void)size, (void)argument;
    pthread_barrier_wait(&inside);
    pthread_barrier_wait(&forked);
    return 1;
}

static void *hold_the_linkers_lock(void *unused)
{
    CHECK_EQ(dl_iterate_phdr(stay, NULL), 1);
    return unused;
}

int main(void)
{
    char path[4096];
    pthread_t thread;
    target_free(target_malloc(100));
    snprintf(path, sizeof path, "%s/libs/liblodger.so", getenv("BUILD"));
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CHECK(library != NULL);
    void *(*unknown)(size_t) = (void *(*)(size_t))dlsym(library, "lodger_malloc");
    CHECK(unknown != NULL);
    pthread_barrier_init(&inside, NULL, 2);
    pthread_barrier_init(&forked, NULL, 2);
    CHECK(!pthread_create(&thread, NULL, hold_the_linkers_lock, NULL));
    pthread_barrier_wait(&inside);
    pid_t child = fork();
    if (child == 0) {
        target_free(target_malloc(100));
        free(unknown(100));
        _exit(37);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 37);
    pthread_barrier_wait(&forked);
    CHECK(!pthread_join(thread, NULL));
    return 0;
}
