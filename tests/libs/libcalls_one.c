/* Stands for a library that asks for memory in every way there is. libcalls_two and libcalls_bystander do the same. */
#include "random/calls.h"

#include <argz.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wchar.h>

#ifndef NAMED
#define NAMED calls_one
#endif

void cfree(void *block);
void free_sized(void *block, size_t size);
void free_aligned_sized(void *block, size_t alignment, size_t size);

/* operator new and delete by the names that C++ gives them. */
void *_Znwm(size_t size);
void *_Znam(size_t size);
void *_ZnwmRKSt9nothrow_t(size_t size, const void *nothrow);
void *_ZnamRKSt9nothrow_t(size_t size, const void *nothrow);
void *_ZnwmSt11align_val_t(size_t size, size_t alignment);
void *_ZnamSt11align_val_t(size_t size, size_t alignment);
void *_ZnwmSt11align_val_tRKSt9nothrow_t(size_t size, size_t alignment, const void *nothrow);
void *_ZnamSt11align_val_tRKSt9nothrow_t(size_t size, size_t alignment, const void *nothrow);
void _ZdlPv(void *block);
void _ZdaPv(void *block);
void _ZdlPvm(void *block, size_t size);
void _ZdaPvm(void *block, size_t size);
void _ZdlPvRKSt9nothrow_t(void *block, const void *nothrow);
void _ZdaPvRKSt9nothrow_t(void *block, const void *nothrow);
void _ZdlPvSt11align_val_t(void *block, size_t alignment);
void _ZdaPvSt11align_val_t(void *block, size_t alignment);
void _ZdlPvmSt11align_val_t(void *block, size_t size, size_t alignment);
void _ZdaPvmSt11align_val_t(void *block, size_t size, size_t alignment);
void _ZdlPvSt11align_val_tRKSt9nothrow_t(void *block, size_t alignment, const void *nothrow);
void _ZdaPvSt11align_val_tRKSt9nothrow_t(void *block, size_t alignment, const void *nothrow);

static const char nothrow;

static void *make_plain(enum calls_make form, size_t size, size_t alignment)
{
    void *block = NULL;
    switch (form) {
    case CALLS_CALLOC:
        return size % 3 ? calloc(size, 1) : calloc(3, size / 3);
    case CALLS_REALLOC_OF_NOTHING:
        return realloc(NULL, size);
    case CALLS_REALLOCARRAY_OF_NOTHING:
        return reallocarray(NULL, 1, size);
    case CALLS_MEMALIGN:
        return memalign(alignment, size);
    case CALLS_POSIX_MEMALIGN:
        return posix_memalign(&block, alignment < sizeof(void *) ? sizeof(void *) : alignment, size) ? NULL
                                                                                                     : block;
    case CALLS_ALIGNED_ALLOC:
        return aligned_alloc(alignment, size);
    case CALLS_VALLOC:
        return valloc(size);
    case CALLS_PVALLOC:
        return pvalloc(size);
    default:
        return malloc(size);
    }
}

static void *make(enum calls_make form, size_t size, size_t alignment)
{
    switch (form) {
    case CALLS_NEW:
        return _Znwm(size);
    case CALLS_NEW_ARRAY:
        return _Znam(size);
    case CALLS_NEW_NOTHROW:
        return _ZnwmRKSt9nothrow_t(size, &nothrow);
    case CALLS_NEW_ARRAY_NOTHROW:
        return _ZnamRKSt9nothrow_t(size, &nothrow);
    case CALLS_NEW_ALIGNED:
        return _ZnwmSt11align_val_t(size, alignment);
    case CALLS_NEW_ARRAY_ALIGNED:
        return _ZnamSt11align_val_t(size, alignment);
    case CALLS_NEW_ALIGNED_NOTHROW:
        return _ZnwmSt11align_val_tRKSt9nothrow_t(size, alignment, &nothrow);
    case CALLS_NEW_ARRAY_ALIGNED_NOTHROW:
        return _ZnamSt11align_val_tRKSt9nothrow_t(size, alignment, &nothrow);
    default:
        return make_plain(form, size, alignment);
    }
}

