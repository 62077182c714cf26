/* Stands for somebody's library that allocates: by calls and by tail calls, which hide it from the return address. */
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>

void *target_tail_malloc(size_t size);
void *target_malloc(size_t size);
void *target_calloc(size_t count, size_t size);
void *target_realloc(void *block, size_t size);
void *target_aligned(size_t alignment, size_t size);
void target_free(void *block);
void *target_map(size_t size);
void *target_map_at(void *address, size_t size, int protection, int flags);
void *target_remap(void *block, size_t size, size_t new_size, int flags, void *to);

static volatile int calls;

void *target_tail_malloc(size_t size)
{
    return malloc(size);
}

/* Something to do after the call, so that it is no tail call. */
static void *counted(void *block)
{
    calls++;
    return block;
}

void *target_malloc(size_t size)
{
    return counted(malloc(size));
}
void *target_calloc(size_t count, size_t size)
{
    return counted(calloc(count, size));
}
void *target_realloc(void *block, size_t size)
{
    return counted(realloc(block, size));
}
void *target_aligned(size_t alignment, size_t size)
{
    return counted(memalign(alignment, size));
}
void target_free(void *block)
{
    free(block);
}

void *target_map_at(void *address, size_t size, int protection, int flags)
{
    return counted(mmap(address, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0));
}
void *target_map(size_t size)
{
    return target_map_at(NULL, size, PROT_READ | PROT_WRITE, 0);
}
void *target_remap(void *block, size_t size, size_t new_size, int flags, void *to)
{
    return counted(mremap(block, size, new_size, flags, to));
}
