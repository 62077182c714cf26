/* The window's tables: whoever got a block reads its owner right, while other threads bring other owners into its page. */
#include "model.h"
#include "window.h"

enum { CLASS = 5 };

static char *page;
static _Atomic(char *) given;

/* A block of tag 1, the page's base; where the third block will lie, one of tag 2 was before. */
static void a_mixed_page(void)
{
    CHECK(mg_window_start());
    page = mg_window_take(0, MG_GRANULE, 0);
    CHECK(page);
    mg_window_mark(page, CLASS, 1);
    mg_window_mark(page + 64, CLASS, 2);
}

static void a_page_of_one_owner(void)
{
    CHECK(mg_window_start());
    page = mg_window_take(0, MG_GRANULE, 0);
    CHECK(page);
    mg_window_mark(page, CLASS, 1);
}

static void a_fresh_page(void)
{
    CHECK(mg_window_start());
    page = mg_window_take(0, MG_GRANULE, 0);
    CHECK(page);
}

static void is_owned_by(const char *block, unsigned tag)
{
    struct mg_owner owner = mg_window_owner(block);
    CHECK(owner.tag == tag);
    CHECK(owner.class == CLASS);
}

static void mark(char *block, unsigned tag)
{
    mg_window_mark(block, CLASS, tag);
    is_owned_by(block, tag);
}

static void the_second_for_1(void)
{
    mark(page + 64, 1);
    GIVE(given, page + 64);
}

static void the_third_for_2(void)
{
    mark(page + 128, 2);
}

static void the_fourth_for_3(void)
{
    mark(page + 192, 3);
}

static void the_third_for_3(void)
{
    mark(page + 128, 3);
}

static void the_first_stays_1(void)
{
    is_owned_by(page, 1);
    char *block = TAKE(given);
    if (block)
        is_owned_by(block, 1);
    is_owned_by(page, 1);
}

static void the_first_for_1(void)
{
    mark(page, 1);
}

static void first_and_second_1_third_2(void)
{
    is_owned_by(page, 1);
    is_owned_by(page + 64, 1);
    is_owned_by(page + 128, 2);
}

static void first_and_second_1_third_3(void)
{
    is_owned_by(page, 1);
    is_owned_by(page + 64, 1);
    is_owned_by(page + 128, 3);
}

const struct model_case model_cases[] = { { "a page becomes mixed while a block's owner is read",
                                            a_page_of_one_owner,
                                            { the_second_for_1, the_third_for_2, the_first_stays_1 },
                                            first_and_second_1_third_2,
                                            0 },
                                          { "two make a page mixed at once",
                                            a_page_of_one_owner,
                                            { the_third_for_2, the_fourth_for_3, the_second_for_1 },
                                            first_and_second_1_third_2,
                                            4 },
                                          { "a mixed page is used again",
                                            a_mixed_page,
                                            { the_second_for_1, the_third_for_3, the_first_stays_1 },
                                            first_and_second_1_third_3,
                                            0 },
                                          { "three owners meet in a fresh page",
                                            a_fresh_page,
                                            { the_first_for_1, the_second_for_1, the_third_for_3 },
                                            first_and_second_1_third_3,
                                            4 },
                                          { 0 } };
