#include "report.h"

#include "accounts.h"
#include "grants.h"
#include "lanes.h"
#include "libraries.h"
#include "mappings.h"
#include "memgrant.h"
#include "os.h"
#include "say.h"
#include "self.h"
#include "settings.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static struct {
    struct mg_lock lock;
    int owner;   /* the process that writes the very name */
    int process; /* this one; differs from getpid() in a vfork child, which shares our books */
    _Atomic(bool) asked;
    int64_t mapped[MG_LIBRARIES]; /* under the books' lock */
} report;

/* ---- Text that grows ---- */

struct text {
    char *at;
    size_t length, size;
};

static void grow(struct text *text, size_t room)
{
    if (!text->at || text->length + room < text->size)
        return;
    size_t size = text->size * 2 + room;
    char *bigger = mg_os_allocate(size);
    if (bigger)
        memcpy(bigger, text->at, text->length);
    mg_os_release(text->at, text->size);
    text->at = bigger;
    text->size = size;
}

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *text, const char *format, ...)
{
    grow(text, 1024);
    if (!text->at)
        return;
    va_list arguments;
    va_start(arguments, format);
    text->length += mg_vprint(text->at + text->length, 1024, format, arguments);
    va_end(arguments);
}

static void add_string(struct text *text, const char *string)
{
    add(text, "\"");
    for (; *string; string++) {
        unsigned char c = (unsigned char)*string;
        if (c == '"' || c == '\\')
            add(text, "\\%s", c == '"' ? "\"" : "\\");
        else if (c < 0x20)
            add(text, "\\u00%s%x", c < 0x10 ? "0" : "", c);
        else {
            grow(text, 2);
            if (text->at)
                text->at[text->length++] = (char)c;
        }
    }
    add(text, "\"");
}

static void add_limit(struct text *text, int64_t limit)
{
    if (limit < 0)
        add(text, "\"limit\":null,");
    else
        add(text, "\"limit\":%ld,", limit);
}

static void add_sums(struct text *text, const struct mg_book *book)
{
    add(text, "\"charged\":%ld,\"refunded\":%ld,\"allocations\":%ld,\"frees\":%ld", book->charged, book->refunded,
        book->allocations, book->frees);
}

/* ---- The process ---- */

