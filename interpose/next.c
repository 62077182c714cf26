#include "next.h"

#include "base.h"
#include "say.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

/* dlsym allocates little, and only when it fails; older ones always callocs 32 bytes for its error text. */
static _Alignas(64) char pool[8192];
static _Atomic(size_t) pool_used;
static _Atomic(bool) looking;

/* The version of functions that were always there. */
#if defined(__x86_64__)
#define OLDEST_GLIBC "GLIBC_2.2.5"
#else
#define OLDEST_GLIBC "GLIBC_2.17"
#endif

bool mg_next_from_pool(const void *block)
{
    return (const char *)block >= pool && (const char *)block < pool + sizeof pool;
}

/* Blocks stand behind their size, so that realloc knows how much there is to copy. */
static void *from_pool(size_t size, size_t alignment)
{
    alignment = alignment < 16 ? 16 : alignment;
    size_t room = (size + 16 + alignment + 15) & ~(size_t)15;
    size_t at = room < size ? sizeof pool : MG_ADD(pool_used, room);
    if (at + room > sizeof pool) {
        errno = ENOMEM;
        return NULL;
    }
    uintptr_t block = ((uintptr_t)pool + at + 16 + alignment - 1) & ~(alignment - 1);
    ((size_t *)block)[-1] = size;
    return (void *)block;
}

static void *find(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

static void look_up(void);

static void *first_malloc(size_t size)
{
    look_up();
    return mg_next.malloc == first_malloc ? from_pool(size, 0) : mg_next.malloc(size);
}

static void *first_calloc(size_t count, size_t size)
{
    size_t bytes;
    look_up();
    if (mg_next.calloc != first_calloc)
        return mg_next.calloc(count, size);
    return __builtin_mul_overflow(count, size, &bytes) ? NULL : from_pool(bytes, 0); /* the pool is zero */
}

static void *first_realloc(void *block, size_t size)
{
    look_up();
    if (mg_next.realloc != first_realloc)
        return mg_next.realloc(block, size);
    void *moved = from_pool(size, 0);
    if (moved && block) {
        size_t before = ((size_t *)block)[-1];
        memcpy(moved, block, before < size ? before : size);
    }
    return moved;
}

static void *first_memalign(size_t alignment, size_t size)
{
    look_up();
    return mg_next.memalign == first_memalign ? from_pool(size, alignment)
                                              : mg_next.memalign(alignment, size);
}

static void *first_aligned_alloc(size_t alignment, size_t size)
{
    look_up();
    return mg_next.aligned_alloc == first_aligned_alloc ? from_pool(size, alignment)
                                                        : mg_next.aligned_alloc(alignment, size);
}

static int first_posix_memalign(void **block, size_t alignment, size_t size)
{
    look_up();
    if (mg_next.posix_memalign != first_posix_memalign)
        return mg_next.posix_memalign(block, alignment, size);
    *block = from_pool(size, alignment);
    return *block ? 0 : ENOMEM;
}

static void *first_valloc(size_t size)
{
    look_up();
    return mg_next.valloc == first_valloc ? NULL : mg_next.valloc(size);
}

static void *first_pvalloc(size_t size)
{
    look_up();
    return mg_next.pvalloc == first_pvalloc ? NULL : mg_next.pvalloc(size);
}

static void first_free(void *block)
{
    look_up();
    if (mg_next.free != first_free)
        mg_next.free(block);
}

static size_t first_malloc_usable_size(void *block)
{
    look_up();
    return mg_next.malloc_usable_size == first_malloc_usable_size ? 0 : mg_next.malloc_usable_size(block);
}

static int first_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                                void *argument)
{
    look_up();
    return mg_next.pthread_create == first_pthread_create
               ? EAGAIN
               : mg_next.pthread_create(thread, attributes, start, argument);
}

/* By a jump: see process.c. Another library's dlsym, by which the lookup goes, may call it meanwhile. */
static void *first_dlopen(const char *file, int mode)
{
    look_up();
    void *(*function)(const char *, int) = mg_next.dlopen;
    if (function == first_dlopen) {
        void *symbol = dlvsym(RTLD_NEXT, "dlopen", "GLIBC_2.34");
        symbol = symbol ? symbol : dlvsym(RTLD_NEXT, "dlopen", OLDEST_GLIBC);
        memcpy(&function, &symbol, sizeof function);
    }
    return function ? function(file, mode) : NULL;
}

static int first_dlclose(void *handle)
{
    look_up();
    return mg_next.dlclose == first_dlclose ? -1 : mg_next.dlclose(handle);
}

static void first_exit_now(int status)
{
    look_up();
    if (mg_next.exit_now != first_exit_now)
        mg_next.exit_now(status);
    __builtin_trap();
}

static void *first_sbrk(intptr_t growth)
{
    look_up();
    return mg_next.sbrk == first_sbrk ? (void *)-1 : mg_next.sbrk(growth);
}

struct mg_next mg_next = {
    first_malloc,         first_calloc, first_realloc, first_memalign, first_aligned_alloc,
    first_posix_memalign, first_valloc, first_pvalloc, first_free,     first_malloc_usable_size,
    first_pthread_create, first_dlopen, first_dlclose, first_exit_now, first_sbrk,
};

/* Runs in the first thread, before it has made a second one; what the lookup calls comes back here and leaves again. */
static void look_up(void)
{
    bool already = atomic_exchange(&looking, true);
    if (already)
        return;
    struct mg_next found = mg_next;
#define FIND(member, name) \
    do { \
        void *function = find(name); \
        if (function) \
            memcpy(&found.member, &function, sizeof function); \
    } while (0)
    FIND(malloc, "malloc");
    FIND(calloc, "calloc");
    FIND(realloc, "realloc");
    FIND(memalign, "memalign");
    FIND(aligned_alloc, "aligned_alloc");
    FIND(posix_memalign, "posix_memalign");
    FIND(valloc, "valloc");
    FIND(pvalloc, "pvalloc");
    FIND(free, "free");
    FIND(malloc_usable_size, "malloc_usable_size");
    FIND(pthread_create, "pthread_create");
    FIND(dlopen, "dlopen");
    FIND(dlclose, "dlclose");
    FIND(exit_now, "_exit");
    FIND(sbrk, "sbrk");
#undef FIND
    mg_next = found;
    atomic_store(&looking, false);
}
