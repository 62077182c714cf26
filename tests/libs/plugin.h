/* What libplugin offers, by dlopen. */
#ifndef MG_TEST_PLUGIN_H
#define MG_TEST_PLUGIN_H

#include "test.h"

#include <dlfcn.h>
#include <stddef.h>

struct plugin {
    void *(*allocate)(size_t size);
    void *(*copy)(const char *text);
    void *(*resize)(void *block, size_t size);
    void (*release)(void *block);
    void (*release_by_pointer)(void *block);
    size_t (*usable_size)(void *block);
};

static inline struct plugin open_plugin(const char *folder, int flags)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/libplugin.so", folder);
    void *handle = dlopen(path, flags);
    if (!handle)
        dprintf(2, "%s\n", dlerror());
    CHECK(handle != NULL);
    struct plugin plugin;
    *(void **)&plugin.allocate = dlsym(handle, "plugin_malloc");
    *(void **)&plugin.copy = dlsym(handle, "plugin_strdup");
    *(void **)&plugin.resize = dlsym(handle, "plugin_realloc");
    *(void **)&plugin.release = dlsym(handle, "plugin_free");
    *(void **)&plugin.release_by_pointer = dlsym(handle, "plugin_free_by_pointer");
    *(void **)&plugin.usable_size = dlsym(handle, "plugin_usable_size");
    CHECK(plugin.allocate && plugin.copy && plugin.resize && plugin.release && plugin.release_by_pointer &&
          plugin.usable_size);
    return plugin;
}

#endif
