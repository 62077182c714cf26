/* Paths: two that are nested below one limit never have more than that together, and what it refuses is taken of neither. */
#include "model_blocks.h"

#include "path.h"

static struct mg_account *above, *one, *other;
static _Atomic(int) taken;

static struct mg_account *nest(struct mg_account *parent, int64_t limit)
{
    struct mg_account *account = mg_account_of(mg_account_nest("nested", mg_account_handle(parent), limit));
    CHECK(account);
    return account;
}

static void a_limit_of_100_above_two(void)
{
    model_start();
    above = nest(mg_root(), 100);
    one = nest(above, -1);
    other = nest(above, 70);
}

static void take(struct mg_account *account, int64_t bytes)
{
    struct mg_account *refuser = NULL;
    struct mg_path_raised raised;
    if (mg_path_raise(account, bytes, &raised, &refuser) == bytes)
        MG_ADD(taken, (int)bytes);
    else
        CHECK(refuser == above);
    CHECK(MG_LOAD(above->taken) <= 100);
}

static void take_60(void)
{
    take(one, 60);
}

static void take_50(void)
{
    take(other, 50);
}

static void take_40_and_give_it_back(void)
{
    struct mg_account *refuser = NULL;
    struct mg_path_raised raised;
    if (mg_path_raise(other, 40, &raised, &refuser) == 40)
        mg_path_lower(other, 40);
}

static void one_of_them_had_it(void)
{
    CHECK(MG_LOAD(taken) == 60 || MG_LOAD(taken) == 50);
    CHECK(MG_LOAD(above->taken) == MG_LOAD(taken));
    CHECK(MG_LOAD(one->taken) + MG_LOAD(other->taken) == MG_LOAD(taken));
}

static void nothing_is_left_of_the_other(void)
{
    CHECK(MG_LOAD(other->taken) == 0);
    CHECK(MG_LOAD(above->taken) == MG_LOAD(taken) && MG_LOAD(one->taken) == MG_LOAD(taken));
}

const struct model_case model_cases[] = {
    { "two below a limit that is enough for one",
      a_limit_of_100_above_two,
      { take_60, take_50 },
      one_of_them_had_it,
      0 },
    { "one takes while another one takes and gives back",
      a_limit_of_100_above_two,
      { take_60, take_40_and_give_it_back },
      nothing_is_left_of_the_other,
      0 },
    { 0 },
};
