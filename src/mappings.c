#include "mappings.h"

#include "accounts.h"
#include "libraries.h"
#include "os.h"
#include "passed.h"
#include "samples.h"

#include <string.h>

struct range {
    uintptr_t from, to;
    struct mg_mapping_owner owner;
    enum mg_mapping_state state;
    size_t resident; /* charged bytes of a RETURNING range */
};

/* In order of addresses, without overlaps. */
static struct {
    struct mg_lock lock;
    struct range *ranges;
    size_t count, size, most;
    _Atomic(bool) any;
} table;

/* Relaxed: who asks about a mapping got its address from the thread that made it, and with it sees that there is one. */
bool mg_mappings_any(void)
{
    return MG_LOAD(table.any);
}

void mg_mappings_lock(void)
{
    mg_lock(&table.lock);
}

void mg_mappings_unlock(void)
{
    mg_unlock(&table.lock);
}

/* ---- The table ---- */

/* Index of the first range that ends above the address. */
static size_t first_above(uintptr_t address)
{
    size_t low = 0;
    size_t high = table.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (table.ranges[middle].to <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Ranges by which it grows. The kernel lets a process have 65,530 mappings, unless it is told otherwise. */
#define STEP ((size_t)1024)
size_t mg_mappings_most = STEP * 1024;

bool mg_mappings_start(void)
{
    table.most = mg_os_affordable(mg_mappings_most, sizeof *table.ranges);
    table.ranges = mg_os_reserve(table.most * sizeof *table.ranges);
    return table.ranges;
}

static bool make_room(void)
{
    if (table.count + 3 <= table.size)
        return true;
    if (table.size + STEP > table.most ||
        !mg_os_protect(&table.ranges[table.size], STEP * sizeof *table.ranges, true))
        return false;
    table.size += STEP;
    return true;
}

static void insert(size_t index, struct range range)
{
    MG_ADD(range.owner.heap->pairs[range.owner.tag].mappings, 1);
    mg_samples_hold(range.owner.sample);
    memmove(&table.ranges[index + 1], &table.ranges[index], (table.count - index) * sizeof range);
    table.ranges[index] = range;
    table.count++;
    MG_STORE(table.any, true);
}

static void erase(size_t index)
{
    const struct mg_mapping_owner *owner = &table.ranges[index].owner;
    /* Release: who used the pair by this range did it under the table's lock, before; the last range frees the pair. */
    atomic_fetch_sub_explicit(&owner->heap->pairs[owner->tag].mappings, 1, memory_order_release);
    mg_samples_drop(owner->sample);
    table.count--;
    memmove(&table.ranges[index], &table.ranges[index + 1], (table.count - index) * sizeof *table.ranges);
}

static size_t charged_bytes(const struct range *range)
{
    if (range->state == MG_MAPPING_CHARGED)
        return range->to - range->from;
    return range->state == MG_MAPPING_RETURNING ? range->resident : 0;
}

/* The owner's books, by the way of strangers: the account may be anybody's. */
static void refund(const struct range *range, int64_t bytes)
{
    if (!bytes)
        return;
    struct mg_pair *pair = &range->owner.heap->pairs[range->owner.tag];
    if (mg_libraries[pair->library].limit >= 0)
        MG_ADD(mg_libraries[pair->library].used, -bytes);
    /* It will be counted there with what blocks gave back, whose pages heaps may keep: nobody keeps a mapping's. */
    MG_ADD(mg_accounts_returned, -bytes);
    MG_ADD(pair->refunded, bytes);
    mg_lock(&mg_books_lock);
    mg_accounts_collect_pair(pair);
    mg_unlock(&mg_books_lock);
}

/* What can't be noted is no longer counted, though it may still be there. */
static void forget(const struct range *range)
{
    refund(range, (int64_t)charged_bytes(range));
    mg_pass(range->owner.heap->pairs[range->owner.tag].library, (int64_t)(range->to - range->from),
            MG_PASSED_TABLE);
}

/* Splits the range that the address lies within, so that one ends and one begins there: the upper one is forgotten where there is no
 * room for it. */
static void split(uintptr_t address)
{
    size_t index = first_above(address);
    if (index == table.count || table.ranges[index].from >= address)
        return;
    bool room = make_room();
    struct range *left = &table.ranges[index];
    struct range right = *left;
    right.from = left->to = address;
    /* Only a measurement knows on which side the resident pages are: until then they count on the left, as far as they fit. */
    size_t fits = left->to - left->from;
    left->resident = left->resident < fits ? left->resident : fits;
    right.resident -= left->resident;
    if (room)
        insert(index + 1, right);
    else
        forget(&right);
}

bool mg_mappings_touches(uintptr_t from, uintptr_t to)
{
    size_t index = first_above(from);
    return index < table.count && table.ranges[index].from < to;
}

size_t mg_mappings_uncharged(uintptr_t from, uintptr_t to, struct mg_mapping_owner *owner)
{
    size_t bytes = 0;
    for (size_t i = first_above(from); i < table.count && table.ranges[i].from < to; i++) {
        const struct range *range = &table.ranges[i];
        uintptr_t start = range->from > from ? range->from : from;
        uintptr_t end = range->to < to ? range->to : to;
        if (range->state != MG_MAPPING_RESERVED)
            continue;
        if (!bytes)
            *owner = range->owner;
        bytes += end - start;
    }
    return bytes;
}

void mg_mappings_change(uintptr_t from, uintptr_t to, enum mg_mapping_state state)
{
    split(from);
    split(to);
    size_t i = first_above(from);
    while (i < table.count && table.ranges[i].from < to) {
        struct range *range = &table.ranges[i];
        size_t before = charged_bytes(range);
        if (state == MG_MAPPING_RETURNING && range->state == MG_MAPPING_RESERVED) {
            i++; /* nothing was given back */
            continue;
        }
        refund(range, (int64_t)before);
        range->state = state;
        range->resident = 0;
        if (state == MG_MAPPING_RESERVED) {
            mg_samples_drop(range->owner.sample);
            range->owner.sample = 0;
        }
        if (state == MG_MAPPING_GONE)
            erase(i);
        else
            i++;
    }
}

bool mg_mappings_add(uintptr_t from, uintptr_t to, enum mg_mapping_state state, struct mg_mapping_owner owner)
{
    mg_mappings_change(from, to, MG_MAPPING_GONE);
    if (!make_room())
        return false;
    size_t index = first_above(from);
    struct range *before = index ? &table.ranges[index - 1] : NULL;
    if (before && before->to == from && before->state == state && state != MG_MAPPING_RETURNING &&
        before->owner.heap == owner.heap && before->owner.tag == owner.tag && !before->owner.sample &&
        !owner.sample)
        before->to = to;
    else
        insert(index, (struct range){ from, to, owner, state, 0 });
    return true;
}

void mg_mappings_move(uintptr_t from, uintptr_t to, uintptr_t target)
{
    split(from);
    split(to);
    /* The kernel never moves a mapping onto itself, so each turn leaves one range less behind. */
    for (size_t i = first_above(from); i < table.count && table.ranges[i].from < to; i = first_above(from)) {
        struct range range = table.ranges[i];
        mg_samples_hold(range.owner.sample);
        erase(i);
        range.to = target + (range.to - from);
        range.from = target + (range.from - from);
        insert(first_above(range.from), range);
        mg_samples_drop(range.owner.sample);
    }
}

size_t mg_mappings_commit(uintptr_t from, uintptr_t to, struct mg_mapping_owner owner)
{
    size_t bytes = 0;
    split(from);
    split(to);
    for (size_t i = first_above(from); i < table.count && table.ranges[i].from < to; i++) {
        if (table.ranges[i].state != MG_MAPPING_RESERVED)
            continue;
        struct range range = table.ranges[i];
        range.state = MG_MAPPING_CHARGED;
        range.owner = owner;
        bytes += range.to - range.from;
        erase(i);
        insert(i, range);
    }
    return bytes;
}

/* ---- Measuring ---- */

static void measure(struct range *range)
{
    size_t resident = mg_os_resident(range->from, range->to - range->from);
    refund(range, (int64_t)range->resident - (int64_t)resident);
    range->resident = resident;
}

void mg_mappings_measure(void)
{
    /* Somebody is at it, perhaps this very thread, whose charge fell short: then there is nothing new to learn. */
    if (!mg_mappings_any() || !mg_try_lock(&table.lock))
        return;
    for (size_t i = 0; i < table.count; i++)
        if (table.ranges[i].state == MG_MAPPING_RETURNING)
            measure(&table.ranges[i]);
    mg_unlock(&table.lock);
}

int64_t mg_mappings_charged(void)
{
    int64_t charged = 0;
    if (!mg_try_lock(&table.lock))
        return -1;
    for (size_t i = 0; i < table.count; i++)
        charged += (int64_t)charged_bytes(&table.ranges[i]);
    mg_unlock(&table.lock);
    return charged;
}

/* Looked at with the lock held: a millisecond's worth, since whoever maps waits so long. */
#define TOUCHED_PART ((size_t)64 << 20)

int64_t mg_mappings_touched(void)
{
    size_t touched = 0;
    for (uintptr_t from = 0, to;; from = to) {
        mg_mappings_lock();
        size_t i = first_above(from);
        while (i < table.count && !charged_bytes(&table.ranges[i]))
            i++;
        if (i == table.count)
            break;
        const struct range *range = &table.ranges[i];
        from = range->from > from ? range->from : from;
        to = range->to - from > TOUCHED_PART ? from + TOUCHED_PART : range->to;
        touched += mg_os_resident(from, to - from);
        mg_unlock(&table.lock);
    }
    mg_unlock(&table.lock);
    return (int64_t)touched;
}

/* Those of one library that lie side by side are one to a reader. */
size_t mg_mappings_list(struct mg_mapping_place *places, size_t most, size_t *missing)
{
    size_t count = 0;
    *missing = 0;
    if (!mg_try_lock(&table.lock)) {
        *missing = 1;
        return 0;
    }
    for (size_t i = 0; i < table.count; i++) {
        const struct range *range = &table.ranges[i];
        unsigned library = range->owner.heap->pairs[range->owner.tag].library;
        if (count && places[count - 1].to == range->from && places[count - 1].library == library)
            places[count - 1].to = range->to;
        else if (count < most)
            places[count++] = (struct mg_mapping_place){ range->from, range->to, library };
        else
            ++*missing;
    }
    mg_unlock(&table.lock);
    return count;
}

bool mg_mappings_read(int64_t charged[MG_LIBRARIES], struct mg_mapping_parts *parts, bool wait)
{
    if (wait)
        mg_lock(&table.lock);
    else if (!mg_try_lock(&table.lock))
        return false;
    memset(charged, 0, MG_LIBRARIES * sizeof *charged);
    for (size_t i = 0; i < table.count; i++) {
        const struct range *range = &table.ranges[i];
        int64_t bytes = (int64_t)charged_bytes(range);
        charged[range->owner.heap->pairs[range->owner.tag].library] += bytes;
        if (MG_UNLIKELY(range->owner.sample) && parts && parts->count < MG_MAPPING_PARTS)
            parts->parts[parts->count++] =
                (struct mg_mapping_part){ range->from, range->to, bytes, range->owner.sample,
                                          mg_samples_key(range->owner.sample) };
    }
    mg_unlock(&table.lock);
    return true;
}

void mg_mappings_before_fork(void)
{
    mg_lock(&table.lock);
}

void mg_mappings_after_fork(void)
{
    mg_unlock(&table.lock);
}
