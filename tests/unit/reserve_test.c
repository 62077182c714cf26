/* Reservations: bytes held for an account by those above it, to be used or given back, whoever else takes or gives back meanwhile. */
#include "unit.h"

#include "path.h"

enum { KB = 1 << 10, LIMIT = 1000 * KB };

static struct mg_account *top;

static int64_t nest(struct mg_account *parent, int64_t limit)
{
    struct mg_account *account = mg_account_of(mg_account_nest("nested", mg_account_handle(parent), limit));
    CHECK(account);
    return mg_account_handle(account);
}

static void *try_to_allocate(size_t size)
{
    void *block = NULL;
    CHECK(mg_allocate(UNIT_LIBRARY, size, 0, false, &block));
    return block;
}

static int64_t taken(void)
{
    return MG_LOAD(top->taken);
}

static void what_is_reserved_nobody_else_gets(void)
{
    int64_t one = nest(top, -1), other = nest(top, -1);
    CHECK_EQ(mg_account_reserve(one, 600 * KB, false), 600 * KB);
    CHECK_EQ(unit_read(mg_account_of(one), MG_RESERVATION), 600 * KB);
    CHECK_EQ(unit_read(mg_account_of(one), MG_USED), 0);
    CHECK_EQ(unit_read(top, MG_PEAK), 0);
    CHECK_EQ(taken(), 600 * KB);
    CHECK_EQ(mg_account_reserve(other, 600 * KB, false), 0);
    mg_bind(mg_account_of(other));
    CHECK(!try_to_allocate(600 * KB));
    mg_bind(mg_account_of(one));
    void *block = try_to_allocate(512 * KB);
    CHECK(block);
    CHECK(taken() < 700 * KB); /* not twice */
    CHECK_EQ(mg_account_give_back(one, 600 * KB), 600 * KB - MG_LOAD(mg_account_of(one)->taken));
    CHECK_EQ(taken(), MG_LOAD(mg_account_of(one)->taken));
    mg_free(block);
    mg_unbind();
    CHECK_EQ(taken(), 0);
    mg_scopes_end(one);
    mg_scopes_end(other);
}

static void what_is_freed_is_held_again_until_it_is_given_back(void)
{
    int64_t one = nest(top, -1);
    CHECK_EQ(mg_account_reserve(one, 400 * KB, false), 400 * KB);
    mg_bind(mg_account_of(one));
    mg_free(try_to_allocate(700 * KB));
    mg_unbind();
    CHECK_EQ(taken(), 400 * KB);
    CHECK_EQ(mg_account_give_back(one, 100 * KB), 100 * KB);
    CHECK_EQ(taken(), 300 * KB);
    CHECK_EQ(mg_account_give_back(one, INT64_MAX), 300 * KB);
    CHECK_EQ(mg_account_give_back(one, 1), 0);
    CHECK_EQ(taken(), 0);
    mg_scopes_end(one);
}

static void a_request_may_be_granted_in_part(void)
{
    int64_t one = nest(top, -1), small = nest(top, 100 * KB);
    CHECK_EQ(mg_account_reserve(one, 700 * KB, false), 700 * KB);
    CHECK_EQ(mg_account_reserve(small, 900 * KB, true), 100 * KB); /* its own limit */
    CHECK_EQ(mg_account_reserve(small, 1, true), 0);
    CHECK_EQ(mg_account_reserve(one, 900 * KB, true), 200 * KB); /* what is left above */
    CHECK_EQ(taken(), LIMIT);
    CHECK_EQ(mg_account_reserve(one, -5, true), 0);
    mg_scopes_end(one); /* with all that is held for it */
    CHECK_EQ(taken(), 100 * KB);
    mg_scopes_end(small);
    CHECK_EQ(taken(), 0);
    CHECK_EQ(mg_account_reserve(small, 1, true), 0);
}

