/* Below src/heap.c in place of jemalloc, whose insides are not explored: blocks of 64 bytes of an arena, which change
 * hands under the arena's lock, and a cache for each thread, which needs none. A free block's memory is written to: who
 * still uses it is found. */
#include "jemalloc.h"
#include "model.h"
#include "model_blocks.h"

#include <string.h>

#define CHUNK ((size_t)2 << 20)
#define MOST 8

struct arena {
    struct mg_lock lock;
    void *free;
    char *chunk, *next;
};
static struct arena arenas[MOST];
static unsigned arena_count;

static struct {
    unsigned arena;
    void *cache;
} threads[5];

static void *pop(void **list)
{
    void *block = *list;
    if (block)
        *list = *(void **)block;
    return block;
}

static void push(void **list, void *block)
{
    *(void **)block = *list;
    *list = block;
}

static struct arena *arena_of(const char *block)
{
    struct arena *arena = arenas;
    while ((size_t)(block - arena->chunk) >= CHUNK)
        CHECK(++arena < arenas + arena_count);
    return arena;
}

void *mgje_malloc(size_t size)
{
    CHECK(size <= MODEL_BLOCK);
    void *block = pop(&threads[model_thread()].cache);
    if (block)
        return block;
    struct arena *arena = &arenas[threads[model_thread()].arena];
    mg_lock(&arena->lock);
    block = pop(&arena->free);
    if (!block) {
        block = arena->next;
        arena->next += MODEL_BLOCK;
    }
    mg_unlock(&arena->lock);
    return block;
}

static void give_back(void *block)
{
    struct arena *arena = arena_of(block);
    mg_lock(&arena->lock);
    push(&arena->free, block);
    mg_unlock(&arena->lock);
}

void mgje_dallocx(void *block, int flags)
{
    if (flags & MGJE_NO_TCACHE)
        give_back(block);
    else
        push(&threads[model_thread()].cache, block);
}

void mgje_sdallocx(void *block, size_t size, int flags)
{
    CHECK(size == MODEL_BLOCK);
    mgje_dallocx(block, flags);
}

static void flush(void)
{
    void *block;
    while ((block = pop(&threads[model_thread()].cache)))
        give_back(block);
}

size_t model_free_blocks(void)
{
    size_t count = 0;
    for (unsigned i = 0; i < arena_count; i++)
        for (void *block = arenas[i].free; block; block = *(void **)block)
            count++;
    for (int i = 0; i < 5; i++)
        for (void *block = threads[i].cache; block; block = *(void **)block)
            count++;
    return count;
}

/* "arenas.create" is the only one with a result that matters. */
int mgje_mallctl(const char *name, void *old, size_t *old_size, void *new_value, size_t new_size)
{
    (void)old_size, (void)new_size;
    if (strcmp(name, "arenas.create") != 0)
        return 0;
    struct mgje_extent_hooks *hooks = *(struct mgje_extent_hooks **)new_value;
    CHECK(arena_count < MOST);
    bool zero, commit;
    struct arena *arena = &arenas[arena_count];
    arena->chunk = arena->next = hooks->alloc(hooks, NULL, CHUNK, CHUNK, &zero, &commit, arena_count);
    *(unsigned *)old = arena_count++;
    return 0;
}

int mgje_mallctlnametomib(const char *name, size_t *mib, size_t *mib_length)
{
    (void)name, (void)mib, (void)mib_length;
    return 0;
}

/* "thread.arena" and "thread.tcache.flush": only the first has a value. */
int mgje_mallctlbymib(const size_t *mib, size_t length, void *old, size_t *old_size, void *new_value,
                      size_t new_size)
{
    (void)mib, (void)length, (void)old, (void)old_size, (void)new_size;
    if (new_value)
        threads[model_thread()].arena = *(unsigned *)new_value;
    else
        flush();
    return 0;
}
