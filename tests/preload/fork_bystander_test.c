/* A thread that never allocated for a target forks: it has nothing of ours yet, and gets it in the middle of that. */
#include "libs/libs.h"
#include "test.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static void *fork_here(void *unused)
{
    int status = -1;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        target_free(target_malloc(100));
        _exit(7);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    return unused;
}

int main(void)
{
    pthread_t thread;
    alarm(200); /* a thread that waits for itself ends this way */
    target_free(target_malloc(100));
    CHECK(!pthread_create(&thread, NULL, fork_here, NULL));
    CHECK(!pthread_join(thread, NULL));
    return 0;
}
