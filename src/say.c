/* printf in small: libc's own may allocate and take locks. */
#include "say.h"

#include "base.h"
#include "os.h"

#include <stdlib.h>
#include <string.h>

_Atomic(int64_t) mg_invariants_broken;

struct text {
    char *at;
    char *end;
};

static void put(struct text *text, const char *from, size_t length)
{
    size_t room = (size_t)(text->end - text->at);
    if (length > room)
        length = room;
    memcpy(text->at, from, length);
    text->at += length;
}

static void put_number(struct text *text, uint64_t value, unsigned base)
{
    char digits[20];
    size_t n = sizeof digits;
    do {
        digits[--n] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    put(text, digits + n, sizeof digits - n);
}

static void put_signed(struct text *text, int64_t value)
{
    if (value < 0)
        put(text, "-", 1);
    put_number(text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10);
}

/* One conversion; returns the character after it. */
static const char *convert(struct text *text, const char *f, va_list *arguments)
{
    bool wide = false;
    for (; *f == 'l' || *f == 'z'; f++)
        wide = true;
    switch (*f) {
    case 's': {
        const char *s = va_arg(*arguments, const char *);
        s = s ? s : "(none)";
        put(text, s, strlen(s));
        break;
    }
    case 'd':
        put_signed(text, wide ? va_arg(*arguments, long) : va_arg(*arguments, int));
        break;
    case 'u':
        put_number(text, wide ? va_arg(*arguments, unsigned long) : va_arg(*arguments, unsigned), 10);
        break;
    case 'x':
        put_number(text, wide ? va_arg(*arguments, unsigned long) : va_arg(*arguments, unsigned), 16);
        break;
    case 'p':
        put(text, "0x", 2);
        put_number(text, (uintptr_t)va_arg(*arguments, void *), 16);
        break;
    default:
        put(text, f, *f ? 1 : 0);
    }
    return *f ? f + 1 : f;
}

size_t mg_vprint(char *buffer, size_t size, const char *format, va_list arguments)
{
    struct text text = { buffer, buffer + size - 1 };
    va_list rest;
    va_copy(rest, arguments);
    while (*format) {
        const char *percent = strchr(format, '%');
        size_t plain = percent ? (size_t)(percent - format) : strlen(format);
        put(&text, format, plain);
        format += plain;
        if (percent)
            format = convert(&text, format + 1, &rest);
    }
    va_end(rest);
    *text.at = '\0';
    return (size_t)(text.at - buffer);
}

size_t mg_print(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t length = mg_vprint(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}

void mg_say(const char *format, ...)
{
    char line[512];
    struct text text = { line, line + sizeof line };
    put(&text, "memgrant: ", 10);
    va_list arguments;
    va_start(arguments, format);
    size_t length = 10 + mg_vprint(text.at, sizeof line - 12, format, arguments);
    va_end(arguments);
    line[length++] = '\n';
    mg_os_write(2, line, length);
}

void mg_invariant_broken(const char *file, int line, const char *rule)
{
    if (MG_ADD(mg_invariants_broken, 1) == 0)
        mg_say("a rule of our books is broken: %s (%s:%d); please report it", rule, file, line);
#ifdef MG_DEBUG
    abort();
#endif
}
