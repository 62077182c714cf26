#include "modules.h"

#include "lines.h"
#include "os.h"
#include "stacks.h"

#include <elf.h>
#include <string.h>

static struct {
    struct mg_lock lock;
    struct mg_module *modules; /* MG_MODULES of them; what is written stays where it is */
    _Atomic(unsigned) count;
    struct mg_lines maps;
    /* The first part of the file whose lines are being read: there its ELF header is. */
    uintptr_t first;
    char first_path[256];
} known;

/* ---- The build ID, out of memory that may go away meanwhile ---- */

static bool note_is_build_id(const unsigned char *notes, size_t size, struct mg_module *module)
{
    enum { HEADER = sizeof(Elf64_Nhdr) };
    for (size_t at = 0; at + HEADER <= size;) {
        Elf64_Nhdr note;
        memcpy(&note, notes + at, sizeof note);
        size_t name = ((size_t)note.n_namesz + 3) / 4 * 4, bytes = ((size_t)note.n_descsz + 3) / 4 * 4;
        if (name > size || bytes > size || at + HEADER + name + bytes > size)
            return false;
        const unsigned char *text = notes + at + HEADER;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && !memcmp(text, "GNU", 4)) {
            size_t length = note.n_descsz < sizeof module->build_id ? note.n_descsz : sizeof module->build_id;
            memcpy(module->build_id, text + name, length);
            module->build_id_length = (uint8_t)length;
            return true;
        }
        at += HEADER + name + bytes;
    }
    return false;
}

static void read_build_id(struct mg_module *module, uintptr_t header_at)
{
    Elf64_Ehdr header;
    if (!header_at || !mg_os_peek(header_at, &header, sizeof header) ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_ident[EI_CLASS] != ELFCLASS64)
        return;
    uintptr_t bias = header_at;
    for (unsigned i = 0; i < header.e_phnum && i < 64; i++) {
        Elf64_Phdr part;
        if (!mg_os_peek(header_at + header.e_phoff + i * sizeof part, &part, sizeof part))
            return;
        if (part.p_type == PT_LOAD && !part.p_offset)
            bias = header_at - part.p_vaddr;
    }
    for (unsigned i = 0; i < header.e_phnum && i < 64; i++) {
        static unsigned char notes[1024];
        Elf64_Phdr part;
        if (!mg_os_peek(header_at + header.e_phoff + i * sizeof part, &part, sizeof part))
            return;
        size_t size = part.p_memsz < sizeof notes ? part.p_memsz : sizeof notes;
        if (part.p_type == PT_NOTE && mg_os_peek(bias + part.p_vaddr, notes, size) &&
            note_is_build_id(notes, size, module))
            return;
    }
}

/* ---- What the kernel says ---- */

static void copy_path(char *to, size_t size, const char *path)
{
    size_t length = strnlen(path, size - 1);
    memcpy(to, path, length);
    to[length] = '\0';
}

static bool overlaps(const struct mg_module *a, const struct mg_module *b)
{
    return a->from < b->to && b->from < a->to;
}

/* The same file at the same place is the same module, also when it was away: programs load plugins again and again. But where another
 * one has been in its place meanwhile it is a new one. */
static struct mg_module *known_as(const struct mg_module *module)
{
    for (unsigned i = MG_LOAD(known.count); i-- > 0;) {
        struct mg_module *other = &known.modules[i];
        if (other->from == module->from && other->to == module->to && other->offset == module->offset &&
            !strcmp(other->path, module->path) && other->build_id_length == module->build_id_length &&
            !memcmp(other->build_id, module->build_id, sizeof module->build_id))
            return other;
        if (overlaps(other, module))
            return NULL;
    }
    return NULL;
}

static void note(uintptr_t from, uintptr_t to, uint64_t offset, const char *path)
{
    struct mg_module module = { .from = from, .to = to, .offset = offset, .gone = UINT32_MAX, .seen = true };
    copy_path(module.path, sizeof module.path, path);
    read_build_id(&module, !strncmp(known.first_path, module.path, sizeof module.path) ? known.first : 0);
    struct mg_module *same = known_as(&module);
    unsigned count = MG_LOAD(known.count);
    if (same) {
        same->seen = true;
        MG_STORE(same->gone, UINT32_MAX);
    } else if (count < MG_MODULES) {
        known.modules[count] = module;
        atomic_store_explicit(&known.count, count + 1, memory_order_release);
    }
}

/* "7f..-7f.. r-xp 00001000 fe:01 1234   /path" */
static void note_line(const char *line)
{
    uintptr_t from = mg_lines_number(&line, 16);
    if (*line++ != '-')
        return;
    uintptr_t to = mg_lines_number(&line, 16);
    if (strnlen(line, 6) < 6 || *line++ != ' ')
        return;
    bool runs = line[2] == 'x';
    line += 4;
    line += *line == ' ';
    uint64_t offset = mg_lines_number(&line, 16);
    const char *path = strpbrk(line, "/[");
    if (!path)
        return;
    if (!offset) {
        known.first = from;
        copy_path(known.first_path, sizeof known.first_path, path);
    }
    if (runs)
        note(from, to, offset, path);
}

bool mg_modules_look(void)
{
    if (!mg_try_lock(&known.lock))
        return false;
    if (!known.modules)
        known.modules = mg_os_allocate(MG_MODULES * sizeof *known.modules);
    bool good = known.modules;
    for (unsigned i = 0; good && i < MG_LOAD(known.count); i++)
        known.modules[i].seen = false;
    known.first = 0;
    if (good)
        mg_lines_open(&known.maps, "/proc/self/maps");
    good = good && known.maps.file >= 0;
    for (const char *line; good && (line = mg_lines_next(&known.maps));)
        note_line(line);
    bool went = false;
    for (unsigned i = 0; good && i < MG_LOAD(known.count); i++) {
        struct mg_module *module = &known.modules[i];
        if (module->seen || MG_LOAD(module->gone) != UINT32_MAX)
            continue;
        MG_STORE(module->gone, MG_LOAD(mg_stacks.generation) + 1);
        went = true;
    }
    if (went)
        MG_ADD(mg_stacks.generation, 1);
    if (good)
        mg_lines_close(&known.maps);
    mg_unlock(&known.lock);
    return good;
}

unsigned mg_modules_count(void)
{
    return atomic_load_explicit(&known.count, memory_order_acquire);
}

const struct mg_module *mg_modules_at(unsigned index)
{
    return &known.modules[index];
}

int mg_modules_find(uintptr_t code, uint32_t generation)
{
    unsigned count = mg_modules_count();
    for (unsigned i = 0; i < count; i++) {
        const struct mg_module *module = &known.modules[i];
        if (code - module->from < module->to - module->from && generation < MG_LOAD(module->gone))
            return (int)i;
    }
    return -1;
}

void mg_modules_after_fork_in_child(void)
{
    known.lock = (struct mg_lock){ 0 };
}
