#include "stacks.h"

#include "accounts.h"
#include "lanes.h"
#include "libraries.h"
#include "os.h"
#include "samples.h"
#include "say.h"
#include "settings.h"

#include <string.h>
#include <unwind.h>

struct mg_stacks mg_stacks;

/* Places in a row where a stack or a label may be. */
#define PLACES 64

bool mg_stacks_wanted(void)
{
    return mg_settings.stacks && mg_settings.stacks_bytes > 0;
}

bool mg_stacks_start(void)
{
    if (!mg_stacks_wanted())
        return true;
    mg_stacks.stacks = mg_os_allocate(MG_STACKS * sizeof *mg_stacks.stacks);
    mg_stacks.labels = mg_os_allocate(MG_STACK_LABELS * sizeof *mg_stacks.labels);
    if (!mg_window.sampled || !mg_stacks.stacks || !mg_stacks.labels || !mg_samples_start())
        return false;
    mg_stacks.mean = mg_settings.stacks_bytes;
    mg_lanes_floor = MG_FLOOR_COUNTED;
    return true;
}

/* ---- Chance ---- */

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* Each thread has a sequence of its own. */
static void begin_chance(struct mg_self *self)
{
    static _Atomic(uint64_t) threads;
    uint64_t seed = (uint64_t)mg_settings.stacks_seed;
    if (!seed)
        seed = (uint64_t)mg_os_now_ns() ^ (uint64_t)mg_os_process() << 32 ^ (uintptr_t)self;
    self->random = mix(seed + 0x9e3779b97f4a7c15u * (MG_ADD(threads, 1) + 1)) | 1;
}

/* In (0, 1]. */
static double chance(struct mg_self *self)
{
    self->random += 0x9e3779b97f4a7c15u;
    return (double)((mix(self->random) >> 11) + 1) * 0x1p-53;
}

/* -ln(x) for x in (0, 1], without the mathematical library: x is m * 2^e with m in [1, 2), and the logarithm of m a series in
 * (m - 1) / (m + 1), which is a third at most. */
static double minus_log(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int exponent = (int)(bits >> 52) - 1023;
    bits = (bits & (((uint64_t)1 << 52) - 1)) | (uint64_t)1023 << 52;
    double m;
    memcpy(&m, &bits, sizeof m);
    double s = (m - 1) / (m + 1), power = s, sum = 0;
    for (int i = 1; i < 34; i += 2, power *= s * s)
        sum += power / i;
    return -(2 * sum + exponent * 0.69314718055994530942);
}

/* Bytes until the next byte that begins a sample: whether that is below a whole number is what counts, so it is rounded down. */
static int64_t until_next(struct mg_self *self)
{
    return (int64_t)(minus_log(chance(self)) * (double)mg_stacks.mean);
}

/* exp(-x) for x >= 0. */
static double exp_minus(double x)
{
    if (x > 700)
        return 0;
    int halvings = 0;
    for (; x > 0.125; x /= 2)
        halvings++;
    double term = 1, sum = 1;
    for (int i = 1; i < 14; i++)
        sum += term *= -x / i;
    while (halvings-- > 0)
        sum *= sum;
    return sum;
}

double mg_stacks_weight(int64_t bytes)
{
    double x = (double)bytes / (double)mg_stacks.mean;
    /* Of small x the difference to 1 would lose digits. */
    double probability = x < 1e-4 ? x * (1 - x / 2 * (1 - x / 3)) : 1 - exp_minus(x);
    return 1 / probability;
}

/* ---- Who asks ---- */

struct walk {
    uintptr_t code[MG_STACK_DEPTH];
    unsigned depth;
    bool cut, in_signal;
};

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *argument)
{
    struct walk *walk = argument;
    int before = 0;
    uintptr_t code = _Unwind_GetIPInfo(context, &before);
    if (!code)
        return _URC_END_OF_STACK;
    /* The frame that a signal interrupted: it may have been anywhere. */
    walk->in_signal |= before != 0;
    code -= !before;
    if (!walk->depth && mg_libraries_is_us((const void *)code))
        return _URC_NO_REASON;
    walk->cut = walk->depth == MG_STACK_DEPTH;
    if (walk->cut)
        return _URC_END_OF_STACK;
    walk->code[walk->depth++] = code;
    return _URC_NO_REASON;
}

static bool matches(_Atomic(uint64_t) *place, uint64_t hash, bool *new)
{
    uint64_t there = MG_LOAD(*place);
    *new = !there &&atomic_compare_exchange_strong_explicit(place, &there, hash, memory_order_relaxed,
                                                            memory_order_relaxed);
    return *new || there == hash;
}

