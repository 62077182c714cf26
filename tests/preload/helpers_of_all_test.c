/* Where libc is a target itself: what it allocates for its caller is the caller's all the same, out of what is at hand too, and
 * what it allocates for itself is its own. */
#include "test.h"

#include <string.h>

char *target_strdup(const char *text);

int main(void)
{
    char text[100];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    FILE *file = fopen("/dev/null", "r"); /* libc's own: it is known in the heap from here on */
    CHECK(file != NULL);
    free(malloc(sizeof text)); /* and blocks of that size are at hand */
    for (int i = 0; i < 100; i++) {
        char *copy = target_strdup(text);
        CHECK(copy && !strcmp(copy, text));
        free(copy);
    }
    CHECK(!fclose(file));
    return 0;
}
