/* A library moves in where a target was unloaded a moment ago, and the other way round: each is charged for what it does
 * itself, though the addresses that call are the same. */
#include "test.h"

#include <dlfcn.h>
#include <string.h>

/* Returns where its code is. */
static void *use(const char *library, const char *prefix)
{
    char path[4096], name[64];
    snprintf(path, sizeof path, "%s/libs/%s", getenv("BUILD"), library);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CHECK(handle != NULL);
    snprintf(name, sizeof name, "%s_malloc", prefix);
    void *(*allocate)(size_t) = (void *(*)(size_t))dlsym(handle, name);
    snprintf(name, sizeof name, "%s_free", prefix);
    void (*release)(void *) = (void (*)(void *))dlsym(handle, name);
    CHECK(allocate && release);
    for (int i = 0; i < 10; i++) {
        void *block = allocate(1000);
        memset(block, 1, 1000);
        release(block);
    }
    CHECK(!dlclose(handle));
    return (void *)allocate;
}

int main(void)
{
    int same = 0;
    for (int round = 0; round < 10; round++) {
        void *before = use("libtarget.so", "target");
        same += use("liblodger.so", "lodger") == before;
    }
    CHECK_EQ(same, 10); /* else the two were never where the other one was, and nothing was tried */
    return 0;
}
