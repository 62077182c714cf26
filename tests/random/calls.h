/* The functions that a library may call for memory, as one library calls them: what the randomized test plays with. */
#ifndef MG_MODEL_CALLS_H
#define MG_MODEL_CALLS_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/* Forms of asking for a block; those from CALLS_MEMALIGN to CALLS_ALIGNED_ALLOC and the aligned news take an alignment. */
enum calls_make {
    CALLS_MALLOC,
    CALLS_CALLOC,
    CALLS_REALLOC_OF_NOTHING,
    CALLS_REALLOCARRAY_OF_NOTHING,
    CALLS_MEMALIGN,
    CALLS_POSIX_MEMALIGN,
    CALLS_ALIGNED_ALLOC,
    CALLS_VALLOC,
    CALLS_PVALLOC,
    CALLS_NEW,
    CALLS_NEW_ARRAY,
    CALLS_NEW_NOTHROW,
    CALLS_NEW_ARRAY_NOTHROW,
    CALLS_NEW_ALIGNED,
    CALLS_NEW_ARRAY_ALIGNED,
    CALLS_NEW_ALIGNED_NOTHROW,
    CALLS_NEW_ARRAY_ALIGNED_NOTHROW,
    CALLS_MAKES
};
/* Of having libc make one, out of a text. */
enum calls_text {
    CALLS_STRDUP,
    CALLS_STRNDUP,
    CALLS_WCSDUP,
    CALLS_ASPRINTF,
    CALLS_SSCANF,
    CALLS_GETLINE,
    CALLS_GETDELIM,
    CALLS_ARGZ,
    CALLS_MEMSTREAM,
    CALLS_REALPATH,
    CALLS_GETCWD,
    CALLS_TEXTS
};
/* Of giving one back: free, cfree, the two of C23, and twelve deletes. */
enum { CALLS_DROPS = 16 };

struct calls {
    void *(*make)(enum calls_make form, size_t size, size_t alignment);
    void *(*text)(enum calls_text form, const char *text);
    void *(*remake)(unsigned form, void *block, size_t size); /* 0 realloc, 1 reallocarray */
    void (*drop)(unsigned form, void *block, size_t size, size_t alignment);
    size_t (*usable)(void *block);
    /* MAP_FAILED or -1 when they fail. */
    void *(*map)(void *address, size_t size, int protection, int flags);
    void *(*remap)(void *address, size_t size, size_t new_size, int flags, void *new_address);
    int (*unmap)(void *address, size_t size);
    int (*protect)(void *address, size_t size, int protection);
    int (*advise)(void *address, size_t size, int advice);
    void *(*grow_break)(intptr_t growth);
    int (*thread)(pthread_t *thread, void *(*start)(void *), void *argument);
};

static inline int calls_aligned(enum calls_make form)
{
    return (form >= CALLS_MEMALIGN && form <= CALLS_ALIGNED_ALLOC) || form >= CALLS_NEW_ALIGNED;
}

/* Three libraries, of which the last is nobody's target. */
const struct calls *calls_one(void);
const struct calls *calls_two(void);
const struct calls *calls_bystander(void);

#endif
