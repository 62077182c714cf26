#include "libraries.h"

#include "got.h"
#include "os.h"
#include "say.h"
#include "self.h"
#include "specs.h"

#include <link.h>
#include <string.h>

#define MAX_RANGES 4096

struct mg_library mg_libraries[MG_LIBRARIES];
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
    struct snapshot snapshots[2];
    unsigned long long adds, subs; /* of the dynamic linker when the last one was taken */
    _Atomic(unsigned) slots;
    _Atomic(bool) jvm_here;
    _Atomic(bool) frozen; /* in a fork child of a process with threads the linker's lock may be held for ever */
    char program[64];
    uintptr_t our_from, our_to;
    char jdk[256]; /* the folder above libjvm's */
} loaded;

unsigned mg_library_count(void)
{
    return MG_LOAD(loaded.slots);
}

bool mg_libraries_is_us(const void *code)
{
    return (uintptr_t)code - loaded.our_from < loaded.our_to - loaded.our_from;
}

bool mg_libraries_jvm_here(void)
{
    return MG_LOAD(loaded.jvm_here);
}

void mg_library_raise(unsigned library, int64_t bytes)
{
    int64_t peak = MG_LOAD(mg_libraries[library].peak);
    while (bytes > peak && !atomic_compare_exchange_weak_explicit(&mg_libraries[library].peak, &peak, bytes,
                                                                  memory_order_relaxed, memory_order_relaxed))
        ;
}

/* ---- Slots ---- */

static const char *file_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool begins(const char *name, const char *with)
{
    return !strncmp(name, with, strlen(with));
}

static bool is_system(const char *path, const char *file)
{
    static const char *const names[] = { "libc.so", "libm.so", "libdl.so", "libpthread.so", "librt.so", "libgcc_s.so",
                                         "libresolv.so", "libnss_", "libjvm.so", "libjli.so" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (begins(file, names[i]))
            return true;
    return *loaded.jdk && begins(path, loaded.jdk);
}

/* What a row is called: what the person wrote where that says it, else the file. "librocksdbjni*" -> librocksdbjni. */
static void name_row(char name[64], const char *pattern, const char *file)
{
    const char *wild = strpbrk(pattern, "*?");
    bool plain = !wild || (wild != pattern && wild[0] == '*' && !wild[1]);
    mg_print(name, 64, "%s", plain ? pattern : file);
    char *end = plain ? strchr(name, '*') : NULL;
    if (end)
        *end = '\0';
}

static unsigned row_for(const char *name, enum mg_role role, const struct mg_spec *spec)
{
    unsigned count = MG_LOAD(loaded.slots);
    for (unsigned i = MG_LIBRARY_FIRST; i < count; i++)
        if (!strcmp(mg_libraries[i].name, name))
            return i;
    if (count == MG_LIBRARIES)
        return MG_LIBRARY_REST;
    struct mg_library *row = &mg_libraries[count];
    mg_print(row->name, sizeof row->name, "%s", name);
    row->role = role;
    row->fate = spec->fate;
    row->copes = spec->copes > 0;
    row->limit = spec->limit;
    memcpy(row->pool_threads, spec->pool_threads, sizeof row->pool_threads);
    /* Release: whoever reads the slot in a range finds the row complete. */
    atomic_store_explicit(&loaded.slots, count + 1, memory_order_release);
    return count;
}

static unsigned slot_of_file(const char *path, const char *file)
{
    struct mg_spec spec;
    char name[64];
    if (begins(file, "ld-linux") || begins(file, "ld.so") || begins(file, "linux-vdso"))
        return MG_LIBRARY_OTHER;
    if (begins(file, "libstdc++.so") || begins(file, "libc++.so"))
        return MG_LIBRARY_TRANSPARENT;
    if (!mg_specs_find(file, &spec))
        return MG_LIBRARY_OTHER;
    name_row(name, spec.pattern, file);
    return row_for(name, is_system(path, file) ? MG_ROLE_SYSTEM : MG_ROLE_TARGET, &spec);
}

/* ---- Snapshots ---- */

static bool search(const struct snapshot *snapshot, uintptr_t code, uintptr_t *from, uintptr_t *to, uint32_t *slot)
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

static bool was_redirected(const struct snapshot *last, uintptr_t from, uintptr_t base, uint32_t slot)
{
    uint32_t count = MG_LOAD(last->count);
    for (uint32_t i = 0; i < count; i++)
        if (MG_LOAD(last->ranges[i].from) == from && last->ranges[i].base == base)
            return MG_LOAD(last->ranges[i].slot) == slot;
    return false;
}

/* Inserts in order of addresses; there are a few hundred at most, nearly in order. */
static void insert(struct scan *scan, uintptr_t from, uintptr_t to, uintptr_t base, uint32_t slot)
{
    if (scan->count == MAX_RANGES)
        return;
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
        if (header->p_type == PT_LOAD && (uintptr_t)address - object->dlpi_addr - header->p_vaddr < header->p_memsz)
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
    const char *file = file_of(path);
    if (begins(file, "libjvm.so")) {
        mg_print(loaded.jdk, sizeof loaded.jdk, "%s", path);
        char *server = strstr(loaded.jdk, "/server/");
        if (server)
            server[1] = '\0';
        else
            *loaded.jdk = '\0';
        MG_STORE(loaded.jvm_here, true);
    }
    return slot_of_file(path, file);
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
        bool done = slot == MG_LIBRARY_OTHER || was_redirected(scan->last, from, object->dlpi_addr, slot);
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
        atomic_store_explicit(&loaded.number, MG_LOAD(loaded.number) + 1, memory_order_release);
    }
    mg_unlock(&loaded.lock);
}

