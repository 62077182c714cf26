#include "stacked.h"

#include "callers.h"
#include "libraries.h"
#include "modules.h"
#include "os.h"
#include "samples.h"
#include "stacks.h"

#include <string.h>

/* Samples of one stack, account, thread's name and library, of blocks or of mappings, are one row. Further ones than there are rows for go into the last, without
 * a stack. */
enum { ROWS = 1 << 14, MOST = 10000 };
struct row {
    bool used, mapping;
    uint8_t library;
    uint16_t label;
    uint32_t stack, callers;
    int64_t samples;
    double bytes, resident, blocks;
};

static struct row *row_of(struct row *rows, unsigned *count, const struct mg_sample *sample)
{
    uint64_t hash =
        ((sample->stack * 31u + sample->label) * 31u + sample->callers) * (uint64_t)0x9e3779b97f4a7c15u +
        sample->library * 2u + sample->mapping;
    for (unsigned i = 0; i < ROWS; i++) {
        struct row *row = &rows[((hash >> 32) + i) % ROWS];
        if (row->used && row->stack == sample->stack && row->label == sample->label &&
            row->library == sample->library && row->callers == sample->callers &&
            row->mapping == sample->mapping)
            return row;
        if (row->used)
            continue;
        if (*count == MOST)
            break;
        ++*count;
        *row = (struct row){ .used = true,
                             .mapping = sample->mapping,
                             .library = sample->library,
                             .label = sample->label,
                             .stack = sample->stack,
                             .callers = sample->callers };
        return row;
    }
    rows[ROWS].used = true;
    return &rows[ROWS];
}

static int64_t bytes_of(const struct mg_sample *sample)
{
    return (int64_t)((uint64_t)sample->bytes_high << 32 | sample->bytes_low);
}

/* What was looked at, and how much of it is resident: nobody looks at more than LOOK_AT_MOST, which takes a fifth of a second, and what is
 * beyond is taken to be like what was seen. */
#define LOOK_AT_MOST ((int64_t)32 << 30)
struct looks {
    int64_t at, resident;
};

/* As great a part of the bytes as of the pages on which they lie. What was given back or moved meanwhile is not there. */
static double resident(struct looks *looks, uintptr_t from, int64_t bytes)
{
    uintptr_t first = mg_os_page_of(from);
    int64_t pages = (int64_t)(mg_os_whole_pages(from + (uintptr_t)bytes) - first);
    int64_t left = LOOK_AT_MOST - looks->at;
    int64_t looked = pages < left ? pages : left;
    int64_t found = 0;
    if (looked > 0) {
        found = (int64_t)mg_os_resident(first, (size_t)looked);
        looks->at += looked;
        looks->resident += found;
    }
    double beyond = (double)(pages - looked) * (double)looks->resident / (double)looks->at;
    return ((double)found + beyond) / (double)pages * (double)bytes;
}

static void add_blocks(struct row *rows, unsigned *count, struct looks *looks)
{
    for (size_t i = 0; i < MG_SAMPLES; i++) {
        struct mg_sample sample;
        if (!mg_samples_at(i, &sample) || sample.mapping)
            continue;
        struct row *row = row_of(rows, count, &sample);
        double weight = mg_stacks_weight(bytes_of(&sample));
        row->samples++;
        row->bytes += weight * (double)bytes_of(&sample);
        if (looks)
            row->resident += weight * resident(looks, sample.block, bytes_of(&sample));
        row->blocks += weight;
    }
}

/* What is left of a mapping stands for as much as all of it did. */
static void add_mappings(struct row *rows, unsigned *count, const struct mg_mapping_parts *parts,
                         struct looks *looks)
{
    uint64_t *seen = mg_os_allocate(MG_SAMPLES / 8);
    for (size_t i = 0; seen && i < parts->count; i++) {
        const struct mg_mapping_part *part = &parts->parts[i];
        struct mg_sample sample;
        size_t place = mg_samples_place(part->sample);
        if (!mg_samples_at(place, &sample) || sample.block != part->key)
            continue; /* it has gone meanwhile, and another one may have its place */
        struct row *row = row_of(rows, count, &sample);
        double weight = mg_stacks_weight(bytes_of(&sample));
        double charged = (double)part->charged;
        row->bytes += weight * charged;
        double is = looks ? resident(looks, part->from, (int64_t)(part->to - part->from)) : 0;
        row->resident += weight * (is < charged ? is : charged);
        if (seen[place / 64] >> place % 64 & 1)
            continue;
        seen[place / 64] |= (uint64_t)1 << place % 64;
        row->samples++;
        row->blocks += weight;
    }
    if (seen)
        mg_os_release(seen, MG_SAMPLES / 8);
}

