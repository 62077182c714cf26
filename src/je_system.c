/* What the private jemalloc asks of the system: memory by raw calls, and none of the user's own jemalloc's settings
 * (MALLOC_CONF, /etc/malloc.conf). The Makefile renames its imports to these. Runs inside malloc. */
#include "je_system.h"

#include "base.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Thread caches up to 64 KB and garbage collection of them every 4 MB were worth 3x (measured on pairs of 16 to 64 KB);
 * no dss: brk belongs to the host; one automatic arena: accounts have arenas of their own. */
const char *mgje_malloc_conf =
    "narenas:1,dss:disabled,percpu_arena:disabled,background_thread:false,"
    "lg_tcache_max:16,tcache_nslots_small_max:32,tcache_gc_incr_bytes:4194304,dirty_decay_ms:1000,muzzy_decay_ms:0,"
    "metadata_thp:disabled,thp:default,abort_conf:false";

/* jemalloc's option of that name, which 5.3.0 knows but does not read: a page more for each large block, so that their first
 * bytes fall into different cache sets. It makes a block of 16 KB cost 20. */
extern bool je_opt_cache_oblivious;

void *mg_os_mmap(void *address, size_t size, int protection, int flags, int file, long offset)
{
    int before = errno;
    long result = syscall(SYS_mmap, address, size, protection, flags, file, offset);
    errno = before;
    return result == -1 ? MAP_FAILED : (void *)result;
}

static int quietly(long number, void *address, size_t size, long argument)
{
    int before = errno;
    long result = syscall(number, address, size, argument);
    errno = before;
    return result == 0 ? 0 : -1;
}

int mg_os_munmap(void *address, size_t size)
{
    return quietly(SYS_munmap, address, size, 0);
}

int mg_os_madvise(void *address, size_t size, int advice)
{
    return quietly(SYS_madvise, address, size, advice);
}

int mg_os_mprotect(void *address, size_t size, int protection)
{
    return quietly(SYS_mprotect, address, size, protection);
}

/* It sets errno when it has nothing; but the next allocator may have something, and then nothing happened. */
int *mg_je_errno(void)
{
    static MG_PER_THREAD int error;
    return &error;
}

char *mg_je_getenv(const char *name)
{
    (void)name;
    je_opt_cache_oblivious = false; /* it reads its options now, and has not used them yet */
    return NULL;
}

long mg_je_readlink(const char *path, char *buffer, size_t size)
{
    (void)path;
    (void)buffer;
    (void)size;
    return -1;
}

void *mg_je_sbrk(intptr_t growth)
{
    (void)growth;
    return (void *)-1;
}
