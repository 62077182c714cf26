#include "magazines.h"

#include "jemalloc.h"
#include "os.h"
#include "settings.h"
#include "window.h"

#include <string.h>

/* What a magazine may hold, in bytes: less of larger blocks. */
#define MOST ((size_t)16 << 10)

uint8_t mg_magazine_rounds[MG_CLASSES + MG_SAMPLED];

void mg_magazines_start(void)
{
    for (unsigned class = 1; class < MG_MAGAZINES; class ++) {
        size_t size = mg_classes.size[class];
        if (size < 16 || size > MG_MAGAZINE_LARGEST)
            continue;
        size_t rounds = MOST / size;
        mg_magazine_rounds[class] = (uint8_t)(rounds < MG_MAGAZINE_ROUNDS ? rounds : MG_MAGAZINE_ROUNDS);
    }
}

struct mg_magazines *mg_magazines_make(void)
{
    return mg_settings.referee ? NULL : mg_os_allocate(sizeof(struct mg_magazines));
}

/* jemalloc gives a run of blocks from the lowest address on, and a stack would turn that round. Programs walk what they made in the
 * order in which they made it, and processors load ahead upwards: so the first one that came is the first to go. A
 * child of a fork in between lacks them at worst. */
void mg_magazines_fill(struct mg_magazines *magazines, unsigned class)
{
    void *came[MG_MAGAZINE_ROUNDS];
    unsigned wanted = mg_magazine_rounds[class] / 2, count = 0;
    while (count < wanted) {
        void *block = mgje_malloc(mg_classes.size[class]);
        if (!block)
            break;
        /* jemalloc's own arena serves a thread that its cache has left, and that lies elsewhere. */
        if (!mg_window_holds(block)) {
            mgje_dallocx(block, MGJE_NO_TCACHE);
            break;
        }
        came[count++] = block;
    }
    for (unsigned i = 0; i < count; i++)
        magazines->blocks[class][i] = came[count - 1 - i];
    atomic_store_explicit(&magazines->count[class], (uint8_t)count, memory_order_release);
}

/* The oldest go, the youngest are in the processor's caches. They are out of the magazine before jemalloc has them, so that a
 * fork in between, of which the child gets a copy, loses blocks at worst and never has one twice. */
static void give_back(struct mg_magazines *magazines, unsigned class, unsigned count, int flags)
{
    void **blocks = magazines->blocks[class];
    void *going[MG_MAGAZINE_ROUNDS];
    unsigned left = MG_LOAD(magazines->count[class]) - count;
    memcpy(going, blocks, count * sizeof *blocks);
    atomic_store_explicit(&magazines->count[class], 0, memory_order_release);
    memmove(blocks, blocks + count, left * sizeof *blocks);
    atomic_store_explicit(&magazines->count[class], (uint8_t)left, memory_order_release);
    for (unsigned i = 0; i < count; i++)
        mgje_sdallocx(going[i], mg_classes.size[class], flags);
}

void mg_magazines_drain(struct mg_magazines *magazines, unsigned class)
{
    give_back(magazines, class, MG_LOAD(magazines->count[class]) / 2, 0);
}

void mg_magazines_flush(struct mg_magazines *magazines, bool bound)
{
    for (unsigned class = 0; magazines && class < MG_MAGAZINES; class ++)
        if (MG_LOAD(magazines->count[class]))
            give_back(magazines, class, MG_LOAD(magazines->count[class]), bound ? 0 : MGJE_NO_TCACHE);
}

int64_t mg_magazines_bytes(const struct mg_magazines *magazines)
{
    int64_t bytes = 0;
    for (unsigned class = 0; magazines && class < MG_MAGAZINES; class ++)
        bytes += (int64_t)(MG_LOAD(magazines->count[class]) * mg_classes.size[class]);
    return bytes;
}
