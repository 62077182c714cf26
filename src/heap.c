#include "heap.h"

#include "jemalloc.h"
#include "os.h"
#include "say.h"

#include <string.h>

#define MAX_HEAPS 4050 /* jemalloc has 4,095 arenas */

/* A heap's extent hooks, with the heap that they take addresses for. */
struct hooks {
    struct mgje_extent_hooks calls;
    unsigned heap;
};

static struct {
    struct mg_lock lock;
    _Atomic(struct mg_heap *) by_index[MAX_HEAPS];
    _Atomic(unsigned) count;
    struct mg_heap *idle;
    struct mg_heap *aside, **aside_end; /* full ones, a queue */
    size_t bind_mib[4], bind_depth, flush_mib[4], flush_depth;
} heaps;

/* ---- jemalloc's calls for memory, made under its locks ---- */

static void *take_extent(struct mgje_extent_hooks *calls, void *wanted, size_t size, size_t alignment,
                         bool *zero, bool *commit, unsigned arena)
{
    (void)arena;
    if (wanted)
        return NULL; /* no growing in place: the next granule may be another heap's */
    struct hooks *hooks = (struct hooks *)calls;
    void *extent = mg_window_take(hooks->heap, size, alignment);
    if (extent) {
        *zero = true; /* fresh addresses read as zero */
        *commit = true;
    }
    return extent;
}

static bool keep_extent(struct mgje_extent_hooks *calls, void *extent, size_t size, bool committed,
                        unsigned arena)
{
    (void)calls, (void)extent, (void)size, (void)committed, (void)arena;
    return true; /* jemalloc keeps the addresses, purged, for this heap */
}

static bool purge_extent(struct mgje_extent_hooks *calls, void *extent, size_t size, size_t offset,
                         size_t length, unsigned arena)
{
    (void)calls, (void)size, (void)arena;
    return !mg_os_discard((char *)extent + offset, length);
}

static bool may_split(struct mgje_extent_hooks *calls, void *extent, size_t size, size_t a, size_t b,
                      bool committed, unsigned arena)
{
    (void)calls, (void)extent, (void)size, (void)a, (void)b, (void)committed, (void)arena;
    return false;
}

static bool may_merge(struct mgje_extent_hooks *calls, void *a, size_t a_size, void *b, size_t b_size,
                      bool committed, unsigned arena)
{
    (void)calls, (void)a, (void)a_size, (void)b, (void)b_size, (void)committed, (void)arena;
    return false;
}

/* ---- Opening and closing ---- */

static bool new_arena(struct mg_heap *heap, struct hooks *hooks)
{
    unsigned arena;
    size_t length = sizeof arena;
    struct mgje_extent_hooks *calls = &hooks->calls;
    if (mgje_mallctl("arenas.create", &arena, &length, &calls, sizeof calls))
        return false;
    heap->arenas[heap->arena_count++] = arena;
    return true;
}

bool mg_heap_start(void)
{
    heaps.bind_depth = heaps.flush_depth = 4;
    return mgje_mallctlnametomib("thread.arena", heaps.bind_mib, &heaps.bind_depth) == 0 &&
           mgje_mallctlnametomib("thread.tcache.flush", heaps.flush_mib, &heaps.flush_depth) == 0;
}

struct heap_and_hooks {
    struct mg_heap heap;
    struct hooks hooks;
};

/* One without arenas yet. NULL: there is no memory, or no index. */
static struct heap_and_hooks *make_heap(void)
{
    struct heap_and_hooks *both = mg_os_allocate(sizeof *both);
    if (!both)
        return NULL;
    mg_lock(&heaps.lock);
    unsigned index = MG_LOAD(heaps.count);
    if (index < MAX_HEAPS)
        MG_STORE(heaps.count, index + 1);
    mg_unlock(&heaps.lock);
    if (index == MAX_HEAPS) {
        mg_os_release(both, sizeof *both);
        return NULL;
    }
    both->heap.index = index;
    both->hooks.heap = index;
    both->hooks.calls = (struct mgje_extent_hooks){ .alloc = take_extent,
                                                    .dalloc = keep_extent,
                                                    .purge_forced = purge_extent,
                                                    .split = may_split,
                                                    .merge = may_merge };
    return both;
}

static struct mg_heap *take_idle(unsigned arenas)
{
    mg_lock(&heaps.lock);
    struct mg_heap **link = &heaps.idle;
    while (*link && (*link)->arena_count != arenas)
        link = &(*link)->next_idle;
    struct mg_heap *heap = *link;
    if (heap)
        *link = heap->next_idle;
    mg_unlock(&heaps.lock);
    return heap;
}

