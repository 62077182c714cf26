/* What heaps keep resident beyond the blocks in use is charged to the account `overhead`, and is given back in time: free pages
 * at once, thread caches when their threads come by; fragmentation stays, and stays charged. */
#include "unit.h"

#include "heap.h"
#include "os.h"
#include "overhead.h"
#include "window.h"

#include <sched.h>
#include <sys/syscall.h>

#define MB (1 << 20)

/* Resident bytes of the whole window, by the kernel. */
static int64_t resident_blocks(void)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < mg_window.size / MG_GRANULE; i++)
        if (MG_LOAD(mg_window.heaps[i]))
            bytes += (int64_t)mg_os_resident(mg_window.base + i * MG_GRANULE, MG_GRANULE);
    return bytes;
}

static int64_t kept(void)
{
    return unit_read(mg_overhead(), MG_USED);
}

static int64_t blocks_in_use(void)
{
    return unit_read(mg_root(), MG_USED) - kept();
}

static void check_within_bound(void)
{
    int64_t used = blocks_in_use();
    CHECK(resident_blocks() <= used + MG_OVERHEAD_BOUND(used));
}

static void *touched(size_t size)
{
    char *block = unit_allocate(size);
    memset(block, 1, size);
    return block;
}

/* 200 MB freed by halves: what is resident follows what is used, without anybody asking for it. */
static void free_pages_are_given_back_in_time(size_t size)
{
    enum { MOST = 25600 };
    static void *blocks[MOST];
    size_t count = 200 * (size_t)MB / size;
    for (size_t i = 0; i < count; i++)
        blocks[i] = touched(size);
    CHECK(resident_blocks() >= 200 * (int64_t)MB);
    for (size_t i = count; i-- > 0;) {
        mg_free(blocks[i]);
        if (i % (count / 16) == 0)
            check_within_bound();
    }
}

/* One block of a hundred stays: hardly a page can be given back. */
static void fragmentation_is_charged(void)
{
    enum { COUNT = 1000000 };
    static void *blocks[COUNT];
    for (int i = 0; i < COUNT; i++)
        blocks[i] = touched(100);
    for (int i = 0; i < COUNT; i++)
        if (i % 100)
            mg_free(blocks[i]);
    mg_grants_mind_overhead(false);
    int64_t truth = resident_blocks() - blocks_in_use();
    CHECK(truth > 20 * (int64_t)MB);
    CHECK(kept() >= truth && kept() <= truth + truth / 4 + 4 * MB);
    CHECK_EQ(MG_LOAD(mg_overhead()->taken), kept());
    for (int i = 0; i < COUNT; i += 100)
        mg_free(blocks[i]);
    mg_grants_mind_overhead(false);
    check_within_bound();
}

static pthread_barrier_t meeting;

static void *fill_a_cache(void *argument)
{
    static const size_t sizes[] = { 20 << 10, 24 << 10, 28 << 10, 32 << 10,
                                    40 << 10, 48 << 10, 56 << 10, 64 << 10 };
    (void)argument;
    for (int size = 0; size < 8; size++) {
        void *blocks[20];
        for (int i = 0; i < 20; i++)
            blocks[i] = touched(sizes[size]);
        for (int i = 0; i < 20; i++)
            mg_free(blocks[i]);
    }
    pthread_barrier_wait(&meeting);
    pthread_barrier_wait(&meeting);
    mg_free(touched(4 * MB)); /* comes by */
    pthread_barrier_wait(&meeting);
    pthread_barrier_wait(&meeting);
    return NULL;
}

static void threads_empty_their_caches_when_memory_is_short(void)
{
    enum { THREADS = 12 };
    pthread_t threads[THREADS];
    pthread_barrier_init(&meeting, NULL, THREADS + 1);
    void *much = unit_allocate((size_t)4 << 30); /* and so much may be kept: nobody empties a cache */
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, fill_a_cache, NULL);
    pthread_barrier_wait(&meeting);
    mg_free(much);
    mg_grants_mind_overhead(false);
    CHECK(kept() > MG_OVERHEAD_BOUND(blocks_in_use())); /* nobody else can empty them */
    pthread_barrier_wait(&meeting);
    pthread_barrier_wait(&meeting);
    mg_grants_mind_overhead(false);
    CHECK(kept() <= MG_OVERHEAD_BOUND(blocks_in_use()));
    check_within_bound();
    pthread_barrier_wait(&meeting);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void *free_all(void *blocks)
{
    for (void **block = blocks; *block; block++)
        mg_free(*block);
    return NULL;
}

