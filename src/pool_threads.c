#include "pool_threads.h"

#include "lanes.h"
#include "libraries.h"
#include "os.h"
#include "settings.h"
#include "specs.h"

/* A pool's thread gets its name from its creator, soon; before that it has little to do. */
static bool has_name_of_pool(struct mg_self *self, const char *pattern)
{
    self->name_looks++;
    char name[16];
    mg_os_thread_name(name);
    return mg_matches(pattern, name);
}

enum { NAME_LOOKS = 4 };

/* Where a library has pools, a new thread is the root's until its name is known: idle in its creator's account, it would
 * keep that from closing for ever. */
void mg_pool_threads_inherit(struct mg_self *self, struct mg_account *account, uint64_t id)
{
    if (account != mg_accounts_root && *mg_libraries[self->home].pool_threads) {
        self->inherited = account;
        self->inherited_id = id;
        account = mg_accounts_root;
    }
    mg_lanes_bind(self, account, id);
}

static bool inherits_now(struct mg_self *self, int64_t bytes)
{
    if (self->task_thread || has_name_of_pool(self, mg_libraries[self->home].pool_threads)) {
        self->inherited = NULL;
        return false;
    }
    return self->name_looks == NAME_LOOKS || bytes > mg_settings.lane_batch;
}

/* One that turns out to serve the whole process. */
static bool belongs_to_root(struct mg_self *self, unsigned library)
{
    const char *pattern = mg_libraries[self->home ? self->home : library].pool_threads;
    if (self->task_thread || !*pattern || self->name_looks >= NAME_LOOKS)
        return false;
    return has_name_of_pool(self, pattern);
}

void mg_pool_threads_decide(struct mg_self *self)
{
    struct mg_account *account = self->inherited;
    self->inherited = NULL;
    if (account && !has_name_of_pool(self, mg_libraries[self->home].pool_threads))
        (void)mg_lanes_bind(self, account, self->inherited_id);
    self->name_looks = NAME_LOOKS;
}

/* Before a charge: into the account in which the thread has to be from now on. */
bool mg_pool_threads_move(struct mg_self *self, unsigned library, int64_t bytes)
{
    if (self->inherited && inherits_now(self, bytes)) {
        struct mg_account *account = self->inherited;
        self->inherited = NULL;
        self->name_looks = NAME_LOOKS;
        return mg_lanes_bind(self, account, self->inherited_id);
    }
    if (self->account == mg_accounts_root)
        return true;
    /* A thread of an account that closes goes on above it: after a scope in its task, after a task in the root. */
    if (MG_LOAD(self->account->state) != MG_ACCOUNT_OPEN)
        return mg_lanes_bind(self, self->account, self->account->id);
    return !belongs_to_root(self, library) || mg_lanes_bind(self, mg_accounts_root, 0);
}
