#include "window.h"

#include "os.h"

#define MIXED ((uint32_t)1 << 16)
#define ONE_SAMPLED ((uint32_t)1 << 17)
#define SAMPLED (-ONE_SAMPLED)

/* Threads that free while we are armed read base and size as they come, in whichever order (the compiler, too, has its own). So each
 * alone holds no address: no process has one there. From a base of 0 the new size held NULL, which everybody frees. */
struct mg_window mg_window = { .base = (uintptr_t)1 << 63 };
size_t mg_window_largest = (size_t)1 << 41;

/* Which granules are in use, one bit each; the search goes on where the last one ended. */
static struct {
    struct mg_lock lock;
    uint64_t *used;
    size_t count;
    size_t next;
    size_t top;    /* above the highest that was ever in use */
    size_t lacked; /* the shortest run that was not to be found: granules do not come free */
} granules;

static void release(void *memory, size_t size)
{
    if (memory)
        mg_os_release(memory, size);
}

static bool reserve(size_t size)
{
    size_t count = size / MG_GRANULE;
    char *base = mg_os_reserve(size + MG_GRANULE);
    if (!base)
        return false;
    mg_window.pages = mg_os_reserve(size / MG_PAGE * sizeof *mg_window.pages);
    mg_window.tags = mg_os_reserve(size / 16);
    mg_window.heaps = mg_os_allocate(count * sizeof *mg_window.heaps);
    granules.used = mg_os_allocate(count / 8);
    if (!mg_window.pages || !mg_window.tags || !mg_window.heaps || !granules.used) {
        release(base, size + MG_GRANULE);
        release(mg_window.pages, size / MG_PAGE * sizeof *mg_window.pages);
        release(mg_window.tags, size / 16);
        release(mg_window.heaps, count * sizeof *mg_window.heaps);
        release(granules.used, count / 8);
        return false;
    }
    granules.count = count;
    granules.lacked = count + 1;
    mg_window.base = ((uintptr_t)base + MG_GRANULE - 1) & ~(MG_GRANULE - 1);
    mg_window.size = size;
    return true;
}

bool mg_window_start(void)
{
    /* Under a limit on addresses (ulimit -v) less must do. */
    size_t limit = mg_os_address_limit();
    for (size_t size = mg_window_largest; size >= (size_t)64 << 20; size /= 2)
        if (size <= limit / 4 && reserve(size))
            return true;
    return false;
}

static bool is_used(size_t granule)
{
    return granules.used[granule / 64] >> granule % 64 & 1;
}

static void mark_used(size_t from, size_t count)
{
    for (size_t i = from; i < from + count; i++)
        granules.used[i / 64] |= (uint64_t)1 << i % 64;
}

/* First run of free granules in [from, to), aligned; granules.count when there is none. */
static size_t find_run(size_t from, size_t to, size_t count, size_t alignment)
{
    size_t start = (from + alignment - 1) / alignment * alignment;
    while (start + count <= to) {
        size_t i = 0;
        while (i < count && !is_used(start + i))
            i++;
        if (i == count)
            return start;
        start = (start + i + alignment) / alignment * alignment;
    }
    return granules.count;
}

static void release_run(size_t from, size_t count)
{
    mg_lock(&granules.lock);
    for (size_t i = from; i < from + count; i++)
        granules.used[i / 64] &= ~((uint64_t)1 << i % 64);
    granules.lacked = granules.count + 1;
    mg_unlock(&granules.lock);
}

static size_t claim_run(size_t count, size_t alignment)
{
    mg_lock(&granules.lock);
    size_t start = granules.count;
    if (count < granules.lacked) {
        start = find_run(granules.next, granules.count, count, alignment);
        if (start == granules.count)
            start = find_run(0, granules.count, count, alignment);
        if (start == granules.count && alignment == 1)
            granules.lacked = count;
    }
    if (start != granules.count) {
        mark_used(start, count);
        granules.next = start + count;
        granules.top = granules.next > granules.top ? granules.next : granules.top;
    }
    mg_unlock(&granules.lock);
    return start;
}

/* Makes [from, from + size) of an array writable, out to whole pages; neighbours already are or come later. */
static bool make_range_writable(const void *array, size_t from, size_t size)
{
    return mg_os_protect((char *)(uintptr_t)array + from, size, true);
}

