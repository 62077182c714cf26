#include "samples.h"

#include "os.h"

/* An address may be in one of so many places in a row, so that looking for one ends soon however full the table is. */
#define PLACES 32

/* A key is the block's address, FREE, or TAKEN while somebody writes the rest. The version goes on whenever that is about to
 * change: a reader that finds the same key and version before and after has read one sample. */
enum { FREE, TAKEN };
struct place {
    _Atomic(uintptr_t) key;
    _Atomic(uint32_t) version;
    _Atomic(uint32_t) bytes_low, bytes_high;
    _Atomic(uint32_t) stack;
    _Atomic(uint32_t) label_library; /* and above both whether it is a mapping's */
    _Atomic(uint32_t) holders;       /* of a mapping's */
    _Atomic(uint64_t)
        callers; /* version << 32 | callers: it can only be given to the sample that it is meant for */
};

static struct place *table; /* MG_SAMPLES of them */

bool mg_samples_start(void)
{
    table = mg_os_allocate(MG_SAMPLES * sizeof *table);
    return table;
}

static struct place *place_of(const void *block, unsigned turn)
{
    uint64_t hash = ((uintptr_t)block >> 4) * 0x9e3779b97f4a7c15u;
    return &table[((hash >> 40) + turn) % MG_SAMPLES];
}

bool mg_samples_add(const void *block, struct mg_sample sample, struct mg_sampled *at)
{
    for (unsigned i = 0; i < PLACES; i++) {
        struct place *place = place_of(block, i);
        uintptr_t key = FREE;
        /* Acquire: what follows is written after whoever had the place has given it up. */
        if (MG_LOAD(place->key) != FREE ||
            !atomic_compare_exchange_strong_explicit(&place->key, &key, TAKEN, memory_order_acquire,
                                                     memory_order_relaxed))
            continue;
        MG_BUMP(place->version, 1);
        /* Release: who reads any of the new words finds, an acquire fence later, the version gone on. */
        atomic_thread_fence(memory_order_release);
        MG_STORE(place->bytes_low, sample.bytes_low);
        MG_STORE(place->bytes_high, sample.bytes_high);
        MG_STORE(place->stack, sample.stack);
        MG_STORE(place->label_library,
                 (uint32_t)sample.mapping << 24 | (uint32_t)sample.label << 8 | sample.library);
        *at = (struct mg_sampled){ (uint32_t)(place - table), MG_LOAD(place->version) };
        MG_STORE(place->callers, (uint64_t)at->version << 32);
        /* Release: who finds the block finds its sample. */
        atomic_store_explicit(&place->key, (uintptr_t)block, memory_order_release);
        return true;
    }
    return false;
}

bool mg_samples_remove(const void *block)
{
    for (unsigned i = 0; i < PLACES; i++) {
        struct place *place = place_of(block, i);
        /* Relaxed: the block came here from who added it, and its place with it. */
        if (MG_LOAD(place->key) != (uintptr_t)block)
            continue;
        atomic_store_explicit(&place->key, FREE, memory_order_release);
        return true;
    }
    return false;
}

/* Its key is no address, and no other sample's: odd, and counted. */
uint32_t mg_samples_add_mapping(struct mg_sample sample, struct mg_sampled *at)
{
    static _Atomic(uintptr_t) mappings;
    uintptr_t key = (MG_ADD(mappings, 1) + 1) << 4 | 1;
    sample.mapping = true;
    if (!mg_samples_add((const void *)key, sample, at))
        return 0;
    MG_STORE(table[at->place].holders, 1);
    return at->place + 1;
}

void mg_samples_hold(uint32_t number)
{
    if (MG_UNLIKELY(number))
        MG_ADD(table[mg_samples_place(number)].holders, 1);
}

uintptr_t mg_samples_key(uint32_t number)
{
    return MG_LOAD(table[mg_samples_place(number)].key);
}

bool mg_samples_drop(uint32_t number)
{
    if (MG_LIKELY(!number))
        return false;
    struct place *place = &table[mg_samples_place(number)];
    /* Acquire and release: whoever is the last has seen that the others are gone. */
    if (atomic_fetch_sub_explicit(&place->holders, 1, memory_order_acq_rel) != 1)
        return false;
    atomic_store_explicit(&place->key, FREE, memory_order_release);
    return true;
}

void mg_samples_name(struct mg_sampled at, uint32_t callers)
{
    uint64_t nobody = (uint64_t)at.version << 32;
    /* Release: whoever reads the number finds its names. */
    atomic_compare_exchange_strong_explicit(&table[at.place].callers, &nobody, nobody | callers,
                                            memory_order_release, memory_order_relaxed);
}

bool mg_samples_at(size_t at, struct mg_sample *sample)
{
    struct place *place = &table[at];
    for (int tries = 0; tries < 4; tries++) {
        uintptr_t key = atomic_load_explicit(&place->key, memory_order_acquire);
        uint32_t version = MG_LOAD(place->version);
        if (key == FREE || key == TAKEN)
            return false;
        sample->bytes_low = MG_LOAD(place->bytes_low);
        sample->bytes_high = MG_LOAD(place->bytes_high);
        sample->stack = MG_LOAD(place->stack);
        uint32_t both = MG_LOAD(place->label_library);
        sample->label = (uint16_t)(both >> 8);
        sample->library = (uint8_t)both;
        sample->mapping = both >> 24;
        sample->block = key;
        sample->callers = (uint32_t)atomic_load_explicit(&place->callers, memory_order_acquire);
        atomic_thread_fence(memory_order_acquire);
        if (MG_LOAD(place->version) == version && MG_LOAD(place->key) == key)
            return true;
    }
    return false;
}
