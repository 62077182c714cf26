/* A target comes and goes, at the same address or another: it is known each time, and its blocks outlive it. */
#include "test.h"

#include <dlfcn.h>
#include <string.h>

int main(void)
{
    char path[4096], *kept[20];
    snprintf(path, sizeof path, "%s/libs/libtarget.so", getenv("BUILD"));
    for (int round = 0; round < 20; round++) {
        void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        CHECK(library != NULL);
        void *(*allocate)(size_t) = (void *(*)(size_t))dlsym(library, "target_malloc");
        void *(*allocate_by_tail)(size_t) = (void *(*)(size_t))dlsym(library, "target_tail_malloc");
        void (*release)(void *) = (void (*)(void *))dlsym(library, "target_free");
        CHECK(allocate && allocate_by_tail && release);
        kept[round] = allocate(1000);
        memset(kept[round], round, 1000);
        release(allocate_by_tail(500));
        CHECK(!dlclose(library));
    }
    for (int round = 0; round < 20; round += 2) {
        CHECK(kept[round][999] == round);
        free(kept[round]);
    }
    return 0;
}
