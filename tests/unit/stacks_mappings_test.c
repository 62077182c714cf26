/* A mapping's stack is known as long as a part of it is there that is charged: through partial unmaps, replacement, moves, growth, and
 * what is made inaccessible or writable; each part is said to have been asked for by who asked for it. Of a sampled part of all mappings the sums
 * are right in the mean. Nothing of it stays when all is unmapped. */
#include "mapped.h"
#include "sampled.h"

#include "json.h"
#include "stacked.h"

#include <errno.h>
#include <math.h>
#include <sys/wait.h>

static struct mg_mapping_parts parts;

static double estimated(void)
{
    int64_t charged[MG_LIBRARIES];
    double bytes = 0;
    parts.count = 0;
    CHECK(mg_mappings_read(charged, &parts, true));
    for (size_t i = 0; i < parts.count; i++) {
        struct mg_sample sample;
        CHECK(mg_samples_at(mg_samples_place(parts.parts[i].sample), &sample) && sample.mapping);
        int64_t whole = (int64_t)((uint64_t)sample.bytes_high << 32 | sample.bytes_low);
        bytes += mg_stacks_weight(whole) * (double)parts.parts[i].charged;
    }
    return bytes;
}

static void check_there(size_t bytes, int samples)
{
    CHECK_EQ((int64_t)(estimated() + 0.5), (int64_t)bytes);
    CHECK_EQ(stacks_estimate().samples, samples);
}

static void unmapped_in_parts(void)
{
    char *at = map(8 * MB, RW);
    check_there(8 * MB, 1);
    CHECK_EQ(mg_unmap(at + 2 * MB, MB), 0);
    CHECK_EQ(mg_unmap(at, MB), 0);
    check_there(6 * MB, 1);
    CHECK(parts.count == 2 && parts.parts[0].from == (uintptr_t)at + MB);
    CHECK(mg_map(MG_LIBRARY_OTHER, at + 4 * MB, MB, RW, ANON | MAP_FIXED, -1, 0) > 0);
    check_there(5 * MB, 1);
    CHECK(mg_map(UNIT_LIBRARY, at + 5 * MB, MB, RW, ANON | MAP_FIXED, -1, 0) > 0);
    check_there(5 * MB, 2);
    /* What was unmapped may be somebody else's by now. */
    CHECK_EQ(mg_unmap(at + MB, MB), 0);
    CHECK_EQ(mg_unmap(at + 3 * MB, 5 * MB), 0);
    check_there(0, 0);
}

static void made_writable_and_inaccessible(void)
{
    char *at = map(8 * MB, PROT_NONE);
    check_there(0, 0);
    CHECK_EQ(mg_protect(at + MB, 3 * MB, RW), 0);
    check_there(3 * MB, 1);
    CHECK_EQ(mg_protect(at, 8 * MB, RW), 0);
    check_there(8 * MB, 2);
    CHECK_EQ(mg_protect(at, 8 * MB, RW), 0); /* nothing new */
    check_there(8 * MB, 2);
    CHECK_EQ(mg_protect(at + MB, 3 * MB, PROT_NONE), 0);
    check_there(5 * MB, 1);
    memset(at + 4 * MB, 1, 2 * MB);
    CHECK_EQ(mg_advise(at + 4 * MB, 4 * MB, MADV_DONTNEED), 0);
    check_there(MB, 1);
    CHECK_EQ(mg_unmap(at, 8 * MB), 0);
    check_there(0, 0);
}

static void grown_and_moved(void)
{
    char *at = map(2 * MB, RW);
    char *wall = map(MB, PROT_NONE);
    long moved = mg_remap(UNIT_LIBRARY, at, 2 * MB, 32 * MB, MREMAP_MAYMOVE, NULL);
    CHECK(moved > 0);
    check_there(32 * MB, 2);
    CHECK_EQ(mg_remap(UNIT_LIBRARY, (char *)moved, 32 * MB, MB, 0, NULL), moved);
    check_there(MB, 1);
    long farther = mg_remap(UNIT_LIBRARY, (char *)moved, MB, MB, MREMAP_MAYMOVE | MREMAP_FIXED, wall);
    CHECK_EQ(farther, (long)wall);
    check_there(MB, 1);
    CHECK(parts.parts[0].from == (uintptr_t)wall);
    int64_t taken = MG_LOAD(mg_stacks.taken);
    CHECK(mg_remap(UNIT_LIBRARY, (char *)farther, MB, (size_t)1 << 46, 0, NULL) < 0); /* refused */
    check_there(MB, 1);
    CHECK(mg_map(UNIT_LIBRARY, at + 1, MB, RW, ANON | MAP_FIXED, -1, 0) < 0); /* the same */
    check_there(MB, 1);
    CHECK_EQ(MG_LOAD(mg_stacks.taken), taken);
    CHECK_EQ(MG_LOAD(mg_stacks.dropped), 0);
    CHECK_EQ(mg_unmap(wall, MB), 0);
    check_there(0, 0);
}

