/* An account and all below it as text, for people on one screen, or as JSON. Runs on request. */
#include "memgrant.h"

#include "accounts.h"
#include "fair.h"
#include "figures.h"
#include "grants.h"
#include "json.h"
#include "leaks.h"
#include "os.h"
#include "path.h"
#include "self.h"
#include "stacked.h"
#include "sums.h"

/* Children of one account that are shown each: a screen has no room for more. JSON has all. */
enum { SHOWN = 40, SHOWN_STACKS = 10 };

static const char *state_of(const struct mg_account *account)
{
    return MG_LOAD(account->state) == MG_ACCOUNT_OPEN ? "open" : "closing";
}

static int64_t granted_to(const struct mg_account *account)
{
    return MG_LOAD(mg_grants.enforcing) ? mg_path_granted(account) : 0;
}

static int64_t used_by(struct mg_account *account)
{
    struct mg_book sum = mg_sums_total(mg_sums_read(account));
    return mg_book_used(&sum);
}

static int64_t age_of(const struct mg_account *account)
{
    return mg_os_now_ns() - account->opened_ns;
}

static void add_json(struct mg_text *text, struct mg_account *account)
{
    const struct mg_book *books = mg_sums_read(account);
    struct mg_book sum = mg_sums_total(books);
    int64_t used = mg_book_used(&sum);
    mg_text_add(text, "{\"id\":%lu,\"name\":", account->id);
    mg_text_add_string(text, account->name);
    mg_text_add(text, ",\"holder\":%lu,\"state\":\"%s\",\"limit\":", account->holder->id, state_of(account));
    if (account->limit < 0)
        mg_text_add(text, "null");
    else
        mg_text_add(text, "%ld", account->limit);
    mg_text_add(text, ",\"reservation\":%ld,\"granted\":%ld,\"used\":%ld,\"peak\":%ld",
                MG_LOAD(account->reservation), granted_to(account), used,
                mg_at_least(MG_LOAD(account->peak), used));
    mg_text_add(text, ",\"fair\":%s,\"share\":", MG_LOAD(account->fair) ? "true" : "false");
    if (mg_fair_share(account) < 0)
        mg_text_add(text, "null");
    else
        mg_text_add(text, "%ld", mg_fair_share(account));
    mg_text_add(text, ",\"denials\":%ld,\"age_ns\":%ld", MG_LOAD(account->denials), age_of(account));
    mg_figures_add_libraries(text, books);
    mg_text_add(text, ",\"children\":[");
}

static void add_line(struct mg_text *text, struct mg_account *account, unsigned indent)
{
    int64_t used = used_by(account);
    for (unsigned i = 0; i < indent; i++)
        mg_text_add(text, "  ");
    mg_text_add(text, "%s: used %ld, granted %ld, peak %ld, ", account->name, used, granted_to(account),
                mg_at_least(MG_LOAD(account->peak), used));
    if (account->limit < 0)
        mg_text_add(text, "no limit");
    else
        mg_text_add(text, "limit %ld%s", account->limit, used > account->limit ? " (over it)" : "");
    if (MG_LOAD(account->fair))
        mg_text_add(text, " shared fairly by %u", MG_LOAD(account->active));
    if (MG_LOAD(account->reservation))
        mg_text_add(text, ", reserved %ld", MG_LOAD(account->reservation));
    if (MG_LOAD(account->denials))
        mg_text_add(text, ", denied %ld times", MG_LOAD(account->denials));
    if (account->holder != account)
        mg_text_add(text, ", of %s's grant", account->holder->name);
    mg_text_add(text, "%s, %ld s old\n", MG_LOAD(account->state) == MG_ACCOUNT_OPEN ? "" : ", closing",
                age_of(account) / 1000000000);
}

static void add_account(struct mg_text *text, struct mg_account *account, bool json, unsigned indent)
{
    unsigned shown = 0;
    if (json)
        add_json(text, account);
    else
        add_line(text, account, indent);
    for (struct mg_account *child = account->first_child; child && (json || shown < SHOWN);
         child = child->next_sibling) {
        if (json && shown)
            mg_text_add(text, ",");
        add_account(text, child, json, indent + 1);
        shown++;
    }
    if (json)
        mg_text_add(text, "]}");
    else if (shown < account->children)
        mg_text_add(text, "  and %u more in %s\n", account->children - shown, account->name);
}

char *mg_account_text(int64_t handle, bool json, size_t *length)
{
    mg_enter(&mg_self);
    struct mg_text text = mg_text_new();
    mg_lock(&mg_books_lock);
    struct mg_account *account = mg_accounts_of(handle);
    struct mg_leaks all = { .ids = NULL };
    if (account && !json)
        mg_leaks_note(&all, account);
    if (account)
        add_account(&text, account, json, 0);
    mg_unlock(&mg_books_lock);
    if (all.ids)
        mg_stacked_list(&text, all.ids, all.count, SHOWN_STACKS);
    mg_leaks_forget(&all);
    mg_leave(&mg_self);
    *length = text.size;
    if (text.at)
        text.at[text.length] = '\0';
    return text.at;
}
