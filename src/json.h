/* Text that grows, and JSON strings in it. Without memory it becomes nothing, and stays so. Runs on request. */
#ifndef MG_JSON_H
#define MG_JSON_H

#include <stdbool.h>
#include <stddef.h>

struct mg_text {
    char *at; /* NULL: there was no memory */
    size_t length, size;
};

struct mg_text mg_text_new(void);
/* What became of one: its memory goes. */
void mg_text_free(char *at, size_t size);
/* So that what follows needs no more memory. False where there is none: the text stays what it is. */
bool mg_text_make_room(struct mg_text *text, size_t room);
/* As mg_say's; at most 1,000 characters at once. */
void mg_text_add(struct mg_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* So many characters as they are. */
void mg_text_add_whole(struct mg_text *text, const char *at, size_t length);
void mg_text_add_string(struct mg_text *text, const char *string);

#endif
