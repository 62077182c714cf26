#include "json.h"

#include "base.h"
#include "os.h"
#include "say.h"

#include <stdarg.h>
#include <string.h>

/* Where the memory is used up a report is wanted most: one, if it is no longer than this, is written all the same. */
static char spare[65536];
static _Atomic(bool) spare_taken;

struct mg_text mg_text_new(void)
{
    char *at = mg_os_allocate(sizeof spare);
    if (!at && !atomic_exchange_explicit(&spare_taken, true, memory_order_acquire))
        at = spare;
    return (struct mg_text){ at, 0, sizeof spare };
}

void mg_text_free(char *at, size_t size)
{
    if (at == spare)
        atomic_store_explicit(&spare_taken, false, memory_order_release);
    else
        mg_os_release(at, size);
}

bool mg_text_make_room(struct mg_text *text, size_t room)
{
    if (!text->at || text->length + room < text->size)
        return text->at;
    size_t size = text->size * 2 + room;
    char *bigger = mg_os_allocate(size);
    if (!bigger)
        return false;
    memcpy(bigger, text->at, text->length);
    mg_text_free(text->at, text->size);
    text->at = bigger;
    text->size = size;
    return true;
}

static void grow(struct mg_text *text, size_t room)
{
    if (mg_text_make_room(text, room) || !text->at)
        return;
    mg_text_free(text->at, text->size);
    text->at = NULL;
}

void mg_text_add(struct mg_text *text, const char *format, ...)
{
    grow(text, 1024);
    if (!text->at)
        return;
    va_list arguments;
    va_start(arguments, format);
    text->length += mg_vprint(text->at + text->length, 1024, format, arguments);
    va_end(arguments);
}

void mg_text_add_whole(struct mg_text *text, const char *at, size_t length)
{
    grow(text, length + 1);
    if (!text->at)
        return;
    memcpy(text->at + text->length, at, length);
    text->length += length;
}

void mg_text_add_string(struct mg_text *text, const char *string)
{
    mg_text_add(text, "\"");
    for (; *string; string++) {
        unsigned char c = (unsigned char)*string;
        if (c == '"' || c == '\\')
            mg_text_add(text, "\\%s", c == '"' ? "\"" : "\\");
        else if (c < 0x20)
            mg_text_add(text, "\\u00%s%x", c < 0x10 ? "0" : "", c);
        else {
            grow(text, 2);
            if (text->at)
                text->at[text->length++] = (char)c;
        }
    }
    mg_text_add(text, "\"");
}
