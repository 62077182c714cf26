/* How accounts that are nested end: what a report says of them later, in a fork's child, and where a thread goes that comes back late. */
#include "unit.h"

#include "closed.h"
#include "path.h"

#include <semaphore.h>
#include <sys/wait.h>

#ifdef __SANITIZE_THREAD__
enum { MAY_FORK = false }; /* it has no room for all the locks that jemalloc takes then */
#else
enum { MAY_FORK = true };
#endif

static struct mg_account *nest(const char *name, struct mg_account *parent)
{
    struct mg_account *account = mg_account_of(mg_account_nest(name, mg_account_handle(parent), -1));
    CHECK(account);
    return account;
}

/* What was nested in a task is a part of what the task used. */
static void older_accounts_are_summed_once(void)
{
    enum { TASKS = MG_CLOSED_KEPT / 2 + 100, LARGE = 100 << 10 };
    uint64_t older = 0;
    int64_t bytes = 0;
    for (int i = 0; i < TASKS; i++) {
        struct mg_account *task = mg_account_open("task", mg_root(), -1);
        struct mg_account *nested = nest("nested", task);
        mg_bind(nested);
        void *block = unit_allocate(LARGE);
        bytes = (int64_t)mg_usable_size(block);
        mg_free(block);
        mg_unbind();
        mg_settle(nested);
        mg_settle(task);
    }
    const struct mg_closed *sum = mg_closed_older(&older);
    CHECK_EQ((int64_t)older, 2 * TASKS - MG_CLOSED_KEPT);
    CHECK_EQ(sum->sum.charged, (int64_t)older / 2 * bytes);
    CHECK_EQ(sum->sum.refunded, sum->sum.charged);
    CHECK_EQ(sum->peak, bytes);
}

/* The thread that reserved is not in the child, nor are those that were inside. */
static void what_was_closing_ends_in_a_forks_child(void)
{
    struct mg_account *outer = nest("outer", mg_root()), *inner = nest("inner", outer);
    int status = -1;
    mg_lock(&mg_books_lock);
    inner->pins++;
    mg_unlock(&mg_books_lock);
    mg_settle(outer);
    CHECK(outer->listed && inner->listed);
    pid_t child = fork();
    if (!child)
        _exit(outer->listed || inner->listed || outer->pins || MG_LOAD(mg_invariants_broken));
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
    CHECK(outer->listed && inner->listed);
    mg_lock(&mg_books_lock);
    inner->pins--;
    mg_unlock(&mg_books_lock);
    mg_settle(outer);
    CHECK(!outer->listed && !inner->listed);
}

static void *waits(void *until)
{
    sem_wait(until);
    return NULL;
}

/* Taken of the account, and not noted on its lane yet, when its thread stayed behind. */
static void what_lost_threads_had_in_hand_is_nobodys_in_a_forks_child(void)
{
    enum { BATCH = 4096 };
    struct mg_account *outer = nest("outer", mg_root()), *inner = nest("inner", outer);
    int64_t before = MG_LOAD(mg_root()->taken);
    int status = -1;
    pthread_t thread;
    sem_t until;
    CHECK(!sem_init(&until, 0, 0) && !pthread_create(&thread, NULL, waits, &until));
    mg_accounts_move_taken(inner, BATCH);
    pid_t child = fork();
    if (!child) {
        mg_settle(outer);
        _exit(outer->listed || MG_LOAD(mg_root()->taken) != before || MG_LOAD(mg_invariants_broken));
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
    mg_accounts_move_taken(inner, -BATCH);
    mg_settle(outer);
    CHECK(!sem_post(&until) && !pthread_join(thread, NULL));
}

/* Reserved by one that was still inside when closing began, and in a reserve that was not trimmed yet. */
static void what_lost_threads_held_in_reserve_is_nobodys_in_a_forks_child(void)
{
    enum { BATCH = 4096 };
    struct mg_account *scope = nest("scope", mg_root());
    int64_t before = MG_LOAD(mg_root()->taken);
    int status = -1;
    pthread_t thread;
    sem_t until;
    CHECK(!sem_init(&until, 0, 0) && !pthread_create(&thread, NULL, waits, &until));
    mg_lock(&mg_books_lock);
    scope->pins++;
    mg_unlock(&mg_books_lock);
    mg_settle(scope);
    CHECK_EQ(mg_grants_reserve(scope, BATCH, false), BATCH);
    MG_ADD(scope->reserve, BATCH);
    mg_accounts_move_taken(mg_root(), BATCH);
    CHECK_EQ(MG_LOAD(mg_root()->taken), before + 2 * BATCH);
    pid_t child = fork();
    if (!child)
        _exit(scope->listed || MG_LOAD(mg_root()->taken) != before || MG_LOAD(mg_invariants_broken));
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
    CHECK_EQ(mg_path_give_back(scope, INT64_MAX), BATCH); /* and the rest is trimmed */
    mg_lock(&mg_books_lock);
    scope->pins--;
    mg_unlock(&mg_books_lock);
    mg_settle(scope);
    CHECK(!scope->listed);
    CHECK_EQ(MG_LOAD(mg_root()->taken), before);
    CHECK(!sem_post(&until) && !pthread_join(thread, NULL));
}

/* To its account, if that is there, else to the root; never to another one in the same place. */
static void a_thread_that_leaves_a_scope_when_its_account_has_ended_goes_to_the_root(void)
{
    struct mg_account *task = mg_account_open("task", mg_root(), -1);
    struct mg_account *scope = nest("scope", mg_root());
    mg_bind(task);
    int64_t before = mg_scopes_enter(mg_account_handle(scope));
    CHECK_EQ(before, mg_account_handle(task));
    CHECK(mg_self.account == scope);
    mg_settle(task);
    CHECK(mg_account_open("another", mg_root(), -1) == task);
    mg_scopes_leave(before);
    CHECK(mg_self.account == mg_root());
    mg_unbind();
    mg_settle(task);
    CHECK_EQ(mg_scopes_end(mg_account_handle(scope)), 0);
}

int main(void)
{
    unit_start("observe", NULL);
    older_accounts_are_summed_once();
    if (MAY_FORK) {
        what_was_closing_ends_in_a_forks_child();
        what_lost_threads_had_in_hand_is_nobodys_in_a_forks_child();
        what_lost_threads_held_in_reserve_is_nobodys_in_a_forks_child();
    }
    a_thread_that_leaves_a_scope_when_its_account_has_ended_goes_to_the_root();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
