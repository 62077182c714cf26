/* Accounts that divide their limit fairly: each of those that are active is sure of its share, and what nobody uses is lent. */
#include "unit.h"

#include "fair.h"
#include "path.h"
#include "rows.h"

enum { KB = 1 << 10, LIMIT = 1200 * KB, PART = 100 * KB };

static struct mg_account *top;

static struct mg_account *nest(struct mg_account *parent, int64_t limit)
{
    struct mg_account *account = mg_account_of(mg_account_nest("nested", mg_account_handle(parent), limit));
    CHECK(account);
    return account;
}

static void end(struct mg_account *account)
{
    mg_scopes_end(mg_account_handle(account));
    CHECK(!account->listed);
}

static int64_t share(struct mg_account *account)
{
    return mg_account_share(mg_account_handle(account));
}

static int64_t reserve(struct mg_account *account, int64_t bytes, bool in_part)
{
    return mg_account_reserve(mg_account_handle(account), bytes, in_part);
}

static int64_t give_back(struct mg_account *account, int64_t bytes)
{
    return mg_account_give_back(mg_account_handle(account), bytes);
}

/* As a charge that needs so much, to the byte. */
static bool take(struct mg_account *account, int64_t bytes)
{
    return mg_grants_take(account, UNIT_LIBRARY, bytes, bytes) == bytes;
}

static void free_of(struct mg_account *account, int64_t bytes)
{
    mg_accounts_move_taken(account, -bytes);
}

static struct mg_account *one, *other;
static void two_begin(void)
{
    one = nest(top, -1);
    other = nest(top, -1);
    CHECK_EQ(MG_LOAD(top->taken), 0);
}

static void two_end(void)
{
    end(one);
    end(other);
    CHECK_EQ(MG_LOAD(top->taken), 0);
    CHECK_EQ(MG_LOAD(top->claims), 0);
    CHECK_EQ((int64_t)MG_LOAD(top->active), 0);
}

static void who_is_alone_has_all(void)
{
    two_begin();
    CHECK_EQ(share(one), LIMIT);
    CHECK(take(one, LIMIT));
    CHECK(!take(one, 1));
    CHECK_EQ(share(one), LIMIT);
    CHECK_EQ(share(other), LIMIT / 2); /* it would be the second one */
    free_of(one, LIMIT);
    CHECK_EQ(share(other), LIMIT);
    two_end();
}

static void what_is_lent_is_called_back_for_who_is_owed_it(void)
{
    two_begin();
    CHECK(take(one, 10 * PART));
    CHECK(take(other, 2 * PART));
    CHECK(!take(other, 3 * PART)); /* it is owed four */
    CHECK_EQ(MG_LOAD(top->claims), 3 * PART);
    free_of(one, 2 * PART);
    CHECK(!take(one, 1)); /* that is kept */
    CHECK(!take(other, 3 * PART));
    free_of(one, PART);
    CHECK(take(other, 3 * PART));
    CHECK_EQ(MG_LOAD(top->claims), 0);
    CHECK_EQ(MG_LOAD(top->taken), LIMIT);
    free_of(other, 5 * PART);
    CHECK(take(one, 5 * PART)); /* lent again */
    free_of(one, LIMIT);
    two_end();
}

static void what_is_kept_for_one_is_no_more_than_its_share(void)
{
    two_begin();
    CHECK(take(one, 10 * PART));
    CHECK(take(other, 2 * PART));
    CHECK(!take(other, 5 * PART));
    CHECK_EQ(MG_LOAD(top->claims), 0); /* of seven it has no claim to any */
    free_of(one, 2 * PART);
    CHECK(take(one, 2 * PART));
    free_of(one, 10 * PART);
    free_of(other, 2 * PART);
    two_end();
}

static void a_claim_ends_with_who_has_it(void)
{
    two_begin();
    struct mg_account *third = nest(top, -1);
    CHECK(take(one, LIMIT));
    CHECK(!take(third, 4 * PART));
    CHECK_EQ(MG_LOAD(top->claims), 4 * PART);
    CHECK_EQ((int64_t)MG_LOAD(top->active), 2);
    free_of(one, PART);
    CHECK(!take(one, PART));
    end(third);
    CHECK_EQ(MG_LOAD(top->claims), 0);
    CHECK(take(one, PART));
    free_of(one, LIMIT);
    two_end();
}

