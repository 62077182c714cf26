/* Exactly the n-th charge is denied, once: the tool by which a program's own handling of NULL is swept. */
#include "libs/libs.h"
#include "test.h"

#include <errno.h>

int main(void)
{
    for (int i = 1; i <= 20; i++) {
        errno = 0;
        void *block = target_malloc(100000);
        CHECK_EQ(block == NULL, i == 7);
        CHECK_EQ(errno, i == 7 ? ENOMEM : 0);
        free(block);
    }
    return 0;
}
