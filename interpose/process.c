/* What else the process does that we must see: threads that begin, libraries that go, and the end. */
#include "entries.h"
#include "interpose.h"
#include "memgrant.h"
#include "next.h"

#include <dlfcn.h>
#include <link.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Threads ---- */

struct beginning {
    void *(*start)(void *);
    void *argument;
    struct mg_inheritance inheritance;
};

static void *begin(void *argument)
{
    struct beginning beginning = *(struct beginning *)argument;
    mg_next.free(argument);
    mg_thread_begins(&beginning.inheritance);
    return beginning.start(beginning.argument);
}

static int pthread_create_from(unsigned library, pthread_t *thread, const pthread_attr_t *attributes,
                               void *(*start)(void *), void *argument)
{
    struct mg_inheritance inheritance;
    struct beginning *beginning = NULL;
    if (library && mg_thread_created_by(library, &inheritance))
        beginning = mg_next.malloc(sizeof *beginning);
    if (!beginning)
        return mg_next.pthread_create(thread, attributes, start, argument);
    *beginning = (struct beginning){ start, argument, inheritance };
    int error = mg_next.pthread_create(thread, attributes, begin, beginning);
    if (error)
        mg_next.free(beginning);
    return error;
}

#define ENTRY_pthread_create(name, n) \
    static int name##_for_##n(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), \
                              void *argument) \
    { \
        return pthread_create_from(n, thread, attributes, start, argument); \
    }
MG_EACH_SLOT(ENTRY_pthread_create, pthread_create)
MG_ENTRY_TABLE(pthread_create)

MG_EXPORT int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
                             void *(*start)(void *), void *restrict argument)
{
    return pthread_create_from(MG_CALLER(), thread, attributes, start, argument);
}

/* ---- Libraries ---- */

/* A library that is loaded with RTLD_DEEPBIND binds its calls to libc's functions, past ours; its free would end the process
 * at the first block of a target's. Where libc's are the next behind ours it is bound to ours afterwards. */
static MG_NOINLINE void *open_past_us(const char *file, int mode)
{
    unsigned before = mg_libraries_count();
    void *handle = mg_next.dlopen(file, mode);
    void *bound = handle ? dlsym(handle, "free") : NULL;
    if (bound && bound == (void *)mg_next.free)
        mg_libraries_bound_past_us(before);
    return handle;
}

/* The real dlopen looks at its return address: whose RUNPATH is to be searched? So it is called by a jump, which leaves our
 * caller's there; where the file has no name to be searched for, nobody looks. */
MG_EXPORT void *dlopen(const char *file, int mode)
{
    if (MG_UNLIKELY(mode & RTLD_DEEPBIND) && file && strchr(file, '/') && !strchr(file, '$'))
        return open_past_us(file, mode);
    return mg_next.dlopen(file, mode);
}

MG_EXPORT int dlclose(void *handle)
{
    bool active = mg_active;
    if (active)
        mg_library_closing();
    int result = mg_next.dlclose(handle);
    if (active)
        mg_library_closed();
    return result;
}

/* ---- The end ---- */

/* Fork servers and shells end this way; their report would be lost. */
MG_EXPORT void _exit(int status)
{
    mg_write_report();
    mg_next.exit_now(status);
    __builtin_unreachable();
}

MG_EXPORT void _Exit(int status)
{
    mg_write_report();
    mg_next.exit_now(status);
    __builtin_unreachable();
}

/* ---- The beginning ---- */

#define ROW_ALLOCATES(name) { #name, name##_entries, NULL, NULL, NULL },
#define ROW_HELPS(name) { #name, name##_entries, NULL, NULL, NULL },
#define ROW_CREATES(name) { #name, name##_entries, NULL, NULL, NULL },
#define ROW_TAKES(name) { #name, NULL, NULL, NULL, NULL },
#define ROW_TOLD(name)
#define ROW_PLAIN(name)
static struct mg_redirection entries[] = {
#define MG_SYMBOL(name, kind) ROW_##kind(name)
#include "symbols.def"
#undef MG_SYMBOL
    { NULL, NULL, NULL, NULL, NULL },
};

/* What the process calls by that name. NULL when that can't be told: a program that takes a function's address has an
 * entry of its own for it, and that is what dlsym finds. */
static void *called_by(const char *name)
{
    void *symbol = dlsym(RTLD_DEFAULT, name);
    const ElfW(Sym) *entry = NULL;
    Dl_info info;
    void *details = &entry;
    if (symbol && dladdr1(symbol, &info, details, RTLD_DL_SYMENT) && entry && entry->st_shndx == SHN_UNDEF)
        return NULL;
    return symbol;
}

/* Behind another allocator we must not serve: its free would get our blocks. */
static bool stands_in_front(void)
{
    void *ours = (void *)mg_our_functions.malloc_usable_size;
    void *ours_too = (void *)mg_our_functions.free;
    void *called = called_by("malloc_usable_size");
    void *called_too = called_by("free");
    return (!called || called == ours) && (!called_too || called_too == ours_too);
}

static struct mg_redirection *row_of(const char *name)
{
    struct mg_redirection *row = entries;
    while (strcmp(row->name, name))
        row++;
    return row;
}

__attribute__((constructor(101))) static void begin_process(void)
{
    free(malloc(1)); /* finds the functions behind ours while there is one thread */
    mg_load();
    mg_helpers_start();
    mg_new_start();
    for (struct mg_redirection *row = entries; row->name; row++) {
        row->own = row->called = dlsym(RTLD_DEFAULT, row->name);
        row->behind = dlsym(RTLD_NEXT, row->name);
    }
    row_of("free")->own = (void *)mg_our_functions.free;
    row_of("malloc_usable_size")->own = (void *)mg_our_functions.malloc_usable_size;
    mg_start(entries, stands_in_front());
    if (mg_active)
        at_quick_exit(mg_write_report);
}

__attribute__((destructor(101))) static void end_process(void)
{
    mg_write_report();
}
