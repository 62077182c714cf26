/* Every function that promises an alignment keeps it, from 1 byte to 1 GB; what is no alignment is refused. */
#include "test.h"

#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static void *checked(void *block, size_t alignment, size_t size)
{
    CHECK(block != NULL);
    CHECK_EQ((uintptr_t)block % alignment, 0);
    memset(block, 1, size);
    CHECK(malloc_usable_size(block) >= size);
    return block;
}

static void each_alignment(size_t alignment, size_t size)
{
    void *block = NULL;
    free(checked(memalign(alignment, size), alignment, size));
    free(checked(aligned_alloc(alignment, size), alignment, size));
    if (alignment < sizeof(void *))
        return;
    CHECK_EQ(posix_memalign(&block, alignment, size), 0);
    free(checked(block, alignment, size));
}

static void plain_blocks_hold_anything(void)
{
    for (size_t size = 1; size < 70000; size = size * 3 / 2 + 1) {
        size_t alignment = size < 16 ? 8 : _Alignof(max_align_t);
        void *block = checked(malloc(size), alignment, size);
        block = checked(realloc(block, size * 2), alignment, size);
        free(block);
    }
    free(checked(valloc(100), 4096, 100));
    for (size_t size = 0; size < 70000; size += 4999)
        free(checked(pvalloc(size), 4096, size ? (size + 4095) / 4096 * 4096 : 4096));
}

static void no_alignment_is_refused(void)
{
    void *block = &block;
    CHECK_EQ(posix_memalign(&block, 3, 10), EINVAL);
    CHECK_EQ(posix_memalign(&block, 24, 10), EINVAL);
    CHECK_EQ(posix_memalign(&block, 0, 10), EINVAL);
    CHECK_EQ(posix_memalign(&block, 4, 10), EINVAL);
    CHECK(block == &block);
    size_t no_whole_pages = SIZE_MAX - 100; /* rounded up it would be nothing */
    errno = 0;
    CHECK(!pvalloc(no_whole_pages) && errno == ENOMEM);
    errno = 0;
    CHECK(!valloc(no_whole_pages) && errno == ENOMEM);
    errno = 0;
    CHECK(!memalign(64, no_whole_pages) && errno == ENOMEM);
}

int main(void)
{
    for (size_t alignment = 1; alignment <= (size_t)1 << 30; alignment *= 2) {
        each_alignment(alignment, 1);
        each_alignment(alignment, 100);
        each_alignment(alignment, 70000);
    }
    plain_blocks_hold_anything();
    no_alignment_is_refused();
    return 0;
}