/* The limit of the process: 8 MB. A refused charge puts back into the reserve what it drew of it, and no more. */
static void what_the_holder_refuses_leaves_the_reserve_as_it_was(void)
{
    const int64_t mb = KB << 10, most = 8 * mb;
    int64_t one = nest(mg_root(), -1);
    struct mg_account *account = mg_account_of(one);
    CHECK_EQ(mg_account_reserve(one, 5 * mb, false), 5 * mb);
    int64_t before = mg_scopes_enter(one);
    void *block = try_to_allocate((size_t)(5 * mb - 64 * KB));
    CHECK(block);
    int64_t reserve = MG_LOAD(account->reserve), all = MG_LOAD(mg_root()->taken);
    CHECK(!try_to_allocate((size_t)(4 * mb)));
    CHECK(!try_to_allocate((size_t)(4 * mb)));
    CHECK(MG_LOAD(account->reserve) <= reserve && MG_LOAD(mg_root()->taken) <= all);
    CHECK(unit_read(mg_root(), MG_USED) <= most);
    CHECK(unit_read(mg_root(), MG_DENIALS) >= 2);
    mg_free(block);
    mg_scopes_leave(before);
    mg_scopes_end(one);
}

static void nobody_can_reserve_more_than_a_process_can_have(void)
{
    int64_t one = nest(top, -1);
    CHECK_EQ(mg_account_reserve(one, INT64_MAX, false), 0);
    CHECK_EQ(mg_account_reserve(one, INT64_MAX, true), 0);
    CHECK_EQ(unit_read(mg_account_of(one), MG_RESERVATION), 0);
    mg_scopes_end(one);
}

/* Everybody does everything at once, with an end in between: at rest nothing is left anywhere. */
static _Atomic(int64_t) scope;
static void *crowd(void *number)
{
    unsigned seed = (unsigned)(uintptr_t)number;
    for (int i = 0; i < 30000; i++) {
        int64_t here = MG_LOAD(scope);
        int64_t bytes = rand_r(&seed) % (200 * KB) + 1;
        switch (rand_r(&seed) % 8) {
        case 0:
            CHECK(mg_account_reserve(here, bytes, rand_r(&seed) % 2) <= bytes);
            break;
        case 1:
            CHECK(mg_account_give_back(here, bytes) <= bytes);
            break;
        case 2:
            if (rand_r(&seed) % 40 == 0) {
                int64_t next = nest(top, rand_r(&seed) % 2 ? -1 : 500 * KB);
                mg_scopes_end(atomic_exchange(&scope, next));
            }
            break;
        default: {
            int64_t before = mg_scopes_enter(here);
            void *block = try_to_allocate((size_t)bytes);
            mg_scopes_leave(before);
            if (block)
                mg_free(block);
        }
        }
        CHECK(taken() <= LIMIT);
    }
    return NULL;
}

static void all_at_once_and_at_rest_nothing_is_left(void)
{
    pthread_t threads[6];
    scope = nest(top, -1);
    for (uintptr_t i = 0; i < 6; i++)
        CHECK(!pthread_create(&threads[i], NULL, crowd, (void *)(i + 1)));
    for (int i = 0; i < 6; i++)
        CHECK(!pthread_join(threads[i], NULL));
    mg_scopes_end(scope);
    mg_accounts_collect(mg_root());
    CHECK_EQ(top->children, 0);
    CHECK_EQ(taken(), 0);
    CHECK_EQ(unit_read(top, MG_USED), 0);
}

int main(void)
{
    unit_start("enforce", "8m");
    top = mg_account_of(nest(mg_root(), LIMIT));
    what_is_reserved_nobody_else_gets();
    what_is_freed_is_held_again_until_it_is_given_back();
    a_request_may_be_granted_in_part();
    what_the_holder_refuses_leaves_the_reserve_as_it_was();
    nobody_can_reserve_more_than_a_process_can_have();
    all_at_once_and_at_rest_nothing_is_left();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
