#include "workers.h"

#include "accounts.h"
#include "memgrant.h"
#include "os.h"
#include "self.h"

#include <string.h>

/* Under the books' lock. */
static struct {
    char *at;
    size_t length;
} said;

void mg_workers_say(const char *json)
{
    size_t length = strlen(json);
    char *copy = mg_os_allocate(length + 1);
    if (!copy)
        return;
    memcpy(copy, json, length + 1);
    mg_enter(&mg_self);
    mg_lock(&mg_books_lock);
    char *before = said.at;
    size_t before_length = said.length;
    said.at = copy;
    said.length = length;
    mg_unlock(&mg_books_lock);
    mg_leave(&mg_self);
    if (before)
        mg_os_release(before, before_length + 1);
}

void mg_workers_add(struct mg_text *text)
{
    if (!said.at)
        return;
    mg_text_add(text, ",\"workers\":");
    mg_text_add_whole(text, said.at, said.length);
}

void mg_workers_after_fork_in_child(void)
{
    said.at = NULL;
}
