/* All forms of operator new and delete, by their mangled names, so that the library needs no libstdc++. A failing new
 * does what the standard says: it calls the new_handler until there is none, then throws std::bad_alloc. */
#include "entries.h"
#include "interpose.h"
#include "say.h"

#include <dlfcn.h>
#include <string.h>

typedef void (*plain_function)(void);

/* libstdc++ may be in no global scope (a JVM that brings its own copy, static): then it is asked for by name. */
static plain_function find_in_libstdcxx(const char *name)
{
    void *symbol = dlsym(RTLD_DEFAULT, name);
    if (!symbol) {
        void *library = dlopen("libstdc++.so.6", RTLD_NOLOAD | RTLD_LAZY);
        symbol = library ? dlsym(library, name) : NULL;
    }
    plain_function function;
    memcpy(&function, &symbol, sizeof function);
    return function;
}

static plain_function new_handler(void)
{
    plain_function get = find_in_libstdcxx("_ZSt15get_new_handlerv");
    return get ? ((plain_function(*)(void))get)() : NULL;
}

/* Looked up once: the lookup takes the dynamic linker's lock, and libstdc++ does not go. */
static int uncaught_exceptions(void)
{
    static _Atomic(plain_function) found;
    plain_function count = MG_LOAD(found);
    if (!count) {
        count = find_in_libstdcxx("_ZSt19uncaught_exceptionsv");
        MG_STORE(found, count);
    }
    return count ? ((int (*)(void))count)() : 0;
}

void mg_new_start(void)
{
    mg_uncaught_exceptions = uncaught_exceptions;
}

static void throw_bad_alloc(void)
{
    plain_function throw_it = find_in_libstdcxx("_ZSt17__throw_bad_allocv");
    if (throw_it)
        throw_it();
    mg_say("operator new was denied, and there is no libstdc++ to throw std::bad_alloc");
}

/* A handler may throw, and a nothrow new must catch that, which C can't: libstdc++'s own nothrow new does. It calls our
 * plain new, on behalf of the library that it is told. */
static void *new_catching(unsigned library, size_t size, size_t alignment)
{
    typedef void *(*new_nothrow)(size_t, const void *);
    typedef void *(*new_aligned_nothrow)(size_t, size_t, const void *);
    static const char nothrow = 0;
    void *libstdcxx = dlopen("libstdc++.so.6", RTLD_NOLOAD | RTLD_LAZY);
    void *symbol =
        libstdcxx ? dlsym(libstdcxx, alignment ? "_ZnwmSt11align_val_tRKSt9nothrow_t" : "_ZnwmRKSt9nothrow_t")
                  : NULL;
    new_nothrow plain;
    new_aligned_nothrow aligned;
    memcpy(&plain, &symbol, sizeof plain);
    memcpy(&aligned, &symbol, sizeof aligned);
    if (!symbol)
        return NULL;
    unsigned before = mg_library_entered(library);
    void *block = alignment ? aligned(size, alignment, &nothrow) : plain(size, &nothrow);
    mg_library_left(before);
    return block;
}

static MG_NOINLINE void *new_slowly(unsigned library, size_t size, size_t alignment, bool throws)
{
    for (;;) {
        plain_function handler = new_handler();
        if (!handler) {
            if (throws)
                throw_bad_alloc();
            return NULL;
        }
        if (!throws)
            return new_catching(library, size, alignment);
        handler();
        void *block = mg_new_from(library, size, alignment, throws);
        if (block)
            return block;
    }
}

static void *new_from(unsigned library, size_t size, size_t alignment, bool throws)
{
    if (!size)
        size = 1;
    void *block = mg_new_from(library, size, alignment, throws);
    return MG_LIKELY(block) ? block : new_slowly(library, size, alignment, throws);
}

/* NAME, its parameters and what of them new_from takes. */
#define PLAIN (size_t size)
#define NOTHROW (size_t size, const void *nothrow)
#define ALIGNED (size_t size, size_t alignment)
#define ALIGNED_NOTHROW (size_t size, size_t alignment, const void *nothrow)
#define CALL_PLAIN(library) new_from(library, size, 0, true)
#define CALL_NOTHROW(library) ((void)nothrow, new_from(library, size, 0, false))
#define CALL_ALIGNED(library) new_from(library, size, alignment, true)
#define CALL_ALIGNED_NOTHROW(library) ((void)nothrow, new_from(library, size, alignment, false))

#define ENTRY_PLAIN(name, n) \
    static void *name##_for_##n PLAIN \
    { \
        return CALL_PLAIN(n); \
    }
#define ENTRY_NOTHROW(name, n) \
    static void *name##_for_##n NOTHROW \
    { \
        return CALL_NOTHROW(n); \
    }
#define ENTRY_ALIGNED(name, n) \
    static void *name##_for_##n ALIGNED \
    { \
        return CALL_ALIGNED(n); \
    }
#define ENTRY_ALIGNED_NOTHROW(name, n) \
    static void *name##_for_##n ALIGNED_NOTHROW \
    { \
        return CALL_ALIGNED_NOTHROW(n); \
    }

#define NEW(name, form) \
    MG_EXPORT void *name form; \
    MG_EXPORT void *name form \
    { \
        return CALL_##form(MG_CALLER()); \
    } \
    MG_EACH_SLOT(ENTRY_##form, name) \
    MG_ENTRY_TABLE(name)

NEW(_Znwm, PLAIN)
NEW(_Znam, PLAIN)
NEW(_ZnwmRKSt9nothrow_t, NOTHROW)
NEW(_ZnamRKSt9nothrow_t, NOTHROW)
NEW(_ZnwmSt11align_val_t, ALIGNED)
NEW(_ZnamSt11align_val_t, ALIGNED)
NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, ALIGNED_NOTHROW)
NEW(_ZnamSt11align_val_tRKSt9nothrow_t, ALIGNED_NOTHROW)

/* The address says whose the block is; sizes and alignments that a delete brings along are not needed. */
#define DELETE(name, ...) \
    MG_EXPORT void name(void *block __VA_ARGS__); \
    MG_EXPORT void name(void *block __VA_ARGS__) \
    { \
        mg_free_any(block); \
    }
#define AND(type, name) , __attribute__((unused)) type name

DELETE(_ZdlPv)
DELETE(_ZdaPv)
DELETE(_ZdlPvm, AND(size_t, size))
DELETE(_ZdaPvm, AND(size_t, size))
DELETE(_ZdlPvRKSt9nothrow_t, AND(const void *, nothrow))
DELETE(_ZdaPvRKSt9nothrow_t, AND(const void *, nothrow))
DELETE(_ZdlPvSt11align_val_t, AND(size_t, alignment))
DELETE(_ZdaPvSt11align_val_t, AND(size_t, alignment))
DELETE(_ZdlPvmSt11align_val_t, AND(size_t, size) AND(size_t, alignment))
DELETE(_ZdaPvmSt11align_val_t, AND(size_t, size) AND(size_t, alignment))
DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t, AND(size_t, alignment) AND(const void *, nothrow))
DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t, AND(size_t, alignment) AND(const void *, nothrow))
