/* Anonymous mappings as a library's, for their tests. */
#ifndef MG_UNIT_MAPPED_H
#define MG_UNIT_MAPPED_H

#include "unit.h"

#include "mappings.h"

#include <sys/mman.h>

#define MB ((size_t)1 << 20)
enum { ANON = MAP_PRIVATE | MAP_ANONYMOUS, RW = PROT_READ | PROT_WRITE };

static inline char *map(size_t size, int protection)
{
    long address = mg_map(UNIT_LIBRARY, NULL, size, protection, ANON, -1, 0);
    CHECK(address > 0);
    return (char *)address;
}

/* By the account's figures, after what was given back was looked for. */
static inline int64_t used(void)
{
    mg_mappings_measure();
    return unit_read(mg_root(), MG_USED);
}

#endif