static size_t read_file(const char *path, char *buffer, size_t size)
{
    int file = mg_os_open(path);
    int64_t length = file < 0 ? 0 : mg_os_read(file, buffer, size - 1);
    if (file >= 0)
        mg_os_close(file);
    buffer[length > 0 ? length : 0] = '\0';
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

static void add_process(struct text *text)
{
    char buffer[4096];
    size_t length = read_file("/proc/self/cmdline", buffer, 2048);
    for (size_t i = 0; i + 1 < length; i++)
        if (!buffer[i])
            buffer[i] = ' ';
    add(text, "\"process\":{\"pid\":%d,\"command\":", mg_os_process());
    add_string(text, buffer);
    read_file("/proc/self/status", buffer, sizeof buffer);
    add(text, ",\"rss_bytes\":%ld,\"rss_peak_bytes\":%ld}", status_bytes(buffer, "VmRSS:"),
        status_bytes(buffer, "VmHWM:"));
}

/* ---- Accounts ---- */

static void sum_into(struct mg_book *sum, const struct mg_book *book)
{
    sum->charged += book->charged;
    sum->refunded += book->refunded;
    sum->allocations += book->allocations;
    sum->frees += book->frees;
}

/* By library, closed and open descendants included. */
static void read_account(struct mg_account *account, struct mg_book books[MG_LIBRARIES])
{
    mg_lanes_note_peaks(account);
    mg_accounts_books(account, books);
    mg_lanes_add_books(account, books);
    for (unsigned i = 0; i < MG_LIBRARIES; i++)
        sum_into(&books[i], &account->descendants[i]);
    for (unsigned i = 0; i < mg_accounts_slots(); i++) {
        struct mg_account *child = mg_accounts_slot(i);
        struct mg_book of_child[MG_LIBRARIES];
        if (!child->listed || child->parent != account)
            continue;
        read_account(child, of_child);
        for (unsigned library = 0; library < MG_LIBRARIES; library++)
            sum_into(&books[library], &of_child[library]);
    }
}

static struct mg_book total(const struct mg_book books[MG_LIBRARIES])
{
    struct mg_book sum = { 0 };
    for (unsigned i = 0; i < MG_LIBRARIES; i++)
        sum_into(&sum, &books[i]);
    return sum;
}

static int64_t used_of(const struct mg_book *book)
{
    return book->charged - book->refunded;
}

static void add_account_libraries(struct text *text, const struct mg_book books[MG_LIBRARIES])
{
    const char *separator = "";
    add(text, ",\"libraries\":[");
    for (unsigned i = 0; i < MG_LIBRARIES; i++) {
        if (!books[i].charged)
            continue;
        add(text, "%s{\"name\":", separator);
        add_string(text, mg_libraries[i].name);
        add(text, ",\"used\":%ld,", used_of(&books[i]));
        add_sums(text, &books[i]);
        add(text, "}");
        separator = ",";
    }
    add(text, "]");
}

static int64_t at_least(int64_t value, int64_t bound)
{
    return value < bound ? bound : value;
}

static void add_open(struct text *text, struct mg_account *account)
{
    struct mg_book books[MG_LIBRARIES];
    read_account(account, books);
    struct mg_book sum = total(books);
    MG_INVARIANT(used_of(&sum) >= 0);
    add(text, "{\"id\":%lu,\"name\":", account->id);
    add_string(text, account->name);
    if (account->parent)
        add(text, ",\"parent\":%lu,", account->parent->id);
    else
        add(text, ",\"parent\":null,");
    add(text, "\"state\":\"%s\",", MG_LOAD(account->state) == MG_ACCOUNT_OPEN ? "open" : "closing");
    add_limit(text, account->limit);
    int64_t granted = MG_LOAD(mg_grants.enforcing) ? MG_LOAD(account->granted) : 0;
    add(text, "\"reservation\":0,\"granted\":%ld,\"used\":%ld,\"peak\":%ld,", granted, used_of(&sum),
        at_least(MG_LOAD(account->peak), used_of(&sum)));
    add_sums(text, &sum);
    add(text, ",\"denials\":%ld,\"overdraft_peak\":%ld", MG_LOAD(account->denials), MG_LOAD(account->overdraft_peak));
    add_account_libraries(text, books);
    add(text, "}");
}

static void add_closed(struct text *text, const struct mg_closed *closed, const char *name)
{
    add(text, ",{\"id\":%lu,\"name\":", closed->id);
    add_string(text, name);
    add(text, ",\"parent\":%lu,\"state\":\"closed\",", closed->parent);
    add_limit(text, closed->limit);
    add(text, "\"reservation\":0,\"granted\":0,\"used\":%ld,\"peak\":%ld,", used_of(&closed->sum), closed->peak);
    add_sums(text, &closed->sum);
    add(text, ",\"denials\":%ld,\"overdraft_peak\":%ld", closed->denials, closed->overdraft_peak);
    add_account_libraries(text, closed->books);
    add(text, "}");
}

static void add_accounts(struct text *text)
{
    const char *separator = "";
    add(text, "\"accounts\":[");
    for (unsigned i = 0; i < mg_accounts_slots(); i++) {
        if (!mg_accounts_slot(i)->listed)
            continue;
        add(text, "%s", separator);
        add_open(text, mg_accounts_slot(i));
        separator = ",";
    }
    uint64_t older;
    const struct mg_closed *sum = mg_accounts_older(&older);
    if (older) {
        char name[64];
        mg_print(name, sizeof name, "%lu older accounts", older);
        add_closed(text, sum, name);
    }
    for (unsigned i = 0; i < mg_accounts_closed_count(); i++)
        add_closed(text, mg_accounts_closed(i), mg_accounts_closed(i)->name);
    add(text, "]");
}

/* ---- Libraries, grants ---- */

static void add_library(struct text *text, const struct mg_library *library, const struct mg_book *book)
{
    static const char *const roles[] = { "other", "target", "system", "transparent" };
    int64_t moved = MG_LOAD(library->transferred);
    int64_t moved_count = MG_LOAD(library->transferred_count);
    struct mg_book own = { book->charged - moved, book->refunded - moved, book->allocations - moved_count,
                           book->frees - moved_count };
    add(text, "{\"name\":");
    add_string(text, library->name);
    add(text, ",\"role\":\"%s\",\"used\":%ld,\"peak\":%ld,", roles[library->role], used_of(&own),
        at_least(MG_LOAD(library->peak), used_of(&own)));
    add_sums(text, &own);
    add(text, ",\"denials\":%ld,\"mapped\":%ld", MG_LOAD(library->denials),
        report.mapped[library - mg_libraries]);
    if (mg_settings.referee)
        add(text, ",\"referee_bytes\":%ld,\"referee_allocations\":%ld", MG_LOAD(library->referee_bytes),
            MG_LOAD(library->referee_allocations));
    add(text, "}");
}

static void add_libraries(struct text *text)
{
    struct mg_book books[MG_LIBRARIES];
    const char *separator = "";
    read_account(mg_accounts_root, books);
    add(text, ",\"libraries\":[");
    for (unsigned i = 0; i < mg_library_count(); i++) {
        if (!books[i].charged && !MG_LOAD(mg_libraries[i].referee_bytes))
            continue;
        add(text, "%s", separator);
        add_library(text, &mg_libraries[i], &books[i]);
        separator = ",";
    }
    add(text, "]");
}

static void add_grants(struct text *text)
{
    add(text,
        ",\"grants\":{\"requests\":%ld,\"crossings\":%ld,\"bytes_acquired\":%ld,\"bytes_released\":%ld,"
        "\"wait_ns_max\":%ld}",
        MG_LOAD(mg_grants.requests), MG_LOAD(mg_grants.crossings), MG_LOAD(mg_grants.bytes_acquired),
        MG_LOAD(mg_grants.bytes_released), MG_LOAD(mg_grants.wait_ns_max));
}

static char *write_text(size_t *length)
{
    struct text text = { mg_os_allocate(65536), 0, 65536 };
    add(&text, "{\"version\":1,");
    add_process(&text);
    add(&text, ",\"mode\":\"%s\",\"invariants_broken\":%ld,", MG_LOAD(mg_grants.enforcing) ? "enforce" : "observe",
        MG_LOAD(mg_invariants_broken));
    add_accounts(&text);
    add_libraries(&text);
    add_grants(&text);
    add(&text, "}\n");
    *length = text.size;
    if (text.at)
        text.at[text.length] = '\0';
    return text.at;
}

/* NULL when it would have to wait for a lock, which this very thread may hold, and must not. */
static char *make_text(size_t *length, bool wait)
{
    int64_t mapped[MG_LIBRARIES];
    char *text = NULL;
    if (!mg_mappings_read(mapped, wait))
        return NULL;
    if (wait)
        mg_lock(&mg_books_lock);
    else if (!mg_try_lock(&mg_books_lock))
        return NULL;
    memcpy(report.mapped, mapped, sizeof mapped);
    text = write_text(length);
    mg_unlock(&mg_books_lock);
    return text;
}

char *mg_report_text(size_t *length)
{
    if (!mg_accounts_root)
        return NULL;
    mg_self.inside++;
    mg_mappings_measure();
    char *text = make_text(length, true);
    mg_self.inside--;
    return text;
}

void mg_report_free(char *text, size_t length)
{
    mg_os_release(text, length);
}

void mg_report_figures(struct mg_account *account, int64_t *figures)
{
    struct mg_book books[MG_LIBRARIES];
    mg_lock(&mg_books_lock);
    read_account(account, books);
    struct mg_book sum = total(books);
    figures[MG_LIMIT] = account->limit;
    figures[MG_RESERVATION] = 0;
    figures[MG_GRANTED] = MG_LOAD(account->granted);
    figures[MG_USED] = used_of(&sum);
    figures[MG_PEAK] = at_least(MG_LOAD(account->peak), used_of(&sum));
    figures[MG_CHARGED] = sum.charged;
    figures[MG_REFUNDED] = sum.refunded;
    figures[MG_ALLOCATIONS] = sum.allocations;
    figures[MG_FREES] = sum.frees;
    figures[MG_DENIALS] = MG_LOAD(account->denials);
    figures[MG_OVERDRAFT_PEAK] = MG_LOAD(account->overdraft_peak);
    figures[MG_STATE] = MG_LOAD(account->state);
    mg_unlock(&mg_books_lock);
}

/* ---- The file ---- */

static bool path_of(char *path, size_t size)
{
    int process = mg_os_process();
    if (process != report.process)
        return false; /* a vfork child */
    if (*mg_settings.report && process == report.owner)
        mg_print(path, size, "%s", mg_settings.report);
    else if (*mg_settings.report)
        mg_print(path, size, "%s.%d", mg_settings.report, process);
    else if (MG_LOAD(report.asked))
        mg_print(path, size, "/tmp/memgrant-%d.json", process);
    else
        return false;
    return true;
}

static void write_file(const char *path, const char *text)
{
    char temporary[600];
    mg_print(temporary, sizeof temporary, "%s.tmp%d", path, mg_os_process());
    int file = mg_os_create(temporary);
    bool good = file >= 0 && mg_os_write(file, text, strlen(text));
    if (file >= 0)
        mg_os_close(file);
    if (good && mg_os_rename(temporary, path))
        return;
    mg_os_unlink(temporary);
    mg_say("can't write the report %s; is its folder there and writable?", path);
}

bool mg_report_write(bool wait)
{
    char path[560];
    size_t length;
    if (!mg_accounts_root || !path_of(path, sizeof path) || !mg_try_lock(&report.lock))
        return false;
    mg_self.inside++;
    if (wait)
        mg_mappings_measure();
    char *text = make_text(&length, wait);
    mg_self.inside--;
    if (text) {
        write_file(path, text);
        mg_report_free(text, length);
        MG_STORE(report.asked, false);
    }
    mg_unlock(&report.lock);
    return text != NULL;
}

static void write_if_asked(void)
{
    if (MG_UNLIKELY(MG_LOAD(report.asked)))
        mg_report_write(true);
}

/* `memgrant dump PID`. A thread that is inside us may hold the books: then the next slow charge of anybody writes. */
static void asked_to_dump(int signal_number)
{
    (void)signal_number;
    MG_STORE(report.asked, true);
    mg_report_write(false);
}

void mg_report_start(void)
{
    mg_lanes_at_slow_charge = write_if_asked;
    report.process = mg_os_process();
    report.owner = report.process;
    if (*mg_settings.report_owner && strcmp(mg_settings.report_owner, "true")) {
        int64_t owner = 0;
        mg_parse_bytes(mg_settings.report_owner, strlen(mg_settings.report_owner), &owner);
        report.owner = (int)owner;
    } else if (*mg_settings.report) {
        /* Our children inherit the setting; this tells them that the name is taken. */
        char id[16];
        mg_print(id, sizeof id, "%d", report.process);
        setenv("MEMGRANT_REPORT_OWNER", id, 0);
    }
    struct sigaction before;
    struct sigaction ours = { .sa_handler = asked_to_dump, .sa_flags = SA_RESTART };
    if (!sigaction(SIGRTMIN + 9, NULL, &before) && before.sa_handler == SIG_DFL)
        sigaction(SIGRTMIN + 9, &ours, NULL);
}

void mg_report_after_fork_in_child(void)
{
    report.process = mg_os_process();
    report.lock = (struct mg_lock){ 0 };
    MG_STORE(report.asked, false);
}
