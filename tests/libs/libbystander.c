/* Stands for a library that nobody asked to charge. */
#include <stdlib.h>

void *bystander_malloc(size_t size);
void *bystander_realloc(void *block, size_t size);
void bystander_free(void *block);

void *bystander_malloc(size_t size)
{
    return malloc(size);
}
void *bystander_realloc(void *block, size_t size)
{
    return realloc(block, size);
}
void bystander_free(void *block)
{
    free(block);
}
