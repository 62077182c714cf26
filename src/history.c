#include "history.h"

#include "os.h"
#include "rows.h"

#include <string.h>

#define NS_A_MS 1000000
/* Of those that are read at first; twice as long whenever points have to go, so never more than a 256th of the time. */
enum { FIRST_INTERVAL_MS = 10 };
/* What a figure takes in the report at most, with what is between two. */
enum { LONGEST = 24 };

static struct mg_history *history;
static int64_t start_ns; /* 0: at the next point */
/* The highest until now: what rose between two points has been in use between them, whatever is at the second. */
static int64_t peak, peaks[MG_LIBRARIES];

/* What was said last, as it was then: so it stayed until something moves. */
static struct {
    int64_t libraries[MG_LIBRARIES];
    int64_t used, granted;
    struct mg_history_account accounts[MG_HISTORY_ACCOUNTS];
} last;

void mg_history_start(void)
{
    history = mg_os_allocate(sizeof *history);
    if (history)
        history->interval_ms = FIRST_INTERVAL_MS;
}

const struct mg_history *mg_history_read(void)
{
    return history;
}

void mg_history_after_fork_in_child(void)
{
    if (!history)
        return;
    history->count = 0;
    history->interval_ms = FIRST_INTERVAL_MS;
    start_ns = 0;
}

static void keep_highest(int64_t *figure, int64_t value)
{
    if (*figure < value)
        *figure = value;
}

/* Puts the account where it belongs, the last one out if there are too many. */
static void note_account(struct mg_history_account accounts[MG_HISTORY_ACCOUNTS], uint64_t id, int64_t used)
{
    unsigned at = 0;
    while (at < MG_HISTORY_ACCOUNTS - 1 && accounts[at].id && accounts[at].id != id)
        at++;
    if (accounts[at].id && used <= accounts[at].used)
        return;
    for (; at && accounts[at - 1].used < used; at--)
        accounts[at] = accounts[at - 1];
    accounts[at] = (struct mg_history_account){ id, used };
}

/* ---- Points ---- */

static void clear(unsigned at)
{
    history->used[at] = history->denials[at] = 0;
    history->granted[at] = history->limit[at] = -1;
    for (unsigned i = 0; i < MG_LIBRARIES; i++)
        if (history->is_used[i])
            history->libraries[i][at] = 0;
    memset(history->accounts[at], 0, sizeof history->accounts[at]);
}

/* The later one's figures go into the earlier one, where that is another. */
static void join(unsigned to, unsigned from)
{
    keep_highest(&history->used[to], history->used[from]);
    keep_highest(&history->granted[to], history->granted[from]);
    for (unsigned i = 0; i < MG_LIBRARIES; i++)
        if (history->is_used[i])
            keep_highest(&history->libraries[i][to], history->libraries[i][from]);
    for (unsigned i = 0; i < MG_HISTORY_ACCOUNTS && history->accounts[from][i].id; i++)
        note_account(history->accounts[to], history->accounts[from][i].id, history->accounts[from][i].used);
    history->ms[to] = history->ms[from];
    history->limit[to] = history->limit[from];
    history->denials[to] = history->denials[from];
}

/* Whatever the times are: once an interval has all of them there is one point. */
static void thin(void)
{
    while (history->count == MG_HISTORY_POINTS) {
        unsigned kept = 0;
        history->interval_ms *= 2;
        for (unsigned at = 1; at < MG_HISTORY_POINTS; at++) {
            if (history->ms[at] / history->interval_ms != history->ms[kept] / history->interval_ms) {
                if (++kept == at)
                    continue;
                clear(kept);
            }
            join(kept, at);
        }
        history->count = kept + 1;
    }
}

/* Whether that is in no interval of a point. */
static bool is_due(int64_t ms)
{
    unsigned count = history->count;
    return !count || ms / history->interval_ms != history->ms[count - 1] / history->interval_ms;
}

static void add_point(int64_t ms)
{
    if (is_due(ms))
        thin();
    if (is_due(ms)) { /* still, as intervals are longer now */
        unsigned at = history->count++;
        clear(at);
        history->limit[at] = at ? history->limit[at - 1] : -1;
        history->denials[at] = at ? history->denials[at - 1] : 0;
    }
    history->ms[history->count - 1] = ms;
}

/* A time without points, as nothing moved, ends with one that says so: else it would have what came after it. */
static void end_quiet_time(int64_t ms)
{
    int64_t end = ms / history->interval_ms * history->interval_ms - 1;
    if (!history->count || history->ms[history->count - 1] >= end || !is_due(end))
        return;
    add_point(end);
    unsigned at = history->count - 1;
    keep_highest(&history->used[at], last.used);
    keep_highest(&history->granted[at], last.granted);
    for (unsigned i = 0; i < MG_LIBRARIES; i++)
        if (history->is_used[i])
            keep_highest(&history->libraries[i][at], last.libraries[i]);
    for (unsigned i = 0; i < MG_HISTORY_ACCOUNTS && last.accounts[i].id; i++)
        note_account(history->accounts[at], last.accounts[i].id, last.accounts[i].used);
}