static struct mg_heap *new_heap(unsigned arenas)
{
    struct heap_and_hooks *both = (void *)take_idle(0);
    if (!both)
        both = make_heap();
    if (!both)
        return NULL;
    while (both->heap.arena_count < arenas && new_arena(&both->heap, &both->hooks))
        ;
    if (both->heap.arena_count) {
        /* Release: whoever finds it finds all of it. */
        atomic_store_explicit(&heaps.by_index[both->heap.index], &both->heap, memory_order_release);
        return &both->heap;
    }
    mg_lock(&heaps.lock);
    both->heap.next_idle = heaps.idle; /* without an arena for now: there may be memory later */
    heaps.idle = &both->heap;
    mg_unlock(&heaps.lock);
    return NULL;
}

struct mg_heap *mg_heap_open(unsigned arenas)
{
    struct mg_heap *heap = take_idle(arenas);
    if (!heap)
        return new_heap(arenas);
    MG_STORE(heap->resting, false);
    mg_heap_drain(heap, false);
    return heap;
}

static void purge(const struct mg_heap *heap)
{
    for (unsigned i = 0; i < heap->arena_count; i++) {
        char name[40];
        mg_print(name, sizeof name, "arena.%u.purge", heap->arenas[i]);
        mgje_mallctl(name, NULL, NULL, NULL, 0);
    }
}

/* What strangers leave in a heap without an account waits for nobody: from so much on its pages go back. */
#define WORTH_TIDYING (4 << 20)

void mg_heap_tidy(struct mg_heap *heap, int64_t bytes)
{
    if (MG_LIKELY(!MG_LOAD(heap->resting)) || MG_ADD(heap->waiting, bytes) + bytes < WORTH_TIDYING)
        return;
    MG_STORE(heap->waiting, 0);
    mg_heap_drain(heap, false);
    purge(heap);
}

void mg_heap_close(struct mg_heap *heap)
{
    MG_STORE(heap->waiting, 0);
    MG_STORE(heap->resting, true);
    mg_heap_drain(heap, false);
    purge(heap);
    mg_lock(&heaps.lock);
    if (heap->full) {
        heap->next_idle = NULL;
        *(heaps.aside ? heaps.aside_end : &heaps.aside) = heap;
        heaps.aside_end = &heap->next_idle;
    } else {
        heap->next_idle = heaps.idle;
        heaps.idle = heap;
    }
    mg_unlock(&heaps.lock);
}

void mg_heap_close_all(struct mg_heap *first)
{
    for (struct mg_heap *heap = first, *next; heap; heap = next) {
        next = heap->next_idle;
        mg_heap_close(heap);
    }
}

struct mg_heap *mg_heap_reconsider(void)
{
    mg_lock(&heaps.lock);
    struct mg_heap *heap = heaps.aside;
    if (heap)
        heaps.aside = heap->next_idle;
    mg_unlock(&heaps.lock);
    return heap;
}

bool mg_heap_is_full(const struct mg_heap *heap)
{
    /* A task charges to a handful of libraries. */
    enum { ENOUGH = 32 };
    unsigned used = 0;
    for (unsigned tag = 1; tag < heap->tags_end; tag++)
        used += heap->pairs[tag].in_use;
    return MG_TAGS - 1 - used < ENOUGH;
}

struct mg_heap *mg_heap_at(unsigned index)
{
    return index < MAX_HEAPS ? atomic_load_explicit(&heaps.by_index[index], memory_order_acquire) : NULL;
}

unsigned mg_heap_count(void)
{
    return MG_LOAD(heaps.count);
}

/* ---- Owners ---- */

unsigned mg_heap_new_tag(struct mg_heap *heap, struct mg_account *account, unsigned library, bool handed)
{
    for (unsigned tag = 1; tag < MG_TAGS; tag++) {
        struct mg_pair *pair = &heap->pairs[tag];
        if (pair->in_use)
            continue;
        int64_t refunded = MG_LOAD(pair->refunded);
        int64_t frees = MG_LOAD(pair->frees);
        if (heap->tags_end <= tag)
            heap->tags_end = tag + 1;
        pair->in_use = true;
        pair->survives = handed;
        pair->library = library;
        pair->refunded_before = pair->collected = refunded;
        pair->frees_before = frees;
        pair->survivors = pair->survivor_count = 0;
        MG_STORE(pair->account, account);
        MG_STORE(pair->local, handed ? NULL : account);
        /* Readers find the pair through a block's tag or through tag_of: both come later. */
        if (!handed)
            atomic_store_explicit(&heap->tag_of[library], (uint8_t)tag, memory_order_release);
        return tag;
    }
    return 0;
}

/* ---- Threads ---- */

