/* A sample lives as long as its block: it goes when the block is freed, by its thread, by strangers, by threads that are ending, inside
 * us as the handler of a signal may be, or when it is made larger; also after its account has ended. What finds no room is counted.
 * A child of fork has a table of its own. errno is kept. Every block is a sample here. */
#include "sampled.h"

#include "callers.h"

#include <errno.h>
#include <sys/wait.h>

enum { BLOCKS = 400, SIZES = 7 };
static const size_t sizes[SIZES] = { 16, 100, 1000, 4096, 5000, 70000, 3 << 20 };
static void *blocks[BLOCKS];
static struct mg_account *task;

static void make(void)
{
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = unit_allocate(sizes[i % SIZES]);
    CHECK_EQ(stacks_estimate().samples, BLOCKS);
}

static void free_all(void)
{
    for (int i = 0; i < BLOCKS; i++)
        mg_free(blocks[i]);
}

static void check_gone(void)
{
    CHECK_EQ(stacks_estimate().samples, 0);
    for (int i = 0; i < BLOCKS; i++)
        CHECK(mg_window_owner(blocks[i]).class < MG_SAMPLED);
}

static void *free_as_stranger(void *nothing)
{
    free_all();
    return nothing;
}

static void *make_in_task(void *nothing)
{
    mg_bind(task);
    make();
    mg_unbind();
    return nothing;
}

static void on_another_thread(void *(*work)(void *))
{
    pthread_t thread;
    CHECK(!pthread_create(&thread, NULL, work, NULL));
    CHECK(!pthread_join(thread, NULL));
}

static pthread_key_t late;

static void free_late(void *nothing)
{
    (void)nothing;
    CHECK_EQ(mg_self.state, MG_THREAD_LEFT);
    free_all();
}

static void *leave_them_to_the_end(void *value)
{
    CHECK(!pthread_setspecific(late, &late));
    make();
    return value;
}

static void freed_by_its_thread(void)
{
    make();
    free_all();
    check_gone();
}

static void freed_by_others(void)
{
    make();
    on_another_thread(free_as_stranger);
    check_gone();
    make();
    mg_enter(&mg_self);
    free_all();
    mg_leave(&mg_self);
    check_gone();
    on_another_thread(leave_them_to_the_end);
    check_gone();
}

static void freed_after_the_account(void)
{
    CHECK((task = mg_account_open("task 7 (stage 3.0)", mg_root(), -1)));
    uint64_t id = task->id;
    on_another_thread(make_in_task);
    mg_settle(task);
    struct mg_sample sample;
    size_t at = 0;
    while (!mg_samples_at(at, &sample))
        at++;
    CHECK_EQ(mg_stacks.labels[sample.label].account, id);
    CHECK(!strcmp(mg_stacks.labels[sample.label].account_name, "task 7 (stage 3.0)"));
    size_t length;
    char *text = mg_report_text(&length);
    CHECK(text && strstr(text, "\"account_name\":\"task 7 (stage 3.0)\""));
    mg_report_free(text, length);
    free_all();
    check_gone();
}

static void moved(void)
{
    make();
    for (int i = 0; i < BLOCKS; i++)
        CHECK(mg_reallocate(UNIT_LIBRARY, blocks[i], sizes[(i + 3) % SIZES], &blocks[i]) && blocks[i]);
    CHECK_EQ(stacks_estimate().samples, BLOCKS);
    free_all();
    check_gone();
}

__attribute__((unused)) static void forked(void)
{
    make();
    pid_t child = fork();
    if (!child) {
        free_all();
        check_gone();
        /* The parent had threads, of which one may have held the dynamic linker's lock. */
        mg_free(unit_allocate(1000));
        CHECK(MG_LOAD(mg_stacks.frozen));
        unit_allocate(1000);
        CHECK_EQ(stacks_estimate().samples, 0);
        _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
    CHECK_EQ(stacks_estimate().samples, BLOCKS);
    free_all();
    check_gone();
}

static uint32_t callers_of_all(void)
{
    uint32_t callers = 0;
    struct mg_sample sample;
    for (size_t i = 0; i < MG_SAMPLES; i++)
        callers += mg_samples_at(i, &sample) ? sample.callers : 0;
    return callers;
}

/* A sample that is gone leaves nothing to whoever has its place. */
static void named_too_late(void)
{
    struct mg_sampled gone, there;
    struct mg_sample sample = { .bytes_low = 1 };
    static char block;
    CHECK(mg_samples_add(&block, sample, &gone) && mg_samples_remove(&block));
    CHECK(mg_samples_add(&block, sample, &there) && there.place == gone.place);
    mg_samples_name(gone, 5);
    CHECK_EQ(callers_of_all(), 0);
    mg_samples_name(there, 6);
    CHECK_EQ(callers_of_all(), 6);
    CHECK(mg_samples_remove(&block));
}

/* What is taken in a native method waits for the Java stack above it: each sample gets that of its own method. */
static void called_by_java(void)
{
    static const char names[] = "Main.leak(Main.java:7)";
    unsigned before = mg_library_entered(UNIT_LIBRARY);
    void *of_outer = unit_allocate(100);
    unsigned of_inner_from = mg_sampled();
    void *of_inner = unit_allocate(100);
    CHECK_EQ(mg_sampled(), of_inner_from + 1);
    uint32_t number = mg_callers_add(77, names, sizeof names);
    CHECK(number && mg_callers_find(77) == number && mg_callers_add(77, names, sizeof names) == number);
    CHECK(!strcmp(mg_callers_names(number), names));
    mg_sampled_below(of_inner_from, number);
    CHECK_EQ(mg_sampled(), of_inner_from);
    CHECK_EQ(callers_of_all(), number);
    mg_sampled_below(0, 0);
    CHECK_EQ(mg_sampled(), 0);
    mg_library_left(before);
    mg_free(unit_allocate(100));
    CHECK_EQ(mg_sampled(), 0);
    mg_free(of_outer);
    mg_free(of_inner);
    CHECK_EQ(stacks_estimate().samples, 0);
}

static void too_many(void)
{
    enum { MANY = 200000 };
    static void *many[MANY];
    int64_t before = MG_LOAD(mg_stacks.taken);
    for (int i = 0; i < MANY; i++)
        many[i] = unit_allocate(16);
    CHECK(MG_LOAD(mg_stacks.dropped) >= MANY - (int64_t)MG_SAMPLES);
    CHECK_EQ(MG_LOAD(mg_stacks.taken) - before + MG_LOAD(mg_stacks.dropped), MANY);
    for (int i = 0; i < MANY; i++)
        mg_free(many[i]);
    check_gone();
}

int main(void)
{
    stacks_on("1");
    unit_start("observe", NULL);
    /* After ours: its destructor runs when ours has. */
    CHECK(!pthread_key_create(&late, free_late));
    errno = 77;
    freed_by_its_thread();
    CHECK_EQ(errno, 77);
    freed_by_others();
    freed_after_the_account();
    moved();
    named_too_late();
    called_by_java();
#ifndef __SANITIZE_THREAD__ /* it has no room for all the locks that jemalloc takes then */
    forked();
#endif
    too_many();
    freed_by_its_thread(); /* there is room again */
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
