#include "libraries.h"

#include "got.h"
#include "os.h"
#include "say.h"
#include "self.h"
#include "specs.h"

#include <link.h>
#include <string.h>

#define MAX_RANGES 4096

MG_PER_THREAD struct mg_self mg_self;

struct range {
    _Atomic(uintptr_t) from, to;
    _Atomic(uint32_t) slot; /* with NOT_REDIRECTED */
    uintptr_t base;         /* of the object: for the writer alone */
};
#define NOT_REDIRECTED ((uint32_t)1 << 16)

struct snapshot {
    _Atomic(uint32_t) count;
    struct range ranges[MAX_RANGES];
};

/* Two snapshots in turn: a reader takes number & 1 and looks whether the number is still the same afterwards. */
static struct {
    struct mg_lock lock; /* taken under the dynamic linker's lock, never the other way round */
    _Atomic(uint32_t) number;
    /* The number; 0 while some dlclose is at work: what is known of any address may be of a library that has gone. */
    _Atomic(uint32_t) trusted;
    unsigned closing;
    struct snapshot snapshots[2];
    unsigned long long adds, subs; /* of the dynamic linker when the last one was taken */
    _Atomic(bool)
        frozen; /* in a fork child of a process with threads the linker's lock may be held for ever */
    bool said_full;
    char program[64];
    uintptr_t our_from, our_to;
    _Atomic(uintptr_t) libc_from, libc_size; /* known from the first snapshot on; libc does not go */
} loaded;

bool mg_libraries_is_us(const void *code)
{
    return (uintptr_t)code - loaded.our_from < loaded.our_to - loaded.our_from;
}

/* ---- Snapshots ---- */

static bool search(const struct snapshot *snapshot, uintptr_t code, uintptr_t *from, uintptr_t *to,
                   uint32_t *slot)
{
    uint32_t low = 0;
    uint32_t high = MG_LOAD(snapshot->count);
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        const struct range *range = &snapshot->ranges[middle];
        *from = MG_LOAD(range->from);
        *to = MG_LOAD(range->to);
        *slot = MG_LOAD(range->slot);
        if (code < *from)
            high = middle;
        else if (code >= *to)
            low = middle + 1;
        else
            return true;
    }
    return false;
}

/* Finds the code's range in the newest snapshot and remembers it for this thread. */
static bool look_up(uintptr_t code, uint32_t *slot)
{
    for (;;) {
        uint32_t number = atomic_load_explicit(&loaded.number, memory_order_acquire);
        uintptr_t from = 0;
        uintptr_t to = 0;
        bool found = search(&loaded.snapshots[number & 1], code, &from, &to, slot);
        /* What was read came from this snapshot only if no writer has come round to its buffer since. */
        atomic_thread_fence(memory_order_acquire);
        if (MG_LOAD(loaded.number) != number)
            continue;
        if (found && !(*slot & NOT_REDIRECTED)) {
            mg_self.code_from = from;
            mg_self.code_to = to;
            mg_self.code_slot = *slot;
            mg_self.code_snapshot = number;
        }
        return found;
    }
}

struct scan {
    struct snapshot *next;
    const struct snapshot *last;
    uint32_t count;
    bool locked;
    bool unchanged;
};

/* Under the lock. */
static void trust(void)
{
    atomic_store_explicit(&loaded.trusted, loaded.closing ? 0 : MG_LOAD(loaded.number), memory_order_release);
}

static bool was_redirected(const struct snapshot *last, uintptr_t from, uintptr_t base, uint32_t slot)
{
    uint32_t count =
        loaded.closing
            ? 0
            : MG_LOAD(last->count); /* it may have gone and come back: a second time does no harm */
    for (uint32_t i = 0; i < count; i++)
        if (MG_LOAD(last->ranges[i].from) == from && last->ranges[i].base == base)
            return MG_LOAD(last->ranges[i].slot) == slot;
    return false;
}

/* Inserts in order of addresses; there are a few hundred at most, nearly in order. */
static void insert(struct scan *scan, uintptr_t from, uintptr_t to, uintptr_t base, uint32_t slot)
{
    if (scan->count == MAX_RANGES) {
        if (!loaded.said_full)
            mg_say("more than %d parts of code are loaded; what further libraries take is not counted",
                   MAX_RANGES);
        loaded.said_full = true;
        return;
    }
    struct range *ranges = scan->next->ranges;
    uint32_t i = scan->count++;
    for (; i > 0 && MG_LOAD(ranges[i - 1].from) > from; i--) {
        MG_STORE(ranges[i].from, MG_LOAD(ranges[i - 1].from));
        MG_STORE(ranges[i].to, MG_LOAD(ranges[i - 1].to));
        MG_STORE(ranges[i].slot, MG_LOAD(ranges[i - 1].slot));
        ranges[i].base = ranges[i - 1].base;
    }
    MG_STORE(ranges[i].from, from);
    MG_STORE(ranges[i].to, to);
    MG_STORE(ranges[i].slot, slot);
    ranges[i].base = base;
}

