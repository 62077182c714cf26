/* Blocks of no bytes are blocks like others, as glibc has them. */
#include "test.h"

#include <malloc.h>
#include <string.h>

int main(void)
{
    char *a = malloc(0), *b = malloc(0), *c = calloc(0, 8), *d = calloc(8, 0), *e = memalign(64, 0),
         *f = NULL;
    CHECK(a && b && c && d && e);
    CHECK(a != b && b != c && c != d);
    CHECK(posix_memalign((void **)&f, 64, 0) == 0 && f);
    CHECK((f = realloc(f, 40)) != NULL);
    memset(f, 1, 40);
    char *fresh = realloc(NULL, 0);
    CHECK(fresh != NULL);
    free(fresh);
    CHECK(realloc(f, 0) == NULL); /* freed */
    for (int i = 0; i < 1000; i++)
        CHECK(realloc(malloc(1000), 0) == NULL);
    free(a), free(b), free(c), free(d), free(e);
    return 0;
}
