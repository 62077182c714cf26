/* accounts MODE WHAT [HOW]: what a task's account costs, in a process armed as Spark's plugin arms it. Prints one figure. */
#include "door.h"
#include "handed.h"
#include "libs/libs.h"

#include <memgrant_scope.h>

#include <fcntl.h>
#include <unistd.h>

enum { MANY = 300, MB = 1 << 20, TASKS = 10000 };

static long resident_kb(void)
{
    char text[100];
    int file = open("/proc/self/statm", O_RDONLY);
    ssize_t length = read(file, text, sizeof text - 1);
    CHECK(file >= 0 && length > 0);
    close(file);
    text[length] = '\0';
    return strtol(strchr(text, ' '), NULL, 10) * sysconf(_SC_PAGESIZE) / 1024;
}

static double processor(void)
{
    return processor_ns(CLOCK_THREAD_CPUTIME_ID);
}

static void one_operation(void)
{
    char *block = malloc(100);
    KEEP(block);
    free(block);
}

static struct mg_account *opened(void)
{
    struct mg_account *account = door_open();
    CHECK(account);
    return account;
}

/* ---- bind: microseconds of bind and unbind, idle ---- */

static double bind_and_unbind(const char *how)
{
    enum { ROUNDS = 50000 };
    (void)how;
    struct mg_account *account = opened();
    double before = processor();
    for (int i = 0; i < ROUNDS; i++) {
        door_bind(account);
        door_unbind();
    }
    return (processor() - before) / ROUNDS / 1e3;
}

/* ---- task: microseconds of open, bind, one operation, unbind, settle ---- */

static struct mg_account *begin_task(void)
{
    struct mg_account *account = opened();
    door_bind(account);
    one_operation();
    door_unbind();
    return account;
}

/* In a heap of its own that nobody had before, or in the one that the task before it left. */
static double task(const char *how)
{
    static struct mg_account *accounts[10 * MANY];
    bool fresh = !strcmp(how, "fresh");
    int many = fresh ? MANY : 10 * MANY;
    door_settle(begin_task());
    double before = processor();
    for (int i = 0; i < many; i++) {
        accounts[i] = begin_task();
        if (!fresh)
            door_settle(accounts[i]);
    }
    for (int i = 0; fresh && i < many; i++)
        door_settle(accounts[i]);
    return (processor() - before) / many / 1e3;
}

/* KB that each account keeps resident while it is open. */
static double memory(const char *how)
{
    (void)how;
    door_settle(begin_task());
    long before = resident_kb();
    for (int i = 0; i < MANY; i++)
        begin_task();
    return (double)(resident_kb() - before) / MANY;
}

/* ---- end: 100 MB at a task's end ---- */

enum { BLOCK = 50000, BLOCKS = 100 * MB / BLOCK };
static char *blocks[BLOCKS];

static void fill(void)
{
    for (int i = 0; i < BLOCKS; i++) {
        CHECK((blocks[i] = malloc(BLOCK)) != NULL);
        memset(blocks[i], 1, BLOCK);
    }
}

static void *empty(void *unused)
{
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    return unused;
}

static void *watch(void *unused)
{
    for (;;) {
        usleep(1000000);
        door_watch();
    }
    return unused;
}

static void empty_as_stranger(void)
{
    pthread_t stranger;
    CHECK(!pthread_create(&stranger, NULL, empty, NULL) && !pthread_join(stranger, NULL));
}

/* A task that took 100 MB and gave them back before its end. */
static struct mg_account *large_task(bool frees)
{
    struct mg_account *account = opened();
    door_bind(account);
    fill();
    if (frees)
        empty(NULL);
    door_unbind();
    return account;
}

/* Microseconds of settling it: with nothing alive, 100 MB that were freed just before, or 100 MB alive. */
static double settle(const char *how)
{
    bool lives = !strcmp(how, "alive");
    struct mg_account *account = !strcmp(how, "empty") ? begin_task() : large_task(!lives);
    double before = processor();
    door_settle(account);
    double took = processor() - before;
    if (lives)
        empty_as_stranger();
    return took / 1e3;
}

