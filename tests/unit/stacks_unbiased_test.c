/* What is in use by stack is estimated from samples without a bias: for many small blocks, few large ones and both together, the mean
 * over many seeds is as near to the truth as its own standard error lets it be, for bytes and for blocks, and the estimates scatter as
 * much as the theory says. */
#include "sampled.h"

#include <math.h>

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { RUNS = 20 };
#else
enum { RUNS = 400 };
#endif
enum { MEAN = 16384, MOST = 3000 };

struct pattern {
    const char *name;
    int blocks;
    size_t sizes[4]; /* in turn */
    int turns;
    bool grown; /* made smaller, and brought to their size by realloc */
};

static void *blocks[MOST];

struct sums {
    double sum, squares, variance, truth;
};

static void check(const struct pattern *pattern, const char *what, const struct sums *sums)
{
    double mean = sums->sum / RUNS;
    double error = sqrt(sums->variance / RUNS);
    if (fabs(mean - sums->truth) > 4 * error + 1e-6 * sums->truth) {
        dprintf(2, "%s: %s are %g, but estimated as %g +- %g\n", pattern->name, what, sums->truth, mean,
                error);
        exit(1);
    }
    double scatter = sums->squares / RUNS - mean * mean;
    if (RUNS >= 400 && sums->variance > 1 && fabs(scatter / sums->variance - 1) > 0.5) {
        dprintf(2, "%s: the variance of %s is %g, but should be %g\n", pattern->name, what, scatter,
                sums->variance);
        exit(1);
    }
}

static void *make(const struct pattern *pattern, size_t size)
{
    if (!pattern->grown)
        return unit_allocate(size);
    void *block = unit_allocate(size / 2);
    CHECK(mg_reallocate(UNIT_LIBRARY, block, size, &block) && block);
    return block;
}

static void run(const struct pattern *pattern)
{
    struct sums bytes = { 0 }, count = { 0 };
    for (int run = 0; run < RUNS; run++) {
        mg_self.random = 0;
        mg_settings.stacks_seed = 1000 + run;
        mg_self.until_sample = 0;
        for (int i = 0; i < pattern->blocks; i++)
            blocks[i] = make(pattern, pattern->sizes[i % pattern->turns]);
        struct estimate seen = stacks_estimate();
        bytes.sum += seen.bytes, bytes.squares += seen.bytes * seen.bytes;
        count.sum += seen.blocks, count.squares += seen.blocks * seen.blocks;
        for (int i = 0; i < pattern->blocks && !run; i++) {
            double size = (double)mg_usable_size(blocks[i]);
            double p = 1 - exp(-size / MEAN);
            bytes.truth += size, bytes.variance += size * size * (1 - p) / p;
            count.truth += 1, count.variance += (1 - p) / p;
        }
        for (int i = 0; i < pattern->blocks; i++)
            mg_free(blocks[i]);
        CHECK_EQ(stacks_estimate().samples, 0);
    }
    check(pattern, "bytes", &bytes);
    check(pattern, "blocks", &count);
}

int main(void)
{
    static const struct pattern patterns[] = {
        { "many small blocks", 3000, { 100 }, 1, false },
        { "blocks of 16 bytes", 3000, { 16 }, 1, false },
        { "few large blocks", 20, { 300000, 1 << 20, 40000 }, 3, false },
        { "blocks as large as the mean", 100, { 16384, 10000, 30000 }, 3, false },
        { "mixed blocks", 1500, { 32, 5000, 200, 20000 }, 4, false },
        { "blocks that grew", 600, { 64, 9000, 400, 30000 }, 4, true },
    };
    stacks_on("16k");
    unit_start("observe", NULL);
    CHECK_EQ(mg_stacks.mean, MEAN);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        run(&patterns[i]);
    return 0;
}
