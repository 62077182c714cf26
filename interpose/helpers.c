/* Functions of libc's that allocate for their caller, who frees: strdup, getline, asprintf, scanf's %m... libc's own
 * does the work, and the thread is marked meanwhile: what libc asks for is the caller's (mg_behalf_begins). Each comes as
 * NAME, which asks the return address who calls, and as one entry a library slot; the scanfs with variable arguments, whose
 * entries would be large, as NAME alone. */
#include "entries.h"
#include "interpose.h"
#include "memgrant.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <wchar.h>

/* ---- libc's own ---- */

#define NUMBER_HELPS(name) number_of_##name,
#define NAME_HELPS(name) #name,
#define NUMBER_TOLD(name)
#define NUMBER_ALLOCATES(name)
#define NUMBER_CREATES(name)
#define NUMBER_TAKES(name)
#define NUMBER_PLAIN(name)
#define NAME_TOLD(name)
#define NAME_ALLOCATES(name)
#define NAME_CREATES(name)
#define NAME_TAKES(name)
#define NAME_PLAIN(name)

enum number {
#define MG_SYMBOL(name, kind) NUMBER_##kind(name)
#include "symbols.def"
#undef MG_SYMBOL
    HELPERS
};
static const char *const names[] = {
#define MG_SYMBOL(name, kind) NAME_##kind(name)
#include "symbols.def"
#undef MG_SYMBOL
};
static _Atomic(void *) found[HELPERS];

/* A libc older than C23 has no scanf of its; nobody who calls one can run on it. */
static void *look_up(enum number which)
{
    void *function = dlsym(RTLD_NEXT, names[which]);
    MG_STORE(found[which], function);
    return function;
}

/* Before our constructor has run: other libraries' constructors. */
static void *next(enum number which)
{
    void *function = MG_LOAD(found[which]);
    return MG_LIKELY(function) ? function : look_up(which);
}

void mg_helpers_start(void)
{
    bool missing = false;
    for (int which = 0; which < HELPERS; which++)
        missing |= !look_up((enum number)which);
    if (missing)
        dlerror(); /* the next one who asks is told of errors of his own */
}

/* ---- On behalf of the caller, whichever way the block is left: a signal may cancel the thread in getline ---- */

static void end_behalf(const unsigned *before)
{
    mg_behalf_ends(*before);
}
#define ON_BEHALF_OF(library) \
    __attribute__((cleanup(end_behalf), unused)) unsigned before = mg_behalf_begins(library)

