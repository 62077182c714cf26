/* What a library gives back of its mappings is on the live page at once, also when nobody allocates afterwards. */
#include "unit.h"

#include "paged.h"

#include <errno.h>
#include <sys/mman.h>

enum { ANON = MAP_PRIVATE | MAP_ANONYMOUS, RW = PROT_READ | PROT_WRITE };
#define SIZE ((size_t)64 << 20)

static const struct mg_live_page *page;

static int64_t used(void)
{
    return page->copy[page->latest % 2].account[0].used;
}

static void *map(void)
{
    long at = mg_map(UNIT_LIBRARY, NULL, SIZE, RW, ANON, -1, 0);
    CHECK(at > 0);
    CHECK_EQ(used(), (int64_t)SIZE);
    return (void *)at;
}

int main(void)
{
    unit_start("observe", NULL);
    CHECK((page = paged_find()));
    CHECK_EQ(used(), 0);
    errno = 77;
    CHECK_EQ(mg_unmap(map(), SIZE), 0);
    CHECK_EQ(used(), 0);
    void *at = map();
    CHECK_EQ(mg_advise(at, SIZE, MADV_DONTNEED), 0);
    CHECK_EQ(used(), 0);
    CHECK_EQ(mg_unmap(at, SIZE), 0);
    CHECK_EQ(mg_protect(map(), SIZE, PROT_NONE), 0);
    CHECK_EQ(used(), 0);
    CHECK_EQ(errno, 77);
    return 0;
}
