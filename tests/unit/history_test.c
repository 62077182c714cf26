/* The history of what is used: never more points than there is room for, in order, as fine as their number allows, and no peak goes, whatever
 * happened between two points and however often points became one. */
#include "test.h"

#include "history.h"
#include "rows.h"

#include <stdbool.h>
#include <string.h>

#define MS 1000000
#define BEGAN (5 * (int64_t)1000000000)
enum { LIBRARY = 7, MANY = 100000 };

static const struct mg_history *history;

static void add(int64_t ms, int64_t used, int64_t peak, int64_t denials)
{
    struct mg_history_total total = {
        .used = used, .peak = peak, .granted = used + 5, .limit = 1 << 30, .denials = denials
    };
    mg_history_begin(BEGAN + ms * MS);
    mg_history_library(LIBRARY, used, peak);
    mg_history_end(&total);
}

static void is_in_order(int64_t last_ms)
{
    CHECK(history->count && history->count <= MG_HISTORY_POINTS);
    CHECK_EQ(history->ms[history->count - 1], last_ms);
    for (unsigned i = 1; i < history->count; i++) {
        CHECK(history->ms[i] > history->ms[i - 1]);
        CHECK(history->ms[i] / history->interval_ms > history->ms[i - 1] / history->interval_ms);
        CHECK(history->denials[i] >= history->denials[i - 1]);
    }
}

static unsigned places_of(const int64_t *figures, int64_t value, unsigned *at)
{
    unsigned places = 0;
    for (unsigned i = 0; i < history->count; i++) {
        *at = figures[i] == value ? i : *at;
        places += figures[i] == value;
    }
    return places;
}

/* Steps of 3 ms, among them one in which much was taken and given back before the point, and one where it is in use at the point. */
static void peaks_stay_where_they_were(void)
{
    unsigned at = 0;
    for (int i = 0; i < MANY; i++) {
        add(3 * i, i == 70000 ? 900 : 100, i < 40000 ? 200 : i < 70000 ? 800 : 900, i / 10);
        is_in_order(3 * i);
        CHECK(history->interval_ms <= 10 || history->interval_ms <= 3 * i / 256);
    }
    CHECK(history->count >= MG_HISTORY_POINTS / 4);
    for (int peak = 0; peak < 2; peak++) {
        int64_t value = peak ? 900 : 800, ms = peak ? 70000 * 3 : 40000 * 3;
        CHECK_EQ(places_of(history->libraries[LIBRARY], value, &at), 1);
        CHECK(history->ms[at] >= ms && history->ms[at - 1] < ms);
        CHECK_EQ(places_of(history->used, value, &at), 1);
        CHECK(history->ms[at] >= ms && history->ms[at - 1] < ms);
    }
    CHECK_EQ(history->denials[history->count - 1], (MANY - 1) / 10);
    CHECK_EQ(places_of(history->granted, 905, &at), 1);
    CHECK_EQ(history->limit[0], 1 << 30);
    for (int i = 0; i < MG_LIBRARIES; i++)
        CHECK_EQ(history->is_used[i], i == LIBRARY);
}

/* Points far apart, as of a process that hardly allocates: those that are near each other become one, the others stay. */
static void a_child_begins_anew_and_may_be_quiet(void)
{
    int64_t ms = 0;
    mg_history_after_fork_in_child();
    CHECK_EQ(history->count, 0);
    add(4000000, 1, 900, 0);
    CHECK_EQ(history->ms[0], 0);
    CHECK_EQ(history->libraries[LIBRARY][0], 1);
    for (int i = 1; i < 2000; i++) {
        ms += i % 100 ? 11 : 100000;
        add(4000000 + ms, 50 + i, 900, 0);
        is_in_order(ms);
    }
    CHECK(history->count > 19);
    CHECK_EQ(history->used[history->count - 1], 2049);
}

