/* Grants: what is charged as granted was granted. Bytes that Spark takes back are either nobody's or stay; what is used
 * beyond the grant is known as overdraft. */
#include "model_blocks.h"

static struct mg_account *task;
static int64_t came_back;

static void a_grant_of_100(void)
{
    model_start();
    MG_STORE(mg_grants.enforcing, true);
    mg_grants.by_couriers = true;
    mg_settings.grant_batch = 0; /* nothing is asked for in time */
    task = model_open("task");
    MG_STORE(task->stopped, true); /* nor otherwise */
    MG_STORE(task->granted, 100);
}

static void take_60(void)
{
    CHECK(mg_grants_take(task, LIBRARY, 60, 60) == 60);
}

static void take_50(void)
{
    CHECK(mg_grants_take(task, LIBRARY, 50, 50) == 50);
}

static void take_30_give_30_back(void)
{
    CHECK(mg_grants_take(task, LIBRARY, 30, 30) == 30);
    mg_accounts_move_taken(task, -30);
}

static void take_30_twice(void)
{
    CHECK(mg_grants_take(task, LIBRARY, 30, 30) == 30);
    CHECK(mg_grants_take(task, LIBRARY, 30, 30) == 30);
}

static void take_100_back(void)
{
    came_back = mg_take_back(task, 100);
}

static void grant_40(void)
{
    mg_grant(task, 40);
}

static void books_agree(void)
{
    int64_t granted = MG_LOAD(task->granted);
    int64_t beyond = MG_LOAD(task->taken) - granted;
    CHECK(granted == 100 - came_back);
    CHECK(granted >= 0 && came_back >= 0);
    CHECK(MG_LOAD(mg_grants.bytes_released) == came_back);
    CHECK(MG_LOAD(task->taken) == MG_LOAD(task->total));
    CHECK(beyond <= 0 || MG_LOAD(task->overdraft_peak) >= beyond);
}

static void books_agree_after_a_grant(void)
{
    came_back -= 40;
    MG_ADD(mg_grants.bytes_released, -40);
    books_agree();
}

static void taken_once(void)
{
    CHECK(MG_LOAD(task->taken) == 110);
    CHECK(MG_LOAD(task->overdraft_peak) == 10);
}

const struct model_case model_cases[] = {
    { "a charge while the grant is taken back", a_grant_of_100, { take_60, take_100_back }, books_agree, 0 },
    { "two charges while the grant is taken back",
      a_grant_of_100,
      { take_30_twice, take_100_back },
      books_agree,
      4 },
    { "a charge comes and goes while the grant is taken back",
      a_grant_of_100,
      { take_30_give_30_back, take_100_back },
      books_agree,
      4 },
    { "a charge, a grant and one that is taken back",
      a_grant_of_100,
      { take_60, grant_40, take_100_back },
      books_agree_after_a_grant,
      2 },
    { "two charges for what is enough for one", a_grant_of_100, { take_60, take_50 }, taken_once, 3 },
    { 0 }
};
