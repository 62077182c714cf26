/* A program that gives a target another allocator keeps it: words of a library's data are the library's own. One that
 * does not is charged through the same words. */
#include "test.h"

#include <dlfcn.h>

static char pool[4096];
static size_t pool_used;
static int released;

static void *from_pool(size_t size)
{
    void *block = pool + pool_used;
    pool_used += (size + 15) & ~(size_t)15;
    return block;
}

static void to_pool(void *block)
{
    CHECK((char *)block >= pool && (char *)block < pool + sizeof pool);
    released++;
}

int main(void)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/libs/libpluggable.so", getenv("BUILD"));
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CHECK(library != NULL);
    void (*plug)(void *(*)(size_t), void (*)(void *)) =
        (void (*)(void *(*)(size_t), void (*)(void *)))dlsym(library, "pluggable_plug");
    void *(*make)(size_t) = (void *(*)(size_t))dlsym(library, "pluggable_make");
    void (*drop)(void *) = (void (*)(void *))dlsym(library, "pluggable_drop");
    CHECK(plug && make && drop);
    plug(from_pool, to_pool);
    for (int i = 0; i < 10; i++)
        drop(make(100));
    CHECK_EQ(released, 10);
    plug(malloc, free);
    drop(make(100));
    return 0;
}