static bool holds(const struct dl_phdr_info *object, const void *address)
{
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &object->dlpi_phdr[i];
        if (header->p_type == PT_LOAD &&
            (uintptr_t)address - object->dlpi_addr - header->p_vaddr < header->p_memsz)
            return true;
    }
    return false;
}

static uint32_t note_us(const struct dl_phdr_info *object)
{
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &object->dlpi_phdr[i];
        if (header->p_type == PT_LOAD && header->p_flags & PF_X) {
            loaded.our_from = object->dlpi_addr + header->p_vaddr;
            loaded.our_to = loaded.our_from + header->p_memsz;
        }
    }
    return MG_LIBRARY_OTHER;
}

static uint32_t slot_of_object(const struct dl_phdr_info *object)
{
    if (holds(object, &loaded))
        return note_us(object);
    const char *path = object->dlpi_name && *object->dlpi_name ? object->dlpi_name : loaded.program;
    return mg_rows_find(path);
}

static int scan_object(struct dl_phdr_info *object, size_t size, void *argument)
{
    (void)size;
    struct scan *scan = argument;
    if (!scan->locked) {
        mg_lock(&loaded.lock);
        scan->locked = true;
        uint32_t number = MG_LOAD(loaded.number);
        scan->unchanged = number && object->dlpi_adds == loaded.adds && object->dlpi_subs == loaded.subs;
        if (scan->unchanged)
            return 1;
        /* Release: a reader that finds anything of the new snapshot in this buffer, and so the buffer's old one broken, finds
         * at the end of its reading (an acquire fence) that the number has gone on from the old one's. */
        atomic_thread_fence(memory_order_release);
        scan->last = &loaded.snapshots[number & 1];
        scan->next = &loaded.snapshots[(number + 1) & 1];
        loaded.adds = object->dlpi_adds;
        loaded.subs = object->dlpi_subs;
    }
    uint32_t slot = slot_of_object(object);
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &object->dlpi_phdr[i];
        if (header->p_type != PT_LOAD || !(header->p_flags & PF_X))
            continue;
        uintptr_t from = object->dlpi_addr + header->p_vaddr;
        if (slot == MG_LIBRARY_LIBC && !MG_LOAD(loaded.libc_size)) {
            MG_STORE(loaded.libc_from, from);
            MG_STORE(loaded.libc_size, header->p_memsz);
        }
        /* libc's own calls are told by their return address: it binds them to itself. */
        bool done = slot == MG_LIBRARY_OTHER || slot == MG_LIBRARY_LIBC ||
                    was_redirected(scan->last, from, object->dlpi_addr, slot);
        insert(scan, from, from + header->p_memsz, object->dlpi_addr, done ? slot : slot | NOT_REDIRECTED);
    }
    return 0;
}

/* Takes a new snapshot if libraries came or went since the last one. */
static void refresh(void)
{
    struct scan scan = { 0 };
    dl_iterate_phdr(scan_object, &scan);
    if (!scan.locked)
        return;
    if (!scan.unchanged) {
        MG_STORE(scan.next->count, scan.count);
        /* Release: whoever reads this number finds the whole snapshot, and the rows that it names. */
        atomic_store_explicit(&loaded.number, MG_LOAD(loaded.number) + 1, memory_order_release);
        trust();
    }
    mg_unlock(&loaded.lock);
}

struct redirection {
    uintptr_t code; /* 0: all objects */
    uint32_t slot;
};

static void note_redirected(uintptr_t base)
{
    mg_lock(&loaded.lock);
    struct snapshot *snapshot = &loaded.snapshots[MG_LOAD(loaded.number) & 1];
    uint32_t count = MG_LOAD(snapshot->count);
    for (uint32_t i = 0; i < count; i++)
        if (snapshot->ranges[i].base == base)
            MG_STORE(snapshot->ranges[i].slot, MG_LOAD(snapshot->ranges[i].slot) & ~NOT_REDIRECTED);
    mg_unlock(&loaded.lock);
}

static int redirect_object(struct dl_phdr_info *object, size_t size, void *argument)
{
    (void)size;
    const struct redirection *wanted = argument;
    if (!holds(object, (const void *)wanted->code))
        return 0;
    mg_got_redirect(object, wanted->slot);
    note_redirected(object->dlpi_addr);
    return 1;
}

static int redirect_all(struct dl_phdr_info *object, size_t size, void *argument)
{
    (void)size;
    (void)argument;
    uint32_t slot = slot_of_object(object);
    if (slot != MG_LIBRARY_OTHER && slot != MG_LIBRARY_LIBC) {
        mg_got_redirect(object, slot);
        note_redirected(object->dlpi_addr);
    }
    return 0;
}

