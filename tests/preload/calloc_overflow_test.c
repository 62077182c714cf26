/* count * size that does not fit is refused, not wrapped; calloc's memory is zero even where it was used before. */
#include "test.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static void overflow_is_refused(void)
{
    volatile size_t half = SIZE_MAX / 2 + 1, root = (size_t)1 << 32;
    char *block = malloc(16);
    strcpy(block, "untouched");
    errno = 0;
    CHECK(!calloc(half, 2) && errno == ENOMEM);
    errno = 0;
    CHECK(!calloc(root, root) && errno == ENOMEM);
    errno = 0;
    CHECK(!reallocarray(block, half, 2) && errno == ENOMEM);
    errno = 0;
    CHECK(!reallocarray(NULL, root, root + 1) && errno == ENOMEM);
    CHECK(!strcmp(block, "untouched"));
    CHECK((block = reallocarray(block, 100, 10)) != NULL && !strcmp(block, "untouched"));
    free(block);
}

static void used_memory_comes_zeroed(void)
{
    for (size_t size = 8; size <= 8u << 20; size *= 2) {
        for (int round = 0; round < 3; round++) {
            char *block = calloc(size / 8, 8);
            CHECK(block != NULL);
            for (size_t i = 0; i < size; i++)
                CHECK(block[i] == 0);
            memset(block, 0xA5, size);
            KEEP(block);
            free(block);
        }
    }
}

int main(void)
{
    overflow_is_refused();
    used_memory_comes_zeroed();
    return 0;
}
