/* Of 1,000 accounts the live page has those that use most, whenever they came, and the history the eight that use most of those right below the root:
 * whether they have a place on the page, or others below one of them have all places. */
#include "unit.h"

#include "history.h"
#include "paged.h"

enum { ACCOUNTS = 1000, NESTED = 200, KB = 1 << 10, MB = 1 << 20 };
static struct mg_account *tasks[ACCOUNTS];

static const struct mg_live_copy *publish(const struct mg_live_page *page)
{
    mg_publish();
    return &page->copy[page->latest % 2];
}

static void take(struct mg_account *account, size_t size)
{
    mg_bind(account);
    CHECK(unit_allocate(size));
    mg_unbind();
}

static const struct mg_live_account *shown(const struct mg_live_copy *copy, const struct mg_account *account)
{
    for (uint64_t i = 0; i < copy->accounts; i++)
        if (copy->account[i].id == account->id)
            return &copy->account[i];
    return NULL;
}

/* The eight largest tasks, the largest first. */
static void check_history(int largest, int64_t used)
{
    const struct mg_history *history = mg_history_read();
    CHECK(history && history->count);
    const struct mg_history_account *accounts = history->accounts[history->count - 1];
    CHECK_EQ(accounts[0].id, tasks[largest]->id);
    CHECK_EQ(accounts[0].used, used);
    for (int i = 1; i < MG_HISTORY_ACCOUNTS; i++) {
        CHECK_EQ(accounts[i].id, tasks[ACCOUNTS - i]->id);
        CHECK_EQ(accounts[i].used, MB * (20 - i) + 64 * KB);
    }
}

/* Each of the last 15 tasks and one before them has megabytes, all others 64 KB. */
static void later_ones(const struct mg_live_page *page)
{
    for (int i = 0; i < ACCOUNTS; i++) {
        char name[32];
        snprintf(name, sizeof name, "task %d", i);
        CHECK((tasks[i] = mg_account_open(name, mg_root(), -1)));
        take(tasks[i], 64 * KB);
    }
    for (int i = 1; i < 16; i++)
        for (int n = 0; n < 20 - i; n++)
            take(tasks[ACCOUNTS - i], MB);
    take(tasks[ACCOUNTS - 17], 64 * MB);
    const struct mg_live_copy *copy = publish(page);
    CHECK_EQ(copy->accounts, MG_LIVE_ACCOUNTS);
    CHECK_EQ(copy->accounts_left_out, 1 + ACCOUNTS - MG_LIVE_ACCOUNTS);
    CHECK(!copy->account[0].parent);
    for (int i = 1; i < 16; i++) {
        CHECK(shown(copy, tasks[ACCOUNTS - i]));
        CHECK_EQ(shown(copy, tasks[ACCOUNTS - i])->used, MB * (20 - i) + 64 * KB);
    }
    check_history(ACCOUNTS - 17, 64 * MB + 64 * KB);
}

/* Of the largest task are enough, each larger than the other tasks, to take all places. */
static void below_one(const struct mg_live_page *page)
{
    int64_t task = mg_account_handle(tasks[ACCOUNTS - 17]);
    for (int i = 0; i < NESTED; i++) {
        int64_t nested = mg_account_nest("nested", task, -1);
        CHECK(nested);
        int64_t before = mg_scopes_enter(nested);
        CHECK(unit_allocate(32 * MB));
        mg_scopes_leave(before);
    }
    const struct mg_live_copy *copy = publish(page);
    CHECK(shown(copy, tasks[ACCOUNTS - 17]));
    CHECK(!shown(copy, tasks[ACCOUNTS - 1]));
    check_history(ACCOUNTS - 17, (int64_t)NESTED * 32 * MB + 64 * MB + 64 * KB);
}

int main(void)
{
    unit_start("observe", NULL);
    const struct mg_live_page *page = paged_find();
    CHECK(page);
    later_ones(page);
    below_one(page);
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
