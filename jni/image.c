#include "image.h"

#include <dlfcn.h>
#include <stddef.h>

/* The linker's own: first and last byte of this shared object as it lies in memory. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char _end[] __attribute__((visibility("hidden")));

bool mg_image_holds(const void *address)
{
    const char *at = address;
    return at >= __ehdr_start && at < _end;
}

const char *mg_image_path(void)
{
    Dl_info info;
    return dladdr(__ehdr_start, &info) && info.dli_fname ? info.dli_fname : "libmemgrant.so";
}

void mg_image_stay(void)
{
    (void)dlopen(mg_image_path(), RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

/* `&malloc` would not do: like every exported name it means the process's malloc, also in a second copy. */
bool mg_image_is_preloaded(const char **other)
{
    void *process_malloc = dlsym(RTLD_DEFAULT, "malloc");
    if (process_malloc && mg_image_holds(process_malloc))
        return true;
    Dl_info info;
    *other = process_malloc && dladdr(process_malloc, &info) && info.dli_fname ? info.dli_fname : "nowhere";
    return false;
}