void mg_history_begin(int64_t now_ns)
{
    if (!history)
        return;
    start_ns = start_ns ? start_ns : now_ns;
    int64_t ms = (now_ns - start_ns) / NS_A_MS;
    end_quiet_time(ms);
    add_point(ms);
    memset(last.accounts, 0, sizeof last.accounts);
}

void mg_history_library(unsigned library, int64_t used, int64_t library_peak)
{
    if (!history)
        return;
    last.libraries[library] = used;
    if (library_peak > peaks[library])
        used = peaks[library] = library_peak;
    if (used)
        history->is_used[library] = true;
    if (history->is_used[library])
        keep_highest(&history->libraries[library][history->count - 1], used);
}

void mg_history_account(uint64_t id, int64_t used)
{
    if (!history || used <= 0)
        return;
    note_account(last.accounts, id, used);
    note_account(history->accounts[history->count - 1], id, used);
}

void mg_history_end(const struct mg_history_total *total)
{
    if (!history)
        return;
    unsigned at = history->count - 1;
    last.used = total->used;
    last.granted = total->granted;
    keep_highest(&history->used[at], total->peak > peak ? total->peak : total->used);
    keep_highest(&peak, total->peak);
    keep_highest(&history->granted[at], total->granted);
    history->limit[at] = total->limit;
    history->denials[at] = total->denials;
}

/* ---- The report ---- */

static void add_column(struct mg_text *text, const char *name, const int64_t *column)
{
    mg_text_add(text, "\"%s\":[", name);
    for (unsigned i = 0; i < history->count; i++)
        mg_text_add(text, column[i] < 0 ? "%snull" : "%s%ld", i ? "," : "", column[i]);
    mg_text_add(text, "]");
}

/* The highest figure of each; 0: none. */
static void find_highest(int64_t highest[MG_LIBRARIES])
{
    for (unsigned library = 0; library < MG_LIBRARIES; library++) {
        highest[library] = 0;
        for (unsigned i = 0; history->is_used[library] && i < history->count; i++)
            keep_highest(&highest[library], history->libraries[library][i]);
    }
}

static unsigned largest(const int64_t highest[MG_LIBRARIES])
{
    unsigned found = 0;
    for (unsigned i = 1; i < MG_LIBRARIES; i++)
        if (highest[i] > highest[found])
            found = i;
    return found;
}

/* Those that used most by name, and the others' sum. */
static void add_libraries(struct mg_text *text)
{
    static int64_t others[MG_HISTORY_POINTS];
    int64_t highest[MG_LIBRARIES];
    memset(others, 0, sizeof others);
    find_highest(highest);
    mg_text_add(text, ",\"libraries\":[");
    for (unsigned n = 0, library; highest[library = largest(highest)]; n++) {
        highest[library] = 0;
        if (n < MG_HISTORY_LIBRARIES) {
            mg_text_add(text, "%s{\"name\":", n ? "," : "");
            mg_text_add_string(text, mg_libraries[library].name);
            mg_text_add(text, ",");
            add_column(text, "used", history->libraries[library]);
            mg_text_add(text, "}");
        } else {
            for (unsigned i = 0; i < history->count; i++)
                others[i] += history->libraries[library][i];
        }
    }
    mg_text_add(text, "],");
    add_column(text, "others", others);
}

static void add_accounts(struct mg_text *text)
{
    mg_text_add(text, ",\"accounts\":[");
    for (unsigned i = 0; i < history->count; i++) {
        const struct mg_history_account *accounts = history->accounts[i];
        mg_text_add(text, i ? ",[" : "[");
        for (unsigned n = 0; n < MG_HISTORY_ACCOUNTS && accounts[n].id; n++)
            mg_text_add(text, "%s[%lu,%ld]", n ? "," : "", accounts[n].id, accounts[n].used);
        mg_text_add(text, "]");
    }
    mg_text_add(text, "]");
}

void mg_history_add(struct mg_text *text)
{
    enum { FIGURES = 6 + MG_HISTORY_LIBRARIES + 2 * MG_HISTORY_ACCOUNTS };
    size_t most = (size_t)MG_HISTORY_LIBRARIES * 8 * sizeof mg_libraries[0].name + 1024;
    /* A report without is better than none. */
    if (!history || !mg_text_make_room(text, most + (size_t)history->count * FIGURES * LONGEST))
        return;
    mg_text_add(text, ",\"history\":{\"interval_ms\":%ld,", history->interval_ms);
    add_column(text, "ms", history->ms);
    mg_text_add(text, ",");
    add_column(text, "used", history->used);
    mg_text_add(text, ",");
    add_column(text, "granted", history->granted);
    mg_text_add(text, ",");
    add_column(text, "limit", history->limit);
    mg_text_add(text, ",");
    add_column(text, "denials", history->denials);
    add_libraries(text);
    add_accounts(text);
    mg_text_add(text, "}");
}
