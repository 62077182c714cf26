/* What workers do with accounts: tasks begin, threads are bound to them and leave, tasks end over what is alive; and forks,
 * whose child goes on with its own books. */
#ifndef MG_MODEL_TREE_H
#define MG_MODEL_TREE_H

#include "check.h"

#include "path.h"

#include <sys/wait.h>
#include <unistd.h>

static void play(struct worker *worker, int steps);

/* A task, or one nested in the root, a task or another nested one. */
static inline void begin_account(struct worker *worker, struct entry *entry)
{
    unsigned parent = below(worker, ENTRIES);
    struct entry *above = &model.entries[parent];
    bool nests = one_in(worker, 2) && (!parent || above->open) && above->depth + 1 < MG_PATH_MOST;
    int64_t limit = one_in(worker, 2) ? 4 * (int64_t)MODEL_MB << below(worker, 6) : -1;
    entry->parent = entry->heir = nests ? parent : 0;
    entry->blurred = false;
    entry->depth = model.entries[entry->parent].depth + 1;
    entry->account = nests
                         ? mg_account_of(mg_account_nest("nested", mg_account_handle(above->account), limit))
                         : mg_account_open("task", mg_root(), -1);
}

/* What those nested in one divide, they divide fairly from now on, or not. */
static inline void divide_one(struct worker *worker)
{
    pthread_mutex_lock(&model.tree);
    unsigned i = below(worker, ENTRIES);
    if (!i || model.entries[i].open)
        CHECK(mg_account_share_fairly(mg_account_handle(model.entries[i].account), !one_in(worker, 3)));
    pthread_mutex_unlock(&model.tree);
}

/* Accounts are opened, bound to and settled under one lock: whoever binds knows that it is open, as the plugin does. */
static inline void open_one(struct worker *worker)
{
    pthread_mutex_lock(&model.tree);
    unsigned i = 1 + below(worker, ENTRIES - 1);
    struct entry *entry = &model.entries[i];
    if (!entry->open && !entry->settled) {
        begin_account(worker, entry);
        CHECK(entry->account);
        entry->handle = mg_account_handle(entry->account);
        entry->open = true;
        entry->least = entry->least_peak = entry->most = entry->most_peak = 0;
        if (model.enforcing && entry->account->holder == entry->account)
            mg_grant(entry->account, 4 * (int64_t)MODEL_MB << below(worker, 8));
    }
    pthread_mutex_unlock(&model.tree);
}

static inline bool is_in(unsigned entry, unsigned above)
{
    while (entry && entry != above)
        entry = model.entries[entry].parent;
    return entry;
}

static inline void blur(unsigned entry)
{
    for (; entry; entry = model.entries[entry].parent)
        model.entries[entry].blurred = true;
}

/* To any that is open, if it is nested itself. */
static inline bool is_handed_over(struct worker *worker, unsigned i)
{
    struct entry *entry = &model.entries[i];
    unsigned heir = below(worker, ENTRIES);
    if (entry->account->holder == entry->account || one_in(worker, 2) || is_in(heir, i) ||
        (heir && !model.entries[heir].open))
        return false;
    entry->heir = heir;
    blur(entry->parent);
    blur(heir);
    return true;
}

/* Of all that are nested in it too. */
static inline void settle_one(struct worker *worker, unsigned i)
{
    pthread_mutex_lock(&model.tree);
    struct entry *entry = &model.entries[i];
    if (entry->open) {
        for (unsigned j = 1; j < ENTRIES; j++)
            if (model.entries[j].open && is_in(j, i)) {
                model.entries[j].open = false;
                model.entries[j].settled = true;
                MG_ADD(model.settled, 1);
            }
        mg_stop_requests(entry->account);
        if (is_handed_over(worker, i))
            CHECK(mg_scopes_end_into(entry->handle, mg_account_handle(model.entries[entry->heir].account)) >=
                  0);
        else
            mg_settle(entry->account);
    }
    pthread_mutex_unlock(&model.tree);
}

static inline void bind_one(struct worker *worker)
{
    pthread_mutex_lock(&model.tree);
    unsigned i = 1 + below(worker, ENTRIES - 1);
    if (model.entries[i].open && mg_self.state != MG_THREAD_LEFT) {
        mg_bind(model.entries[i].account);
        worker->entry = i;
        CHECK(mg_self.account == model.entries[i].account);
    }
    pthread_mutex_unlock(&model.tree);
}

/* Before what closed around the worker is forgotten: its entry may be another account's after a rest. */
static inline void note_entry(struct worker *worker)
{
    if (mg_self.state != MG_THREAD_LEFT && entry_here(worker))
        worker->entry = entry_here(worker);
}

/* A child of a fork in the middle of everything does not know what the other threads had begun: it checks what it changes. */
static inline void go_on_amid(struct worker *worker)
{
    struct sums before = sum_alive();
    int64_t used = used_by_all();
    play(worker, 300);
    struct sums after = sum_alive();
    CHECK_EQ(used_by_all() - used, after.all - before.all);
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
}

static inline void go_on_alone(struct worker *worker, const int64_t *cached)
{
    mg_heap_allocated(mg_heap_at(0));
    for (unsigned i = 0; i < mg_heap_count(); i++)
        if (mg_heap_at(i))
            model.lost[i] += cached[i] - thread_caches_of(mg_heap_at(i));
    note_entry(worker);
    check_at_rest();
    play(worker, 300);
    check_at_rest();
}

static inline void fork_one(struct worker *worker)
{
    static int64_t cached[sizeof model.lost / sizeof *model.lost];
    if (model.child || !model.forks)
        return;
    pthread_mutex_lock(&model.tree);
    mg_heap_allocated(mg_heap_at(0));
    for (unsigned i = 0; i < mg_heap_count() && model.alone; i++)
        cached[i] = mg_heap_at(i) ? thread_caches_of(mg_heap_at(i)) : 0;
    pid_t child = fork();
    pthread_mutex_unlock(&model.tree);
    if (!child) {
        bool amid = !model.alone;
        model.child = model.alone = true;
        if (amid)
            go_on_amid(worker);
        else
            go_on_alone(worker, cached);
        _exit(0);
    }
    int status = -1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
    MG_ADD(model.forked, 1);
}

static inline bool is_report(const char *text, size_t length)
{
    return text && length && text[0] == '{';
}

/* Somebody wants to know, or makes the books look. */
static inline void look(struct worker *worker)
{
    size_t length;
    char *text;
    switch (below(worker, 4)) {
    case 0:
        text = mg_report_text(&length);
        CHECK(is_report(text, length));
        mg_report_free(text, length);
        break;
    case 1:
        mg_measure_overhead();
        break;
    case 2:
        mg_mappings_measure();
        break;
    default:
        mg_enter(&mg_self);
        mg_accounts_collect(mg_root());
        mg_leave(&mg_self);
        break;
    }
}

#endif
