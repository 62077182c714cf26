/* How the library comes to life: by its constructor when MEMGRANT_* is set, or armed by the plugin; and how it goes
 * through fork. Runs at startup. */
#include "accounts.h"
#include "classes.h"
#include "closing.h"
#include "executor.h"
#include "figures.h"
#include "got.h"
#include "grants.h"
#include "heap.h"
#include "je_system.h"
#include "lanes.h"
#include "libraries.h"
#include "magazines.h"
#include "mappings.h"
#include "memgrant.h"
#include "os.h"
#include "overhead.h"
#include "report.h"
#include "say.h"
#include "self.h"
#include "settings.h"
#include "specs.h"
#include "stacks.h"
#include "window.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

_Atomic(bool) mg_active;

/* ---- fork ---- */

/* Around jemalloc's own handlers: locks that are held while jemalloc is called are taken before its own, the window's,
 * which is taken while jemalloc's are held, after them. (Handlers run in the reverse order of registration.) */
static bool fork_holds_locks;
static bool had_one_thread;

/* Since glibc 2.32. */
extern char __libc_single_threaded __attribute__((weak));

static void before_fork(void)
{
    fork_holds_locks = mg_active;
    had_one_thread = &__libc_single_threaded && __libc_single_threaded;
    if (!fork_holds_locks)
        return;
    mg_enter(&mg_self);
    mg_mappings_before_fork();
    mg_overhead_before_fork();
    mg_lock(&mg_books_lock);
    mg_heap_before_fork();
    mg_libraries_before_fork();
    mg_je_before_fork();
}

static void after_fork(void)
{
    if (!fork_holds_locks)
        return;
    mg_je_after_fork();
    mg_libraries_after_fork();
    mg_heap_after_fork();
    mg_unlock(&mg_books_lock);
    mg_overhead_after_fork();
    mg_mappings_after_fork();
    mg_leave(&mg_self);
}

/* The child has books of its own that begin as a copy: it has a copy of the memory too. No courier came along. */
static void after_fork_in_child(void)
{
    if (!fork_holds_locks)
        return;
    if (!had_one_thread) {
        mg_libraries_freeze();
        mg_stacks_freeze();
    }
    mg_lanes_after_fork_in_child();
    struct mg_heap *heaps = mg_accounts_after_fork_in_child(had_one_thread);
    mg_os_order_threads_start();
    if (mg_grants.by_couriers)
        MG_STORE(mg_grants.enforcing, false);
    mg_executor_after_fork_in_child();
    mg_report_after_fork_in_child();
    after_fork();
    mg_enter(&mg_self);
    mg_heap_close_all(heaps);
    mg_leave(&mg_self);
}

/* ---- Starting ---- */

/* What has an order, and is therefore done at load even if nothing is counted before somebody arms us: our thread key
 * before jemalloc's, so that a thread's last blocks go back before jemalloc's cache of it does, and fork's handlers. */
static const char *take_places(void)
{
    if (!mg_lanes_make_key())
        return "the first 31 thread keys (pthread_key_create) are taken already; nothing is counted";
    if (pthread_atfork(mg_window_before_fork, mg_window_after_fork, mg_window_after_fork))
        return "no memory for fork's handlers; nothing is counted";
    const char *wrong = mg_classes_start(); /* brings jemalloc to life */
    if (!wrong && !mg_heap_start())
        wrong = "the jemalloc inside has no thread.arena; nothing is counted";
    mg_magazines_start();
    if (!wrong && pthread_atfork(before_fork, after_fork, after_fork_in_child))
        wrong = "no memory for fork's handlers; nothing is counted";
    mg_os_order_threads_start(); /* quick while there is one thread */
    return wrong;
}

static const char *not_placed = "it was never loaded; nothing is counted";

static const char *start_heap(void)
{
    if (not_placed)
        return not_placed;
    if (!mg_lanes_start())
        return "no memory for the lanes; nothing is counted";
    if (!mg_mappings_start())
        return "no memory for the table of mappings; nothing is counted";
    if (!mg_window_start())
        return "no addresses are to be had (ulimit -v?); nothing is counted";
    if (mg_stacks_wanted())
        mg_window_start_sampling(); /* where it fails mg_stacks_start does */
    return NULL;
}

static bool any_library_limit(void)
{
    return strstr(mg_settings.targets, "limit=") != NULL;
}

