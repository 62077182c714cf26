/* Words that every file needs. Runs inside malloc. */
#ifndef MG_BASE_H
#define MG_BASE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MG_LIKELY(x) __builtin_expect(!!(x), 1)
#define MG_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define MG_NOINLINE __attribute__((noinline))
#define MG_INLINE inline __attribute__((always_inline))
#define MG_EXPORT __attribute__((visibility("default")))
/* A variable that each thread has for itself. The dynamic model would call malloc at its first use. */
#define MG_PER_THREAD _Thread_local __attribute__((tls_model("initial-exec")))
/* The entries that interpose/ offers for the slots of a target's GOT: for each name one function a library slot, or NULL
 * where `own` serves all. */
struct mg_redirection {
    const char *name;
    void *const *entries;
    void *own; /* our function of that name */
    void *
        called; /* what the process finds by that name: it, or where a program takes its address, that program's stub for it */
    void *behind; /* the next one of that name, in most processes libc's */
};

/* More than a process can have: no sum of such numbers overflows. */
#define MG_MOST_BYTES ((int64_t)1 << 47)
#define MG_PAGE ((size_t)4096)
/* Library slots: those that are always there, and the rest for libraries as they are met. */
#define MG_LIBRARIES 96

/* Counters are statistics: nobody orders other memory by them, so relaxed loads and stores serve. Words that are not _Atomic do not
 * compile: gcc would take them, the release's compiler does not. */
#define MG_ATOMIC(x) _Generic(&(x), _Atomic __typeof__(x) * : &(x))
#define MG_LOAD(x) atomic_load_explicit(MG_ATOMIC(x), memory_order_relaxed)
#define MG_STORE(x, v) atomic_store_explicit(MG_ATOMIC(x), (v), memory_order_relaxed)
#define MG_ADD(x, v) atomic_fetch_add_explicit(MG_ATOMIC(x), (v), memory_order_relaxed)
/* Adds to a counter that one thread alone writes and others read: a plain add that cannot tear. */
#define MG_BUMP(x, v) MG_STORE(x, MG_LOAD(x) + (v))

/* A broken rule of DESIGN.md ("Invariants"): counted and reported in releases, the end of the process in debug builds. */
#define MG_INVARIANT(holds) \
    do { \
        if (MG_UNLIKELY(!(holds))) \
            mg_invariant_broken(__FILE__, __LINE__, #holds); \
    } while (0)
void mg_invariant_broken(const char *file, int line, const char *rule);
extern _Atomic(int64_t) mg_invariants_broken;

#endif
