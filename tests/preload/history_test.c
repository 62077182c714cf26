/* The report says how what is used grew: a peak between two looks is in it, and who has what, denials and the limit. */
#include "libs/libs.h"
#include "test.h"

#include <memgrant_scope.h>

#include <errno.h>

enum { MB = 1 << 20 };

int main(void)
{
    CHECK(mg_scope_begin("parse", MG_SCOPE_NO_LIMIT) > 0);
    errno = 77;
    void *kept = target_malloc(30 * MB);
    CHECK(kept);
    target_free(target_malloc(20 * MB));
    CHECK_EQ(errno, 77);
    CHECK(!target_malloc(100 * MB));
    return 0;
}
