/* Denied: NULL and ENOMEM, the old block of a realloc stays, and what is freed can be had again. */
#include "test.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>

static const size_t limit = 16u << 20;

static void each_function_is_denied(void)
{
    void *block = NULL;
    errno = 0;
    CHECK(!malloc(limit + 1) && errno == ENOMEM);
    errno = 0;
    CHECK(!calloc(limit / 8 + 1, 8) && errno == ENOMEM);
    errno = 0;
    CHECK(!memalign(4096, limit + 1) && errno == ENOMEM);
    errno = 0;
    CHECK(!aligned_alloc(4096, limit + 4096) && errno == ENOMEM);
    errno = 0;
    CHECK(!valloc(limit + 1) && errno == ENOMEM);
    errno = 0;
    CHECK(!pvalloc(limit + 1) && errno == ENOMEM);
    CHECK_EQ(posix_memalign(&block, 64, limit + 1), ENOMEM);
}

static void the_old_block_stays(void)
{
    char *block = malloc(1000);
    CHECK(block != NULL);
    memset(block, 3, 1000);
    errno = 0;
    CHECK(!realloc(block, limit + 1) && errno == ENOMEM);
    errno = 0;
    CHECK(!reallocarray(block, limit, 2) && errno == ENOMEM);
    for (int i = 0; i < 1000; i++)
        CHECK(block[i] == 3);
    free(block);
}

/* Takes blocks until none is left; returns how many there were. */
static int fill(size_t size, void **blocks, int room)
{
    int count = 0;
    while (count < room && (blocks[count] = malloc(size)) != NULL)
        count++;
    CHECK(count < room);
    return count;
}

static void what_is_freed_can_be_had_again(void)
{
    static void *blocks[100000];
    int first = fill(1000, blocks, 100000);
    CHECK(first > 14000 && (size_t)first * 1024 <= limit);
    for (int i = 0; i < first; i++)
        free(blocks[i]);
    int large = fill(1u << 20, blocks, 100000);
    CHECK(large >= 14 && large <= 16);
    for (int i = 0; i < large; i++)
        free(blocks[i]);
    int second = fill(1000, blocks, 100000);
    CHECK_EQ(second, first);
    for (int i = 0; i < second; i++)
        free(blocks[i]);
}

int main(void)
{
    each_function_is_denied();
    the_old_block_stays();
    what_is_freed_can_be_had_again();
    return 0;
}
