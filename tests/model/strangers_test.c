/* The list of what strangers freed (heap.c): every block comes off it once, with what was written into it, also when it
 * comes back to the list at the same address meanwhile. */
#include "jemalloc.h"
#include "model_blocks.h"

static struct mg_heap *heap;
static void *blocks[3];

static void three_blocks(void)
{
    model_start();
    heap = mg_root()->heap;
    for (int i = 0; i < 3; i++)
        blocks[i] = mgje_malloc(MODEL_BLOCK);
}

static void push(void *block)
{
    *(long *)block = 7; /* the last that its owner does with it */
    mg_heap_push_remote(heap, block);
}

static void push_first(void)
{
    push(blocks[0]);
}

static void push_second_and_third(void)
{
    push(blocks[1]);
    push(blocks[2]);
}

static void push_second(void)
{
    push(blocks[1]);
}

/* What comes off the list is used and freed again: the same address is on the list a second time. */
static void drain_and_push_again(void)
{
    mg_heap_drain(heap, false);
    push(mgje_malloc(MODEL_BLOCK));
}

static void drain(void)
{
    mg_heap_drain(heap, false);
}

static void all_came_off_once(void)
{
    mg_heap_drain(heap, false);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < i; j++)
            CHECK(blocks[i] != blocks[j]);
    size_t first = model_free_blocks();
    CHECK(first == 3 || first == 4); /* the fourth: nothing was there to be used again */
}

static void two_came_off_once(void)
{
    mg_heap_drain(heap, false);
    CHECK(model_free_blocks() == 2 || model_free_blocks() == 3);
}

const struct model_case model_cases[] = { { "two push, one drains",
                                            three_blocks,
                                            { push_first, push_second_and_third, drain },
                                            all_came_off_once,
                                            0 },
                                          { "two push, one drains and uses a block again",
                                            three_blocks,
                                            { push_first, push_second, drain_and_push_again },
                                            two_came_off_once,
                                            3 },
                                          { 0 } };
