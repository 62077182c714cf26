/* The snapshot of the loaded code: read while it is replaced twice, it tells of each address what is there. */
#include "libraries.h"
#include "model.h"
#include "self.h"
#include "settings.h"

#include <link.h>

/* The objects that are loaded: all but the last come as time goes on, each below the ones before. */
static ElfW(Phdr) code = { .p_type = PT_LOAD, .p_flags = PF_X, .p_memsz = 0x1000 };
static struct {
    struct mg_lock lock; /* the dynamic linker's */
    int first;
    unsigned long long adds;
} linker;
static struct dl_phdr_info objects[] = {
    { .dlpi_addr = 0x10000, .dlpi_name = "ld-linux-third", .dlpi_phdr = &code, .dlpi_phnum = 1 },
    { .dlpi_addr = 0x20000, .dlpi_name = "ld-linux-second", .dlpi_phdr = &code, .dlpi_phnum = 1 },
    { .dlpi_addr = 0x30000, .dlpi_name = "libstdc++.so.6", .dlpi_phdr = &code, .dlpi_phnum = 1 },
};

int dl_iterate_phdr(int (*visit)(struct dl_phdr_info *, size_t, void *), void *argument)
{
    int stop = 0;
    mg_lock(&linker.lock);
    for (int i = linker.first; i < 3 && !stop; i++) {
        struct dl_phdr_info object = objects[i];
        object.dlpi_adds = linker.adds;
        stop = visit(&object, sizeof object, argument);
    }
    mg_unlock(&linker.lock);
    return stop;
}

static unsigned at(uintptr_t address)
{
    return mg_libraries_slot((const void *)address, false);
}

static void one_object(void)
{
    mg_settings.targets = "";
    mg_rows_start();
    linker.first = 2;
    linker.adds = 1;
    CHECK(at(0x30800) == MG_LIBRARY_TRANSPARENT);
}

static void load(void)
{
    mg_lock(&linker.lock);
    uintptr_t address = objects[--linker.first].dlpi_addr;
    linker.adds++;
    mg_unlock(&linker.lock);
    CHECK(at(address) == MG_LIBRARY_OTHER);
}

static void load_two(void)
{
    load();
    load();
}

static void look(void)
{
    CHECK(at(0x30800) == MG_LIBRARY_TRANSPARENT);
}

static void all_are_known(void)
{
    CHECK(at(0x10800) == MG_LIBRARY_OTHER);
    CHECK(at(0x20800) == MG_LIBRARY_OTHER);
    CHECK(at(0x30800) == MG_LIBRARY_TRANSPARENT);
}

const struct model_case model_cases[] = {
    { "two snapshots are taken while one is read", one_object, { load_two, look }, all_are_known, 3 }, { 0 }
};
