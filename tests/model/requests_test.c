/* Requests: one that was posted wakes the courier, and the courier ends when it is told to. */
#include "model_blocks.h"

static struct mg_account *task;
static int64_t answered;

static void nothing_granted(void)
{
    model_start();
    MG_STORE(mg_grants.enforcing, true);
    mg_grants.by_couriers = true;
    mg_settings.grant_batch = 100;
    task = model_open("task");
}

static void ask(void)
{
    mg_grants_ask_in_time(task);
}

static void answer_one(void)
{
    answered = mg_await_request(task);
    CHECK(answered == 100);
    mg_answer(task, answered, answered, 0);
}

static void answer_until_stopped(void)
{
    int64_t bytes;
    while ((bytes = mg_await_request(task)) > 0) {
        answered += bytes;
        mg_answer(task, bytes, bytes, 0);
    }
}

static void stop(void)
{
    mg_stop_requests(task);
}

static void granted_what_was_answered(void)
{
    CHECK(MG_LOAD(task->granted) == answered);
    CHECK(MG_LOAD(task->granted) <= 100);
}

static void granted_once(void)
{
    CHECK(answered == 100 && MG_LOAD(task->granted) == 100);
    CHECK(MG_LOAD(mg_grants.requests) == 1);
}

const struct model_case model_cases[] = {
    { "a request wakes the courier", nothing_granted, { ask, answer_one }, granted_once, 0 },
    { "two post at once, one courier",
      nothing_granted,
      { ask, ask, answer_one },
      granted_what_was_answered,
      2 },
    { "a courier is told to end, with a request or without",
      nothing_granted,
      { ask, answer_until_stopped, stop },
      granted_what_was_answered,
      2 },
    { 0 }
};