enum { OUTLIVING = 4000 };

/* Blocks of an account that is gone: nobody of that account comes to take them in. Ends with a NULL. */
static void **outliving_blocks(void)
{
    static void *blocks[OUTLIVING + 1];
    struct mg_account *account = mg_account_open("task", mg_root(), -1);
    mg_bind(account);
    for (int i = 0; i < OUTLIVING; i++)
        blocks[i] = touched(16 << 10);
    mg_unbind();
    mg_settle(account);
    return blocks;
}

static void what_strangers_freed_in_an_idle_heap_is_given_back(void)
{
    pthread_t thread;
    void **blocks = outliving_blocks();
    int64_t before = resident_blocks();
    pthread_create(&thread, NULL, free_all, blocks);
    pthread_join(thread, NULL);
    mg_grants_mind_overhead(false);
    CHECK(resident_blocks() < before - 40 * (int64_t)MB);
}

/* By a thread that has charged something itself: nobody has to come by. */
static void what_outlived_its_task_is_given_back_when_it_is_freed(void)
{
    void **blocks = outliving_blocks();
    int64_t before = resident_blocks();
    free_all(blocks);
    CHECK(resident_blocks() < before - 50 * (int64_t)MB);
}

static _Atomic(pid_t) asker;
static _Atomic(bool) asked;

static void *ask(void *unused)
{
    asker = (pid_t)syscall(SYS_gettid);
    mg_measure_overhead();
    asked = true;
    return unused;
}

/* Whether that thread sleeps in a futex: there it waits for the lock. */
static bool waits(pid_t thread)
{
    char path[64], text[16] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/syscall", (int)thread);
    FILE *file = fopen(path, "r");
    bool read = file && fgets(text, sizeof text, file);
    if (file)
        fclose(file);
    return read && atoi(text) == SYS_futex;
}

static bool is_told(void)
{
    char text[16];
    FILE *file = fopen("/proc/self/syscall", "r");
    bool told = file && fgets(text, sizeof text, file);
    if (file)
        fclose(file);
    return told;
}

/* Who is measuring may have begun before it was freed. */
static void who_asks_for_what_was_freed_waits_for_who_is_measuring(void)
{
    pthread_t thread;
    if (!is_told())
        return; /* what a thread does here */
    mg_overhead_before_fork();
    CHECK(!pthread_create(&thread, NULL, ask, NULL));
    while (!asked && !(asker && waits(asker)))
        sched_yield();
    CHECK(!asked);
    mg_overhead_after_fork();
    CHECK(!pthread_join(thread, NULL));
    CHECK(asked);
}

static void its_books_balance(void)
{
    int64_t figures[MG_FIGURES];
    mg_read(mg_account_handle(mg_overhead()), figures);
    CHECK_EQ(figures[MG_USED], figures[MG_CHARGED] - figures[MG_REFUNDED]);
    CHECK(figures[MG_PEAK] >= figures[MG_USED]);
    CHECK(figures[MG_OVERDRAFT_PEAK] >= 0);
}

static void it_takes_no_threads_and_stays_open(void)
{
    mg_bind(mg_overhead());
    CHECK(!mg_account_wants_boundary());
    CHECK_EQ(mg_settle(mg_overhead()), 0);
    mg_free(touched(1 << 20));
    CHECK(mg_account_of(mg_account_handle(mg_overhead())) == mg_overhead());
}

int main(void)
{
    mg_start(NULL, true);
    const char *const settings[] = { "mode=enforce", "targets=nothing-here" };
    CHECK(!mg_arm(settings, 2));
    mg_grant(mg_root(), (int64_t)1 << 40);
    CHECK(mg_overhead());
    free_pages_are_given_back_in_time(16 << 10);
    free_pages_are_given_back_in_time(1 << 20);
    fragmentation_is_charged();
    threads_empty_their_caches_when_memory_is_short();
    what_strangers_freed_in_an_idle_heap_is_given_back();
    what_outlived_its_task_is_given_back_when_it_is_freed();
    who_asks_for_what_was_freed_waits_for_who_is_measuring();
    its_books_balance();
    it_takes_no_threads_and_stays_open();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
