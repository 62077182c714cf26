/* A block outlives the library that asked for it, and another one comes to where that was: the block's stack still names the first,
 * and that of the other one's block the second. */
#include "test.h"

#include <dlfcn.h>

static void *allocate_by(const char *path, size_t size)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CHECK(library != NULL);
    void *(*allocate)(size_t) = (void *(*)(size_t))dlsym(library, "target_malloc");
    CHECK(allocate);
    void *block = allocate(size);
    CHECK(block);
    CHECK(!dlclose(library));
    return block;
}

int main(void)
{
    static void *kept[2];
    char path[4096];
    CHECK(!system("cp $BUILD/libs/libtarget.so ./libsecond.so"));
    snprintf(path, sizeof path, "%s/libs/libtarget.so", getenv("BUILD"));
    kept[0] = allocate_by(path, 1000);
    kept[1] = allocate_by("./libsecond.so", 2000);
    return !kept[0] || !kept[1];
}