static void in_the_report(void)
{
    char *at = map(3 * MB, RW);
    size_t length;
    CHECK(!madvise(at, 3 * MB, MADV_NOHUGEPAGE));
    memset(at, 1, MB);
    char *text = mg_report_text(&length);
    CHECK(text &&
          strstr(text, "\"mapping\":true,\"samples\":1,\"bytes\":3145728,\"resident\":1048576,\"blocks\":1"));
    mg_report_free(text, length);
    CHECK_EQ(mg_unmap(at, 3 * MB), 0);
    text = mg_report_text(&length);
    CHECK(text && !strstr(text, "\"mapping\":true"));
    mg_report_free(text, length);
}

/* A mapping goes while the report is made, and the number of its sample is another one's soon: that has nothing of it. */
static void replaced_meanwhile(void)
{
    char *at = map(4 * MB, RW);
    check_there(4 * MB, 1);
    CHECK_EQ(parts.count, 1);
    CHECK_EQ(mg_unmap(at, 4 * MB), 0);
    struct mg_sample other = { .bytes_low = MB, .library = UNIT_LIBRARY };
    struct mg_sampled sampled;
    uint32_t number;
    while ((number = mg_samples_add_mapping(other, &sampled)) != parts.parts[0].sample)
        mg_samples_drop(number);
    struct mg_text text = mg_text_new();
    mg_stacked_add(&text, &parts);
    CHECK(text.at && strstr(text.at, "\"live\":[]"));
    mg_text_free(text.at, text.size);
    CHECK(mg_samples_drop(number));
}

static void *another(void *nothing)
{
    pause();
    return nothing;
}

/* The parent has threads, of which one may have held the dynamic linker's lock. */
__attribute__((unused)) static void forked(void)
{
    pthread_t thread;
    CHECK(!pthread_create(&thread, NULL, another, NULL));
    char *at = map(4 * MB, RW);
    pid_t child = fork();
    if (!child) {
        check_there(4 * MB, 1);
        map(MB, RW);
        check_there(4 * MB, 1);
        CHECK_EQ(mg_unmap(at, 4 * MB), 0);
        check_there(0, 0);
        _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
    check_there(4 * MB, 1);
    CHECK_EQ(mg_unmap(at, 4 * MB), 0);
}

/* Of four sizes, and a quarter of each is unmapped at once. */
static void right_in_the_mean(void)
{
    enum { RUNS = 100, COUNT = 40, MEAN = 1 << 18 };
    double sum = 0, truth = 0, variance = 0;
    char *at[COUNT];
    mg_stacks.mean = MEAN;
    for (int run = 0; run < RUNS; run++) {
        mg_self.random = 0;
        mg_self.until_sample = 0;
        mg_settings.stacks_seed = 1000 + run;
        for (int i = 0; i < COUNT; i++) {
            size_t size = (size_t)1 << (15 + i % 4 * 2);
            double p = 1 - exp(-(double)size / MEAN);
            double left = (double)(size / 4 * 3);
            at[i] = map(size, RW);
            CHECK_EQ(mg_unmap(at[i], size / 4), 0);
            truth += left / RUNS;
            variance += left * left * (1 - p) / p / RUNS;
        }
        sum += estimated();
        for (int i = 0; i < COUNT; i++) {
            size_t size = (size_t)1 << (15 + i % 4 * 2);
            CHECK_EQ(mg_unmap(at[i] + size / 4, size / 4 * 3), 0);
        }
        CHECK_EQ(stacks_estimate().samples, 0);
    }
    double error = fabs(sum / RUNS - truth);
    if (error > 4 * sqrt(variance / RUNS))
        dprintf(2, "%g were estimated as %g\n", truth, sum / RUNS);
    CHECK(error <= 4 * sqrt(variance / RUNS));
}

int main(void)
{
    stacks_on("1");
    unit_start("observe", NULL);
    errno = 77;
    unmapped_in_parts();
    CHECK_EQ(errno, 77);
    made_writable_and_inaccessible();
    grown_and_moved();
    in_the_report();
    replaced_meanwhile();
#ifndef __SANITIZE_THREAD__ /* it has no room for all the locks that jemalloc takes then */
    forked();
#endif
    right_in_the_mean();
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
