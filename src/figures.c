/* The report's text: what each account and library used. */
#include "figures.h"

#include "accounts.h"
#include "closed.h"
#include "declared.h"
#include "files.h"
#include "grants.h"
#include "history.h"
#include "injection.h"
#include "json.h"
#include "lanes.h"
#include "libraries.h"
#include "live.h"
#include "mappings.h"
#include "memgrant.h"
#include "os.h"
#include "passed.h"
#include "path.h"
#include "say.h"
#include "self.h"
#include "settings.h"
#include "specs.h"
#include "stacked.h"
#include "sums.h"
#include "waits.h"
#include "window.h"
#include "workers.h"

#include <string.h>

/* Under the books' lock, and not on the stack: a report may have to be written on a thread with 16 KB of it. */
static int64_t mapped_bytes[MG_LIBRARIES];
static char file[4096]; /* what was read of one */

static void add_limit(struct mg_text *text, int64_t limit)
{
    if (limit < 0)
        mg_text_add(text, "\"limit\":null,");
    else
        mg_text_add(text, "\"limit\":%ld,", limit);
}

static void add_sums(struct mg_text *text, const struct mg_book *book)
{
    mg_text_add(text, "\"charged\":%ld,\"refunded\":%ld,\"allocations\":%ld,\"frees\":%ld", book->charged,
                book->refunded, book->allocations, book->frees);
}

/* ---- The process ---- */

static size_t read_file(const char *path, size_t most)
{
    int opened = mg_os_open(path);
    int64_t length = opened < 0 ? 0 : mg_os_read(opened, file, most - 1);
    if (opened >= 0)
        mg_os_close(opened);
    file[length > 0 ? length : 0] = '\0';
    return length > 0 ? (size_t)length : 0;
}

/* "VmRSS:   123 kB" in bytes. */
static int64_t status_bytes(const char *status, const char *field)
{
    const char *at = strstr(status, field);
    int64_t value = 0;
    for (at = at ? at + strlen(field) : ""; *at && *at != '\n'; at++)
        if (*at >= '0' && *at <= '9')
            value = value * 10 + *at - '0';
    return value * 1024;
}

static void add_process(struct mg_text *text)
{
    size_t length = read_file("/proc/self/cmdline", 2048);
    for (size_t i = 0; i + 1 < length; i++)
        if (!file[i])
            file[i] = ' ';
    mg_text_add(text, "\"process\":{\"pid\":%d,\"command\":", mg_os_process());
    mg_text_add_string(text, file);
    read_file("/proc/self/status", sizeof file);
    mg_text_add(text, ",\"rss_bytes\":%ld,\"rss_peak_bytes\":%ld}", status_bytes(file, "VmRSS:"),
                status_bytes(file, "VmHWM:"));
}

/* What else Java's code takes: nobody's, and so only shown. */
static void add_files(struct mg_text *text, const struct mg_files *files)
{
    mg_text_add(text, ",\"mapped_files\":{\"mappings\":%ld,\"bytes\":%ld,\"resident_bytes\":%ld}",
                files->mappings, files->bytes, files->resident);
}

/* ---- Accounts ---- */

void mg_figures_add_libraries(struct mg_text *text, const struct mg_book books[MG_LIBRARIES])
{
    const char *separator = "";
    mg_text_add(text, ",\"libraries\":[");
    for (unsigned i = 0; i < MG_LIBRARIES; i++) {
        if (!books[i].charged)
            continue;
        mg_text_add(text, "%s{\"name\":", separator);
        mg_text_add_string(text, mg_libraries[i].name);
        mg_text_add(text, ",\"used\":%ld,", mg_book_used(&books[i]));
        add_sums(text, &books[i]);
        mg_text_add(text, "}");
        separator = ",";
    }
    mg_text_add(text, "]");
}