static void *read_back(enum calls_text form, const char *text)
{
    char *line = NULL;
    size_t size = 0;
    FILE *file = fmemopen((void *)text, strlen(text), "r");
    if (!file)
        return NULL;
    if (form == CALLS_GETLINE ? getline(&line, &size, file) < 0 : getdelim(&line, &size, 'x', file) < 0) {
        free(line);
        line = NULL;
    }
    fclose(file);
    return line;
}

static void *write_out(const char *text)
{
    char *written = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&written, &size);
    if (!file)
        return NULL;
    fprintf(file, "%s, %s", text, text);
    fclose(file);
    return written;
}

static void *text(enum calls_text form, const char *text)
{
    char *result = NULL;
    size_t size = 0;
    switch (form) {
    case CALLS_STRNDUP:
        return strndup(text, strlen(text) / 2);
    case CALLS_WCSDUP:
        return wcsdup(L"thirteen long");
    case CALLS_ASPRINTF:
        return asprintf(&result, "%s and %s", text, text) < 0 ? NULL : result;
    case CALLS_SSCANF:
        return sscanf(text, "%ms", &result) == 1 ? result : NULL;
    case CALLS_GETLINE:
    case CALLS_GETDELIM:
        return read_back(form, text);
    case CALLS_ARGZ:
        return argz_create_sep(text, 'x', &result, &size) ? NULL : result;
    case CALLS_MEMSTREAM:
        return write_out(text);
    case CALLS_REALPATH:
        return realpath("/proc/self/..", NULL);
    case CALLS_GETCWD:
        return getcwd(NULL, 0);
    default:
        return strdup(text);
    }
}

static void *remake(unsigned form, void *block, size_t size)
{
    return form ? reallocarray(block, 1, size) : realloc(block, size);
}

static void drop_by_delete(unsigned form, void *block, size_t size, size_t alignment)
{
    switch (form) {
    case 4:
        return _ZdlPv(block);
    case 5:
        return _ZdaPv(block);
    case 6:
        return _ZdlPvm(block, size);
    case 7:
        return _ZdaPvm(block, size);
    case 8:
        return _ZdlPvRKSt9nothrow_t(block, &nothrow);
    case 9:
        return _ZdaPvRKSt9nothrow_t(block, &nothrow);
    case 10:
        return _ZdlPvSt11align_val_t(block, alignment);
    case 11:
        return _ZdaPvSt11align_val_t(block, alignment);
    case 12:
        return _ZdlPvmSt11align_val_t(block, size, alignment);
    case 13:
        return _ZdaPvmSt11align_val_t(block, size, alignment);
    case 14:
        return _ZdlPvSt11align_val_tRKSt9nothrow_t(block, alignment, &nothrow);
    default:
        return _ZdaPvSt11align_val_tRKSt9nothrow_t(block, alignment, &nothrow);
    }
}

static void drop(unsigned form, void *block, size_t size, size_t alignment)
{
    switch (form) {
    case 0:
        return free(block);
    case 1:
        return cfree(block);
    case 2:
        return free_sized(block, size);
    case 3:
        return free_aligned_sized(block, alignment, size);
    default:
        return drop_by_delete(form, block, size, alignment);
    }
}

static size_t usable(void *block)
{
    return malloc_usable_size(block);
}

static void *map(void *address, size_t size, int protection, int flags)
{
    return size % 8192 ? mmap(address, size, protection, flags, -1, 0)
                       : mmap64(address, size, protection, flags, -1, 0);
}

static void *remap(void *address, size_t size, size_t new_size, int flags, void *new_address)
{
    return mremap(address, size, new_size, flags, new_address);
}

static int unmap(void *address, size_t size)
{
    return munmap(address, size);
}

static int protect(void *address, size_t size, int protection)
{
    return mprotect(address, size, protection);
}

static int advise(void *address, size_t size, int advice)
{
    return madvise(address, size, advice);
}

static void *grow_break(intptr_t growth)
{
    char *now = sbrk(0);
    if (growth % 2)
        return sbrk(growth);
    return brk(now + growth) ? (void *)-1 : now;
}

static int thread(pthread_t *made, void *(*start)(void *), void *argument)
{
    return pthread_create(made, NULL, start, argument);
}

const struct calls *NAMED(void)
{
    static const struct calls calls = { make,  text,  remake,  drop,   usable,     map,
                                        remap, unmap, protect, advise, grow_break, thread };
    return &calls;
}
