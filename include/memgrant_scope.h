/* Scopes: accounts of one's own for a part of a program's or a library's work. What target libraries allocate on the calling thread between
 * mg_scope_begin and mg_scope_end is charged to the scope, and through it to whoever the thread worked for before.
 *
 *     mg_scope scope = mg_scope_begin("parse", 64 << 20);
 *     ... parse_with_some_library() ...
 *     int64_t left = mg_scope_end(scope);
 *
 * The functions are in libmemgrant.so. Where that is not preloaded, these names are nobody's (weak), the inline functions below
 * return 0, and nothing is linked to: include this header, and no more. Sizes are bytes. All is safe to call from any thread, not
 * from signal handlers. */
#ifndef MEMGRANT_SCOPE_H
#define MEMGRANT_SCOPE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 0: no scope; all that takes one does nothing then. Numbers are never used again. */
typedef int64_t mg_scope;

#define MG_SCOPE_NO_LIMIT ((int64_t)-1)

/* What the library itself defines. */
#ifdef MG_SCOPE_DEFINED_HERE
#define MG_SCOPE_WEAK __attribute__((visibility("default")))
#else
#define MG_SCOPE_WEAK __attribute__((weak))
#endif
MG_SCOPE_WEAK mg_scope mgx_scope_begin(const char *name, int64_t limit);
MG_SCOPE_WEAK int64_t mgx_scope_end(mg_scope scope);
MG_SCOPE_WEAK int64_t mgx_scope_end_into(mg_scope scope, mg_scope heir);
MG_SCOPE_WEAK int64_t mgx_scope_transfer(const void *block, mg_scope to);
MG_SCOPE_WEAK mg_scope mgx_scope_here(void);
MG_SCOPE_WEAK mg_scope mgx_scope_share(const char *name, int64_t limit, int with_all_tasks);
MG_SCOPE_WEAK int64_t mgx_scope_let_go(mg_scope scope);
MG_SCOPE_WEAK mg_scope mgx_scope_enter(mg_scope scope);
MG_SCOPE_WEAK void mgx_scope_leave(mg_scope before);
MG_SCOPE_WEAK int64_t mgx_scope_used(mg_scope scope);
MG_SCOPE_WEAK int64_t mgx_scope_peak(mg_scope scope);
MG_SCOPE_WEAK int mgx_scope_is_over_limit(mg_scope scope);
MG_SCOPE_WEAK int64_t mgx_scope_reserve(mg_scope scope, int64_t bytes, int in_part);
MG_SCOPE_WEAK int64_t mgx_scope_give_back(mg_scope scope, int64_t bytes);
MG_SCOPE_WEAK int mgx_scope_share_fairly(mg_scope scope, int fairly);
MG_SCOPE_WEAK int64_t mgx_scope_fair_share(mg_scope scope);
/* For what runs beside an executor, in place of one of its Python workers: what the process takes beyond what it has now is asked for over that
 * connected socket, in the executor's words (spark.memgrant.pythonCharge), and what it says no to is not had. Not 0: it is so, until the other one
 * is called, or the socket ends. */
MG_SCOPE_WEAK int mgx_executor_join(int socket);
MG_SCOPE_WEAK void mgx_executor_leave(void);
MG_SCOPE_WEAK int mgx_account_print(mg_scope scope, int file);
MG_SCOPE_WEAK int mgx_account_print_json(mg_scope scope, int file);

#ifndef MG_SCOPE_DEFINED_HERE
/* Opens a scope below what the calling thread charges now, and puts the thread into it. `limit` is the most that may be used in it, enforced
 * where limits are (MEMGRANT_MODE), MG_SCOPE_NO_LIMIT for none. 0 when nothing is counted, eight are nested, or there is no room: the
 * thread then charges whom it charged before. */
static inline mg_scope mg_scope_begin(const char *name, int64_t limit)
{
    return mgx_scope_begin ? mgx_scope_begin(name, limit) : 0;
}

/* Closes it, and all in it, and brings the calling thread back to where it was before, if it is inside. What is left in use goes to the account
 * above; other threads that are inside go on there. Returns how many bytes those are: 0 when nothing was forgotten. Where stacks are taken
 * (MEMGRANT_STACKS=true) a line says by which calls they were asked for. */
static inline int64_t mg_scope_end(mg_scope scope)
{
    return mgx_scope_end ? mgx_scope_end(scope) : 0;
}

/* The same, but what is left in use goes to another account, to the byte and whatever its limit: a scope that is open and not inside this one, or
 * what mg_scope_here said. Returns how many bytes; -1 when it may not go there: then nothing has changed. */
static inline int64_t mg_scope_end_into(mg_scope scope, mg_scope heir)
{
    return mgx_scope_end_into ? mgx_scope_end_into(scope, heir) : 0;
}

