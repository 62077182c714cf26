/* Lanes: a reader's sum is off by what is under way at most, and a lane that moves into its account's books is neither lost
 * nor counted twice. */
#include "model_blocks.h"

static struct mg_account *task;
static _Atomic(void *) given;

static void bind_with_credit(int thread, int64_t credit)
{
    model_become(thread);
    mg_bind(task);
    MG_STORE(mg_self.lane->ceiling, 1 << 20);
    MG_STORE(mg_self.lane->credit, credit);
    mg_accounts_move_taken(task, credit);
    (void)mg_charges_tag(&mg_self, LIBRARY);
    model_become(0);
}

static void one_thread(void)
{
    model_start();
    task = model_open("task");
    bind_with_credit(1, 1 << 10);
}

static void two_threads(void)
{
    one_thread();
    bind_with_credit(2, 1 << 10);
}

static void charge_and_refund(void)
{
    struct mg_self *self = &mg_self;
    CHECK(mg_credit_charge(self, LIBRARY, 64));
    mg_credit_refund(self, LIBRARY, 64);
}

static void charge_refund_and_leave(void)
{
    charge_and_refund();
    mg_unbind();
}

static void charge_and_leave(void)
{
    CHECK(mg_credit_charge(&mg_self, LIBRARY, 64));
    mg_unbind();
}

/* Of one thread's operations one is under way at most: the reader finds it half done, or its parts in another order. */
static void read_twice(void)
{
    struct mg_book first = model_read(task);
    struct mg_book second = model_read(task);
    CHECK(first.charged <= 64 && first.refunded <= 64);
    CHECK(second.charged >= first.charged && second.refunded >= first.refunded);
    CHECK(second.charged <= 64 && second.refunded <= 64);
    CHECK(second.allocations <= 1 && second.frees <= 1);
}

static void read_two(void)
{
    struct mg_book book = model_read(task);
    CHECK(book.charged >= 0 && book.charged <= 128 && book.refunded <= 128);
    CHECK(book.charged - book.refunded >= -128);
}

static void read_once(void)
{
    struct mg_book book = model_read(task);
    CHECK(book.charged >= 0 && book.charged <= 64);
    CHECK(book.allocations >= 0 && book.allocations <= 1);
}

static void all_is_given_back(void)
{
    struct mg_book book = model_read(task);
    CHECK(book.charged == 64 && book.refunded == 64 && book.allocations == 1 && book.frees == 1);
    CHECK(MG_LOAD(task->taken) == (task->lanes ? 1 << 10 : 0));
    model_become(3); /* whoever gets a lane that was left gets it empty */
    mg_bind(task);
    CHECK(model_read(task).charged == 64);
}

static void one_is_used(void)
{
    struct mg_book book = model_read(task);
    CHECK(book.charged == 64 && book.refunded == 0 && book.allocations == 1 && book.frees == 0);
    CHECK(MG_LOAD(task->taken) == 64);
}

static void charge_and_give(void)
{
    CHECK(mg_credit_charge(&mg_self, LIBRARY, 64));
    GIVE(given, &given);
}

static void take_and_refund(void)
{
    if (TAKE(given))
        mg_credit_refund(&mg_self, LIBRARY, 64);
}

static void at_rest_nothing_is_off(void)
{
    struct mg_book book = model_read(task);
    CHECK(book.charged == 64 && book.allocations == 1);
    CHECK(book.refunded == 64 * book.frees && book.frees <= 1);
}

const struct model_case model_cases[] = { { "a reader beside a charge and a refund",
                                            one_thread,
                                            { charge_and_refund, read_twice },
                                            all_is_given_back,
                                            4 },
                                          { "a reader beside a lane that is folded",
                                            one_thread,
                                            { charge_refund_and_leave, read_twice },
                                            all_is_given_back,
                                            2 },
                                          { "two readers beside a lane that is folded",
                                            one_thread,
                                            { charge_and_leave, read_once, read_once },
                                            one_is_used,
                                            3 },
                                          { "one thread charges, another refunds, a third reads",
                                            two_threads,
                                            { charge_and_give, take_and_refund, read_two },
                                            at_rest_nothing_is_off,
                                            4 },
                                          { 0 } };
