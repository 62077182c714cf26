/* mmap and its kin. Unlike malloc's they have no next one behind them: they are the kernel's, so the kernel is called. */
#include "entries.h"
#include "interpose.h"
#include "memgrant.h"
#include "next.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

static void *address_or_errno(long result)
{
    if (MG_UNLIKELY(result < 0 && result >= -4095)) {
        errno = (int)-result;
        return MAP_FAILED;
    }
    return (void *)result;
}

static int zero_or_errno(long result)
{
    if (MG_LIKELY(!result))
        return 0;
    errno = (int)-result;
    return -1;
}

static void *mmap_from(unsigned library, void *address, size_t size, int protection, int flags, int file,
                       off_t offset)
{
    return address_or_errno(mg_map(library, address, size, protection, flags, file, offset));
}

static void *mremap_from(unsigned library, void *address, size_t size, size_t new_size, int flags,
                         void *new_address)
{
    return address_or_errno(mg_remap(library, address, size, new_size, flags, new_address));
}

static void *sbrk_from(unsigned library, intptr_t growth)
{
    return mg_break(library, growth, mg_next.sbrk);
}

static int brk_from(unsigned library, void *end)
{
    char *now = mg_next.sbrk(0);
    return mg_break(library, (char *)end - now, mg_next.sbrk) == (void *)-1 ? -1 : 0;
}

#define ENTRY_mmap(name, n) \
    static void *name##_for_##n(void *a, size_t size, int protection, int flags, int file, off_t offset) \
    { \
        return mmap_from(n, a, size, protection, flags, file, offset); \
    }
/* The last argument is only there with MREMAP_FIXED; reading a register that nobody set does no harm, and is not used. */
#define ENTRY_mremap(name, n) \
    static void *name##_for_##n(void *a, size_t size, size_t new_size, int flags, void *to) \
    { \
        return mremap_from(n, a, size, new_size, flags, to); \
    }
#define ENTRY_sbrk(name, n) \
    static void *name##_for_##n(intptr_t growth) \
    { \
        return sbrk_from(n, growth); \
    }
#define ENTRY_brk(name, n) \
    static int name##_for_##n(void *end) \
    { \
        return brk_from(n, end); \
    }

MG_EACH_SLOT(ENTRY_mmap, mmap)
MG_EACH_SLOT(ENTRY_mmap, mmap64)
MG_EACH_SLOT(ENTRY_mremap, mremap)
MG_EACH_SLOT(ENTRY_sbrk, sbrk)
MG_EACH_SLOT(ENTRY_brk, brk)
MG_ENTRY_TABLE(mmap)
MG_ENTRY_TABLE(mmap64)
MG_ENTRY_TABLE(mremap)
MG_ENTRY_TABLE(sbrk)
MG_ENTRY_TABLE(brk)

MG_EXPORT void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
    return mmap_from(MG_CALLER(), address, size, protection, flags, file, offset);
}

MG_EXPORT void *mmap64(void *address, size_t size, int protection, int flags, int file, off64_t offset)
{
    return mmap_from(MG_CALLER(), address, size, protection, flags, file, offset);
}

MG_EXPORT void *mremap(void *address, size_t size, size_t new_size, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    void *new_address = flags & MREMAP_FIXED ? va_arg(rest, void *) : NULL;
    va_end(rest);
    return mremap_from(MG_CALLER(), address, size, new_size, flags, new_address);
}

MG_EXPORT int munmap(void *address, size_t size)
{
    return zero_or_errno(mg_unmap(address, size));
}

MG_EXPORT int mprotect(void *address, size_t size, int protection)
{
    return zero_or_errno(mg_protect(address, size, protection));
}

MG_EXPORT int madvise(void *address, size_t size, int advice)
{
    return zero_or_errno(mg_advise(address, size, advice));
}

MG_EXPORT void *sbrk(intptr_t growth)
{
    return sbrk_from(MG_CALLER(), growth);
}

MG_EXPORT int brk(void *end)
{
    return brk_from(MG_CALLER(), end);
}
