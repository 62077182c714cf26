/* Messages to a person: one line on stderr by write(2), whatever state the process is in. Runs inside malloc. */
#ifndef MG_SAY_H
#define MG_SAY_H

#include <stdarg.h>
#include <stddef.h>

/* Prints "memgrant: ...". Knows %s %d %u %x %ld %lu %zu %p %%. Cut at 500 characters. */
void mg_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same into a buffer of that size, always terminated; returns the length written. */
size_t mg_print(char *buffer, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
size_t mg_vprint(char *buffer, size_t size, const char *format, va_list arguments);

#endif
