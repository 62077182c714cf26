/* However a process ends by its own will, its report is written, once and whole. */
#include "libs/libs.h"
#include "test.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void by_exit(void)
{
    exit(3);
}
static void by_the_short_way(void)
{
    _exit(3);
}
static void by_the_standards_short_way(void)
{
    _Exit(3);
}
static void quickly(void)
{
    quick_exit(3);
}
static void *exit_on_thread(void *unused)
{
    (void)unused;
    exit(3);
}
static void by_another_thread(void)
{
    pthread_t thread;
    CHECK(!pthread_create(&thread, NULL, exit_on_thread, NULL));
    pthread_join(thread, NULL);
}
static void by_the_last_thread(void)
{
    pthread_exit(NULL); /* which is 0 */
}
static void (*const ways[])(void) = { by_exit, by_the_short_way,  by_the_standards_short_way,
                                      quickly, by_another_thread, by_the_last_thread };

/* Whether that process has left a report in which it made 1,234 blocks. */
static int has_reported(pid_t process)
{
    char path[4200], text[100000];
    snprintf(path, sizeof path, "%s.%d", getenv("MEMGRANT_REPORT"), (int)process);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return strstr(text, "\"allocations\":1234,") && text[strlen(text) - 1] == '\n';
}

int main(void)
{
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        pid_t child = fork();
        if (child == 0) {
            for (int blocks = 0; blocks < 1234; blocks++)
                target_free(target_malloc(10));
            ways[i]();
        }
        int status = -1;
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status));
        CHECK_EQ(WEXITSTATUS(status), ways[i] == by_the_last_thread ? 0 : 3);
        CHECK(has_reported(child));
    }
    return 0;
}
