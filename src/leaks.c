#include "leaks.h"

#include "os.h"
#include "say.h"
#include "stacked.h"
#include "stacks.h"

#include <string.h>

/* A program that forgets something in each of its scopes is told so often; the report and mg_account_print go on. */
enum { MOST_LINES = 20 };
static _Atomic(unsigned) lines;

static size_t room(void)
{
    return mg_accounts_slots() * sizeof(uint64_t);
}

static void note(struct mg_leaks *leaks, const struct mg_account *account)
{
    leaks->ids[leaks->count++] = account->id;
    for (const struct mg_account *child = account->first_child; child; child = child->next_sibling)
        note(leaks, child);
}

void mg_leaks_note(struct mg_leaks *leaks, const struct mg_account *account)
{
    *leaks = (struct mg_leaks){ .ids = mg_stacks.mean ? mg_os_allocate(room()) : NULL };
    leaks->size = room();
    if (!leaks->ids)
        return;
    memcpy(leaks->name, account->name, sizeof leaks->name);
    note(leaks, account);
}

void mg_leaks_say(struct mg_leaks *leaks, int64_t bytes)
{
    if (!leaks->ids || bytes <= 0 || MG_ADD(lines, 1) >= MOST_LINES)
        return;
    struct mg_text text = mg_text_new();
    mg_stacked_list(&text, leaks->ids, leaks->count, 1);
    size_t length = text.at ? strcspn(text.at, "\n") : 0;
    if (length)
        text.at[length] = '\0';
    mg_say("%s ended with %ld bytes in use%s%s", leaks->name, bytes, length ? ", of " : "",
           length ? text.at + strspn(text.at, " ") : "");
    if (text.at)
        mg_text_free(text.at, text.size);
}

void mg_leaks_forget(struct mg_leaks *leaks)
{
    if (leaks->ids)
        mg_os_release(leaks->ids, leaks->size);
    leaks->ids = NULL;
}
