/* launch RESULT [NAME=VALUE]... -- COMMAND...: runs the command with these variables and writes to RESULT what it and its
 * children used: user seconds, system seconds, peak resident KB. Ends as it did. A program of its own, because a process
 * counts what its starter had resident as its own peak: this one has next to nothing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void run(char **words)
{
    for (; *words && strcmp(*words, "--") != 0; words++)
        putenv(*words);
    if (!*words)
        _exit(2);
    execvp(words[1], words + 1);
    dprintf(2, "launch: can't run %s: %s\n", words[1], strerror(errno));
    _exit(127);
}

int main(int count, char **words)
{
    int status;
    struct rusage used;
    if (count < 4)
        return 2;
    pid_t child = fork();
    if (child < 0)
        return 2;
    if (!child)
        run(words + 2);
    while (wait4(child, &status, 0, &used) < 0)
        if (errno != EINTR)
            return 2;
    FILE *result = fopen(words[1], "w");
    if (!result)
        return 2;
    fprintf(result, "%ld.%06ld %ld.%06ld %ld\n", (long)used.ru_utime.tv_sec, (long)used.ru_utime.tv_usec,
            (long)used.ru_stime.tv_sec, (long)used.ru_stime.tv_usec, used.ru_maxrss);
    if (fclose(result))
        return 2;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
