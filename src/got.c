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
    *object = (struct object){ .base = info->dlpi_addr };
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        uintptr_t at = info->dlpi_addr + header->p_vaddr;
        if (header->p_type == PT_DYNAMIC) {
            read_dynamic(object, (const void *)at, header->p_flags & PF_W ? 0 : info->dlpi_addr);
        } else if (header->p_type == PT_GNU_RELRO) {
            object->readonly_from = at & ~(MG_PAGE - 1);
            object->readonly_to = (at + header->p_memsz) & ~(MG_PAGE - 1);
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

/* A word of data is the library's own to change: a program may have put another allocator there. */
static void redirect_word(uintptr_t slot, void *own, void *entry)
{
    _Atomic(void *) *word = (_Atomic(void *) *)slot;
    atomic_compare_exchange_strong(word, &own, entry);
}

static void redirect_slot(const struct object *object, uintptr_t slot, void *entry)
{
    _Atomic(void *) *word = (_Atomic(void *) *)slot;
    if (slot < object->readonly_from || slot >= object->readonly_to) {
        MG_STORE(*word, entry);
        return;
    }
    void *page = (void *)(slot & ~(MG_PAGE - 1));
    if (!mg_os_make_writable(page, MG_PAGE))
        return; /* the return address serves that slot */
    MG_STORE(*word, entry);
    mg_os_make_readonly(page, MG_PAGE);
}

static void redirect_one(const struct object *object, const ElfW(Rela) *relocation, unsigned library)
{
    unsigned type = (unsigned)ELF64_R_TYPE(relocation->r_info);
    if (type != SLOT_JUMP && type != SLOT_DATA && type != SLOT_WORD)
        return;
    const ElfW(Sym) *symbol = &object->symbols[ELF64_R_SYM(relocation->r_info)];
    const struct mg_redirection *row = row_for(object->strings + symbol->st_name);
    uintptr_t slot = object->base + relocation->r_offset;
    /* A library that brings this function itself and binds to its own (DT_SYMBOLIC) keeps it. */
    if (!row || symbol->st_shndx != SHN_UNDEF)
        return;
    bool readonly = slot >= object->readonly_from && slot < object->readonly_to;
    if (type == SLOT_WORD && !readonly)
        redirect_word(slot, row->own, row->entries[library]);
    else if (type != SLOT_WORD)
        redirect_slot(object, slot, row->entries[library]);
}

void mg_got_redirect(const struct dl_phdr_info *info, unsigned library)
{
    struct object object;
    if (!redirections || !read_object(&object, info))
        return;
    for (int t = 0; t < 2; t++)
        for (size_t i = 0; i < object.counts[t]; i++)
            redirect_one(&object, &object.tables[t][i], library);
}