static double now_ms(void)
{
    return processor_ns(CLOCK_MONOTONIC) / 1e6;
}

/* Milliseconds until all but 8 MB of the 100 are the system's again, since the task's end, or since a stranger freed what had
 * outlived it. 10 seconds stand for never. */
static double back(const char *how)
{
    pthread_t watcher;
    CHECK(!pthread_create(&watcher, NULL, watch, NULL));
    door_settle(begin_task());
    long before = resident_kb();
    bool outlives = !strcmp(how, "outliving");
    struct mg_account *account = large_task(!outlives);
    CHECK(outlives ? resident_kb() > before + 90 * 1024 : 1);
    double start = now_ms();
    door_settle(account);
    if (outlives) {
        empty_as_stranger();
        start = now_ms();
    }
    while (resident_kb() > before + 8 * 1024 && now_ms() - start < 10000)
        usleep(200);
    return now_ms() - start;
}

/* ---- growth: KB that the process has grown by from the 2,000th task to the 10,000th ---- */

/* Each allocates in 20 sizes, and leaves nothing, or 64 bytes each in two libraries. */
static double growth(const char *how)
{
    bool leaves = !strcmp(how, "survivors");
    long before = 0;
    for (int i = 0; i < TASKS; i++) {
        if (i == TASKS / 5)
            before = resident_kb();
        struct mg_account *account = opened();
        door_bind(account);
        for (size_t size = 16; size < 20000; size += size / 2)
            free(malloc(size));
        if (leaves) {
            char *left = malloc(64);
            KEEP(left);
            left = target_malloc(64);
            KEEP(left);
        }
        door_unbind();
        door_settle(account);
    }
    return (double)(resident_kb() - before);
}

/* ---- frees: nanoseconds of a malloc and free across threads, both in one account or each in its own ---- */

static const struct mix *mix;
static struct handed handed;
static struct mg_account *giver, *taker;
static double spent[2];
static pthread_barrier_t start;

static void *give_or_take(void *number)
{
    static _Thread_local uint32_t sizes[SIZES];
    int batches = mix->pairs / 2 / BATCH;
    bool gives = !number;
    door_bind(gives ? giver : taker);
    draw_sizes(mix, sizes, 1);
    for (int round = 0; round < 2; round++) { /* the first warms up */
        pthread_barrier_wait(&start);
        double before = processor();
        if (gives)
            produce(&handed, sizes, round ? batches : batches / 8);
        else
            consume(&handed, round ? batches : batches / 8);
        spent[!gives] = processor() - before;
    }
    door_unbind();
    return NULL;
}

static double frees(const char *how)
{
    char name[40];
    const char *sizes = strchr(how, ':');
    CHECK(sizes && sizes - how < (long)sizeof name);
    mix = mix_of(sizes + 1);
    giver = taker = opened();
    if (!strncmp(how, "across", 6))
        taker = opened();
    handed_start(&handed);
    pthread_barrier_init(&start, NULL, 2);
    run_threads(2, give_or_take);
    return (spent[0] + spent[1]) / (mix->pairs / 2 / BATCH) / BATCH;
}

/* ---- scope: microseconds of entering and leaving one, or of a whole one with one operation in it ---- */

static double scope(const char *how)
{
    enum { ROUNDS = 20000 };
    bool whole = !strcmp(how, "whole");
    door_bind(opened());
    mg_scope outside = mg_scope_here(), entered = mg_scope_begin("entered", MG_SCOPE_NO_LIMIT);
    mg_scope_leave(outside);
    CHECK(entered && mg_scope_here() == outside);
    double before = processor();
    for (int i = 0; i < ROUNDS; i++) {
        mg_scope other = whole ? mg_scope_begin("whole", MG_SCOPE_NO_LIMIT) : mg_scope_enter(entered);
        CHECK(other);
        if (whole)
            one_operation();
        if (whole)
            CHECK(!mg_scope_end(other));
        else
            mg_scope_leave(other);
    }
    return (processor() - before) / ROUNDS / 1e3;
}