static void add_open(struct mg_text *text, struct mg_account *account)
{
    const struct mg_book *books = mg_sums_read(account);
    struct mg_book sum = mg_sums_total(books);
    MG_INVARIANT(mg_book_used(&sum) >= 0);
    mg_text_add(text, "{\"id\":%lu,\"name\":", account->id);
    mg_text_add_string(text, account->name);
    if (account->parent)
        mg_text_add(text, ",\"parent\":%lu,", account->parent->id);
    else
        mg_text_add(text, ",\"parent\":null,");
    mg_text_add(text, "\"state\":\"%s\",", MG_LOAD(account->state) == MG_ACCOUNT_OPEN ? "open" : "closing");
    add_limit(text, account->limit);
    int64_t lent = MG_LOAD(account->lent);
    int64_t granted = MG_LOAD(mg_grants.enforcing) ? mg_path_granted(account) : 0;
    mg_text_add(text, "\"reservation\":%ld,\"granted\":%ld,\"used\":%ld,\"peak\":%ld,",
                MG_LOAD(account->reservation), granted, mg_book_used(&sum),
                mg_at_least(MG_LOAD(account->peak), mg_book_used(&sum)));
    add_sums(text, &sum);
    mg_text_add(text, ",\"denials\":%ld,\"overdraft_peak\":%ld", MG_LOAD(account->denials),
                MG_LOAD(account->overdraft_peak));
    mg_text_add(text,
                ",\"lent\":%ld,\"lent_peak\":%ld,\"waiting_ns\":%ld,\"waiting_bytes\":%ld,\"waited_ns\":%ld",
                lent, MG_LOAD(account->lent_peak), mg_waiting_ns(account), MG_LOAD(account->wait.bytes),
                MG_LOAD(account->wait.waited_ns));
    mg_text_add(text, ",\"declared\":%ld,\"declared_peak\":%ld", MG_LOAD(account->declared),
                MG_LOAD(account->declared_peak));
    mg_figures_add_libraries(text, books);
    mg_text_add(text, "}");
}

static void add_closed(struct mg_text *text, const struct mg_closed *closed, const char *name)
{
    mg_text_add(text, ",{\"id\":%lu,\"name\":", closed->id);
    mg_text_add_string(text, name);
    mg_text_add(text, ",\"parent\":%lu,\"state\":\"closed\",", closed->parent);
    add_limit(text, closed->limit);
    mg_text_add(text, "\"reservation\":0,\"granted\":0,\"used\":%ld,\"peak\":%ld,",
                mg_book_used(&closed->sum), closed->peak);
    add_sums(text, &closed->sum);
    mg_text_add(text, ",\"denials\":%ld,\"overdraft_peak\":%ld", closed->denials, closed->overdraft_peak);
    mg_text_add(text, ",\"lent\":0,\"lent_peak\":%ld,\"waiting_ns\":0,\"waiting_bytes\":0,\"waited_ns\":%ld",
                closed->lent_peak, closed->waited_ns);
    mg_text_add(text, ",\"declared\":0,\"declared_peak\":%ld", closed->declared_peak);
    mg_figures_add_libraries(text, closed->books);
    mg_text_add(text, "}");
}

static void add_accounts(struct mg_text *text)
{
    const char *separator = "";
    mg_text_add(text, "\"accounts\":[");
    for (unsigned i = 0; i < mg_accounts_slots(); i++) {
        if (!mg_accounts_slot(i)->listed)
            continue;
        mg_text_add(text, "%s", separator);
        add_open(text, mg_accounts_slot(i));
        separator = ",";
    }
    uint64_t older;
    const struct mg_closed *sum = mg_closed_older(&older);
    if (older) {
        char name[64];
        mg_print(name, sizeof name, "%lu older accounts", older);
        add_closed(text, sum, name);
    }
    for (unsigned i = 0; i < mg_closed_count(); i++)
        add_closed(text, mg_closed_at(i), mg_closed_at(i)->name);
    mg_text_add(text, "]");
}

/* ---- Libraries, grants, what passed ---- */

static void add_library(struct mg_text *text, const struct mg_library *library, const struct mg_book *book)
{
    static const char *const roles[] = { "other", "target", "system", "transparent" };
    struct mg_book own = mg_sums_own(library, book);
    mg_text_add(text, "{\"name\":");
    mg_text_add_string(text, library->name);
    mg_text_add(text, ",\"role\":\"%s\",\"used\":%ld,\"peak\":%ld,", roles[library->role], mg_book_used(&own),
                mg_at_least(MG_LOAD(library->peak), mg_book_used(&own)));
    add_sums(text, &own);
    mg_text_add(text, ",\"denials\":%ld,\"mapped\":%ld", MG_LOAD(library->denials),
                mapped_bytes[library - mg_libraries]);
    if (library->charges_itself)
        mg_text_add(text, ",\"charges_itself\":true");
    if (mg_settings.referee)
        mg_text_add(text, ",\"referee_bytes\":%ld,\"referee_allocations\":%ld",
                    MG_LOAD(library->referee_bytes), MG_LOAD(library->referee_allocations));
    mg_text_add(text, "}");
}

