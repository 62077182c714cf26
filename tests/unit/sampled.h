/* What the samples of stacks say, for their tests. */
#ifndef MG_UNIT_SAMPLED_H
#define MG_UNIT_SAMPLED_H

#include "unit.h"

#include "samples.h"
#include "stacks.h"

struct estimate {
    double bytes, blocks;
    int64_t samples;
};

static inline struct estimate stacks_estimate(void)
{
    struct estimate estimate = { 0 };
    for (size_t i = 0; i < MG_SAMPLES; i++) {
        struct mg_sample sample;
        if (!mg_samples_at(i, &sample))
            continue;
        int64_t bytes = (int64_t)((uint64_t)sample.bytes_high << 32 | sample.bytes_low);
        estimate.samples++;
        estimate.blocks += mg_stacks_weight(bytes);
        estimate.bytes += mg_stacks_weight(bytes) * (double)bytes;
    }
    return estimate;
}

/* Before unit_start. */
static inline void stacks_on(const char *mean)
{
    setenv("MEMGRANT_STACKS", "true", 1);
    setenv("MEMGRANT_STACKS_BYTES", mean, 1);
    setenv("MEMGRANT_STACKS_SEED", "1", 1);
}

#endif