/* ---- thread: KB of each of many threads of an account, beyond what they have before the library is armed ---- */

enum { CROWD = 400 };
static pthread_barrier_t met;
static const char *armed_as;

static void *one_of_many(void *account)
{
    if (account)
        door_bind(account);
    one_operation();
    pthread_barrier_wait(&met);
    pthread_barrier_wait(&met); /* in between it is looked at */
    if (account)
        door_unbind();
    return NULL;
}

static double crowd_of(struct mg_account *account)
{
    pthread_t threads[CROWD];
    CHECK(!pthread_barrier_init(&met, NULL, CROWD + 1));
    long before = resident_kb();
    for (int i = 0; i < CROWD; i++)
        CHECK(!pthread_create(&threads[i], NULL, one_of_many, account));
    pthread_barrier_wait(&met);
    long with = resident_kb();
    pthread_barrier_wait(&met);
    for (int i = 0; i < CROWD; i++)
        CHECK(!pthread_join(threads[i], NULL));
    return (double)(with - before) / CROWD;
}

static double thread(const char *how)
{
    (void)how;
    double plain = crowd_of(NULL);
    door_arm(armed_as);
    return crowd_of(begin_task()) - plain;
}

/* ---- chunk: the longest, in milliseconds, that one waited for what idle threads of siblings held, below one limit ---- */

enum { IDLE = 4, CHUNKS = 200, LIMIT = 16 * MB };
static mg_scope parent;

/* Takes a chunk, uses 100 bytes of it, and is idle. */
static void *hold_a_chunk(void *unused)
{
    mg_scope before = mg_scope_enter(parent), own = mg_scope_begin("idle", MG_SCOPE_NO_LIMIT);
    CHECK(own);
    for (int i = 0; i < CHUNKS; i++) {
        pthread_barrier_wait(&met);
        one_operation();
        pthread_barrier_wait(&met);
    }
    CHECK(!mg_scope_end(own));
    mg_scope_leave(before);
    return unused;
}

static double chunk(const char *how)
{
    (void)how;
    pthread_t threads[IDLE];
    double longest = 0;
    door_bind(opened());
    parent = mg_scope_begin("parent", LIMIT);
    mg_scope own = mg_scope_begin("lacks", MG_SCOPE_NO_LIMIT);
    CHECK(parent && own && !pthread_barrier_init(&met, NULL, IDLE + 1));
    for (int i = 0; i < IDLE; i++)
        CHECK(!pthread_create(&threads[i], NULL, hold_a_chunk, NULL));
    for (int i = 0; i < CHUNKS; i++) {
        pthread_barrier_wait(&met);
        pthread_barrier_wait(&met);
        double start = now_ms();
        char *most = malloc(LIMIT - 32 * 1024); /* less is left beside the chunks */
        double took = now_ms() - start;
        CHECK(most && mg_scope_used(parent) > LIMIT - 32 * 1024);
        free(most);
        longest = took > longest ? took : longest;
    }
    for (int i = 0; i < IDLE; i++)
        CHECK(!pthread_join(threads[i], NULL));
    CHECK(mg_scope_peak(parent) <= LIMIT); /* or nobody had to give anything back */
    return longest;
}

static const struct {
    const char *name;
    double (*measure)(const char *how);
} measures[] = { { "bind", bind_and_unbind }, { "task", task },   { "memory", memory },
                 { "settle", settle },        { "back", back },   { "growth", growth },
                 { "frees", frees },          { "scope", scope }, { "thread", thread },
                 { "chunk", chunk } };

int main(int count, char **words)
{
    CHECK(count == 4);
    if (!door_arm) {
        dprintf(2, "accounts: to be run under libmemgrant-door.so\n");
        return 2;
    }
    armed_as = words[1];
    if (strcmp(words[2], "thread") != 0) /* which looks at others before */
        door_arm(armed_as);
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++)
        if (!strcmp(measures[i].name, words[2])) {
            printf("%.3f\n", measures[i].measure(words[3]));
            return 0;
        }
    dprintf(2, "accounts: there is nothing called %s\n", words[2]);
    return 2;
}