/* All rows, with what is resident where somebody looks; NULL when there is no memory. */
static struct row *add_up(const struct mg_mapping_parts *parts, struct looks *looks)
{
    unsigned count = 0;
    struct row *rows = mg_os_allocate((ROWS + 1) * sizeof *rows);
    if (rows)
        add_blocks(rows, &count, looks);
    if (rows && parts)
        add_mappings(rows, &count, parts, looks);
    return rows;
}

struct mg_mapping_parts *mg_stacked_room(void)
{
    return mg_stacks.mean ? mg_os_allocate(sizeof(struct mg_mapping_parts)) : NULL;
}

void mg_stacked_forget(struct mg_mapping_parts *parts)
{
    if (parts)
        mg_os_release(parts, sizeof *parts);
}

static void add_modules(struct mg_text *text)
{
    mg_text_add(text, ",\"modules\":[");
    unsigned count = mg_modules_count();
    for (unsigned i = 0; i < count; i++) {
        const struct mg_module *module = mg_modules_at(i);
        mg_text_add(text, "%s{\"path\":", i ? "," : "");
        mg_text_add_string(text, module->path);
        mg_text_add(text, ",\"build_id\":\"");
        for (unsigned byte = 0; byte < module->build_id_length; byte++)
            mg_text_add(text, "%s%x", module->build_id[byte] < 16 ? "0" : "", module->build_id[byte]);
        mg_text_add(text, "\",\"from\":%lu,\"to\":%lu,\"offset\":%lu}", module->from, module->to,
                    module->offset);
    }
    mg_text_add(text, "]");
}

/* Each frame as [module, offset in its file], or [-1, address] where no file is known. */
static void add_frames(struct mg_text *text, uint32_t at)
{
    const struct mg_stack *stack = &mg_stacks.stacks[at];
    bool complete = at && atomic_load_explicit(&stack->complete, memory_order_acquire);
    for (unsigned i = 0; complete && i < stack->depth; i++) {
        int module = mg_modules_find(stack->code[i], stack->generation);
        uint64_t place = stack->code[i];
        if (module >= 0)
            place = place - mg_modules_at((unsigned)module)->from + mg_modules_at((unsigned)module)->offset;
        mg_text_add(text, "%s[%d,%lu]", i ? "," : "", module, place);
    }
    if (complete && stack->cut)
        mg_text_add(text, ",[-1,0]");
}

static void add_row(struct mg_text *text, const struct row *row)
{
    const struct mg_stack_label *label = &mg_stacks.labels[row->label];
    bool complete = row->label && atomic_load_explicit(&label->complete, memory_order_acquire);
    mg_text_add(text, "{\"account\":%ld,\"account_name\":", complete ? (int64_t)label->account : -1);
    mg_text_add_string(text, complete ? label->account_name : "");
    mg_text_add(text, ",\"thread\":");
    mg_text_add_string(text, complete ? label->thread : "");
    mg_text_add(text, ",\"library\":");
    mg_text_add_string(text, mg_libraries[row->library].name);
    mg_text_add(
        text,
        ",\"mapping\":%s,\"samples\":%ld,\"bytes\":%ld,\"resident\":%ld,\"blocks\":%ld,\"callers\":%u,\"frames\":[",
        row->mapping ? "true" : "false", row->samples, (int64_t)(row->bytes + 0.5),
        (int64_t)(row->resident + 0.5), (int64_t)(row->blocks + 0.5), row->callers);
    add_frames(text, row->stack);
    mg_text_add(text, "]}");
}

/* By number, the innermost frame first: what Java called native methods from. The first one is nobody's. */
static void add_callers(struct mg_text *text, uint32_t count)
{
    mg_text_add(text, ",\"callers\":[[]");
    for (uint32_t i = 1; i < count; i++) {
        const char *name = mg_callers_names(i);
        mg_text_add(text, ",[");
        for (const char *separator = ""; name && *name; name += strlen(name) + 1, separator = ",") {
            mg_text_add(text, "%s", separator);
            mg_text_add_string(text, name);
        }
        mg_text_add(text, "]");
    }
    mg_text_add(text, "]");
}

