/* What each library is to us: one row of a table for each. A row's number, the library's slot, is what others count, tag
 * and redirect by; several files can share one (two class loaders unpack the same library under two names). Rows are
 * added under the lock of libraries.c, and never go. Runs inside malloc. */
#ifndef MG_ROWS_H
#define MG_ROWS_H

#include "base.h"
#include "settings.h"
#include "specs.h"

/* What a library is to us. SYSTEM is charged like a target and never denied: libc, libjvm and the JDK's own. */
enum mg_role { MG_ROLE_OTHER, MG_ROLE_TARGET, MG_ROLE_SYSTEM, MG_ROLE_TRANSPARENT };

/* Slots that are always there. */
enum {
    MG_LIBRARY_OTHER,
    MG_LIBRARY_TRANSPARENT,
    MG_LIBRARY_LIBC,
    MG_LIBRARY_REST,
    MG_LIBRARY_OWN,     /* ours: what heaps keep beyond the blocks in use (overhead.c) */
    MG_LIBRARY_WORKERS, /* what processes have that work for this one's tasks (workers.c) */
    MG_LIBRARY_JVM, /* libjvm's calls of malloc and realloc, where it may allocate for Java's code (java.c) */
    MG_LIBRARY_FIRST
};
/* Whether a library allocates for others: who they are is asked when it does. */
#define MG_LIBRARY_SERVES(library) \
    ((library) == MG_LIBRARY_TRANSPARENT || (library) == MG_LIBRARY_LIBC || (library) == MG_LIBRARY_JVM)

struct mg_library {
    char name[64];
    enum mg_role role;
    enum mg_fate fate;     /* said by SPEC, on_denial or profile; unset: the default */
    bool copes;            /* with NULL */
    bool nested;           /* passes on what is thrown in its calls back into Java */
    bool charges_itself;   /* it tells Spark what it takes */
    bool java;             /* a package of Java's: what a denial becomes can always be borne */
    _Atomic(bool) said_so; /* one line was written about what `stop` means here */
    char pool_threads[32];
    struct mg_names closers, leaves; /* its native methods' names */
    int64_t limit;                   /* of its own; -1 none */
    _Atomic(int64_t) used;           /* exact when limited, else to within a lane batch a thread */
    _Atomic(int64_t) peak;
    _Atomic(int64_t) denials;
    _Atomic(int64_t) referee_bytes, referee_allocations;
    /* What closed accounts handed on: a refund there and a charge here, but not two blocks of the library. */
    _Atomic(int64_t) transferred, transferred_count;
};
extern struct mg_library mg_libraries[MG_LIBRARIES];

/* How many slots are in use. */
unsigned mg_library_count(void);
/* Who is charged for what libc allocates for itself. */
static inline unsigned mg_libraries_libc(void)
{
    return mg_libraries[MG_LIBRARY_LIBC].role == MG_ROLE_OTHER ? MG_LIBRARY_OTHER : MG_LIBRARY_LIBC;
}
/* Whether a library has a limit of its own: then each charge has to be looked at. */
extern _Atomic(bool) mg_library_limits;
void mg_library_set_limit(unsigned library, int64_t limit);
void mg_library_raise(unsigned library, int64_t bytes);

/* The rows that are always there. Runs at startup. */
void mg_rows_start(void);
/* The file's name, behind the last slash. */
const char *mg_rows_file(const char *path);
/* The slot of a loaded file, its row made if it is a target that has none yet. */
unsigned mg_rows_find(const char *path);
bool mg_libraries_jvm_here(void);
/* Whether a file lies in the JVM's own folder. */
bool mg_rows_is_jdks(const char *path);
/* libjvm's own slot, if it is a target; else MG_LIBRARY_OTHER. */
unsigned mg_rows_jvm(void);
/* The slot of the n-th target that is named by Java package; MG_LIBRARY_OTHER behind the last one. Made by mg_rows_start. */
unsigned mg_rows_java(unsigned n);

#endif
