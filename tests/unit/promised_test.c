/* What may be used next without a question: granted and not taken, taken and not touched, on its way between Spark and an account, and
 * what libraries that charge Spark themselves have declared. */
#include "headroom.h"
#include "mappings.h"
#include "unit.h"

#include <sys/mman.h>

#define MB ((int64_t)1 << 20)

static void look(int64_t room)
{
    mg_headroom_looked(mg_headroom_look(), room);
}

static void what_was_never_touched_is_promised(void)
{
    struct mg_account *account = mg_account_open("promised", mg_root(), -1);
    mg_bind(account);
    int64_t before = mg_headroom_promised(0);
    mg_grant(account, 300 * MB);
    CHECK(mg_headroom_promised(0) >= before + 299 * MB);
    char *block = unit_allocate((size_t)(200 * MB));
    CHECK(mg_headroom_promised(0) >= before + 299 * MB);
    memset(block, 1, (size_t)(200 * MB));
    int64_t after = mg_headroom_promised(0);
    CHECK(after >= before + 99 * MB && after <= before + 101 * MB);
    mg_free(block);
    mg_unbind();
    mg_stop_requests(account);
    CHECK_EQ(mg_settle(account), 300 * MB);
}

/* The table of mappings is looked at in parts. */
static void what_was_touched_of_mappings_is_no_promise(void)
{
    struct mg_account *account = mg_account_open("maps", mg_root(), -1);
    size_t size = (size_t)(200 * MB);
    int protection = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
    mg_bind(account);
    mg_grant(account, 500 * MB);
    int64_t before = mg_mappings_touched();
    char *one = (char *)mg_map(UNIT_LIBRARY, NULL, size, protection, flags, -1, 0);
    char *never = (char *)mg_map(UNIT_LIBRARY, NULL, size, PROT_NONE, flags, -1, 0);
    char *other = (char *)mg_map(UNIT_LIBRARY, NULL, (size_t)MB, protection, flags, -1, 0);
    memset(one, 1, size);
    memset(other, 1, (size_t)MB);
    CHECK_EQ(mg_mappings_touched(), before + 201 * MB);
    mg_unmap(one, size);
    mg_unmap(never, size);
    mg_unmap(other, (size_t)MB);
    CHECK_EQ(mg_mappings_touched(), before);
    mg_unbind();
    mg_settle(account);
}

/* What Spark has granted and no account has yet, or any more, may be used next. */
static void what_is_on_its_way_is_promised(void)
{
    struct mg_account *account = mg_account_open("on its way", mg_root(), -1);
    struct mg_account *other = mg_account_open("has its grant", mg_root(), -1);
    mg_grant(other, 500 * MB);
    mg_grant(account, 10 * MB);
    look(MB);
    CHECK(mg_lend(account, MB));
    int64_t without = mg_headroom_promised(0);
    int64_t granted = MG_LOAD(mg_root()->granted) + 510 * MB;
    CHECK_EQ(mg_headroom_promised(granted), without);
    CHECK_EQ(mg_headroom_promised(granted + 64 * MB), without + 64 * MB);
    CHECK_EQ(mg_settle(account), 10 * MB); /* Spark gets them back in a moment */
    CHECK_EQ(mg_headroom_promised(granted) - mg_headroom_promised(0), 10 * MB);
    mg_settle(other);
}

/* What a library has declared to Spark by itself is in an account's grant, but not in what Spark granted us. */
static void what_a_library_has_declared_itself_hides_nothing_on_its_way(void)
{
    struct mg_account *account = mg_account_open("declares", mg_root(), -1);
    int64_t granted = MG_LOAD(mg_root()->granted);
    int64_t before = mg_headroom_promised(granted);
    mg_cover(account, 40 * MB, 40 * MB, 0);
    CHECK_EQ(mg_headroom_promised(granted), before + 40 * MB);
    CHECK_EQ(mg_headroom_promised(granted + 64 * MB), before + 104 * MB);
    mg_settle(account);
}

static void what_is_declared_and_not_used_yet_is_promised(void)
{
    struct mg_account *account = mg_account_open("declares in advance", mg_root(), -1);
    int64_t granted = MG_LOAD(mg_root()->granted);
    int64_t before = mg_headroom_promised(granted);
    mg_cover(account, 70 * MB, 40 * MB, 0);
    mg_cover(mg_root(), 30 * MB, 10 * MB, 0);
    CHECK_EQ(mg_headroom_promised(granted), before + 70 * MB);
    mg_cover(mg_root(), 0, 0, 0);
    mg_settle(account);
}

int main(void)
{
    mg_headroom_serves_ns = INT64_MAX; /* however slow the machine is */
    mg_start(NULL, true);
    const char *const settings[] = { "mode=enforce", "targets=nothing-here" };
    CHECK(!mg_arm(settings, 2));
    mg_grant(mg_root(), 64 * MB); /* more than is touched of nobody's: a promise is never below 0 */
    what_was_never_touched_is_promised();
    what_was_touched_of_mappings_is_no_promise();
    what_is_on_its_way_is_promised();
    what_a_library_has_declared_itself_hides_nothing_on_its_way();
    what_is_declared_and_not_used_yet_is_promised();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
