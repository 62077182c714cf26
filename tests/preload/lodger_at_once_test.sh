#!/bin/bash
# Between a library's end and our learning of it another thread loads one at the same address: its calls are not the old one's. Here
# the dlclose behind ours does that, before it returns.
set -u
cd "$WORK" || exit
fail() { echo "$1"; exit 1; }
cat >closer.c <<'C'
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
static void *before;
static void use(const char *library, const char *prefix)
{
    char path[4096], name[64];
    snprintf(path, sizeof path, "%s/libs/%s", getenv("BUILD"), library);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    snprintf(name, sizeof name, "%s_malloc", prefix);
    void *(*allocate)(size_t) = (void *(*)(size_t))dlsym(handle, name);
    if (before && before != (void *)allocate)
        exit(9);
    before = (void *)allocate;
    for (int i = 0; i < 10; i++)
        free(allocate(1000));
    if (*prefix == 't')
        dlclose(handle); /* which uses the other one */
}
int dlclose(void *handle)
{
    int (*next)(void *) = (int (*)(void *))dlvsym(RTLD_NEXT, "dlclose", "GLIBC_2.34");
    int result = next(handle);
    use("liblodger.so", "lodger");
    return result;
}
void closer_begin(void)
{
    use("libtarget.so", "target");
}
C
cat >main.c <<'C'
void closer_begin(void);
int main(void)
{
    closer_begin();
    return 0;
}
C
cc=${CC:-cc}
{ "$cc" -fno-builtin -D_GNU_SOURCE -fPIC -shared -o libcloser.so closer.c && "$cc" -o main main.c -L. -lcloser; } ||
    fail "the fixture does not compile"
MEMGRANT_REPORT=report.json MEMGRANT_TARGETS=libtarget.so LD_LIBRARY_PATH=. LD_PRELOAD=$LIB:$WORK/libcloser.so ./main
code=$?
[ $code != 9 ] || fail "the second library did not come to lie where the first one was: nothing was tried"
[ $code = 0 ] || fail "it ended with $code"
echo 'root.allocations == root.frees == 10' >expected
"$ROOT/tests/preload/balanced" report.json expected
