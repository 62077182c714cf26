#include "got.h"

#include "base.h"
#include "os.h"

#include <elf.h>
#include <string.h>

#if defined(__x86_64__)
#define SLOT_JUMP R_X86_64_JUMP_SLOT
#define SLOT_DATA R_X86_64_GLOB_DAT
#define SLOT_WORD R_X86_64_64
#elif defined(__aarch64__)
#define SLOT_JUMP R_AARCH64_JUMP_SLOT
#define SLOT_DATA R_AARCH64_GLOB_DAT
#define SLOT_WORD R_AARCH64_ABS64
#else
#error "no relocation types are known for this processor"
#endif

static const struct mg_redirection *redirections;

/* What of an object's dynamic section matters here. */
struct object {
    ElfW(Addr) base;
    const ElfW(Rela) *tables[2];
    size_t counts[2];
    const ElfW(Sym) *symbols;
    const char *strings;
    uintptr_t readonly_from, readonly_to;
    uintptr_t from, to;
    bool past_us; /* bound to the functions behind ours */
};

/* Few names begin as one of ours does; only those are compared with all of them. */
static bool beginnings[4096];

static unsigned beginning(const char *name)
{
    unsigned hash = 0;
    for (int i = 0; i < 6 && name[i]; i++)
        hash = hash * 31 + (unsigned char)name[i];
    return hash % 4096;
}

void mg_got_start(const struct mg_redirection *table)
{
    redirections = table;
    for (const struct mg_redirection *row = table; row && row->name; row++)
        beginnings[beginning(row->name)] = true;
}

/* glibc relocates the pointers in place, unless the section is read-only (lld -z rodynamic): then `shift` is due. */
static void read_dynamic(struct object *object, const ElfW(Dyn) *entry, ElfW(Addr) shift)
{
    for (; entry->d_tag != DT_NULL; entry++) {
        switch (entry->d_tag) {
        case DT_JMPREL:
            object->tables[0] = (const void *)(entry->d_un.d_ptr + shift);
            break;
        case DT_PLTRELSZ:
            object->counts[0] = entry->d_un.d_val / sizeof(ElfW(Rela));
            break;
        case DT_RELA:
            object->tables[1] = (const void *)(entry->d_un.d_ptr + shift);
            break;
        case DT_RELASZ:
            object->counts[1] = entry->d_un.d_val / sizeof(ElfW(Rela));
            break;
        case DT_SYMTAB:
            object->symbols = (const void *)(entry->d_un.d_ptr + shift);
            break;
        case DT_STRTAB:
            object->strings = (const void *)(entry->d_un.d_ptr + shift);
            break;
        default:
            break;
        }
    }
}

static bool read_object(struct object *object, const struct dl_phdr_info *info)
{
    *object = (struct object){ .base = info->dlpi_addr, .from = UINTPTR_MAX };
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        uintptr_t at = info->dlpi_addr + header->p_vaddr;
        if (header->p_type == PT_DYNAMIC) {
            read_dynamic(object, (const void *)at, header->p_flags & PF_W ? 0 : info->dlpi_addr);
        } else if (header->p_type == PT_GNU_RELRO) {
            object->readonly_from = mg_os_page_of(at);
            object->readonly_to = mg_os_page_of(at + header->p_memsz);
        } else if (header->p_type == PT_LOAD) {
            object->from = at < object->from ? at : object->from;
            object->to = at + header->p_memsz > object->to ? at + header->p_memsz : object->to;
        }
    }
    return object->symbols && object->strings;
}

static const struct mg_redirection *row_for(const char *name)
{
    if (!beginnings[beginning(name)])
        return NULL;
    for (const struct mg_redirection *row = redirections; row->name; row++)
        if (!strcmp(row->name, name))
            return row;
    return NULL;
}

static bool is_readonly(const struct object *object, uintptr_t slot)
{
    return slot >= object->readonly_from && slot < object->readonly_to;
}

/* False: the return address serves that slot. */
static bool open_page(const struct object *object, uintptr_t slot)
{
    return !is_readonly(object, slot) || mg_os_protect((void *)slot, sizeof slot, true);
}

static void close_page(const struct object *object, uintptr_t slot)
{
    if (is_readonly(object, slot))
        mg_os_protect((void *)slot, sizeof slot, false);
}

/* A word of data is the library's own to change: a program may have put another allocator there. */
static void redirect_word(const struct object *object, uintptr_t slot, void *bound, void *entry)
{
    _Atomic(void *) *word = (_Atomic(void *) *)slot;
    if (MG_LOAD(*word) != bound || !open_page(object, slot))
        return;
    atomic_compare_exchange_strong(word, &bound, entry);
    close_page(object, slot);
}

