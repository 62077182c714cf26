/* A block may be grown, shrunk and freed by another library than the one that made it; contents and books survive. */
#include "libs/libs.h"
#include "test.h"

#include <string.h>

typedef void *(*reallocator)(void *, size_t);

static void hand_over(void *block, reallocator first, reallocator second)
{
    memset(block, 7, 100);
    char *grown = first(block, 50000);
    CHECK(grown != NULL);
    memset(grown + 100, 7, 49900);
    char *again = second(grown, 3u << 20);
    CHECK(again != NULL);
    char *small = first(again, 60);
    CHECK(small != NULL);
    for (int i = 0; i < 60; i++)
        CHECK(small[i] == 7);
    free(small);
}

int main(void)
{
    for (int round = 0; round < 100; round++) {
        hand_over(target_malloc(100), bystander_realloc, target_realloc);
        hand_over(target_calloc(10, 10), realloc, bystander_realloc);
        hand_over(bystander_malloc(100), target_realloc, bystander_realloc);
        hand_over(malloc(100), target_realloc, realloc);
        bystander_free(target_aligned(4096, 5000));
        target_free(bystander_malloc(10));
        target_free(realloc(target_tail_malloc(10), 0));
    }
    return 0;
}
