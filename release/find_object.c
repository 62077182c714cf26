/* libgcc's unwinder asks glibc where the unwinding tables of an address are by a function that glibc 2.35 brought. The released library
 * asks here instead: that function where there is one, else what unwinders did before. That one takes the dynamic linker's lock, as
 * throwing a C++ exception does on such systems. Runs inside malloc. */
#include <link.h>
#include <stddef.h>
#include <stdint.h>

/* glibc's, whose layout is a part of its interface. */
struct found {
    unsigned long long flags;
    void *begin, *end;
    struct link_map *map;
    void *tables;
#if defined(__i386__)
#error "there is a further member on this machine"
#endif
    unsigned long long reserved[7];
};

extern int glibcs(void *code, struct found *found) __asm__("_dl_find_object") __attribute__((weak));

struct search {
    uintptr_t code;
    struct found *found;
};

static int look(struct dl_phdr_info *object, size_t size, void *argument)
{
    struct search *search = argument;
    uintptr_t tables = 0, begin = UINTPTR_MAX, end = 0;
    _Bool inside = 0;
    (void)size;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        uintptr_t address = object->dlpi_addr + part->p_vaddr;
        if (part->p_type == PT_GNU_EH_FRAME)
            tables = address;
        if (part->p_type != PT_LOAD)
            continue;
        inside |= search->code - address < part->p_memsz;
        begin = address < begin ? address : begin;
        end = address + part->p_memsz > end ? address + part->p_memsz : end;
    }
    if (!inside)
        return 0;
    search->found->begin = (void *)begin;
    search->found->end = (void *)end;
    search->found->tables = (void *)tables;
    return tables ? 1 : -1;
}

int mg_find_object(void *code, struct found *found);

int mg_find_object(void *code, struct found *found)
{
    if (glibcs)
        return glibcs(code, found);
    struct search search = { (uintptr_t)code, found };
    return dl_iterate_phdr(look, &search) > 0 ? 0 : -1;
}
