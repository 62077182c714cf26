/* Libraries: which code belongs to which library, and what each library is to us. Slots are small numbers that count,
 * tag and redirect by; several files can share one (two class loaders unpack the same library under two names).
 *
 * The ranges of code are a snapshot taken from the dynamic linker whenever an address is unknown or dlclose returned.
 * Readers take no lock. Runs inside malloc. */
#ifndef MG_LIBRARIES_H
#define MG_LIBRARIES_H

#include "base.h"
#include "settings.h"

/* What a library is to us. SYSTEM is charged like a target and never denied: libc, libjvm and the JDK's own. */
enum mg_role { MG_ROLE_OTHER, MG_ROLE_TARGET, MG_ROLE_SYSTEM, MG_ROLE_TRANSPARENT };

/* Slots that are always there. */
enum { MG_LIBRARY_OTHER, MG_LIBRARY_TRANSPARENT, MG_LIBRARY_REST, MG_LIBRARY_FIRST };

struct mg_library {
    char name[64];
    enum mg_role role;
    enum mg_fate fate;      /* said by SPEC, on_denial or profile; unset: the default */
    bool copes;             /* with NULL */
    bool said_so;           /* one line was written about what `stop` means here */
    char pool_threads[32];
    int64_t limit;          /* of its own; -1 none */
    _Atomic(int64_t) used;  /* exact when limited, else to within a lane batch a thread */
    _Atomic(int64_t) peak;
    _Atomic(int64_t) denials;
    _Atomic(int64_t) referee_bytes, referee_allocations;
    /* What closed accounts handed on: a refund there and a charge here, but not two blocks of the library. */
    _Atomic(int64_t) transferred, transferred_count;
};
extern struct mg_library mg_libraries[MG_LIBRARIES];

/* How many slots are in use. */
unsigned mg_library_count(void);
/* False before the first snapshot. Runs at startup. */
void mg_libraries_start(void);
/* Slot of the code at an address. `redirect`: the calling code was called by its library, or a native method of it is
 * being bound, so the library is relocated and its slots may be redirected. */
unsigned mg_libraries_slot(const void *code, bool redirect);
/* Whether the code is our own. */
bool mg_libraries_is_us(const void *code);
bool mg_libraries_jvm_here(void);
void mg_library_raise(unsigned library, int64_t bytes);
/* Something was unloaded: what is known of its addresses goes. */
void mg_libraries_refresh(void);
/* From now on nothing new is looked up. */
void mg_libraries_freeze(void);
void mg_libraries_before_fork(void);
void mg_libraries_after_fork(void);

#endif
