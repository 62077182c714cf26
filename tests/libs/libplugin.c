/* A plugin that is loaded with RTLD_DEEPBIND: its calls of malloc and free go to libc, past everybody in front of it. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void *plugin_malloc(size_t size);
void *plugin_strdup(const char *text);
void *plugin_realloc(void *block, size_t size);
void plugin_free(void *block);
size_t plugin_usable_size(void *block);
void plugin_free_by_pointer(void *block);

static volatile int calls;

void *plugin_malloc(size_t size)
{
    void *block = malloc(size);
    calls++;
    return block;
}

void *plugin_strdup(const char *text)
{
    return strdup(text);
}

void *plugin_realloc(void *block, size_t size)
{
    return realloc(block, size);
}

void plugin_free(void *block)
{
    free(block);
}

size_t plugin_usable_size(void *block)
{
    return malloc_usable_size(block);
}

/* A word of data that the linker filled in. */
static void (*const release)(void *) = free;
void plugin_free_by_pointer(void *block)
{
    void (*volatile const *at)(void *) = &release;
    (*at)(block);
}
