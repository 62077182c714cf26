#!/bin/bash
# Looking up the functions behind ours allocates, and asks for memory of the kernel: dlsym did in older glibcs, other preloaded
# libraries' dlsym does, and a malloc behind ours maps memory while it is being looked up. Nobody goes in circles.
set -u
cd "$WORK" || exit
fail() { echo "$1"; exit 1; }
cat >dlsym.c <<'C'
#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
static char *kept[3];
/* What was handed out during the lookup is used and given back long after. */
__attribute__((destructor)) static void end(void)
{
    if (!kept[0])
        abort();
    for (int i = 0; i < 3; i++)
        if (malloc_usable_size(kept[i]) < 20 || kept[i][0] != 'k' || kept[i][19] != 'k')
            abort();
    kept[1] = realloc(kept[1], 10);
    kept[2] = realloc(kept[2], 50000);
    if (kept[1][0] != 'k' || kept[2][0] != 'k' || kept[2][19] != 'k')
        abort();
    for (int i = 0; i < 3; i++)
        free(kept[i]);
}
/* As glibc 2.2's did, and more: memory for its error's text, which grows. */
void *dlsym(void *handle, const char *name)
{
    void *(*next)(void *, const char *) = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
    void *(*newer)(void *, const char *) = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
    char *text = calloc(1, 32), *copy = malloc(10), *page = NULL;
    if (!text || text[31] || !copy || posix_memalign((void **)&page, 64, 64))
        abort();
    for (int i = 0; i < 3 && !kept[i]; i++)
        memset(kept[i] = malloc(20), 'k', 20);
    text = realloc(text, 100);
    if (!text || text[31])
        abort();
    memset(text, 1, 100);
    free(copy);
    free(page);
    void *pages = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || munmap(pages, 4096))
        abort();
    if (handle == RTLD_NEXT) { /* counted from here it would be another library's next */
        void *libc = dlopen("libc.so.6", RTLD_NOLOAD | RTLD_LAZY);
        const char *behind = getenv("BEHIND");
        void *other = behind && *behind ? dlopen(behind, RTLD_NOLOAD | RTLD_LAZY) : NULL;
        void *found = other ? (newer ? newer : next)(other, name) : NULL;
        free(text);
        return found ? found : (newer ? newer : next)(libc, name);
    }
    free(text);
    return (newer ? newer : next)(handle, name);
}
C
"${CC:-cc}" -O1 -fno-builtin -D_GNU_SOURCE -fPIC -shared -o libdlsym.so dlsym.c || fail "the fixture does not compile"

works() { # PRELOADED...
    local preloaded
    preloaded=$(IFS=:; echo "$LIB:$WORK/libdlsym.so${*:+:$*}")
    for tried in first_operation errno zero_size realloc_owners thread_exit; do
        # What the other malloc alone does not pass says nothing about us.
        { LD_PRELOAD=${1-} "$BUILD/preload/${tried}_test" >out || continue; } 2>/dev/null
        MEMGRANT_REPORT=$WORK/report.json MEMGRANT_TARGETS='*' BEHIND=${1-} LD_PRELOAD=$preloaded \
            timeout 20 "$BUILD/preload/${tried}_test" >out 2>&1 || fail "$tried under $preloaded: $? $(cat out)"
        [ -s report.json ] || fail "$tried under $preloaded: nothing was counted"
        rm -f report.json*
    done
}

works
for other in libjemalloc.so.2 libmimalloc.so.2.0 libtcmalloc_minimal.so.4; do
    path=$(find /usr/lib -name "$other" 2>/dev/null | head -n 1)
    [ -z "$path" ] || works "$path"
done
