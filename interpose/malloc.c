/* malloc and its family. Each comes as NAME, which asks the return address who calls, and as one entry a library slot. */
#include "entries.h"
#include "interpose.h"
#include "memgrant.h"
#include "next.h"
#include "os.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* What a served call returns: the block, or NULL and ENOMEM. */
static void *served(void *block)
{
    if (MG_UNLIKELY(!block))
        errno = ENOMEM;
    return block;
}

static bool is_power_of_two(size_t n)
{
    return n && !(n & (n - 1));
}

void *mg_malloc_from(unsigned library, size_t size)
{
    if (!library)
        return mg_next.malloc(size);
    void *block = mg_allocate_at_hand(library, size);
    if (MG_LIKELY(block) || mg_allocate(library, size, 0, 0, &block))
        return served(block);
    return mg_next.malloc(size);
}

void *mg_new_from(unsigned library, size_t size, size_t alignment, bool throws)
{
    void *block;
    bool good = !alignment || is_power_of_two(alignment);
    if (library && !alignment && MG_LIKELY(block = mg_allocate_at_hand(library, size)))
        return block;
    if (library && good && mg_allocate(library, size, alignment, throws ? MG_THROWING : 0, &block))
        return served(block);
    return alignment ? mg_next.memalign(alignment, size) : mg_next.malloc(size);
}

static void *calloc_from(unsigned library, size_t count, size_t size)
{
    void *block;
    size_t bytes;
    bool good = library && !__builtin_mul_overflow(count, size, &bytes);
    if (good && (block = mg_allocate_at_hand(library, bytes)))
        return memset(block, 0, bytes);
    if (!good || !mg_allocate(library, bytes, 0, MG_ZEROED, &block))
        return mg_next.calloc(count, size); /* an overflow is the next one's to refuse */
    return served(block);
}

/* Between us and the next allocator blocks move by copying. */
static void *move_to_next(void *block, size_t size)
{
    void *moved = mg_next.malloc(size);
    if (!moved)
        return NULL;
    size_t before = mg_usable_size(block);
    memcpy(moved, block, before < size ? before : size);
    mg_free(block);
    return moved;
}

static void *move_to_us(void *block, size_t size, void *moved)
{
    size_t before = mg_next_from_pool(block) ? ((size_t *)block)[-1] : mg_next.malloc_usable_size(block);
    memcpy(moved, block, before < size ? before : size);
    if (!mg_next_from_pool(block))
        mg_next.free(block);
    return moved;
}

void *mg_realloc_from(unsigned library, void *block, size_t size)
{
    void *moved;
    if (!block)
        return mg_malloc_from(library, size);
    if (mg_owns(block)) {
        if (!size) { /* as glibc has it: the block is freed */
            mg_free(block);
            return NULL;
        }
        return library && mg_reallocate(library, block, size, &moved) ? served(moved)
                                                                      : move_to_next(block, size);
    }
    if (library && size && mg_allocate(library, size, 0, 0, &moved))
        return moved ? move_to_us(block, size, moved) : served(NULL);
    if (MG_UNLIKELY(mg_next_from_pool(block))) {
        moved = mg_next.malloc(size);
        return moved ? move_to_us(block, size, moved) : NULL;
    }
    return mg_next.realloc(block, size);
}

static void *reallocarray_from(unsigned library, void *block, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return served(NULL);
    if (!library)
        return realloc(
            block,
            bytes); /* as libc does, by the name: an allocator in front of us may have no reallocarray */
    return mg_realloc_from(library, block, bytes);
}

void *mg_memalign_from(unsigned library, size_t alignment, size_t size)
{
    void *block;
    if (library && is_power_of_two(alignment) && mg_allocate(library, size, alignment, 0, &block))
        return served(block);
    return mg_next.memalign(alignment, size);
}

static void *aligned_alloc_from(unsigned library, size_t alignment, size_t size)
{
    void *block;
    if (library && is_power_of_two(alignment) && mg_allocate(library, size, alignment, 0, &block))
        return served(block);
    return mg_next.aligned_alloc(alignment, size);
}

static int posix_memalign_from(unsigned library, void **result, size_t alignment, size_t size)
{
    void *block;
    bool good = is_power_of_two(alignment) && alignment % sizeof(void *) == 0;
    if (!library || !good || !mg_allocate(library, size, alignment, 0, &block))
        return mg_next.posix_memalign(result, alignment, size);
    if (!block)
        return ENOMEM; /* and *result and errno stay as they are */
    *result = block;
    return 0;
}

static void *valloc_from(unsigned library, size_t size)
{
    void *block;
    if (library && mg_allocate(library, size, mg_os_page(), 0, &block))
        return served(block);
    return mg_next.valloc(size);
}

static void *pvalloc_from(unsigned library, size_t size)
{
    size_t rounded = size ? mg_os_whole_pages(size) : mg_os_page();
    void *block;
    if (library && rounded >= size && mg_allocate(library, rounded, mg_os_page(), 0, &block))
        return served(block);
    return mg_next.pvalloc(size);
}

/* ---- The symbols and their entries ---- */

