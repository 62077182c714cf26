#include "hazards.h"

#include "libraries.h"
#include "memgrant.h"
#include "os.h"
#include "settings.h"

#include <link.h>
#include <string.h>
#include <unwind.h>

/* A thread's first mappings, up to this size, are those by which an allocator of the library's own sets itself up for the
 * thread: jemalloc makes an arena (2 MB, and as much again to align it), a few nodes of its tree, a cache; it goes on
 * without what it could not get and crashes at the next malloc. */
#define FIRST_MAPPINGS 8
#define FIRST_MAPPING_BYTES (8 << 20)

#define MAX_FRAMES 1000

static int none(void)
{
    return 0;
}
int (*mg_uncaught_exceptions)(void) = none;

bool mg_hazards_minor(const struct mg_self *self, int64_t bytes, bool in_jvm)
{
    if (self->asked == MG_ASKED_MAPPING)
        return self->mappings < FIRST_MAPPINGS && bytes <= FIRST_MAPPING_BYTES;
    return bytes < mg_settings.smallest_denial && (in_jvm || self->asked == MG_ASKED_THROWING);
}

/* ---- What a frame does with std::bad_alloc, by the table that its compiler left for the C++ runtime ---- */

enum frame { PASSES, CATCHES, CATCHES_ALL, ENDS };

struct table {
    const unsigned char *at;
    const unsigned char *types; /* grows downwards; NULL: there are none */
    unsigned char type_form;
};

/* DWARF's forms of a number (DW_EH_PE_*), of which compilers use these. */
enum { ABSOLUTE = 0, ULEB = 1, U2 = 2, U4 = 3, U8 = 4, SLEB = 9, S2 = 10, S4 = 11, S8 = 12, FORM = 15 };
enum { RELATIVE_TO_ITSELF = 0x10, RELATIVE = 0x70, INDIRECT = 0x80, OMITTED = 0xff };