void mg_stacked_add(struct mg_text *text, const struct mg_mapping_parts *parts)
{
    if (!mg_stacks.mean)
        return;
    mg_modules_look();
    struct looks looks = { 0 };
    struct row *rows = add_up(parts, &looks);
    mg_text_add(text,
                ",\"stacks\":{\"mean_bytes\":%ld,\"taken\":%ld,\"dropped\":%ld,\"in_signals\":%ld,"
                "\"without_stack\":%ld,\"without_label\":%ld,\"frozen\":%s",
                mg_stacks.mean, MG_LOAD(mg_stacks.taken), MG_LOAD(mg_stacks.dropped),
                MG_LOAD(mg_stacks.in_signals), MG_LOAD(mg_stacks.without_stack),
                MG_LOAD(mg_stacks.without_label), MG_LOAD(mg_stacks.frozen) ? "true" : "false");
    add_modules(text);
    mg_text_add(text, ",\"live\":[");
    const char *separator = "";
    for (unsigned i = 0; rows && i <= ROWS; i++) {
        if (!rows[i].used)
            continue;
        mg_text_add(text, "%s", separator);
        add_row(text, &rows[i]);
        separator = ",";
    }
    mg_text_add(text, "]");
    /* After the samples: whatever stack they name is among them. */
    add_callers(text, mg_callers_count());
    mg_text_add(text, "}");
    if (rows)
        mg_os_release(rows, (ROWS + 1) * sizeof *rows);
}

/* ---- In lines, for people ---- */

enum { SHOWN_FRAMES = 8, SHOWN_JAVA = 3 };

static bool is_of(uint16_t at, const uint64_t *accounts, unsigned count)
{
    const struct mg_stack_label *label = &mg_stacks.labels[at];
    if (!at || !atomic_load_explicit(&label->complete, memory_order_acquire))
        return false;
    for (unsigned i = 0; i < count; i++)
        if (accounts[i] == label->account)
            return true;
    return false;
}

/* Each label is looked for once. */
static void keep_those_of(struct row *rows, const uint64_t *accounts, unsigned count)
{
    enum { UNKNOWN, OURS, OTHERS };
    uint8_t *known = mg_os_allocate(MG_STACK_LABELS);
    for (unsigned i = 0; i <= ROWS; i++) {
        uint8_t *is = known ? &known[rows[i].label] : NULL;
        if (is && rows[i].used && *is == UNKNOWN)
            *is = is_of(rows[i].label, accounts, count) ? OURS : OTHERS;
        rows[i].used = is && rows[i].used && *is == OURS;
    }
    if (known)
        mg_os_release(known, MG_STACK_LABELS);
}

static void add_places(struct mg_text *text, uint32_t at)
{
    const struct mg_stack *stack = &mg_stacks.stacks[at];
    bool complete = at && atomic_load_explicit(&stack->complete, memory_order_acquire);
    for (unsigned i = 0; complete && i < stack->depth && i < SHOWN_FRAMES; i++) {
        int found = mg_modules_find(stack->code[i], stack->generation);
        const struct mg_module *module = found < 0 ? NULL : mg_modules_at((unsigned)found);
        if (module)
            mg_text_add(text, " %s+0x%x", mg_rows_file(module->path),
                        (unsigned)(stack->code[i] - module->from + module->offset));
    }
}

static void add_java(struct mg_text *text, uint32_t callers)
{
    const char *name = callers ? mg_callers_names(callers) : NULL;
    for (unsigned i = 0; name && *name && i < SHOWN_JAVA; name += strlen(name) + 1, i++)
        mg_text_add(text, " %s", name);
}

static void add_line(struct mg_text *text, const struct row *row)
{
    mg_text_add(text, "  %ld bytes in %ld %s of %s, asked for by", (int64_t)(row->bytes + 0.5),
                (int64_t)(row->blocks + 0.5), row->mapping ? "mappings" : "blocks",
                mg_libraries[row->library].name);
    add_places(text, row->stack);
    add_java(text, row->callers);
    mg_text_add(text, "\n");
}

void mg_stacked_list(struct mg_text *text, const uint64_t *accounts, unsigned count, unsigned most)
{
    if (!mg_stacks.mean)
        return;
    mg_modules_look();
    int64_t charged[MG_LIBRARIES];
    struct mg_mapping_parts *parts = mg_stacked_room();
    if (parts)
        mg_mappings_read(charged, parts, true);
    struct row *rows = add_up(parts, NULL);
    mg_stacked_forget(parts);
    if (!rows)
        return;
    keep_those_of(rows, accounts, count);
    for (unsigned i = 0; i < most; i++) {
        struct row *largest = NULL;
        for (unsigned at = 0; at <= ROWS; at++)
            if (rows[at].used && (!largest || rows[at].bytes > largest->bytes))
                largest = &rows[at];
        if (!largest)
            break;
        add_line(text, largest);
        largest->used = false;
    }
    mg_os_release(rows, (ROWS + 1) * sizeof *rows);
}