static void who_holds_nothing_any_more_does_not_count(void)
{
    two_begin();
    struct mg_account *third = nest(top, -1);
    CHECK(take(one, 6 * PART) && take(other, 5 * PART) && take(third, PART));
    CHECK_EQ(share(one), 4 * PART);
    CHECK(!take(third, 2 * PART));
    free_of(third, PART);
    CHECK_EQ(share(one), 4 * PART); /* it has a claim */
    CHECK(take(third, PART));
    free_of(one, PART);
    CHECK(take(third, PART));
    free_of(third, 2 * PART);
    CHECK_EQ(MG_LOAD(top->claims), 0);
    CHECK_EQ(share(one), 6 * PART);
    free_of(one, 5 * PART);
    free_of(other, 5 * PART);
    end(third);
    two_end();
}

/* Charges of the account itself have no share of what it divides. */
static void the_one_above_takes_nothing_that_is_kept(void)
{
    two_begin();
    CHECK(take(one, 11 * PART));
    CHECK(!take(other, 2 * PART));
    CHECK(!take(top, PART));
    free_of(one, PART);
    CHECK(take(other, 2 * PART));
    free_of(other, 2 * PART);
    CHECK(take(top, PART));
    free_of(top, PART);
    free_of(one, 10 * PART);
    two_end();
}

static void no_more_than_a_share_can_be_reserved(void)
{
    two_begin();
    CHECK(take(one, PART));
    CHECK_EQ(reserve(other, 7 * PART, false), 0);
    CHECK_EQ(reserve(other, 7 * PART, true), 6 * PART);
    CHECK_EQ(reserve(one, 6 * PART, true), 5 * PART);
    CHECK(!take(top, 1));
    CHECK(take(one, 5 * PART)); /* out of its reserve */
    CHECK(!take(one, 1));
    CHECK_EQ(give_back(other, 6 * PART), 6 * PART);
    CHECK(take(one, 6 * PART));
    CHECK_EQ(reserve(other, 6 * PART, false), 0); /* it is in use: this is a claim */
    CHECK_EQ(MG_LOAD(top->claims), 6 * PART);
    free_of(one, 11 * PART);
    CHECK_EQ(MG_LOAD(one->reserve), 5 * PART);
    CHECK_EQ(reserve(other, 6 * PART, false), 6 * PART);
    CHECK_EQ(MG_LOAD(top->claims), 0);
    free_of(one, PART);
    two_end();
}

/* Where nothing can be denied, who is owed it takes it, and who has more than its own is who is denied. */
static void under_overdraft_the_denial_is_of_who_borrows(void)
{
    two_begin();
    mg_libraries[UNIT_LIBRARY].fate = MG_FATE_OVERDRAFT;
    CHECK(take(one, LIMIT));
    int64_t denials = unit_read(top, MG_DENIALS);
    CHECK(take(other, 2 * PART));
    CHECK_EQ(unit_read(top, MG_DENIALS), denials);
    CHECK_EQ(MG_LOAD(top->taken), LIMIT + 2 * PART);
    CHECK(take(one, PART));
    CHECK_EQ(unit_read(top, MG_DENIALS), denials + 1);
    mg_libraries[UNIT_LIBRARY].fate = MG_FATE_UNSET;
    free_of(one, LIMIT + PART);
    free_of(other, 2 * PART);
    two_end();
}

/* Of the process's own limit, 8 MB. */
static void the_process_divides_its_limit(void)
{
    const int64_t mb = KB << 10;
    end(top);
    CHECK(mg_account_share_fairly(mg_account_handle(mg_root()), true));
    one = nest(mg_root(), -1);
    other = nest(mg_root(), -1);
    CHECK(take(one, 7 * mb));
    CHECK(!take(other, 3 * mb));
    free_of(one, 2 * mb);
    CHECK(!take(one, mb));
    CHECK(!take(mg_root(), mb));
    CHECK(take(other, 3 * mb));
    free_of(one, 5 * mb);
    free_of(other, 3 * mb);
    end(one);
    end(other);
    CHECK(mg_account_share_fairly(mg_account_handle(mg_root()), false));
}

