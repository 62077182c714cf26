/* Success leaves errno as it was, free always does, failure sets ENOMEM. */
#include "test.h"

#include <errno.h>
#include <malloc.h>
#include <stdint.h>

static void free_keeps_errno(void)
{
    for (size_t size = 1; size <= 64u << 20; size *= 4) {
        char *block = malloc(size);
        KEEP(block);
        errno = EDOM;
        free(block);
        CHECK_EQ(errno, EDOM);
    }
    errno = EDOM;
    free(NULL);
    CHECK_EQ(errno, EDOM);
}

static void success_keeps_errno(void)
{
    errno = EDOM;
    char *block = malloc(100);
    block = realloc(block, 100000);
    KEEP(block);
    char *zeroed = calloc(10, 10), *aligned = aligned_alloc(4096, 4096);
    KEEP(zeroed);
    KEEP(aligned);
    CHECK(block && zeroed && aligned && malloc_usable_size(block) >= 100000);
    CHECK_EQ(errno, EDOM);
    free(block), free(zeroed), free(aligned);
}

static void failure_sets_enomem(void)
{
    size_t far_too_much = (size_t)PTRDIFF_MAX - 100;
    errno = 0;
    CHECK(!malloc(far_too_much) && errno == ENOMEM);
    errno = 0;
    CHECK(!calloc(far_too_much, 1) && errno == ENOMEM);
    errno = 0;
    CHECK(!memalign(64, far_too_much) && errno == ENOMEM);
    errno = 0;
    CHECK(!valloc(far_too_much) && errno == ENOMEM);
    void *block = malloc(10), *untouched = block;
    errno = 0;
    CHECK(!realloc(block, far_too_much) && errno == ENOMEM);
    CHECK_EQ(posix_memalign(&block, 64, far_too_much), ENOMEM);
    CHECK(block == untouched);
    free(block);
}

int main(void)
{
    free_keeps_errno();
    success_keeps_errno();
    failure_sets_enomem();
    return 0;
}