static uintptr_t read_leb(const unsigned char **at, bool is_signed)
{
    uintptr_t value = 0;
    unsigned shift = 0;
    unsigned char byte;
    do {
        byte = *(*at)++;
        if (shift < 64)
            value |= (uintptr_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    if (is_signed && shift < 64 && byte & 0x40)
        value |= ~(uintptr_t)0 << shift;
    return value;
}

static size_t width(unsigned char form)
{
    switch (form & FORM) {
    case U2:
    case S2:
        return 2;
    case U4:
    case S4:
        return 4;
    default:
        return 8;
    }
}

static uintptr_t read_plain(const unsigned char *at, unsigned char form)
{
    uint64_t value = 0;
    size_t bytes = width(form);
    memcpy(&value, at, bytes);
    if (form & 8 && bytes < 8 && value >> (8 * bytes - 1))
        value |= ~(uint64_t)0 << (8 * bytes);
    return value;
}

static uintptr_t read_number(const unsigned char **at, unsigned char form)
{
    if ((form & FORM) == ULEB || (form & FORM) == SLEB)
        return read_leb(at, (form & FORM) == SLEB);
    uintptr_t value = read_plain(*at, form);
    *at += width(form);
    return value;
}

/* What a handler for that type does with a std::bad_alloc. Of a type_info the second word is its name. */
static enum frame by_type(const struct table *table, uintptr_t filter)
{
    const unsigned char *entry = table->types - filter * width(table->type_form);
    uintptr_t type = read_plain(entry, table->type_form);
    if (!type)
        return CATCHES_ALL; /* catch (...) */
    if ((table->type_form & RELATIVE) == RELATIVE_TO_ITSELF)
        type += (uintptr_t)entry;
    else if (table->type_form & RELATIVE)
        return CATCHES; /* in a form that no compiler here uses: nothing is known */
    if (table->type_form & INDIRECT)
        memcpy(&type, (const void *)type, sizeof type);
    const char *name;
    memcpy(&name, (const char *)type + sizeof(void *), sizeof name);
    return !strcmp(name, "St9bad_alloc") || !strcmp(name, "St9exception") ? CATCHES : PASSES;
}

/* The chain of actions of a call: handlers, and what runs in passing. */
static enum frame look_at_actions(const struct table *table, const unsigned char *action)
{
    for (;;) {
        intptr_t filter = (intptr_t)read_leb(&action, true);
        const unsigned char *link = action;
        intptr_t next = (intptr_t)read_leb(&action, true);
        enum frame handler = filter <= 0    ? PASSES
                             : table->types ? by_type(table, (uintptr_t)filter)
                                            : CATCHES;
        if (handler != PASSES)
            return handler;
        if (filter < 0)
            return ENDS; /* throw(): only what it lists may leave, and that is hardly this */
        if (!next)
            return PASSES;
        action = link + next;
    }
}

/* Of the calls in a function each has an entry, in their order, but those from which nothing may be thrown. */
static enum frame look_at(const unsigned char *data, uintptr_t function, uintptr_t code)
{
    struct table table = { data, NULL, OMITTED };
    uintptr_t pads = function;
    unsigned char form = *table.at++;
    if (form != OMITTED)
        pads = read_number(&table.at, form);
    table.type_form = *table.at++;
    if (table.type_form != OMITTED) {
        uintptr_t offset = read_leb(&table.at, false);
        table.types = table.at + offset;
    }
    form = *table.at++;
    uintptr_t length = read_leb(&table.at, false);
    const unsigned char *actions = table.at + length;
    while (table.at < actions) {
        uintptr_t from = function + read_number(&table.at, form);
        uintptr_t bytes = read_number(&table.at, form);
        uintptr_t pad = read_number(&table.at, form);
        uintptr_t action = read_leb(&table.at, false);
        if (code < from)
            break;
        if (code - from < bytes)
            return pad && pads && action ? look_at_actions(&table, actions + action - 1) : PASSES;
    }
    return ENDS;
}

/* ---- The stack ---- */

struct search {
    bool
        throws; /* a denial becomes an exception, here or, in code that has tables, for want of what malloc did not give */
    bool reads_tables, fatal, caught;
    bool catches_all; /* the frame before does */
    int frames;
};

/* Under the dynamic linker run the constructors of a library that is being loaded, and destructors at the end. */
static bool is_in_linker(uintptr_t code)
{
    uintptr_t base = _r_debug.r_ldbase;
    if (code < base || !base)
        return false;
    ElfW(Ehdr) header;
    memcpy(&header, (const void *)base, sizeof header);
    for (unsigned i = 0; i < header.e_phnum; i++) {
        ElfW(Phdr) part;
        memcpy(&part, (const char *)base + header.e_phoff + i * sizeof part, sizeof part);
        if (part.p_type == PT_LOAD && code - base < part.p_vaddr + part.p_memsz)
            return true;
    }
    return false;
}

/* What libc calls on a thread of its own and catches everything does so to end the process, as a std::thread's start does in libstdc++ before GCC 8,
 * which jars have linked in (RocksDB's). Whoever means to bear it does that further up. */
static bool starts_thread(uintptr_t code)
{
    return !mg_os_is_main_thread() && mg_libraries_slot((const void *)code, false) == MG_LIBRARY_LIBC;
}

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *argument)
{
    struct search *search = argument;
    int before = 0;
    uintptr_t code = _Unwind_GetIPInfo(context, &before) - !before;
    if (++search->frames > MAX_FRAMES)
        return _URC_END_OF_STACK;
    if (mg_libraries_is_us((const void *)code))
        return _URC_NO_REASON;
    if (search->catches_all) {
        search->fatal = starts_thread(code);
        return _URC_END_OF_STACK;
    }
    const unsigned char *data = search->reads_tables ? _Unwind_GetLanguageSpecificData(context) : NULL;
    /* libc's are C's tables, where a call without an entry is one to pass by. */
    if (data && mg_libraries_slot((const void *)code, false) == MG_LIBRARY_LIBC)
        data = NULL;
    enum frame frame = data ? look_at(data, _Unwind_GetRegionStart(context), code) : PASSES;
    search->throws |= data != NULL;
    search->fatal = frame == ENDS || is_in_linker(code);
    search->catches_all = frame == CATCHES_ALL;
    search->caught = search->catches_all || frame == CATCHES;
    if (search->catches_all && !search->fatal)
        return _URC_NO_REASON;
    return search->fatal || search->caught ? _URC_END_OF_STACK : _URC_NO_REASON;
}

bool mg_hazards_fatal(const struct mg_self *self, bool in_jvm)
{
    struct search search = { .throws = self->asked == MG_ASKED_THROWING };
    search.reads_tables = search.throws || in_jvm;
    /* A second exception, while destructors run because of a first one, ends the process nearly everywhere. */
    if (search.throws && mg_uncaught_exceptions() > 0)
        return true;
    _Unwind_Backtrace(step, &search);
    return search.fatal || (search.throws && !search.caught && search.frames <= MAX_FRAMES);
}

static _Unwind_Reason_Code look_for_linker(struct _Unwind_Context *context, void *argument)
{
    struct search *search = argument;
    int before = 0;
    search->fatal = is_in_linker(_Unwind_GetIPInfo(context, &before));
    return search->fatal || ++search->frames > MAX_FRAMES ? _URC_END_OF_STACK : _URC_NO_REASON;
}

bool mg_hazards_in_linker(void)
{
    struct search search = { .throws = false };
    _Unwind_Backtrace(look_for_linker, &search);
    return search.fatal;
}
