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

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* What is said on stderr from now on... */
static int unit_stderr;

static inline void unit_listen(void)
{
    int file = open("said", O_CREAT | O_TRUNC | O_RDWR, 0644);
    CHECK(file >= 0);
    unit_stderr = dup(2);
    CHECK(dup2(file, 2) == 2);
    close(file);
}

/* ...until now: how many lines. */
static inline int unit_lines_said(void)
{
    char text[4096];
    int lines = 0;
    CHECK(dup2(unit_stderr, 2) == 2);
    close(unit_stderr);
    int file = open("said", O_RDONLY);
    ssize_t length = read(file, text, sizeof text);
    close(file);
    for (ssize_t i = 0; i < length; i++)
        lines += text[i] == '\n';
    return lines;
}

#endif
