#include "callers.h"

#include "memgrant.h"
#include "os.h"
#include "samples.h"
#include "self.h"
#include "stacks.h"

#include <string.h>

/* Bytes of names: what is beyond has none. */
#define NAMES ((size_t)8 << 20)

struct caller {
    _Atomic(uint64_t) hash;
    const char *names;
};

static struct {
    struct mg_lock lock;
    struct caller
        *callers; /* MG_CALLERS of them, in the order in which they came; the first one is nobody's */
    _Atomic(uint32_t) count;
    char *names;
    size_t used;
} known;

bool mg_samples_are_taken(void)
{
    return mg_stacks.mean;
}

unsigned mg_sampled(void)
{
    return mg_self.sampled;
}

unsigned mg_sampling_begins(void)
{
    struct mg_self *self = &mg_self;
    self->asking++;
    return self->sampled;
}

bool mg_sampling_ends(unsigned before)
{
    struct mg_self *self = &mg_self;
    self->asking--;
    return self->sampled > before;
}

/* Looked for from the last one: a loop's. */
uint32_t mg_callers_find(uint64_t hash)
{
    for (uint32_t i = mg_callers_count(); i-- > 1;)
        if (MG_LOAD(known.callers[i].hash) == hash)
            return i;
    return 0;
}

static uint32_t add(uint64_t hash, const char *names, size_t length)
{
    uint32_t count = MG_LOAD(known.count);
    if (!known.callers)
        known.callers = mg_os_allocate(MG_CALLERS * sizeof *known.callers);
    if (!known.names)
        known.names = mg_os_allocate(NAMES);
    count += !count;
    if (!known.callers || !known.names || count == MG_CALLERS || NAMES - known.used < length + 1)
        return 0;
    char *to = known.names + known.used;
    memcpy(to, names, length);
    to[length] = '\0';
    known.used += length + 1;
    known.callers[count].names = to;
    MG_STORE(known.callers[count].hash, hash);
    atomic_store_explicit(&known.count, count + 1, memory_order_release);
    return count;
}

uint32_t mg_callers_add(uint64_t hash, const char *names, size_t length)
{
    mg_enter(&mg_self);
    mg_lock(&known.lock);
    uint32_t number = mg_callers_find(hash);
    if (!number)
        number = add(hash, names, length);
    mg_unlock(&known.lock);
    mg_leave(&mg_self);
    return number;
}

void mg_sampled_below(unsigned from, uint32_t number)
{
    struct mg_self *self = &mg_self;
    for (unsigned i = from; i < self->sampled && number; i++)
        mg_samples_name(self->samples[i], number);
    self->sampled = from;
}

uint32_t mg_callers_count(void)
{
    return atomic_load_explicit(&known.count, memory_order_acquire);
}

const char *mg_callers_names(uint32_t number)
{
    return number && number < mg_callers_count() ? known.callers[number].names : NULL;
}