/* ---- What is bound past us ---- */

static int count_object(struct dl_phdr_info *object, size_t size, void *argument)
{
    (void)object, (void)size;
    ++*(unsigned *)argument;
    return 0;
}

unsigned mg_libraries_loaded(void)
{
    unsigned count = 0;
    dl_iterate_phdr(count_object, &count);
    return count;
}

struct newcomers {
    unsigned from, seen;
};

/* New objects are at the list's end. What another thread loaded meanwhile has ours already, or is no target and gets functions
 * that pass everything on but blocks of ours. */
static int bind_newcomer(struct dl_phdr_info *object, size_t size, void *argument)
{
    (void)size;
    struct newcomers *newcomers = argument;
    bool started = MG_LOAD(loaded.number) != 0;
    if (newcomers->seen++ >= newcomers->from && !holds(object, &loaded))
        mg_got_bind(object, started ? slot_of_object(object) : MG_LIBRARY_OTHER);
    return 0;
}

void mg_libraries_bind(unsigned from)
{
    struct newcomers newcomers = { from, 0 };
    mg_enter(&mg_self);
    dl_iterate_phdr(bind_newcomer, &newcomers);
    mg_leave(&mg_self);
}

/* The slow half of looking up code: unknown, or known and to be redirected now. */
static MG_NOINLINE unsigned discover(uintptr_t code, uint32_t slot, bool known, bool redirect)
{
    struct mg_self *self = &mg_self;
    if (MG_LOAD(self->inside) || MG_LOAD(loaded.frozen))
        return known ? slot & ~NOT_REDIRECTED : MG_LIBRARY_OTHER;
    mg_enter(self);
    if (!known) {
        refresh();
        known = look_up(code, &slot);
    }
    if (known && slot & NOT_REDIRECTED && redirect) {
        struct redirection wanted = { code, slot & ~NOT_REDIRECTED };
        dl_iterate_phdr(redirect_object, &wanted);
    }
    mg_leave(self);
    return known ? slot & ~NOT_REDIRECTED : MG_LIBRARY_OTHER;
}

unsigned mg_libraries_slot(const void *address, bool redirect)
{
    const struct mg_self *self = &mg_self;
    uintptr_t code = (uintptr_t)address;
    /* Relaxed: code that came to where other code was is only called by threads that know of its coming, and so see the
     * number that dlclose left. */
    if (MG_LIKELY(code - self->code_from < self->code_to - self->code_from &&
                  self->code_snapshot == MG_LOAD(loaded.trusted)))
        return self->code_slot;
    /* Calls of libc's come between those of its callers: these stay remembered. */
    if (code - MG_LOAD(loaded.libc_from) < MG_LOAD(loaded.libc_size))
        return MG_LIBRARY_LIBC;
    uint32_t slot = 0;
    bool known = look_up(code, &slot);
    /* Where nothing can be looked at anew, what is known is the best there is. */
    bool trusted = MG_LOAD(loaded.trusted) || self->inside || MG_LOAD(loaded.frozen);
    if (MG_LIKELY(known && trusted && !(slot & NOT_REDIRECTED)))
        return slot;
    return discover(code, slot, known && trusted, redirect);
}

void mg_libraries_start(void)
{
    char path[512];
    mg_os_program(path, sizeof path);
    mg_print(loaded.program, sizeof loaded.program, "%s", mg_rows_file(path));
    mg_rows_start();
    refresh();
    /* Before main, and in a JVM that the plugin arms, what is loaded now is relocated, or is being loaded by another
     * thread: that one is left to its own first call. */
    if (!mg_libraries_jvm_here())
        dl_iterate_phdr(redirect_all, NULL);
}

void mg_libraries_closing(void)
{
    mg_enter(&mg_self);
    mg_lock(&loaded.lock);
    loaded.closing++;
    trust();
    mg_unlock(&loaded.lock);
    mg_leave(&mg_self);
}

void mg_libraries_closed(void)
{
    struct mg_self *self = &mg_self;
    mg_enter(self);
    if (!MG_LOAD(loaded.frozen))
        refresh();
    mg_lock(&loaded.lock);
    loaded.closing -= loaded.closing > 0; /* a child of fork began with none */
    trust();
    mg_unlock(&loaded.lock);
    mg_leave(self);
}

void mg_libraries_freeze(void)
{
    MG_STORE(loaded.frozen, true);
    loaded.closing = 0;
    trust();
}

void mg_libraries_before_fork(void)
{
    mg_lock(&loaded.lock);
}

void mg_libraries_after_fork(void)
{
    mg_unlock(&loaded.lock);
}
