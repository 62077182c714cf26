/* Brings src/ to life in a plain program, nothing preloaded: the program's own code is the target "program". */
#ifndef MG_UNIT_H
#define MG_UNIT_H

#include "test.h"

#include "accounts.h"
#include "grants.h"
#include "heap.h"
#include "lanes.h"
#include "libraries.h"
#include "memgrant.h"
#include "report.h"
#include "self.h"
#include "settings.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A slot that every test may charge to. */
#define UNIT_LIBRARY MG_LIBRARY_REST

/* As early as in a process under the library: before jemalloc's own constructor. */
__attribute__((constructor(101))) static void unit_load(void)
{
    mg_load();
}

static inline void unit_start(const char *mode, const char *limit)
{
    setenv("MEMGRANT_TARGETS", "nothing-here", 1);
    setenv("MEMGRANT_MODE", mode, 1);
    if (limit)
        setenv("MEMGRANT_LIMIT", limit, 1);
    setenv("MEMGRANT_ON_DENIAL", "fail", 1);
    mg_start(NULL, true);
    CHECK(mg_active);
}

static inline void *unit_allocate(size_t size)
{
    void *block = NULL;
    CHECK(mg_allocate(UNIT_LIBRARY, size, 0, false, &block));
    return block;
}

static inline int64_t unit_read(struct mg_account *account, int which)
{
    int64_t figures[MG_FIGURES];
    mg_read(mg_account_handle(account), figures);
    return figures[which];
}

#endif
