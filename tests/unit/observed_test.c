/* A mode that is switched while accounts are used: what is only counted is never denied, and those that are granted are again. */
#include "unit.h"

/* As if a courier had brought a no. */
static void refuse(struct mg_account *account)
{
    mg_libraries[UNIT_LIBRARY].fate = MG_FATE_FAIL;
    mg_deny(account);
}

static void end(struct mg_account *account)
{
    mg_unbind();
    mg_stop_requests(account);
    mg_settle(account);
}

static void one_that_is_observed_is_not_denied_while_others_are(void)
{
    struct mg_account *enforced = mg_account_open("enforced", mg_root(), -1);
    struct mg_account *observed = mg_account_open("observed", mg_root(), -1);
    struct mg_account *nested =
        mg_account_of(mg_accounts_nest("nested", mg_accounts_handle(observed), 1 << 20));
    mg_observe(observed);
    CHECK(nested);
    refuse(enforced);
    refuse(observed);
    mg_bind(enforced);
    CHECK(!unit_allocate(1 << 20));
    mg_bind(observed);
    void *block = unit_allocate(100 << 20);
    CHECK(block);
    CHECK(!mg_account_wants_boundary());
    CHECK_EQ(MG_LOAD(observed->wanted), 0);
    mg_bind(nested);
    void *beyond = unit_allocate(2 << 20);
    CHECK(beyond);
    mg_free(beyond);
    mg_bind(observed);
    mg_free(block);
    CHECK_EQ(unit_read(observed, MG_USED), 0);
    mg_unbind();
    mg_settle(nested);
    end(observed);
    end(enforced);
}

static void a_switch_holds_for_those_that_run(void)
{
    struct mg_account *account = mg_account_open("switched", mg_root(), -1);
    refuse(account);
    mg_bind(account);
    CHECK(!unit_allocate(1 << 20));
    mg_enforce(false);
    void *block = unit_allocate(1 << 20);
    CHECK(block);
    int64_t denials = unit_read(account, MG_DENIALS);
    mg_enforce(true);
    CHECK(!unit_allocate(1 << 20));
    CHECK_EQ(unit_read(account, MG_DENIALS), denials + 1);
    mg_grant(account, 8 << 20);
    void *granted = unit_allocate(1 << 20);
    CHECK(granted);
    mg_free(granted);
    mg_free(block);
    CHECK_EQ(unit_read(account, MG_USED), 0);
    end(account);
}

int main(void)
{
    mg_start(NULL, true);
    const char *const settings[] = { "mode=enforce", "targets=nothing-here" };
    CHECK(!mg_arm(settings, 2));
    one_that_is_observed_is_not_denied_while_others_are();
    a_switch_holds_for_those_that_run();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
