/* With stacks on, what is not a sample is as it was: its block is at hand, is counted down, and goes back to the magazine, also out of a
 * page where a sampled block lies, which stays one; and a page's question for its samples gives no table memory that was never written. */
#include "sampled.h"

#include "magazines.h"
#include "os.h"
#include "window.h"

enum { SIZE = 100, ROUNDS = 10 };

static unsigned at_hand(void)
{
    return mg_self.magazines->count[mg_class_of(SIZE)];
}

static void *sampled_block(void)
{
    mg_self.until_sample = 0;
    void *block = unit_allocate(SIZE);
    CHECK(mg_window_is_sampled(block));
    mg_self.until_sample = 1 << 30;
    return block;
}

static void *block_at_hand(void)
{
    void *block = mg_allocate_at_hand(UNIT_LIBRARY, SIZE);
    CHECK(block && !mg_window_is_sampled(block));
    return block;
}

static void counted_down_at_hand(void)
{
    mg_free(unit_allocate(SIZE));
    int64_t before = mg_self.until_sample;
    unsigned count = at_hand();
    void *block = block_at_hand();
    CHECK_EQ(before - mg_self.until_sample, (int64_t)mg_usable_size(block));
    CHECK_EQ(at_hand(), count - 1);
    mg_free(block);
    CHECK_EQ(at_hand(), count);
    block = mg_allocate_at_hand(UNIT_LIBRARY, 3 * MG_SMALL_LIMIT);
    CHECK(block);
    mg_free(block);
    /* The next byte begins a sample: that is for those who take their time. */
    mg_self.until_sample = 0;
    CHECK(!mg_allocate_at_hand(UNIT_LIBRARY, SIZE) && !mg_allocate_at_hand(UNIT_LIBRARY, 3 * MG_SMALL_LIMIT));
}

static void beside_a_sample(void)
{
    void *neighbours[ROUNDS];
    void *sampled = sampled_block();
    while (at_hand() <= ROUNDS)
        mg_free(unit_allocate(SIZE));
    int beside = 0;
    for (int i = 0; i < ROUNDS; i++)
        neighbours[i] = block_at_hand();
    for (int i = 0; i < ROUNDS; i++) {
        unsigned count = at_hand();
        beside += mg_window_owner(neighbours[i]).class >= MG_SAMPLED;
        mg_free(neighbours[i]);
        CHECK_EQ(at_hand(), count + 1);
    }
    CHECK(beside > 0);
    CHECK(mg_window_is_sampled(sampled));
    CHECK_EQ(stacks_estimate().samples, 1);
    unsigned count = at_hand();
    mg_free(sampled);
    CHECK(at_hand() >= count);
    CHECK_EQ(stacks_estimate().samples, 0);
}

static size_t tags_with_memory(void)
{
    return mg_os_resident((uintptr_t)mg_window.tags, ((size_t)64 << 20) / 16);
}

static void asking_costs_no_memory(void)
{
    enum { BLOCKS = 1000 };
    static void *blocks[BLOCKS];
    size_t before = tags_with_memory();
    for (int i = 0; i < BLOCKS; i++) {
        mg_self.until_sample = 0;
        blocks[i] = unit_allocate(20000);
    }
    CHECK_EQ(stacks_estimate().samples, BLOCKS);
    for (int i = 0; i < BLOCKS; i++)
        mg_free(blocks[i]);
    CHECK_EQ(tags_with_memory(), before);
}

int main(void)
{
    stacks_on("512k");
    unit_start("observe", NULL);
    mg_free(unit_allocate(SIZE));
    mg_self.until_sample = 1 << 30;
    counted_down_at_hand();
    beside_a_sample();
    asking_costs_no_memory();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