static void add_libraries(struct mg_text *text)
{
    const struct mg_book *books = mg_sums_read(mg_accounts_root);
    const char *separator = "";
    mg_text_add(text, ",\"libraries\":[");
    for (unsigned i = 0; i < mg_library_count(); i++) {
        if (!books[i].charged && !MG_LOAD(mg_libraries[i].referee_bytes))
            continue;
        mg_text_add(text, "%s", separator);
        add_library(text, &mg_libraries[i], &books[i]);
        separator = ",";
    }
    mg_text_add(text, "]");
}

static void add_grants(struct mg_text *text)
{
    mg_text_add(
        text,
        ",\"grants\":{\"requests\":%ld,\"crossings\":%ld,\"bytes_acquired\":%ld,\"bytes_released\":%ld,"
        "\"wait_ns_max\":%ld}",
        MG_LOAD(mg_grants.requests), MG_LOAD(mg_grants.crossings), MG_LOAD(mg_grants.bytes_acquired),
        MG_LOAD(mg_grants.bytes_released), MG_LOAD(mg_grants.wait_ns_max));
    mg_text_add(text, ",\"levers\":{\"pulled\":%ld,\"bytes_claimed\":%ld,\"bytes_freed\":%ld}",
                MG_LOAD(mg_grants.levers_pulled), MG_LOAD(mg_grants.levers_claimed),
                MG_LOAD(mg_grants.levers_freed));
    mg_text_add(text, ",\"passed\":{\"requests\":%ld,\"bytes\":%ld}", MG_LOAD(mg_passed.requests),
                MG_LOAD(mg_passed.bytes));
    if (mg_injection_is_on())
        mg_text_add(text, ",\"injected\":%ld", mg_injection_denials());
}

/* ---- Places: whose pages are whose, for those who look at the process from outside (memgrant explain) ---- */

static struct mg_mapping_place places[4096];

static void add_places(struct mg_text *text)
{
    const char *separator = "";
    size_t missing;
    size_t count = mg_mappings_list(places, sizeof places / sizeof *places, &missing);
    mg_text_add(text, ",\"places\":{\"window\":[%lu,%lu],\"own\":[", mg_window.base,
                mg_window.base + mg_window.size);
    for (unsigned i = 0; i < MG_OS_OWN; i++) {
        size_t size;
        uintptr_t from = mg_os_own(i, &size);
        if (!size)
            continue;
        mg_text_add(text, "%s[%lu,%lu]", separator, from, from + size);
        separator = ",";
    }
    mg_text_add(text, "],\"mappings_left_out\":%lu,\"mappings\":[", missing);
    for (size_t i = 0; i < count; i++) {
        mg_text_add(text, "%s[%lu,%lu,", i ? "," : "", places[i].from, places[i].to);
        mg_text_add_string(text, mg_libraries[places[i].library].name);
        mg_text_add(text, "]");
    }
    mg_text_add(text, "]}");
}

static struct mg_text write_text(const struct mg_files *files)
{
    struct mg_text text = mg_text_new();
    mg_text_add(&text, "{\"version\":1,");
    add_process(&text);
    if (files)
        add_files(&text, files);
    mg_text_add(&text, ",\"mode\":\"%s\",\"invariants_broken\":%ld,",
                MG_LOAD(mg_grants.enforcing) ? "enforce" : "observe", MG_LOAD(mg_invariants_broken));
    add_accounts(&text);
    add_libraries(&text);
    add_grants(&text);
    add_places(&text);
    mg_live_publish_locked(); /* so that the history ends with what this says */
    mg_history_add(&text);
    mg_workers_add(&text);
    return text;
}

static char *end_text(struct mg_text *text, size_t *length)
{
    mg_text_add(text, "}\n");
    *length = text->size;
    if (text->at)
        text->at[text->length] = '\0';
    return text->at;
}

