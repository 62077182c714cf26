/* Blocks of more than 2 and 4 GB, of which only what is touched takes memory: each byte is counted, none of their size is lost in 32 bits. */
#include "test.h"

#include <malloc.h>
#include <stdint.h>
#include <unistd.h>

#define GB ((size_t)1 << 30)

static void touch(char *block, size_t size)
{
    const size_t at[] = { 0, size / 2, size - 1 };
    for (int i = 0; i < 3; i++)
        block[at[i]] = (char)(i + 1);
    for (int i = 0; i < 3; i++)
        CHECK(block[at[i]] == i + 1);
}

static void is_zero(const char *block, size_t size)
{
    for (size_t at = 0; at < size; at += 64u << 20)
        CHECK(!block[at]);
    CHECK(!block[size - 1]);
}

int main(void)
{
    if ((size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE) < 12 * GB) {
        printf("a machine with less than 12 GB may refuse such blocks\n");
        return 77;
    }
    char *small = malloc(3 * GB - 12345), *large = calloc(5 * GB / 8 + 1, 8),
         *aligned = aligned_alloc(GB, 2 * GB);
    CHECK(small && large && aligned && (uintptr_t)aligned % GB == 0);
    CHECK(malloc_usable_size(small) >= 3 * GB - 12345 && malloc_usable_size(large) >= 5 * GB + 8);
    is_zero(large, 5 * GB + 8);
    touch(small, 3 * GB - 12345);
    touch(large, 5 * GB + 8);
    touch(aligned, 2 * GB);
    free(small);
    free(aligned);
    KEEP(large);
    return 0;
}