/* As start.c leaves the root then. */
static void a_process_without_a_limit_has_nothing_to_divide(void)
{
    const int64_t limit = mg_root()->limit, granted = MG_LOAD(mg_root()->granted);
    mg_root()->limit = -1;
    MG_STORE(mg_root()->granted, INT64_MAX / 4);
    CHECK(mg_account_share_fairly(mg_account_handle(mg_root()), true));
    one = nest(mg_root(), -1);
    CHECK_EQ(share(one), -1);
    CHECK(take(one, PART));
    CHECK_EQ(share(one), -1);
    free_of(one, PART);
    end(one);
    CHECK(mg_account_share_fairly(mg_account_handle(mg_root()), false));
    mg_root()->limit = limit;
    MG_STORE(mg_root()->granted, granted);
}

/* ---- Everybody at once ---- */

enum { CROWD = 6 };
static struct mg_account *crowded[3];
static _Atomic(int64_t) most;
static void *crowd(void *number)
{
    unsigned seed = (unsigned)(uintptr_t)number;
    void *blocks[16] = { 0 };
    mg_bind(crowded[seed % 3]);
    for (int i = 0; i < 20000; i++) {
        unsigned slot = (unsigned)rand_r(&seed) % 16;
        if (blocks[slot])
            mg_free(blocks[slot]);
        blocks[slot] = NULL;
        CHECK(mg_allocate(UNIT_LIBRARY, (size_t)rand_r(&seed) % (300 * KB), 0, false, &blocks[slot]));
        mg_accounts_raise(&most, MG_LOAD(top->taken));
        if (rand_r(&seed) % 50 == 0 && reserve(crowded[seed % 3], PART, true))
            give_back(crowded[seed % 3], INT64_MAX);
        if (rand_r(&seed) % 500 == 0)
            mg_account_share_fairly(mg_account_handle(top), rand_r(&seed) % 4);
    }
    for (int i = 0; i < 16; i++)
        if (blocks[i])
            mg_free(blocks[i]);
    mg_unbind();
    return NULL;
}

static void all_at_once_the_limit_holds_and_in_the_end_each_has_its_share(void)
{
    pthread_t threads[CROWD];
    top = nest(mg_root(), LIMIT);
    for (int i = 0; i < 3; i++)
        crowded[i] = nest(top, -1);
    CHECK(mg_account_share_fairly(mg_account_handle(top), true));
    for (uintptr_t i = 0; i < CROWD; i++)
        CHECK(!pthread_create(&threads[i], NULL, crowd, (void *)i));
    for (int i = 0; i < CROWD; i++)
        CHECK(!pthread_join(threads[i], NULL));
    CHECK(MG_LOAD(most) > LIMIT / 2 && MG_LOAD(most) <= LIMIT);
    CHECK(unit_read(top, MG_DENIALS) > 0);
    mg_accounts_collect(top);
    CHECK_EQ(MG_LOAD(top->taken), 0);
    CHECK(mg_account_share_fairly(mg_account_handle(top), true));
    for (int i = 0; i < 3; i++)
        CHECK(take(crowded[i], LIMIT / 3));
    for (int i = 0; i < 3; i++) {
        free_of(crowded[i], LIMIT / 3);
        end(crowded[i]);
    }
    end(top);
}

int main(void)
{
    unit_start("enforce", "8m");
    top = nest(mg_root(), LIMIT);
    CHECK(mg_account_share_fairly(mg_account_handle(top), true));
    who_is_alone_has_all();
    what_is_lent_is_called_back_for_who_is_owed_it();
    what_is_kept_for_one_is_no_more_than_its_share();
    a_claim_ends_with_who_has_it();
    who_holds_nothing_any_more_does_not_count();
    the_one_above_takes_nothing_that_is_kept();
    no_more_than_a_share_can_be_reserved();
    under_overdraft_the_denial_is_of_who_borrows();
    the_process_divides_its_limit();
    a_process_without_a_limit_has_nothing_to_divide();
    all_at_once_the_limit_holds_and_in_the_end_each_has_its_share();
    CHECK(!mg_account_share_fairly(12345, true));
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