char *mg_figures_text(size_t *length, bool wait)
{
    int64_t mapped[MG_LIBRARIES];
    struct mg_files files;
    bool maps_files = mg_specs_java(0) && mg_files_read(&files, wait);
    struct mg_mapping_parts *parts = mg_stacked_room();
    bool read = mg_mappings_read(mapped, parts, wait);
    if (read && wait)
        mg_lock(&mg_books_lock);
    else if (!read || !mg_try_lock(&mg_books_lock)) {
        mg_stacked_forget(parts);
        return NULL;
    }
    memcpy(mapped_bytes, mapped, sizeof mapped);
    struct mg_text text = write_text(maps_files ? &files : NULL);
    mg_unlock(&mg_books_lock);
    mg_stacked_add(&text,
                   parts); /* a table of all samples, and the kernel's list of files: nobody waits for that */
    mg_stacked_forget(parts);
    return end_text(&text, length);
}

static void set_sums(int64_t *figures, const struct mg_book *sum)
{
    figures[MG_USED] = mg_book_used(sum);
    figures[MG_CHARGED] = sum->charged;
    figures[MG_REFUNDED] = sum->refunded;
    figures[MG_ALLOCATIONS] = sum->allocations;
    figures[MG_FREES] = sum->frees;
}

static void figures_of_open(struct mg_account *account, int64_t *figures)
{
    struct mg_book sum = mg_sums_total(mg_sums_read(account));
    set_sums(figures, &sum);
    figures[MG_LIMIT] = account->limit;
    figures[MG_LENT] = MG_LOAD(account->lent);
    figures[MG_RESERVATION] = MG_LOAD(account->reservation);
    figures[MG_WAITING_NS] = mg_waiting_ns(account);
    figures[MG_WAITING_BYTES] = MG_LOAD(account->wait.bytes);
    figures[MG_AHEAD] = MG_LOAD(account->ahead);
    figures[MG_WORKERS_AHEAD] = MG_LOAD(account->workers_ahead);
    figures[MG_GRANTED] = mg_path_granted(account);
    figures[MG_PEAK] = mg_at_least(MG_LOAD(account->peak), mg_book_used(&sum));
    figures[MG_DENIALS] = MG_LOAD(account->denials);
    figures[MG_OVERDRAFT_PEAK] = MG_LOAD(account->overdraft_peak);
    figures[MG_STATE] = MG_LOAD(account->state);
}

static void figures_of_closed(const struct mg_closed *closed, int64_t *figures)
{
    set_sums(figures, &closed->sum);
    figures[MG_LIMIT] = closed->limit;
    figures[MG_PEAK] = closed->peak;
    figures[MG_DENIALS] = closed->denials;
    figures[MG_OVERDRAFT_PEAK] = closed->overdraft_peak;
    figures[MG_STATE] = MG_ACCOUNT_CLOSED;
}

void mg_figures_read(int64_t handle, int64_t *figures)
{
    memset(figures, 0, MG_FIGURES * sizeof *figures);
    mg_lock(&mg_books_lock);
    struct mg_account *account = mg_accounts_of(handle);
    if (account)
        figures_of_open(account, figures);
    for (unsigned i = mg_closed_count(); !account && i-- > 0;) {
        const struct mg_closed *closed = mg_closed_at(i);
        if (closed->id != mg_accounts_id(handle))
            continue;
        figures_of_closed(closed, figures);
        break;
    }
    mg_unlock(&mg_books_lock);
}

unsigned mg_read_libraries(int64_t *figures, unsigned count)
{
    mg_enter(&mg_self);
    mg_lock(&mg_books_lock);
    unsigned all = mg_library_count();
    const struct mg_book *books = mg_sums_read(mg_accounts_root);
    for (unsigned i = 0; i < all && i < count; i++) {
        struct mg_book own = mg_sums_own(&mg_libraries[i], &books[i]);
        int64_t *of = figures + (size_t)i * MG_LIBRARY_FIGURES;
        of[MG_LIBRARY_USED] = mg_book_used(&own);
        of[MG_LIBRARY_PEAK] = mg_at_least(MG_LOAD(mg_libraries[i].peak), mg_book_used(&own));
        of[MG_LIBRARY_DENIALS] = MG_LOAD(mg_libraries[i].denials);
    }
    mg_unlock(&mg_books_lock);
    mg_leave(&mg_self);
    return all < count ? all : count;
}

int64_t mg_measured(int64_t handle)
{
    mg_enter(&mg_self);
    mg_lock(&mg_books_lock);
    struct mg_account *account = mg_accounts_of(handle);
    int64_t bytes = account ? mg_declared_measured(mg_sums_read(account)) : 0;
    mg_unlock(&mg_books_lock);
    mg_leave(&mg_self);
    return bytes;
}
