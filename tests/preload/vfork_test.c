/* A child of vfork lives in its parent's memory, and so do its blocks: they are the parent's, who frees them, and the child
 * writes no report of books that are not its own. posix_spawn's child is one of vfork's, and then a program like any other. */
#include "libs/libs.h"
#include "test.h"

#include <spawn.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int ended(pid_t child)
{
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static bool has_report(pid_t process)
{
    char path[4200];
    snprintf(path, sizeof path, "%s.%d", getenv("MEMGRANT_REPORT"), (int)process);
    return access(path, F_OK) == 0;
}

static void allocating_in_the_child(void)
{
    static char *volatile blocks[10];
    char *volatile parents = target_malloc(700);
    pid_t child = vfork();
    if (child == 0) {
        for (int i = 0; i < 10; i++)
            blocks[i] = target_malloc(1000);
        target_free(parents);
        _exit(blocks[9] ? 3 : 4);
    }
    CHECK_EQ(ended(child), 3);
    CHECK(!has_report(child));
    for (int i = 0; i < 10; i++)
        target_free(blocks[i]);
}

static void a_program_that_is_not_there(void)
{
    pid_t child = vfork();
    if (child == 0) {
        execl("/no/such/program", "program", (char *)NULL);
        _exit(127);
    }
    CHECK_EQ(ended(child), 127);
    CHECK(!has_report(child));
}

static void programs_are_spawned(char *self)
{
    for (int i = 0; i < 20; i++) {
        pid_t child;
        char *words[] = { self, (char *)"child", NULL };
        CHECK(!posix_spawn(&child, "/proc/self/exe", NULL, NULL, words, environ));
        CHECK_EQ(ended(child), 41);
        CHECK(has_report(child)); /* its own */
        child = vfork();
        if (child == 0) {
            execv("/proc/self/exe", words);
            _exit(127);
        }
        CHECK_EQ(ended(child), 41);
        CHECK(has_report(child));
    }
}

int main(int count, char **words)
{
    if (count == 2) {
        target_free(target_malloc(10));
        return 41;
    }
    for (int i = 0; i < 50; i++)
        allocating_in_the_child();
    a_program_that_is_not_there();
    programs_are_spawned(words[0]);
    return 0;
}
