/* Stands for a library that lets libc allocate for it; by tail calls, which hide it from the return address. */
#include "../libs/helpers.h"

#include <argz.h>
#include <envz.h>
#include <execinfo.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The same calls under other names are the bystander's. */
#ifndef NAMED
#define NAMED(name) target_##name
#endif

/* Declared by no header, or only where the compiler checks sizes. */
char *__strdup(const char *text);
char *__strndup(const char *text, size_t size);
char *__realpath_chk(const char *path, char *into, size_t size);
char *__getcwd_chk(char *into, size_t size, size_t room);
int __asprintf(char **text, const char *format, ...);
int __asprintf_chk(char **text, int flag, const char *format, ...);
int __vasprintf_chk(char **text, int flag, const char *format, va_list list);
int __isoc99_sscanf(const char *text, const char *format, ...);

#define CALLS(result, name, parameters, arguments) \
    result NAMED(name) parameters; \
    result NAMED(name) parameters \
    { \
        return name arguments; \
    }
EACH_HELPER(CALLS)

#define CALLS_AND_RETURNS(result, name, parameters, arguments) \
    result NAMED(name) parameters; \
    result NAMED(name) parameters \
    { \
        result value = name arguments; \
        __asm__ volatile("" : "+r"(value)); \
        return value; \
    }
EACH_TOLD(CALLS_AND_RETURNS)
