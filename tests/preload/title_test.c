/* A program that overwrites its environment to show a title, as daemons do, still gets its report. */
#include "test.h"

#include <string.h>

extern char **environ;

int main(int count, char **arguments)
{
    char *end = arguments[count - 1] + strlen(arguments[count - 1]) + 1;
    for (int i = 0; environ[i]; i++)
        if (environ[i] == end)
            end += strlen(end) + 1;
    memset(arguments[0], 0, (size_t)(end - arguments[0]));
    strcpy(arguments[0], "worker: idle");
    void *block = malloc(1000);
    KEEP(block);
    free(block);
    return 0;
}
