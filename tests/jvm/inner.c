/* Asks for memory where no native method of its own is: when it is loaded, and for a library that is no target (outer.c). */
#include <stdlib.h>
#include <string.h>

void *inner_leak(size_t size);
void *inner_leak(size_t size)
{
    void *block = malloc(size);
    return block ? memset(block, 1, size) : NULL;
}

extern void *inner_kept;
void *inner_kept;

__attribute__((constructor)) static void begin(void)
{
    inner_kept = inner_leak(3 << 20);
}
