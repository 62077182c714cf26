#include "lines.h"

#include "os.h"

#include <string.h>

void mg_lines_open(struct mg_lines *lines, const char *path)
{
    lines->length = lines->used = 0;
    lines->file = mg_os_open(path);
}

char *mg_lines_next(struct mg_lines *lines)
{
    if (lines->file < 0)
        return NULL;
    memmove(lines->text, lines->text + lines->used, lines->length -= lines->used);
    lines->used = 0;
    char *end;
    while (!(end = memchr(lines->text, '\n', lines->length)) && lines->length < sizeof lines->text - 1) {
        int64_t got =
            mg_os_read(lines->file, lines->text + lines->length, sizeof lines->text - 1 - lines->length);
        if (got <= 0)
            break;
        lines->length += (size_t)got;
    }
    if (!lines->length)
        return NULL;
    end = end ? end : lines->text + lines->length - 1;
    *end = '\0';
    lines->used = (size_t)(end - lines->text) + 1;
    return lines->text;
}

void mg_lines_close(struct mg_lines *lines)
{
    if (lines->file >= 0)
        mg_os_close(lines->file);
    lines->file = -1;
}

uint64_t mg_lines_number(const char **at, unsigned base)
{
    uint64_t value = 0;
    for (;; ++*at) {
        char c = **at;
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                                : 16;
        if (digit >= base)
            return value;
        value = value * base + digit;
    }
}
