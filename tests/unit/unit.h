/* Brings src/ to life in a plain program, nothing preloaded: the program's own code is the target "program". */
#ifndef MG_UNIT_H
#define MG_UNIT_H

#include "test.h"

#include "accounts.h"
#include "credit.h"
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

/* ---- A thread that is held up inside us, in the middle of a charge ---- */

struct unit_busy {
    struct mg_account *account;
    struct mg_lane *lane;
    pthread_t thread;
    pthread_barrier_t step;
};
static struct unit_busy *unit_busy;

static inline void unit_nothing(void)
{
}

static inline void unit_stay_inside(void)
{
    mg_credit_at_slow_charge = unit_nothing;
    pthread_barrier_wait(&unit_busy->step);
    pthread_barrier_wait(&unit_busy->step);
}

/* With a small block at hand, and credit. */
static inline void *unit_be_busy(void *busy)
{
    mg_bind(((struct unit_busy *)busy)->account);
    mg_free(unit_allocate(100));
    unit_busy = busy;
    unit_busy->lane = mg_self.lane;
    mg_credit_at_slow_charge = unit_stay_inside;
    mg_free(unit_allocate(1 << 20));
    mg_unbind();
    return NULL;
}

static inline void unit_busy_begins(struct unit_busy *busy)
{
    CHECK(!pthread_barrier_init(&busy->step, NULL, 2));
    CHECK(!pthread_create(&busy->thread, NULL, unit_be_busy, busy));
    pthread_barrier_wait(&busy->step);
}

static inline void unit_busy_ends(struct unit_busy *busy)
{
    pthread_barrier_wait(&busy->step);
    CHECK(!pthread_join(busy->thread, NULL));
    CHECK(!pthread_barrier_destroy(&busy->step));
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