/* The place of the stack; 0 when there is none. */
static uint32_t place_of_stack(const struct walk *walk)
{
    uint32_t generation = MG_LOAD(mg_stacks.generation);
    uint64_t hash = mix(generation + 1);
    for (unsigned i = 0; i < walk->depth; i++)
        hash = mix(hash + walk->code[i]);
    hash |= 1;
    for (unsigned i = 0; i < PLACES; i++) {
        uint32_t at = (uint32_t)((hash >> 20) + i) % MG_STACKS;
        struct mg_stack *stack = &mg_stacks.stacks[at];
        bool new;
        if (!at || !matches(&stack->hash, hash, &new))
            continue;
        if (new) {
            memcpy(stack->code, walk->code, walk->depth * sizeof *walk->code);
            stack->depth = (uint8_t)walk->depth;
            stack->cut = walk->cut;
            stack->generation = generation;
            atomic_store_explicit(&stack->complete, true, memory_order_release);
        }
        return at;
    }
    MG_ADD(mg_stacks.without_stack, 1);
    return 0;
}

static uint16_t place_of_label(const struct mg_account *account)
{
    char thread[16] = "";
    mg_os_thread_name(thread);
    uint64_t words[2];
    memcpy(words, thread, sizeof words);
    uint64_t hash = mix(mix(mix(account->id + 1) + words[0]) + words[1]) | 1;
    for (unsigned i = 0; i < PLACES; i++) {
        uint16_t at = (uint16_t)(((hash >> 20) + i) % MG_STACK_LABELS);
        struct mg_stack_label *label = &mg_stacks.labels[at];
        bool new;
        if (!at || !matches(&label->hash, hash, &new))
            continue;
        if (new) {
            label->account = account->id;
            memcpy(label->account_name, account->name, sizeof label->account_name);
            memcpy(label->thread, thread, sizeof label->thread);
            atomic_store_explicit(&label->complete, true, memory_order_release);
        }
        return at;
    }
    MG_ADD(mg_stacks.without_label, 1);
    return 0;
}

void mg_stacks_freeze(void)
{
    MG_STORE(mg_stacks.frozen, true);
}

/* The bytes may begin a sample: false where they don't, or nothing may be noted. */
static bool look(struct mg_self *self, unsigned library, int64_t bytes, struct mg_sample *sample)
{
    if (MG_UNLIKELY(!self->random)) {
        begin_chance(self);
        self->until_sample = until_next(self) - bytes;
        if (self->until_sample >= 0)
            return false;
    }
    self->until_sample = until_next(self);
    if (MG_UNLIKELY(MG_LOAD(mg_stacks.frozen)))
        return false;
    struct walk walk = { .depth = 0 };
    _Unwind_Backtrace(step, &walk);
    if (walk.in_signal) {
        MG_ADD(mg_stacks.in_signals, 1);
        return false;
    }
    *sample = (struct mg_sample){ .bytes_low = (uint32_t)bytes,
                                  .bytes_high = (uint32_t)(bytes >> 32),
                                  .stack = place_of_stack(&walk),
                                  .label = place_of_label(self->account),
                                  .library = (uint8_t)library };
    return true;
}

static void count(struct mg_self *self, bool added, struct mg_sampled at)
{
    /* In a native method, at whose end Java can be asked. */
    if (added && (self->library || self->asking) && self->sampled < MG_SAMPLED_AT_ONCE)
        self->samples[self->sampled++] = at;
    MG_ADD(*(added ? &mg_stacks.taken : &mg_stacks.dropped), 1);
}

MG_NOINLINE void mg_stacks_sample(struct mg_self *self, unsigned library, const void *block, int64_t bytes)
{
    struct mg_sample sample;
    struct mg_sampled at = { 0 };
    if (!look(self, library, bytes, &sample))
        return;
    /* Before the block is anybody's: whoever frees it reads the page's word. */
    bool added = mg_samples_add(block, sample, &at);
    if (added)
        mg_window_mark_sampled(block, true);
    count(self, added, at);
}

MG_NOINLINE uint32_t mg_stacks_sample_mapping(struct mg_self *self, unsigned library, int64_t bytes)
{
    struct mg_sample sample;
    struct mg_sampled at = { 0 };
    if (!look(self, library, bytes, &sample))
        return 0;
    uint32_t number = mg_samples_add_mapping(sample, &at);
    count(self, number, at);
    return number;
}

void mg_stacks_mapped(uint32_t sample)
{
    if (MG_UNLIKELY(mg_samples_drop(sample)))
        MG_ADD(mg_stacks.taken, -1);
}

MG_NOINLINE void mg_stacks_forget(const void *block)
{
    if (!mg_window_is_sampled(block))
        return;
    bool removed = mg_samples_remove(block);
    MG_INVARIANT(removed);
    mg_window_mark_sampled(block, false);
}