static void choose_mode(bool in_spark)
{
    bool limited = mg_settings.limit >= 0 || any_library_limit();
    bool enforce = mg_settings.mode == MG_MODE_ENFORCE || (mg_settings.mode == MG_MODE_UNSET && limited);
    if (enforce && !in_spark && !limited) {
        mg_say("mode enforce needs a limit outside Spark (MEMGRANT_LIMIT=512m); observing");
        enforce = false;
    }
    if (in_spark)
        enforce = mg_settings.mode == MG_MODE_ENFORCE;
    mg_grants.by_couriers = in_spark;
    struct mg_account *root = mg_accounts_root;
    root->limit = in_spark ? -1 : mg_settings.limit;
    if (!in_spark)
        MG_STORE(root->granted, mg_settings.limit >= 0 ? mg_settings.limit : INT64_MAX / 4);
    MG_STORE(mg_grants.enforcing, enforce);
}

static const char *start_counting(bool in_spark)
{
    const char *wrong = mg_specs_start(in_spark);
    if (!wrong)
        wrong = start_heap();
    if (wrong)
        return wrong;
    /* Many threads share the root: a few arenas keep them from waiting for each other. */
    int arenas = mg_os_processors();
    if (!mg_accounts_start(in_spark ? "executor" : "process",
                           (unsigned)(arenas < MG_HEAP_ARENAS ? arenas : MG_HEAP_ARENAS)))
        return "no memory for the first account; nothing is counted";
    if (!mg_stacks_start())
        mg_say("no memory for the samples of stacks; the report has none");
    mg_overhead_start(in_spark);
    choose_mode(in_spark);
    mg_specs_set_environment();
    mg_report_start();
    mg_libraries_start();
    mg_active = true;
    return NULL;
}

static const char *count_quietly(bool in_spark)
{
    mg_enter(&mg_self);
    const char *wrong = start_counting(in_spark);
    mg_leave(&mg_self);
    return wrong;
}

void mg_load(void)
{
    mg_enter(&mg_self);
    not_placed = take_places();
    mg_leave(&mg_self);
}

static bool behind_another;
static const char *const behind =
    "another malloc is in front of ours (an LD_PRELOAD before libmemgrant.so, or the program "
    "brings its own); put libmemgrant.so first; nothing is counted";

/* For a fleet: whoever looks after its machines can switch all of it off, in the environment or by a file, whatever applications
 * ask for. */
#define INERT_FILE "/etc/memgrant/inert"
static const char *inert;

static const char *told_to_be_inert(void)
{
    if (mg_settings.inert)
        return "MEMGRANT_INERT is set; nothing is counted";
    return access(INERT_FILE, F_OK) ? NULL : INERT_FILE " is there; nothing is counted";
}

void mg_start(const struct mg_redirection *entries, bool in_front)
{
    bool any;
    mg_got_start(entries);
    behind_another = !in_front;
    const char *wrong = mg_settings_read(&any);
    inert = told_to_be_inert();
    if (!wrong && any && mg_settings.mode != MG_MODE_OFF)
        wrong = inert;
    if (!wrong && any && behind_another && mg_settings.mode != MG_MODE_OFF)
        wrong = behind;
    if (!wrong && any && mg_settings.mode != MG_MODE_OFF)
        wrong = count_quietly(false);
    if (wrong)
        mg_say("%s", wrong);
}

/* "name=value" */
static const char *take_setting(const char *setting)
{
    char name[64];
    const char *equals = strchr(setting, '=');
    if (!equals || (size_t)(equals - setting) >= sizeof name)
        return "a setting is not of the form name=value; nothing is counted";
    memcpy(name, setting, (size_t)(equals - setting));
    name[equals - setting] = '\0';
    return mg_settings_set(name, equals + 1);
}

const char *mg_arm(const char *const *settings, int count)
{
    if (inert)
        return inert;
    if (behind_another)
        return behind;
    if (mg_active)
        return "MEMGRANT_* is set in the executor's environment, so it counts on its own already; unset it, Spark's plugin "
               "has its own settings";
    mg_settings.inert = false; /* an earlier call's */
    for (int i = 0; i < count; i++) {
        const char *wrong = take_setting(settings[i]);
        if (wrong)
            return wrong;
    }
    if (mg_settings.inert)
        return "inert is set; nothing is counted";
    return mg_settings.mode == MG_MODE_OFF ? "mode is off; nothing is counted" : count_quietly(true);
}

void mg_write_report(void)
{
    /* Out of a signal handler it may be this very thread that holds the books. */
    if (mg_active)
        mg_report_write(!MG_LOAD(mg_self.inside));
}

void mg_read(int64_t handle, int64_t figures[MG_FIGURES])
{
    mg_enter(&mg_self);
    mg_figures_read(handle, figures);
    mg_leave(&mg_self);
}