static void redirect_slot(const struct object *object, uintptr_t slot, void *entry)
{
    if (!open_page(object, slot))
        return;
    MG_STORE(*(_Atomic(void *) *)slot, entry);
    close_page(object, slot);
}

/* The function of ours that a relocation is about; NULL when it is none, or a library brings this function itself and binds to
 * its own (DT_SYMBOLIC). */
static const struct mg_redirection *row_of(const struct object *object, const ElfW(Rela) *relocation)
{
    const ElfW(Sym) *symbol = &object->symbols[ELF64_R_SYM(relocation->r_info)];
    const struct mg_redirection *row = row_for(object->strings + symbol->st_name);
    return row && symbol->st_shndx == SHN_UNDEF ? row : NULL;
}

/* A program that is linked to a fixed address and takes the function's has a stub that everybody finds by the function's name, and
 * that leads through this very slot. */
static bool has_stub(const struct object *object, const ElfW(Rela) *relocation)
{
    return object->symbols[ELF64_R_SYM(relocation->r_info)].st_value;
}

/* libjvm, as a library, and what its slots of blocks lead to instead; 0, where it is nobody's business. */
static _Atomic(unsigned) jvm, jvm_serving;

static bool is_jvms(const struct mg_redirection *row)
{
    return !strcmp(row->name, "malloc") || !strcmp(row->name, "realloc");
}

static void redirect_one(const struct object *object, const ElfW(Rela) *relocation, unsigned library)
{
    unsigned type = (unsigned)ELF64_R_TYPE(relocation->r_info);
    if (type != SLOT_JUMP && type != SLOT_DATA && type != SLOT_WORD)
        return;
    const struct mg_redirection *row = row_of(object, relocation);
    if (!row || (!row->entries && has_stub(object, relocation)))
        return;
    uintptr_t slot = object->base + relocation->r_offset;
    if (MG_UNLIKELY(library == MG_LOAD(jvm) && library && is_jvms(row)))
        library = MG_LOAD(jvm_serving);
    void *entry = row->entries ? row->entries[library] : row->own;
    if (type != SLOT_WORD)
        redirect_slot(object, slot, entry);
    else if (object->past_us)
        redirect_word(object, slot, row->behind, entry);
    else if (!is_readonly(object, slot))
        redirect_word(object, slot, row->called, entry);
}

static void redirect(const struct object *object, unsigned library)
{
    for (int t = 0; t < 2; t++)
        for (size_t i = 0; i < object->counts[t]; i++)
            redirect_one(object, &object->tables[t][i], library);
}

/* A slot that nobody has called through yet leads into the object itself. */
static bool frees_elsewhere(const struct object *object, const ElfW(Rela) *relocation)
{
    unsigned type = (unsigned)ELF64_R_TYPE(relocation->r_info);
    const struct mg_redirection *row =
        type == SLOT_JUMP || type == SLOT_DATA ? row_of(object, relocation) : NULL;
    if (!row || strcmp(row->name, "free"))
        return false;
    void *bound = MG_LOAD(*(_Atomic(void *) *)(object->base + relocation->r_offset));
    return bound != row->own && bound != row->called && bound != row->behind &&
           ((uintptr_t)bound < object->from || (uintptr_t)bound >= object->to);
}

/* An allocator of its own, by RTLD_DEEPBIND: only that knows the blocks. */
static bool has_another_allocator(const struct object *object)
{
    for (int t = 0; t < 2; t++)
        for (size_t i = 0; i < object->counts[t]; i++)
            if (frees_elsewhere(object, &object->tables[t][i]))
                return true;
    return false;
}

void mg_got_redirect(const struct dl_phdr_info *info, unsigned library)
{
    struct object object;
    if (redirections && read_object(&object, info) && !has_another_allocator(&object))
        redirect(&object, library);
}

void mg_got_bind(const struct dl_phdr_info *info, unsigned library)
{
    struct object object;
    if (!redirections || !read_object(&object, info))
        return;
    object.past_us = true;
    redirect(&object, library);
}

bool mg_got_redirect_jvm(const struct dl_phdr_info *info, unsigned library, unsigned serving)
{
    struct object object;
    int found = 0;
    if (!redirections || !read_object(&object, info))
        return false;
    MG_STORE(jvm_serving, serving);
    MG_STORE(jvm, library);
    for (int t = 0; t < 2; t++) {
        for (size_t i = 0; i < object.counts[t]; i++) {
            const ElfW(Rela) *relocation = &object.tables[t][i];
            unsigned type = (unsigned)ELF64_R_TYPE(relocation->r_info);
            const struct mg_redirection *row =
                type == SLOT_JUMP || type == SLOT_DATA ? row_of(&object, relocation) : NULL;
            if (!row || !is_jvms(row))
                continue;
            redirect_slot(&object, object.base + relocation->r_offset, row->entries[serving]);
            found++;
        }
    }
    return found >= 2;
}
