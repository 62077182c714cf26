/* A target whose allocator can be exchanged, as libxml2's and curl's can: the pointers stand in its data. */
#include <stdlib.h>

void *(*pluggable_allocate)(size_t) = malloc;
void (*pluggable_release)(void *) = free;

void pluggable_plug(void *(*allocate)(size_t), void (*release)(void *))
{
    pluggable_allocate = allocate;
    pluggable_release = release;
}

void *pluggable_make(size_t size)
{
    free(malloc(1)); /* its first call makes us redirect its slots */
    return pluggable_allocate(size);
}

void pluggable_drop(void *block)
{
    pluggable_release(block);
}
