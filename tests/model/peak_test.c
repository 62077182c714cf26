/* mg_accounts_raise: the highest value wins, whoever was faster. */
#include "accounts.h"
#include "model.h"

static _Atomic(int64_t) peak;

static void raise_to_5(void)
{
    mg_accounts_raise(&peak, 5);
}

static void raise_to_9(void)
{
    mg_accounts_raise(&peak, 9);
}

static void raise_to_7(void)
{
    mg_accounts_raise(&peak, 7);
}

static void the_highest(void)
{
    CHECK(MG_LOAD(peak) == 9);
}

const struct model_case model_cases[] = {
    { "three threads raise a peak", NULL, { raise_to_5, raise_to_9, raise_to_7 }, the_highest, 0 }, { 0 }
};
