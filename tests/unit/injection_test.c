/* Denials that are injected: the same charges from the same seed, no more than wanted, of the threads and by the routes that were
 * chosen; and under stop a mark that stays until somebody took it. */
#include "unit.h"

#include "injection.h"

#include <sys/mman.h>

enum { CHARGES = 400, ONE_IN = 10 };

static bool denied[2][CHARGES];

static bool is_denied(void)
{
    void *block = NULL;
    CHECK(mg_allocate(UNIT_LIBRARY, 1 << 20, 0, 0, &block));
    if (block)
        mg_free(block);
    return !block;
}

static int64_t count(bool hits[CHARGES])
{
    int64_t before = mg_injection_denials();
    for (int i = 0; i < CHARGES; i++)
        hits[i] = is_denied();
    return mg_injection_denials() - before;
}

static void the_same_seed_denies_the_same_charges(void)
{
    mg_settings.deny_random = ONE_IN;
    int64_t some = count(denied[0]);
    CHECK(some > CHARGES / ONE_IN / 3 && some < 3 * CHARGES / ONE_IN);
    mg_settings.deny_seed -= CHARGES; /* as if they were the first ones again */
    CHECK_EQ(count(denied[1]), some);
    CHECK(!memcmp(denied[0], denied[1], sizeof denied[0]));
    mg_settings.deny_seed += 12345;
    count(denied[1]);
    CHECK(memcmp(denied[0], denied[1], sizeof denied[0]));
    mg_settings.deny_random = 1;
    CHECK_EQ(count(denied[0]), CHARGES);
}

static void no_more_are_denied_than_wanted(void)
{
    mg_settings.deny_most = mg_injection_denials() + 3;
    CHECK_EQ(count(denied[0]), 3);
    CHECK(denied[0][2] && !denied[0][3]);
    mg_settings.deny_most = 0;
}

static void threads_are_chosen(void)
{
    struct mg_account *account = mg_account_open("task", mg_root(), -1);
    mg_grant(account, 100 << 20);
    mg_settings.deny_threads = MG_THREADS_TASK;
    CHECK(!is_denied());
    mg_bind(account);
    CHECK(is_denied());
    mg_settings.deny_threads = MG_THREADS_OTHERS;
    CHECK(!is_denied());
    mg_unbind();
    CHECK(is_denied());
    mg_settings.deny_threads = MG_THREADS_ANY;
    CHECK_EQ(mg_settle(account), 100 << 20);
}

static void routes_are_chosen(void)
{
    void *block = NULL;
    mg_settings.deny_route = MG_ROUTE_NEW;
    CHECK(!is_denied());
    CHECK(mg_allocate(UNIT_LIBRARY, 1 << 20, 0, MG_THROWING, &block) && !block);
    mg_settings.deny_route = MG_ROUTE_MALLOC;
    CHECK(is_denied());
    CHECK(mg_allocate(UNIT_LIBRARY, 1 << 20, 0, MG_THROWING, &block) && block);
    mg_free(block);
    mg_settings.deny_route = MG_ROUTE_MMAP;
    CHECK(!is_denied());
    mg_libraries[UNIT_LIBRARY].role = MG_ROLE_TARGET;
    CHECK(mg_map(UNIT_LIBRARY, NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) <
          0);
    mg_settings.deny_route = MG_ROUTE_ANY;
}

static void stop_marks_the_account_until_that_was_taken(void)
{
    struct mg_account *account = mg_account_open("stopped", mg_root(), -1);
    mg_grants.by_couriers = true;
    mg_libraries[UNIT_LIBRARY].fate = MG_FATE_STOP;
    mg_grant(account, 100 << 20);
    mg_bind(account);
    CHECK(!mg_take_injected(account) && !mg_account_wants_boundary());
    CHECK(!is_denied());
    CHECK(mg_account_wants_boundary() == account);
    mg_tolerate(account, INT64_MAX);
    CHECK(mg_account_wants_boundary() == account); /* however much is tolerated */
    CHECK(mg_take_injected(account) && !mg_take_injected(account));
    mg_tolerate(account, 0);
    CHECK(!mg_account_wants_boundary());
    CHECK(!strcmp(mg_account_culprit(account), mg_libraries[UNIT_LIBRARY].name));
    mg_unbind();
    CHECK_EQ(mg_settle(account), 100 << 20);
}

int main(void)
{
    unit_start("enforce", "1g");
    mg_settings.deny_spares = false;
    the_same_seed_denies_the_same_charges();
    no_more_are_denied_than_wanted();
    threads_are_chosen();
    routes_are_chosen();
    stop_marks_the_account_until_that_was_taken();
    return 0;
}