void mg_heap_bind(struct mg_heap *heap)
{
    unsigned arena = heap->arenas[MG_ADD(heap->next_arena, 1) % heap->arena_count];
    mgje_mallctlbymib(heaps.bind_mib, heaps.bind_depth, NULL, NULL, &arena, sizeof arena);
}

void mg_heap_unbind(void)
{
    unsigned none = 0;
    mgje_mallctlbymib(heaps.bind_mib, heaps.bind_depth, NULL, NULL, &none, sizeof none);
}

/* ---- Blocks ---- */

void *mg_heap_allocate(size_t size, size_t alignment, bool zeroed)
{
    if (size < 16)
        size = 16;
    if (MG_LIKELY(!alignment && !zeroed))
        return mgje_malloc(size);
    int power = alignment > 16 ? __builtin_ctzl(alignment) : 0;
    return mgje_mallocx(size, MGJE_ALIGNMENT(power) | (zeroed ? MGJE_ZERO : 0));
}

void mg_heap_push_remote(struct mg_heap *heap, void *block)
{
    void **link = block;
    *link = MG_LOAD(heap->remote);
    /* Release: what the freeing thread wrote into the block, and this link, are before the drainer's read. Only whole
     * lists are taken off, so a block that comes back at the same address does no harm (no ABA). */
    while (!atomic_compare_exchange_weak_explicit(&heap->remote, link, block, memory_order_release,
                                                  memory_order_relaxed))
        ;
}

/* An address that comes back to the top of the list does no harm: it was taken off in between, and that is told apart. */
bool mg_heap_has_news(const struct mg_heap *heap)
{
    const void *first = MG_LOAD(heap->remote);
    return MG_LOAD(heap->drained) || (first && first != MG_LOAD(heap->collected));
}

void mg_heap_begin_collecting(struct mg_heap *heap)
{
    /* Acquire, both: of what was pushed, and of what was taken off, the refunds are seen. */
    atomic_exchange_explicit(&heap->drained, false, memory_order_acquire);
    MG_STORE(heap->collected, atomic_load_explicit(&heap->remote, memory_order_acquire));
}

void mg_heap_drain(struct mg_heap *heap, bool bound)
{
    if (!MG_LOAD(heap->remote))
        return;
    void *block = atomic_exchange_explicit(&heap->remote, NULL, memory_order_acquire);
    atomic_store_explicit(&heap->drained, true, memory_order_release);
    while (block) {
        void *next = *(void **)block;
        mgje_dallocx(block, bound ? 0 : MGJE_NO_TCACHE);
        block = next;
    }
}

static size_t statistic(unsigned arena, const char *which)
{
    char name[60];
    size_t value = 0;
    size_t length = sizeof value;
    mg_print(name, sizeof name, "stats.arenas.%u.%s", arena, which);
    mgje_mallctl(name, &value, &length, NULL, 0);
    return value;
}

size_t mg_heap_allocated(const struct mg_heap *heap)
{
    uint64_t epoch = 1;
    mgje_mallctl("epoch", NULL, NULL, &epoch, sizeof epoch);
    size_t sum = 0;
    for (unsigned i = 0; i < heap->arena_count; i++)
        sum += statistic(heap->arenas[i], "small.allocated") + statistic(heap->arenas[i], "large.allocated");
    return sum;
}

/* MALLCTL_ARENAS_ALL of jemalloc 5. */
#define ALL_ARENAS "4096"

int64_t mg_heaps_resident(void)
{
    uint64_t epoch = 1;
    size_t resident = 0;
    size_t length = sizeof resident;
    mgje_mallctl("epoch", NULL, NULL, &epoch, sizeof epoch);
    mgje_mallctl("stats.resident", &resident, &length, NULL, 0);
    return (int64_t)(resident + mg_window_tables_resident());
}

int64_t mg_heaps_touched(void)
{
    size_t records = 0;
    size_t length = sizeof records;
    mgje_mallctl("stats.metadata", &records, &length, NULL, 0);
    return (int64_t)(records + mg_window_touched() + mg_window_tables_resident());
}

void mg_heaps_trim(void)
{
    unsigned count = mg_heap_count();
    for (unsigned i = 0; i < count; i++) {
        struct mg_heap *heap = mg_heap_at(i);
        if (heap)
            mg_heap_drain(heap, false);
    }
    mgje_mallctl("arena." ALL_ARENAS ".purge", NULL, NULL, NULL, 0);
}

void mg_heap_flush_cache(void)
{
    mgje_mallctlbymib(heaps.flush_mib, heaps.flush_depth, NULL, NULL, NULL, 0);
}

void mg_heap_before_fork(void)
{
    mg_lock(&heaps.lock);
}

void mg_heap_after_fork(void)
{
    mg_unlock(&heaps.lock);
}