#define ENTRY_malloc(name, n) \
    static void *name##_for_##n(size_t size) \
    { \
        return mg_malloc_from(n, size); \
    }
#define ENTRY_calloc(name, n) \
    static void *name##_for_##n(size_t c, size_t size) \
    { \
        return calloc_from(n, c, size); \
    }
#define ENTRY_realloc(name, n) \
    static void *name##_for_##n(void *b, size_t size) \
    { \
        return mg_realloc_from(n, b, size); \
    }
#define ENTRY_reallocarray(name, n) \
    static void *name##_for_##n(void *b, size_t c, size_t size) \
    { \
        return reallocarray_from(n, b, c, size); \
    }
#define ENTRY_memalign(name, n) \
    static void *name##_for_##n(size_t a, size_t s) \
    { \
        return mg_memalign_from(n, a, s); \
    }
#define ENTRY_aligned_alloc(name, n) \
    static void *name##_for_##n(size_t a, size_t s) \
    { \
        return aligned_alloc_from(n, a, s); \
    }
#define ENTRY_posix_memalign(name, n) \
    static int name##_for_##n(void **r, size_t a, size_t size) \
    { \
        return posix_memalign_from(n, r, a, size); \
    }
#define ENTRY_valloc(name, n) \
    static void *name##_for_##n(size_t size) \
    { \
        return valloc_from(n, size); \
    }
#define ENTRY_pvalloc(name, n) \
    static void *name##_for_##n(size_t size) \
    { \
        return pvalloc_from(n, size); \
    }

MG_EACH_SLOT(ENTRY_malloc, malloc)
MG_EACH_SLOT(ENTRY_calloc, calloc)
MG_EACH_SLOT(ENTRY_realloc, realloc)
MG_EACH_SLOT(ENTRY_reallocarray, reallocarray)
MG_EACH_SLOT(ENTRY_memalign, memalign)
MG_EACH_SLOT(ENTRY_aligned_alloc, aligned_alloc)
MG_EACH_SLOT(ENTRY_posix_memalign, posix_memalign)
MG_EACH_SLOT(ENTRY_valloc, valloc)
MG_EACH_SLOT(ENTRY_pvalloc, pvalloc)

MG_ENTRY_TABLE(malloc)
MG_ENTRY_TABLE(calloc)
MG_ENTRY_TABLE(realloc)
MG_ENTRY_TABLE(reallocarray)
MG_ENTRY_TABLE(memalign)
MG_ENTRY_TABLE(aligned_alloc)
MG_ENTRY_TABLE(posix_memalign)
MG_ENTRY_TABLE(valloc)
MG_ENTRY_TABLE(pvalloc)

MG_EXPORT void *malloc(size_t size)
{
    return mg_malloc_from(MG_CALLER(), size);
}

MG_EXPORT void *calloc(size_t count, size_t size)
{
    return calloc_from(MG_CALLER(), count, size);
}

MG_EXPORT void *realloc(void *block, size_t size)
{
    return mg_realloc_from(MG_CALLER(), block, size);
}

MG_EXPORT void *reallocarray(void *block, size_t count, size_t size)
{
    return reallocarray_from(MG_CALLER(), block, count, size);
}

MG_EXPORT void *memalign(size_t alignment, size_t size)
{
    return mg_memalign_from(MG_CALLER(), alignment, size);
}

MG_EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    return aligned_alloc_from(MG_CALLER(), alignment, size);
}

MG_EXPORT int posix_memalign(void **result, size_t alignment, size_t size)
{
    return posix_memalign_from(MG_CALLER(), result, alignment, size);
}

MG_EXPORT void *valloc(size_t size)
{
    return valloc_from(MG_CALLER(), size);
}

MG_EXPORT void *pvalloc(size_t size)
{
    return pvalloc_from(MG_CALLER(), size);
}

void mg_free_any(void *block)
{
    if (MG_UNLIKELY(mg_owns(block)))
        mg_free(block);
    else if (MG_LIKELY(!mg_next_from_pool(block)))
        mg_next.free(block);
}

/* Under names that nobody else can bring: what the process calls `free` may be another's (see stands_in_front). */
static void our_free(void *block)
{
    mg_free_any(block);
}
extern void free(void *block) __attribute__((alias("our_free"), visibility("default")));

/* What few allocators have. By the name: what one in front of us has made goes back to it. */
MG_EXPORT void cfree(void *block)
{
    free(block);
}

MG_EXPORT void free_sized(void *block, size_t size)
{
    (void)size;
    free(block);
}

MG_EXPORT void free_aligned_sized(void *block, size_t alignment, size_t size)
{
    (void)alignment, (void)size;
    free(block);
}

static size_t our_usable_size(void *block)
{
    if (mg_owns(block))
        return mg_usable_size(block);
    return mg_next_from_pool(block) ? ((size_t *)block)[-1] : mg_next.malloc_usable_size(block);
}
extern size_t malloc_usable_size(void *block)
    __attribute__((alias("our_usable_size"), visibility("default")));

const struct mg_our_functions mg_our_functions = { our_free, our_usable_size };
