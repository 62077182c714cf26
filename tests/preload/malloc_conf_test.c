/* What is set for a jemalloc of the program's own (MALLOC_CONF) is nothing to the one inside us. */
#include "libs/libs.h"
#include "test.h"

#include <string.h>

int main(void)
{
    CHECK(getenv("MALLOC_CONF") != NULL);
    for (int i = 0; i < 100; i++) {
        char *block = target_malloc(1000);
        CHECK(block != NULL);
        memset(block, 1, 1000);
        target_free(block);
    }
    return 0;
}
