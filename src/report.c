#include "report.h"

#include "accounts.h"
#include "credit.h"
#include "figures.h"
#include "files.h"
#include "json.h"
#include "lanes.h"
#include "live.h"
#include "mappings.h"
#include "memgrant.h"
#include "modules.h"
#include "os.h"
#include "overhead.h"
#include "say.h"
#include "self.h"
#include "settings.h"
#include "workers.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static struct {
    struct mg_lock lock;
    int owner;   /* the process that writes the very name */
    int process; /* this one; differs from getpid() in a vfork child, which shares our books */
    bool
        named; /* in the environment, where who asks for a dump can read it; else armed with the name, or without */
    _Atomic(bool) asked;
} report;

char *mg_report_text(size_t *length)
{
    if (!mg_accounts_root)
        return NULL;
    mg_enter(&mg_self);
    mg_mappings_measure();
    mg_overhead_measure(INT64_MAX, false);
    char *text = mg_figures_text(length, true);
    mg_leave(&mg_self);
    return text;
}

void mg_report_free(char *text, size_t length)
{
    mg_text_free(text, length);
}

/* ---- The file ---- */

/* Not on the stack, which may be small: under the report's lock. */
static char path[560], temporary[600];

/* A dump goes where `memgrant dump` looks for it. */
static bool find_path(bool is_dump)
{
    const size_t size = sizeof path;
    int process = mg_os_process();
    if (process != report.process)
        return false; /* a vfork child */
    if (is_dump && !report.named)
        mg_print(path, size, "/tmp/memgrant-%d.json", process);
    else if (*mg_settings.report && process == report.owner)
        mg_print(path, size, "%s", mg_settings.report);
    else if (*mg_settings.report)
        mg_print(path, size, "%s.%d", mg_settings.report, process);
    else
        return false;
    return true;
}

static bool write_into(int file, const char *text)
{
    /* Beyond that limit the kernel would end the process (SIGXFSZ). */
    bool good = file >= 0 && strlen(text) <= mg_os_file_limit() && mg_os_write(file, text, strlen(text));
    if (file >= 0)
        mg_os_close(file);
    return good;
}

/* Whole or not at all; but a pipe or a device, /dev/stdout with all that it may lead to, is not ours to replace. */
static void write_file(const char *text)
{
    bool good;
    if (!strncmp(path, "/dev/", 5) || !strncmp(path, "/proc/", 6) || mg_os_is_special(path)) {
        good = write_into(mg_os_append(path), text);
    } else {
        mg_print(temporary, sizeof temporary, "%s.tmp%d", path, mg_os_process());
        mg_os_unlink(temporary); /* whoever made it: what is written must be a new file, and ours */
        good = write_into(mg_os_create(temporary), text) && mg_os_rename(temporary, path);
        if (!good)
            mg_os_unlink(temporary);
    }
    if (!good)
        mg_say("can't write the report %s; is its folder there and writable, with room in it?", path);
}

bool mg_report_write(bool wait)
{
    size_t length;
    if (!mg_accounts_root || !mg_try_lock(&report.lock))
        return false;
    if (!find_path(!wait && MG_LOAD(report.asked))) {
        mg_unlock(&report.lock);
        return false;
    }
    mg_enter(&mg_self);
    if (wait) {
        mg_mappings_measure();
        mg_overhead_measure(INT64_MAX, false);
    }
    char *text = mg_figures_text(&length, wait);
    mg_leave(&mg_self);
    if (text) {
        write_file(text);
        mg_report_free(text, length);
        MG_STORE(report.asked, false);
    } else if (wait) {
        mg_say("no memory for the text of the report %s", path);
    }
    mg_unlock(&report.lock);
    return text != NULL;
}

static void write_if_asked(void)
{
    if (MG_UNLIKELY(MG_LOAD(report.asked)))
        mg_report_write(false); /* the thread may hold the mappings */
}

/* `memgrant dump PID`. A thread that is inside us may hold the books: then the next slow charge of anybody writes. */
static void asked_to_dump(int signal_number)
{
    (void)signal_number;
    MG_STORE(report.asked, true);
    mg_report_write(false);
}

void mg_publish(void)
{
    mg_live_publish();
}

void mg_report_start(void)
{
    mg_live_start();
    mg_credit_at_slow_charge = write_if_asked;
    mg_credit_at_change = mg_live_publish_in_time;
    report.process = mg_os_process();
    report.owner = report.process;
    const char *named = getenv("MEMGRANT_REPORT");
    report.named = named && *named && !strcmp(named, mg_settings.report);
    if (*mg_settings.report_owner && strcmp(mg_settings.report_owner, "true")) {
        int64_t owner = 0;
        mg_parse_bytes(mg_settings.report_owner, strlen(mg_settings.report_owner), &owner);
        report.owner = (int)owner;
    } else if (*mg_settings.report) {
        /* Our children inherit the setting; this tells them that the name is taken. */
        char id[16];
        mg_print(id, sizeof id, "%d", report.process);
        if (setenv("MEMGRANT_REPORT_OWNER", id, 0))
            mg_say(
                "no memory for MEMGRANT_REPORT_OWNER=%s in the environment: children will write the same report",
                id);
    }
    struct sigaction before;
    struct sigaction ours = { .sa_handler = asked_to_dump, .sa_flags = SA_RESTART };
    if (!sigaction(SIGRTMIN + 9, NULL, &before) && before.sa_handler == SIG_DFL)
        sigaction(SIGRTMIN + 9, &ours, NULL);
}

void mg_report_after_fork_in_child(void)
{
    report.process = mg_os_process();
    mg_live_after_fork_in_child();
    mg_files_after_fork_in_child();
    mg_modules_after_fork_in_child();
    mg_workers_after_fork_in_child();
    report.lock = (struct mg_lock){ 0 };
    MG_STORE(report.asked, false);
}
