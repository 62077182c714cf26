/* Credit, or a magazine, that is recalled while its thread charges and refunds: it is the thread's or the account's again,
 * never both's and never nobody's; and nothing keeps the thread from going on. */
#include "jemalloc.h"
#include "magazines.h"
#include "model_blocks.h"
#include "recall.h"

static struct mg_account *task;
static struct mg_lane *lane;

static void a_thread_with(int64_t credit)
{
    model_start();
    task = model_open("task");
    model_become(1);
    mg_bind(task);
    lane = mg_self.lane;
    MG_STORE(lane->ceiling, 2000);
    MG_STORE(lane->credit, credit);
    MG_STORE(lane->low, credit);
    mg_accounts_move_taken(task, credit);
    MG_STORE(task->lends, true);
    model_become(0);
}

static void a_thread_with_credit(void)
{
    a_thread_with(1000);
}

/* So little that it charges slowly, and sets the ceiling anew. */
static void a_thread_with_little_credit(void)
{
    a_thread_with(10);
}

static void charge(void)
{
    mg_enter_from_outside(&mg_self);
    CHECK(mg_credit_charge(&mg_self, LIBRARY, 64));
    mg_leave_to_outside(&mg_self);
}

static void refund(void)
{
    mg_enter_from_outside(&mg_self);
    mg_credit_refund(&mg_self, LIBRARY, 64);
    mg_leave_to_outside(&mg_self);
}

static void a_thread_that_has_charged(void)
{
    a_thread_with_credit();
    model_become(1);
    charge();
    model_become(0);
}

static void charge_and_refund(void)
{
    charge();
    refund();
}

static void charge_twice(void)
{
    charge();
    charge();
}

static void recall(void)
{
    mg_enter(&mg_self);
    mg_recall_credit(task, false);
    mg_leave(&mg_self);
}

static void is_whole(int64_t used)
{
    CHECK(model_used(task) == used);
    CHECK(MG_LOAD(lane->credit) >= 0 && MG_LOAD(lane->floor) == 0 && MG_LOAD(lane->ceiling) >= 0);
    CHECK(MG_LOAD(task->taken) == used + MG_LOAD(lane->credit));
    CHECK(MG_LOAD(task->total) == MG_LOAD(task->taken));
    CHECK(!MG_LOAD(lane->credit) || MG_LOAD(task->lends)); /* else it would never be recalled */
}

static void nothing_is_used(void)
{
    is_whole(0);
}

static void one_is_used(void)
{
    is_whole(64);
}

static void two_are_used(void)
{
    is_whole(128);
}

static void a_thread_with_two_blocks_at_hand(void)
{
    a_thread_with_credit();
    mg_magazines_start();
    model_become(1);
    mg_enter(&mg_self);
    (void)mg_charges_tag(&mg_self, LIBRARY);
    for (int i = 0; i < 2; i++) {
        mg_self.magazines->blocks[1][i] = mgje_malloc(MODEL_BLOCK);
        MG_STORE(mg_self.magazines->count[1], (uint8_t)(i + 1));
    }
    mg_leave(&mg_self);
    model_become(0);
}

static void *block;

static void allocate_at_hand(void)
{
    block = mg_allocate_at_hand(LIBRARY, MODEL_BLOCK);
    if (block)
        *(long *)block = 1;
}

/* Its block and one more at hand. */
static void a_thread_with_a_block(void)
{
    a_thread_with_two_blocks_at_hand();
    model_become(1);
    allocate_at_hand();
    CHECK(block);
    model_become(0);
}

static void free_block(void)
{
    mg_free(block);
    block = NULL;
}

static void allocate_and_free_at_hand(void)
{
    allocate_at_hand();
    if (block)
        free_block();
}

static void recall_magazines(void)
{
    mg_enter(&mg_self);
    mg_recall_magazines();
    mg_leave(&mg_self);
}

/* Each of the two is in one place. */
static void two_blocks_are_somewhere(void)
{
    size_t at_hand = MG_LOAD(lane->magazines->count[1]);
    CHECK(model_free_blocks() + at_hand + (block ? 1 : 0) == 2);
    for (size_t i = 0; i < at_hand; i++)
        CHECK(lane->magazines->blocks[1][i] != block);
    is_whole(block ? 64 : 0);
}

const struct model_case model_cases[] = {
    { "a charge meets a recall", a_thread_with_credit, { charge, recall }, one_is_used, 0 },
    { "two charges meet a recall", a_thread_with_credit, { charge_twice, recall }, two_are_used, 3 },
    { "a charge and a refund meet a recall",
      a_thread_with_credit,
      { charge_and_refund, recall },
      nothing_is_used,
      3 },
    { "a refund meets a recall", a_thread_that_has_charged, { refund, recall }, nothing_is_used, 0 },
    { "a slow charge and a refund meet a recall",
      a_thread_with_little_credit,
      { charge_and_refund, recall },
      nothing_is_used,
      3 },
    { "a charge meets two recalls", a_thread_with_credit, { charge, recall, recall }, one_is_used, 2 },
    { "a block is taken from a magazine that is recalled",
      a_thread_with_two_blocks_at_hand,
      { allocate_at_hand, recall_magazines },
      two_blocks_are_somewhere,
      0 },
    { "a block is put back into a magazine that is recalled",
      a_thread_with_a_block,
      { free_block, recall_magazines },
      two_blocks_are_somewhere,
      3 },
    { "a block is taken and put back",
      a_thread_with_two_blocks_at_hand,
      { allocate_and_free_at_hand, recall_magazines },
      two_blocks_are_somewhere,
      3 },
    { 0 }
};
