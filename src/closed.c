#include "closed.h"

#include "os.h"

#include <string.h>

static struct {
    struct mg_closed *closed; /* a ring of `size` */
    unsigned size;
    uint64_t count;
    struct mg_closed older;
} ring;

bool mg_closed_start(void)
{
    ring.closed = mg_os_allocate_affordable(MG_CLOSED_KEPT, sizeof *ring.closed, &ring.size);
    return ring.closed;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* What was nested is a part of what it was nested in, which is kept longer. */
static void forget(const struct mg_closed *closed)
{
    struct mg_closed *older = &ring.older;
    if (closed->nested)
        return;
    mg_book_add(&older->sum, &closed->sum);
    for (unsigned library = 0; library < MG_LIBRARIES; library++)
        mg_book_add(&older->books[library], &closed->books[library]);
    older->denials += closed->denials;
    older->waited_ns += closed->waited_ns;
    older->peak = larger(closed->peak, older->peak);
    older->overdraft_peak = larger(closed->overdraft_peak, older->overdraft_peak);
    older->lent_peak = larger(closed->lent_peak, older->lent_peak);
    older->declared_peak = larger(closed->declared_peak, older->declared_peak);
}

struct mg_closed *mg_closed_new(void)
{
    struct mg_closed *closed = &ring.closed[ring.count % ring.size];
    if (ring.count >= ring.size)
        forget(closed);
    ring.count++;
    memset(closed, 0, sizeof *closed);
    return closed;
}

unsigned mg_closed_count(void)
{
    return ring.count < ring.size ? (unsigned)ring.count : ring.size;
}

const struct mg_closed *mg_closed_at(unsigned index)
{
    return &ring.closed[(ring.count - mg_closed_count() + index) % ring.size];
}

const struct mg_closed *mg_closed_older(uint64_t *count)
{
    *count = ring.count - mg_closed_count();
    return &ring.older;
}
