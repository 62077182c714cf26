/* malloc_usable_size tells bytes that may be used; realloc keeps the contents, in place or not. */
#include "test.h"

#include <malloc.h>
#include <string.h>

int main(void)
{
    CHECK_EQ(malloc_usable_size(NULL), 0);
    for (size_t size = 1; size < 40u << 20; size = size * 2 + 1) {
        unsigned char *block = malloc(size);
        CHECK(block && malloc_usable_size(block) >= size);
        memset(block, 0x5A, malloc_usable_size(block));
        unsigned char *grown = realloc(block, size * 3);
        CHECK(grown && malloc_usable_size(grown) >= size * 3);
        for (size_t i = 0; i < size; i++)
            CHECK(grown[i] == 0x5A);
        unsigned char *shrunk = realloc(grown, size / 2 + 1);
        CHECK(shrunk && malloc_usable_size(shrunk) >= size / 2 + 1);
        for (size_t i = 0; i < size / 2 + 1; i++)
            CHECK(shrunk[i] == 0x5A);
        free(shrunk);
    }
    return 0;
}