/* Nothing moves for ten seconds, then much is taken: until then there was little. */
static void a_quiet_time_has_what_was_before_it(void)
{
    mg_history_after_fork_in_child();
    add(0, 10, 10000, 1); /* a peak that is new */
    add(3, 20, 10000, 1);
    add(10000, 3000, 10000, 4);
    CHECK_EQ(history->count, 3);
    CHECK(history->ms[1] == 9999 && history->used[1] == 20 && history->libraries[LIBRARY][1] == 20);
    CHECK(history->granted[1] == 25 && history->limit[1] == 1 << 30 && history->denials[1] == 1);
    CHECK(history->ms[2] == 10000 && history->used[2] == 3000 && history->denials[2] == 4);
    is_in_order(10000);
}

static void the_largest_accounts_are_named(void)
{
    mg_history_after_fork_in_child();
    for (int turn = 0; turn < 3; turn++) {
        mg_history_begin(BEGAN + turn);
        for (int i = 1; i <= 100; i++)
            mg_history_account((uint64_t)i, i == 50 && turn == 1 ? 7000 : i * 37 % 101);
        mg_history_account(200, 0);
        mg_history_end(&(struct mg_history_total){ .granted = -1, .limit = -1 });
    }
    CHECK_EQ(history->count, 1);
    CHECK(history->accounts[0][0].id == 50 && history->accounts[0][0].used == 7000);
    for (int i = 1; i < MG_HISTORY_ACCOUNTS; i++) {
        CHECK_EQ(history->accounts[0][i].used, 101 - i);
        CHECK_EQ(history->accounts[0][i].id * 37 % 101, (uint64_t)(101 - i));
    }
}

/* As many libraries as there can be, at the largest figures. */
static void the_report_has_a_bounded_part_of_it(void)
{
    struct mg_text text = mg_text_new();
    mg_history_after_fork_in_child();
    for (int i = 0; i < MG_LIBRARIES; i++)
        memset(mg_libraries[i].name, '\1', sizeof mg_libraries[i].name - 1);
    for (int i = 0; i < MG_HISTORY_POINTS; i++) {
        mg_history_begin(BEGAN + (INT64_C(1) << 53) + i * (INT64_C(10) * MS));
        for (unsigned library = 0; library < MG_LIBRARIES; library++)
            mg_history_library(library, INT64_MAX / 100 + library, INT64_MAX / 100 + library);
        for (uint64_t id = 1; id <= MG_HISTORY_ACCOUNTS; id++)
            mg_history_account(UINT64_MAX - id, INT64_MAX - 1);
        mg_history_end(&(struct mg_history_total){ INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX });
    }
    CHECK_EQ(history->count, MG_HISTORY_POINTS);
    mg_history_add(&text);
    CHECK(text.at && text.length > 300000);
    CHECK(text.size < 1 << 20); /* what was made room for sufficed */
    CHECK(strstr(text.at, "\"interval_ms\":10,"));
    CHECK(!strcmp(text.at + text.length - 3, "]]}"));
    mg_text_free(text.at, text.size);
}

static void a_report_without_room_goes_on_without_it(void)
{
    struct mg_text text = mg_text_new();
    mg_text_add(&text, "before");
    CHECK(!mg_text_make_room(&text, SIZE_MAX / 4));
    mg_text_add(&text, " and after");
    CHECK(!strcmp(text.at, "before and after"));
    mg_text_free(text.at, text.size);
}

int main(void)
{
    mg_history_begin(1); /* nothing yet, for want of memory say */
    mg_history_library(LIBRARY, 1, 1);
    mg_history_end(&(struct mg_history_total){ 0 });
    CHECK(!mg_history_read());
    mg_history_start();
    CHECK((history = mg_history_read()));
    peaks_stay_where_they_were();
    a_child_begins_anew_and_may_be_quiet();
    a_quiet_time_has_what_was_before_it();
    the_largest_accounts_are_named();
    the_report_has_a_bounded_part_of_it();
    a_report_without_room_goes_on_without_it();
    return 0;
}