/* One block that a target library has goes to another account, with all of its bytes and whatever the limit there: a scope that is open, or what
 * mg_scope_here said. Whoever frees it later gives it back to that one. As with realloc nobody else may use the block meanwhile; what is no block
 * must not be given, nor what mmap gave. Returns how many bytes it has; 0: it is not counted, or the books have no
 * room for it there; -1: `to` has closed. Then nothing has changed. */
static inline int64_t mg_scope_transfer(const void *block, mg_scope to)
{
    return mgx_scope_transfer ? mgx_scope_transfer(block, to) : 0;
}

/* Whether it uses more than its limit: what was handed to it, or could not be denied. It gets no more then. */
static inline int mg_scope_is_over_limit(mg_scope scope)
{
    return mgx_scope_is_over_limit ? mgx_scope_is_over_limit(scope) : 0;
}

/* What the calling thread charges now. */
static inline mg_scope mg_scope_here(void)
{
    return mgx_scope_here ? mgx_scope_here() : 0;
}

/* A scope that several parts of a program or several libraries have in common, by its name: the first one who asks opens it, with that limit; all get
 * the same one, which ends when as many have let it go, or with the task. It lies below the task that the calling thread works for; with
 * `with_all_tasks` below the process, so that it outlives tasks. Nobody is put into it: that is mg_scope_enter's. */
static inline mg_scope mg_scope_share(const char *name, int64_t limit, int with_all_tasks)
{
    return mgx_scope_share ? mgx_scope_share(name, limit, with_all_tasks) : 0;
}

/* One who holds it does no longer. Returns what was left in use where that was the last one; it goes to the account above. */
static inline int64_t mg_scope_let_go(mg_scope scope)
{
    return mgx_scope_let_go ? mgx_scope_let_go(scope) : 0;
}

/* Another thread works for the scope from here to mg_scope_leave, which wants what this returns. */
static inline mg_scope mg_scope_enter(mg_scope scope)
{
    return mgx_scope_enter ? mgx_scope_enter(scope) : 0;
}

static inline void mg_scope_leave(mg_scope before)
{
    if (mgx_scope_leave)
        mgx_scope_leave(before);
}

/* What it uses now, and used at most. 0 for one that ended long ago. */
static inline int64_t mg_scope_used(mg_scope scope)
{
    return mgx_scope_used ? mgx_scope_used(scope) : 0;
}

static inline int64_t mg_scope_peak(mg_scope scope)
{
    return mgx_scope_peak ? mgx_scope_peak(scope) : 0;
}

/* Holds so many bytes for the scope ahead of their use: all or none, or with `in_part` as many as there are. What is charged to it is paid out
 * of them first, and what is freed fills them again. Returns how many; 0 also where nothing is counted. */
static inline int64_t mg_scope_reserve(mg_scope scope, int64_t bytes, int in_part)
{
    return mgx_scope_reserve ? mgx_scope_reserve(scope, bytes, in_part) : 0;
}

/* Ends that, for so many. Blocks that were paid out of them stay. Returns how many nobody used. */
static inline int64_t mg_scope_give_back(mg_scope scope, int64_t bytes)
{
    return mgx_scope_give_back ? mgx_scope_give_back(scope, bytes) : 0;
}

/* Divides the limit of this scope among the scopes nested in it: each of n that hold something is sure of an n-th. What of that nobody uses is
 * lent to whoever asks first, and called back: what one is refused within its share is kept for it when others free. With 0 again whoever asks
 * first has it, as at the beginning. Returns 0 when the scope has ended. */
static inline int mg_scope_share_fairly(mg_scope scope, int fairly)
{
    return mgx_scope_share_fairly ? mgx_scope_share_fairly(scope, fairly) : 0;
}

/* What the scope is sure of just now, of the one that it is nested in; -1 where that does not divide fairly, or has no limit. */
static inline int64_t mg_scope_fair_share(mg_scope scope)
{
    return mgx_scope_fair_share ? mgx_scope_fair_share(scope) : -1;
}

/* Writes the scope and all in it, a line each, to a file descriptor: used, granted, peak, limit, whose grant pays, age. Of 0 it is all accounts
 * of the process. Returns 0 when nothing was written. */
static inline int mg_account_print(mg_scope scope, int file)
{
    return mgx_account_print ? mgx_account_print(scope, file) : 0;
}

/* The same as JSON, with what each library has in each account. */
static inline int mg_account_print_json(mg_scope scope, int file)
{
    return mgx_account_print_json ? mgx_account_print_json(scope, file) : 0;
}
#endif

#ifdef __cplusplus
}
#endif

#endif
