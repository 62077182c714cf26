/* The table of size classes says what jemalloc says, for every size that matters and all powers of two around it. */
#include "unit.h"

#include "classes.h"
#include "jemalloc.h"

static void same_as_jemalloc(size_t size)
{
    size_t asked = size < 16 ? 16 : size;
    CHECK_EQ(mg_classes.size[mg_class_of(asked)], mgje_nallocx(asked, 0));
}

int main(void)
{
    unit_start("observe", NULL);
    for (size_t size = 0; size < 70000; size++)
        same_as_jemalloc(size);
    for (int power = 10; power < 47; power++)
        for (long around = -20; around <= 20; around++)
            same_as_jemalloc(((size_t)1 << power) + (size_t)around);
    CHECK_EQ(mg_class_of(SIZE_MAX), 0);
    return 0;
}
