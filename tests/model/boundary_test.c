/* What a task thread learns at its boundary: an overdraft that is beyond what is tolerated raises the flag, whenever it
 * falls beside a grant or a tolerance that clears it; and what a denied account lacked is known. */
#include "model_blocks.h"

static struct mg_account *task;

static void an_overdraft_of_50(void)
{
    model_start();
    MG_STORE(mg_grants.enforcing, true);
    mg_grants.by_couriers = true;
    mg_settings.grant_batch = 0;
    task = model_open("task");
    MG_STORE(task->stopped, true);
    CHECK(mg_grants_take(task, LIBRARY, 50, 50) == 50);
    CHECK(MG_LOAD(task->attention));
}

static void take_30(void)
{
    CHECK(mg_grants_take(task, LIBRARY, 30, 30) == 30);
}

static void tolerate_10_more(void)
{
    mg_tolerate(task, 10);
}

static void grant_60(void)
{
    mg_grant(task, 60);
}

static void deny(void)
{
    mg_deny(task);
}

static void what_is_too_much_is_noticed(void)
{
    int64_t beyond = MG_LOAD(task->taken) - MG_LOAD(task->granted);
    CHECK(beyond <= MG_LOAD(task->tolerated) || MG_LOAD(task->attention));
}

static void all_that_lacks_is_known(void)
{
    CHECK(MG_LOAD(task->taken) == 80);
    CHECK(mg_unmet(task) == 80);
}

const struct model_case model_cases[] = { { "more is overdrawn while some is tolerated",
                                            an_overdraft_of_50,
                                            { take_30, tolerate_10_more },
                                            what_is_too_much_is_noticed,
                                            0 },
                                          { "more is overdrawn while some is granted",
                                            an_overdraft_of_50,
                                            { take_30, grant_60 },
                                            what_is_too_much_is_noticed,
                                            0 },
                                          { "more is overdrawn while the task is denied",
                                            an_overdraft_of_50,
                                            { take_30, deny },
                                            all_that_lacks_is_known,
                                            0 },
                                          { 0 } };