/* A helper is (result, name, (parameters), (arguments)). The library comes last, so that entries leave registers alone. */
#define UNPACK(...) __VA_ARGS__
#define CALL(macro, ...) macro(__VA_ARGS__)
#define FROM(result, name, parameters, arguments) \
    static MG_NOINLINE result name##_from(UNPACK parameters, unsigned library) \
    { \
        result(*function) parameters = next(number_of_##name); \
        if (!library) \
            return function arguments; \
        ON_BEHALF_OF(library); \
        return function arguments; \
    }
#define PUBLIC(result, name, parameters, arguments) \
    MG_EXPORT result public_##name parameters __asm__(#name); \
    result public_##name parameters \
    { \
        return name##_from(UNPACK arguments, MG_CALLER()); \
    }
#define ENTRY_OF(n, result, name, parameters, arguments) \
    static result name##_for_##n parameters \
    { \
        return name##_from(UNPACK arguments, n); \
    }
#define ENTRY(helper, n) CALL(ENTRY_OF, n, UNPACK helper)
#define TABLE(result, name, parameters, arguments) MG_ENTRY_TABLE(name)

/* NAME_from is there already. */
#define SYMBOL(...) \
    PUBLIC(__VA_ARGS__) \
    MG_EACH_SLOT(ENTRY, (__VA_ARGS__)) \
    TABLE(__VA_ARGS__)
#define HELPER(...) \
    FROM(__VA_ARGS__) \
    SYMBOL(__VA_ARGS__)

/* With a variable list at its end: (name, whose does it, (parameters), the last of them, (arguments)). */
#define WITH_LIST(worker, last, arguments, library) \
    va_list list; \
    va_start(list, last); \
    int result = worker##_from(UNPACK arguments, list, library); \
    va_end(list); \
    return result;
#define LIST_PUBLIC(name, worker, parameters, last, arguments) \
    MG_EXPORT int public_##name(UNPACK parameters, ...) __asm__(#name); \
    int public_##name(UNPACK parameters, ...) \
    { \
        WITH_LIST(worker, last, arguments, MG_CALLER()) \
    }
#define LIST_ENTRY_OF(n, name, worker, parameters, last, arguments) \
    static int name##_for_##n(UNPACK parameters, ...) \
    { \
        WITH_LIST(worker, last, arguments, n) \
    }
#define LIST_ENTRY(helper, n) CALL(LIST_ENTRY_OF, n, UNPACK helper)
#define LIST_TABLE(name, worker, parameters, last, arguments) MG_ENTRY_TABLE(name)
#define LIST_HELPER(...) \
    LIST_PUBLIC(__VA_ARGS__) \
    MG_EACH_SLOT(LIST_ENTRY, (__VA_ARGS__)) \
    LIST_TABLE(__VA_ARGS__)

/* ---- Strings ---- */

HELPER(char *, strdup, (const char *text), (text))
HELPER(char *, __strdup, (const char *text), (text))
HELPER(char *, strndup, (const char *text, size_t size), (text, size))
HELPER(char *, __strndup, (const char *text, size_t size), (text, size))
HELPER(wchar_t *, wcsdup, (const wchar_t *text), (text))
HELPER(int, argz_add, (char **argz, size_t *size, const char *text), (argz, size, text))
HELPER(int, argz_add_sep, (char **argz, size_t *size, const char *text, int sep), (argz, size, text, sep))
HELPER(int, argz_append, (char **argz, size_t *size, const char *more, size_t length),
       (argz, size, more, length))
HELPER(int, argz_create, (char *const *argv, char **argz, size_t *size), (argv, argz, size))
HELPER(int, argz_create_sep, (const char *text, int sep, char **argz, size_t *size), (text, sep, argz, size))
HELPER(int, argz_insert, (char **argz, size_t *size, char *before_this, const char *text),
       (argz, size, before_this, text))
HELPER(int, argz_replace, (char **argz, size_t *size, const char *what, const char *with, unsigned *count),
       (argz, size, what, with, count))
HELPER(int, envz_add, (char **envz, size_t *size, const char *name, const char *value),
       (envz, size, name, value))
HELPER(int, envz_merge, (char **envz, size_t *size, const char *more, size_t length, int override),
       (envz, size, more, length, override))

/* ---- Files' names ---- */

HELPER(char *, realpath, (const char *path, char *into), (path, into))
HELPER(char *, __realpath_chk, (const char *path, char *into, size_t size), (path, into, size))
HELPER(char *, canonicalize_file_name, (const char *path), (path))
HELPER(char *, getcwd, (char *into, size_t size), (into, size))
HELPER(char *, __getcwd_chk, (char *into, size_t size, size_t room), (into, size, room))
HELPER(char *, tempnam, (const char *folder, const char *prefix), (folder, prefix))

static char *current_folder(unsigned library)
{
    char *(*function)(void) = next(number_of_get_current_dir_name);
    ON_BEHALF_OF(library);
    return function();
}
#define ENTRY_CURRENT(name, n) \
    static char *name##_for_##n(void) \
    { \
        return current_folder(n); \
    }
MG_EACH_SLOT(ENTRY_CURRENT, get_current_dir_name)
MG_ENTRY_TABLE(get_current_dir_name)

MG_EXPORT char *public_get_current_dir_name(void) __asm__("get_current_dir_name");
char *public_get_current_dir_name(void)
{
    return current_folder(MG_CALLER());
}

/* ---- Input and output ---- */

HELPER(ssize_t, getline, (char **line, size_t *size, FILE *file), (line, size, file))
HELPER(ssize_t, getdelim, (char **line, size_t *size, int end, FILE *file), (line, size, end, file))
HELPER(ssize_t, __getdelim, (char **line, size_t *size, int end, FILE *file), (line, size, end, file))
HELPER(int, vasprintf, (char **text, const char *format, va_list list), (text, format, list))
HELPER(int, __vasprintf_chk, (char **text, int flag, const char *format, va_list list),
       (text, flag, format, list))
LIST_HELPER(asprintf, vasprintf, (char **text, const char *format), format, (text, format))
LIST_HELPER(__asprintf, vasprintf, (char **text, const char *format), format, (text, format))
LIST_HELPER(__asprintf_chk, __vasprintf_chk, (char **text, int flag, const char *format), format,
            (text, flag, format))
HELPER(FILE *, open_wmemstream, (wchar_t * *text, size_t *length), (text, length))

static FILE *open_memstream_from(char **text, size_t *length, unsigned library)
{
    FILE *(*function)(char **, size_t *) = next(number_of_open_memstream);
    if (!library)
        return function(text, length);
    ON_BEHALF_OF(library);
    return mg_memstream_open(library, text, length);
}
SYMBOL(FILE *, open_memstream, (char **text, size_t *length), (text, length))

/* Each scanf as the standards of their time have it: what % a means differs. */
#define SCANF(prefix) \
    HELPER(int, prefix##vscanf, (const char *format, va_list list), (format, list)) \
    HELPER(int, prefix##vfscanf, (FILE * file, const char *format, va_list list), (file, format, list)) \
    HELPER(int, prefix##vsscanf, (const char *text, const char *format, va_list list), (text, format, list)) \
    HELPER(int, prefix##vwscanf, (const wchar_t *format, va_list list), (format, list)) \
    HELPER(int, prefix##vfwscanf, (FILE * file, const wchar_t *format, va_list list), (file, format, list)) \
    HELPER(int, prefix##vswscanf, (const wchar_t *text, const wchar_t *format, va_list list), \
           (text, format, list)) \
    LIST_PUBLIC(prefix##scanf, prefix##vscanf, (const char *format), format, (format)) \
    LIST_PUBLIC(prefix##fscanf, prefix##vfscanf, (FILE * file, const char *format), format, (file, format)) \
    LIST_PUBLIC(prefix##sscanf, prefix##vsscanf, (const char *text, const char *format), format, \
                (text, format)) \
    LIST_PUBLIC(prefix##wscanf, prefix##vwscanf, (const wchar_t *format), format, (format)) \
    LIST_PUBLIC(prefix##fwscanf, prefix##vfwscanf, (FILE * file, const wchar_t *format), format, \
                (file, format)) \
    LIST_PUBLIC(prefix##swscanf, prefix##vswscanf, (const wchar_t *text, const wchar_t *format), format, \
                (text, format))
SCANF()
SCANF(__isoc99_)
SCANF(__isoc23_)
HELPER(int, __vfscanf, (FILE * file, const char *format, va_list list), (file, format, list))
HELPER(int, __vsscanf, (const char *text, const char *format, va_list list), (text, format, list))
LIST_PUBLIC(_IO_sscanf, vsscanf, (const char *text, const char *format), format, (text, format))

/* ---- Folders: the functions that scandir calls back are the caller's and allocate for themselves ---- */

typedef int filter_function(const void *entry);
typedef int compare_function(const void *one, const void *other);

static MG_PER_THREAD struct callbacks {
    filter_function *filter;
    compare_function *compare;
} callbacks;

static void restore_callbacks(const struct callbacks *before)
{
    callbacks = *before;
}
#define CALLBACKS_KEPT __attribute__((cleanup(restore_callbacks), unused)) struct callbacks kept = callbacks

static int filter_for_itself(const void *entry)
{
    CALLBACKS_KEPT;
    ON_BEHALF_OF(0);
    return kept.filter(entry);
}

static int compare_for_itself(const void *one, const void *other)
{
    CALLBACKS_KEPT;
    ON_BEHALF_OF(0);
    return kept.compare(one, other);
}

#define SCANDIR_LIKE(name, parameters, callers) \
    static MG_NOINLINE int name##_from(UNPACK parameters, filter_function *filter, \
                                       compare_function *compare, unsigned library) \
    { \
        int (*function)(UNPACK parameters, filter_function *, compare_function *) = next(number_of_##name); \
        if (!library) \
            return function(UNPACK callers, filter, compare); \
        CALLBACKS_KEPT; \
        callbacks = (struct callbacks){ filter, compare }; \
        ON_BEHALF_OF(library); \
        return function(UNPACK callers, filter ? filter_for_itself : NULL, \
                        compare ? compare_for_itself : NULL); \
    } \
    SYMBOL(int, name, (UNPACK parameters, filter_function * filter, compare_function * compare), \
           (UNPACK callers, filter, compare))

SCANDIR_LIKE(scandir, (const char *path, void ***list), (path, list))
SCANDIR_LIKE(scandir64, (const char *path, void ***list), (path, list))
SCANDIR_LIKE(scandirat, (int folder, const char *path, void ***list), (folder, path, list))
SCANDIR_LIKE(scandirat64, (int folder, const char *path, void ***list), (folder, path, list))

/* ---- Others ---- */

HELPER(char **, backtrace_symbols, (void *const *addresses, int count), (addresses, count))
HELPER(char **, __backtrace_symbols, (void *const *addresses, int count), (addresses, count))
/* CPU_ALLOC. libc's own ends in malloc, a tail call: there the return address would be ours. For nobody's it is called by the
 * name, as libc does: an allocator may be in front of us. */
static void *__sched_cpualloc_from(size_t count, unsigned library)
{
    size_t bytes = (count / 64 + (count % 64 != 0)) * 8;
    return library ? mg_malloc_from(library, bytes) : malloc(bytes);
}
SYMBOL(void *, __sched_cpualloc, (size_t count), (count))
/* GNU's regular expressions: the registers that they fill. */
HELPER(int, re_match, (void *pattern, const char *text, int length, int start, void *registers),
       (pattern, text, length, start, registers))
HELPER(int, re_match_2,
       (void *pattern, const char *one, int length, const char *two, int length2, int start, void *registers,
        int stop),
       (pattern, one, length, two, length2, start, registers, stop))
HELPER(int, re_search, (void *pattern, const char *text, int length, int start, int range, void *registers),
       (pattern, text, length, start, range, registers))
HELPER(int, re_search_2,
       (void *pattern, const char *one, int length, const char *two, int length2, int start, int range,
        void *registers, int stop),
       (pattern, one, length, two, length2, start, range, registers, stop))
