/* What libjvm asks for on a thread that is marked: one block, of the size that was said or with a header before it, is the package's;
 * whatever else it asks for is its own. Under a limit it is denied to the byte, and however little it is. */
#include "unit.h"

#include "accounts.h"
#include "specs.h"

#include <pthread.h>

static unsigned named, rest;

static void *as_libjvm(size_t size)
{
    void *block = NULL;
    return mg_allocate(MG_LIBRARY_JVM, size, 0, 0, &block) ? block : NULL;
}

static int64_t blocks(void)
{
    return unit_read(mg_root(), MG_ALLOCATIONS);
}

static void classes_are_told_by_name(void)
{
    CHECK(mg_java_is_counted() && mg_java_names_packages());
    named = mg_java_library_of("org.apache.arrow.memory.ArrowBuf");
    rest = mg_java_library_of_all();
    CHECK(named >= MG_LIBRARY_FIRST && rest >= MG_LIBRARY_FIRST && named != rest);
    CHECK(!strcmp(mg_library_name(named), "java:org.apache.arrow.*") &&
          !strcmp(mg_library_name(rest), "java:*"));
    CHECK(!mg_java_library_of("io.netty.buffer.PoolArena"));
    CHECK_EQ(mg_java_library_of("org.apache.spark.unsafe.memory.UnsafeMemoryAllocator"), MG_JAVA_UNCOUNTED);
}

static void only_the_block_that_was_said_is_taken(void)
{
    CHECK(!as_libjvm(1 << 20)); /* nobody marked the thread */
    mg_java_begins(named, 1 << 20);
    CHECK(!as_libjvm(64) && !as_libjvm((1 << 20) - 1) && !as_libjvm(2 << 20));
    CHECK_EQ(blocks(), 0);
    void *block = as_libjvm((1 << 20) + 18);
    CHECK(block && blocks() == 1);
    CHECK(!as_libjvm((1 << 20) + 18)); /* it was that one */
    mg_java_ends();
    mg_free(block);
    CHECK_EQ(unit_read(mg_root(), MG_USED), 0);
    mg_java_begins(named, 1 << 20);
    mg_java_ends();
    CHECK(!as_libjvm(1 << 20));
}

static void a_block_moves_with_its_mark(void)
{
    mg_java_begins(rest, 1000);
    void *block = as_libjvm(1000), *moved = NULL;
    CHECK(block);
    memset(block, 'x', 1000);
    CHECK(!mg_reallocate(MG_LIBRARY_JVM, block, 5000, &moved)); /* libjvm's own: to the next allocator */
    mg_java_begins(rest, 5000);
    CHECK(mg_reallocate(MG_LIBRARY_JVM, block, 5000, &moved) && moved && ((char *)moved)[999] == 'x');
    CHECK_EQ(unit_read(mg_root(), MG_USED), (int64_t)mg_usable_size(moved));
    mg_java_begins(named, 6000);
    CHECK(mg_reallocate(MG_LIBRARY_JVM, moved, 6000, &block) && block && ((char *)block)[999] == 'x');
    mg_free(block);
    CHECK_EQ(unit_read(mg_root(), MG_USED), 0);
}

static void it_is_denied_however_little_it_is(void)
{
    void *all[4096];
    int count = 0;
    do {
        CHECK(count < 4096);
        mg_java_begins(rest, 1024);
        all[count] = as_libjvm(1024);
    } while (all[count++]);
    CHECK_EQ(unit_read(mg_root(), MG_DENIALS), 1);
    CHECK(unit_read(mg_root(), MG_USED) <= 1 << 20);
    mg_java_ends();
    while (count--)
        if (all[count])
            mg_free(all[count]);
    CHECK_EQ(unit_read(mg_root(), MG_USED), 0);
}

static void *open_and_end(void *nothing)
{
    for (int i = 0; i < 2000; i++) {
        struct mg_account *account = mg_account_open("next", mg_root(), -1);
        CHECK(account && MG_LOAD(account->ahead) == 0);
        mg_settle(account);
    }
    return nothing;
}

/* Whoever asked says that it is over when the account has ended, and its slot serves others, on another thread: the thread sanitizer
 * sees what is read meanwhile without the lock. */
static void what_is_over_late_is_nobody_elses(void)
{
    struct mg_account *account = mg_account_open("first", mg_root(), -1);
    int64_t handle = mg_account_handle(account);
    mg_settle(account);
    pthread_t others;
    CHECK(!pthread_create(&others, NULL, open_and_end, NULL));
    for (int i = 0; i < 2000; i++)
        mg_java_asked(handle, 1 << 20);
    pthread_join(others, NULL);
    struct mg_account *last = mg_account_open("last", mg_root(), -1);
    CHECK(last == account && MG_LOAD(last->ahead) == 0);
    mg_settle(last);
}

/* What is denied before it was taken is denied the package that it was for. */
static void what_was_asked_ahead_is_denied_whom_it_was_for(void)
{
    struct mg_account *account = mg_account_open("asks ahead", mg_root(), -1);
    MG_STORE(account->ahead_for, named);
    MG_STORE(account->ahead, 1 << 20);
    mg_deny(account);
    CHECK_EQ(MG_LOAD(mg_libraries[named].denials), 1);
    CHECK_EQ(unit_read(account, MG_DENIALS), 1);
    mg_java_asked(mg_account_handle(account), 1 << 20);
    mg_deny(account);
    CHECK_EQ(MG_LOAD(mg_libraries[named].denials), 1);
    mg_settle(account);
}

int main(void)
{
    setenv("MEMGRANT_TARGETS", "nothing-here;java:org.apache.arrow.*;java:*", 1);
    setenv("MEMGRANT_LIMIT", "1m", 1);
    setenv("MEMGRANT_MODE", "enforce", 1);
    mg_start(NULL, true);
    CHECK(mg_active);
    MG_STORE(mg_grants.enforcing, false);
    classes_are_told_by_name();
    only_the_block_that_was_said_is_taken();
    a_block_moves_with_its_mark();
    what_is_over_late_is_nobody_elses();
    what_was_asked_ahead_is_denied_whom_it_was_for();
    MG_STORE(mg_grants.enforcing, true);
    it_is_denied_however_little_it_is();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