void *mg_window_take(unsigned heap, size_t size, size_t alignment)
{
    size_t count = (size + MG_GRANULE - 1) / MG_GRANULE;
    size_t aligned = alignment > MG_GRANULE ? alignment / MG_GRANULE : 1;
    /* An alignment above a granule is one of addresses, and the window's base need not have it. */
    size_t skew = aligned > 1 ? (aligned - mg_window.base / MG_GRANULE % aligned) % aligned : 0;
    size_t start = claim_run(count + skew, aligned);
    if (start == granules.count)
        return NULL;
    start += skew;
    char *base = (char *)mg_window.base + start * MG_GRANULE;
    size_t offset = start * MG_GRANULE;
    size_t bytes = count * MG_GRANULE;
    if (!make_range_writable(mg_window.pages, offset / MG_PAGE * sizeof *mg_window.pages,
                             bytes / MG_PAGE * sizeof *mg_window.pages) ||
        !make_range_writable(mg_window.tags, offset / 16, bytes / 16) ||
        (mg_window.sampled && !make_range_writable(mg_window.sampled, offset / 128, bytes / 128)) ||
        !mg_os_protect(base, bytes, true)) {
        release_run(start - skew, count + skew);
        return NULL;
    }
    for (size_t i = start; i < start + count; i++)
        MG_STORE(mg_window.heaps[i], (uint16_t)(heap + 1));
    return base;
}

bool mg_window_start_sampling(void)
{
    mg_window.sampled = mg_os_reserve(mg_window.size / 128);
    return mg_window.sampled;
}

/* Before the page says that there is one, and after it has said that there is none: who finds it there looks here. */
void mg_window_mark_sampled(const void *block, bool sampled)
{
    uintptr_t offset = (uintptr_t)block - mg_window.base;
    _Atomic(uint32_t) *page = &mg_window.pages[offset / MG_PAGE];
    _Atomic(uint64_t) *bits = &mg_window.sampled[offset / 16 / 64];
    uint64_t bit = (uint64_t)1 << offset / 16 % 64;
    if (sampled) {
        atomic_fetch_or_explicit(bits, bit, memory_order_relaxed);
        MG_ADD(*page, ONE_SAMPLED);
    } else {
        MG_ADD(*page, -ONE_SAMPLED);
        atomic_fetch_and_explicit(bits, ~bit, memory_order_relaxed);
    }
}

static size_t table_resident(const void *table, size_t size)
{
    return mg_os_resident((uintptr_t)table, size);
}

size_t mg_window_tables_resident(void)
{
    mg_lock(&granules.lock);
    size_t bytes = granules.top * MG_GRANULE;
    mg_unlock(&granules.lock);
    return table_resident(mg_window.pages, bytes / MG_PAGE * sizeof *mg_window.pages) +
           table_resident(mg_window.tags, bytes / 16) +
           (mg_window.sampled ? table_resident(mg_window.sampled, bytes / 128) : 0);
}

size_t mg_window_touched(void)
{
    mg_lock(&granules.lock);
    size_t top = granules.top;
    mg_unlock(&granules.lock);
    size_t touched = 0;
    for (size_t from = 0, to; from < top; from = to) {
        bool in_use = MG_LOAD(mg_window.heaps[from]);
        for (to = from + 1; to < top && in_use == (bool)MG_LOAD(mg_window.heaps[to]); to++)
            ;
        touched += in_use ? mg_os_resident(mg_window.base + from * MG_GRANULE, (to - from) * MG_GRANULE) : 0;
    }
    return touched;
}

/* While a page is not mixed all its tags are 0. Whoever brings another owner writes its own tag first and then the bit;
 * a block can only reach a second thread after that, through jemalloc's locks or the program's own, and that orders
 * these relaxed writes before its reads. Recycled pages keep the bit and their base tag: the tags in them are stale,
 * so every new block in a mixed page writes its own, 0 for the base tag's owner. */
void mg_window_mark_slow(const void *block, unsigned class, unsigned tag)
{
    uintptr_t offset = (uintptr_t)block - mg_window.base;
    _Atomic(uint32_t) *page = &mg_window.pages[offset / MG_PAGE];
    uint32_t was = MG_LOAD(*page);
    for (;;) {
        unsigned base = was >> 8 & 0xff;
        uint32_t now;
        if (!(was & MIXED) && (!base || base == tag))
            now = class | tag << 8;
        else {
            MG_STORE(mg_window.tags[offset / 16], (uint8_t)(base == tag ? 0 : tag));
            now = class | base << 8 | MIXED;
        }
        now |= was & SAMPLED;
        if (was == now || atomic_compare_exchange_weak_explicit(page, &was, now, memory_order_acq_rel,
                                                                memory_order_relaxed))
            return;
    }
}

void mg_window_before_fork(void)
{
    mg_lock(&granules.lock);
}

void mg_window_after_fork(void)
{
    mg_unlock(&granules.lock);
}
