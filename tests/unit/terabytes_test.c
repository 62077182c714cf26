/* More than 1 TB of reserved window in use at once, in blocks of 3 GB of which hardly anything is touched: all are ours, and counted to the byte; what
 * comes above the first terabyte is as everywhere else. */
#include "unit.h"

#include "window.h"

#include <sys/prctl.h>
#include <unistd.h>

#define GB ((size_t)1 << 30)
#define TB ((size_t)1 << 40)
enum { BLOCKS = 400, SMALL = 100 };

static char *blocks[BLOCKS];

/* How many of 3 GB the kernel gives. */
static int take(void)
{
    int count = 0;
    void *block = NULL;
    while (count < BLOCKS && mg_allocate(UNIT_LIBRARY, 3 * GB, 0, 0, &block) && block)
        blocks[count++] = block;
    return count;
}

static size_t highest(int count)
{
    size_t top = 0;
    for (int i = 0; i < count; i++) {
        size_t end = (uintptr_t)blocks[i] - mg_window.base + 3 * GB;
        CHECK(mg_owns(blocks[i]) && mg_owns(blocks[i] + 3 * GB - 1));
        top = end > top ? end : top;
        blocks[i][0] = blocks[i][3 * GB - 1] = (char)i;
    }
    return top;
}

static void check_each(int count)
{
    for (int i = 0; i < count; i++)
        CHECK(blocks[i][0] == (char)i && blocks[i][3 * GB - 1] == (char)i && !blocks[i][GB]);
    CHECK_EQ(unit_read(mg_root(), MG_USED), (int64_t)(count * 3 * GB));
}

/* A task's heap has no granule yet: its blocks come behind all of those. */
static void a_task_works_behind_them(void)
{
    struct mg_account *task = mg_account_open("task", mg_root(), -1);
    mg_bind(task);
    char *one = unit_allocate(SMALL);
    CHECK((uintptr_t)one - mg_window.base > TB);
    memset(one, 1, SMALL);
    CHECK_EQ(unit_read(task, MG_USED), (int64_t)mg_usable_size(one));
    mg_free(one);
    CHECK_EQ(unit_read(task, MG_USED), 0);
    mg_unbind();
    mg_settle(task);
}

int main(void)
{
    unit_start("observe", NULL);
    if (mg_window.size <= TB) {
        printf("the system gives no more than %zu GB of addresses here\n", mg_window.size / GB);
        return 77;
    }
    CHECK(!prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)); /* or each touched byte may take 2 MB */
    int count = take();
    if (count < BLOCKS) {
        printf("the kernel gives %d GB of memory that is not touched\n", count * 3);
        return 77;
    }
    CHECK(highest(count) > TB);
    check_each(count);
    a_task_works_behind_them();
    for (int i = 0; i < count; i++)
        mg_free(blocks[i]);
    CHECK_EQ(unit_read(mg_root(), MG_USED), 0);
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