struct redirection {
    uintptr_t code;   /* 0: all objects */
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
    if (slot != MG_LIBRARY_OTHER) {
        mg_got_redirect(object, slot);
        note_redirected(object->dlpi_addr);
    }
    return 0;
}

/* The slow half of looking up code: unknown, or known and to be redirected now. */
static MG_NOINLINE unsigned discover(uintptr_t code, uint32_t slot, bool known, bool redirect)
{
    struct mg_self *self = &mg_self;
    if (self->inside || MG_LOAD(loaded.frozen))
        return known ? slot & ~NOT_REDIRECTED : MG_LIBRARY_OTHER;
    self->inside++;
    if (!known) {
        refresh();
        known = look_up(code, &slot);
    }
    if (known && slot & NOT_REDIRECTED && redirect) {
        struct redirection wanted = { code, slot & ~NOT_REDIRECTED };
        dl_iterate_phdr(redirect_object, &wanted);
    }
    self->inside--;
    return known ? slot & ~NOT_REDIRECTED : MG_LIBRARY_OTHER;
}

unsigned mg_libraries_slot(const void *address, bool redirect)
{
    const struct mg_self *self = &mg_self;
    uintptr_t code = (uintptr_t)address;
    if (MG_LIKELY(code - self->code_from < self->code_to - self->code_from &&
                  self->code_snapshot == MG_LOAD(loaded.number)))
        return self->code_slot;
    uint32_t slot = 0;
    bool known = look_up(code, &slot);
    if (MG_LIKELY(known && !(slot & NOT_REDIRECTED)))
        return slot;
    return discover(code, slot, known, redirect);
}

void mg_libraries_start(void)
{
    char path[512];
    if (mg_os_readlink("/proc/self/exe", path, sizeof path))
        mg_print(loaded.program, sizeof loaded.program, "%s", file_of(path));
    mg_print(mg_libraries[MG_LIBRARY_TRANSPARENT].name, 64, "libstdc++");
    mg_libraries[MG_LIBRARY_TRANSPARENT].role = MG_ROLE_TRANSPARENT;
    mg_print(mg_libraries[MG_LIBRARY_REST].name, 64, "(others)");
    mg_libraries[MG_LIBRARY_REST].role = MG_ROLE_TARGET;
    for (int i = 0; i < MG_LIBRARIES; i++)
        mg_libraries[i].limit = -1;
    MG_STORE(loaded.slots, MG_LIBRARY_FIRST);
    refresh();
    /* Before main, and in a JVM that the plugin arms, what is loaded now is relocated, or is being loaded by another
     * thread: that one is left to its own first call. */
    if (!mg_libraries_jvm_here())
        dl_iterate_phdr(redirect_all, NULL);
}

void mg_libraries_refresh(void)
{
    struct mg_self *self = &mg_self;
    if (self->inside || MG_LOAD(loaded.frozen))
        return;
    self->inside++;
    refresh();
    self->inside--;
}

void mg_libraries_freeze(void)
{
    MG_STORE(loaded.frozen, true);
}

void mg_libraries_before_fork(void)
{
    mg_lock(&loaded.lock);
}

void mg_libraries_after_fork(void)
{
    mg_unlock(&loaded.lock);
}
