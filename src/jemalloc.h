/* Our private jemalloc: Debian's libjemalloc_pic.a with every public name prefixed (Makefile), so that it never meets a
 * jemalloc of the host. What it asks of the system is ours too (je_system.c). Runs inside malloc. */
#ifndef MG_JEMALLOC_H
#define MG_JEMALLOC_H

#include <stdbool.h>
#include <stddef.h>

#define MGJE_ALIGNMENT(power) ((int)(power))
#define MGJE_ZERO 0x40
#define MGJE_NO_TCACHE (1 << 8)
#define MGJE_ARENA(index) ((int)((index) + 1) << 20)

void *mgje_malloc(size_t size);
void *mgje_mallocx(size_t size, int flags);
void mgje_dallocx(void *block, int flags);
void mgje_sdallocx(void *block, size_t size, int flags);
void *mgje_rallocx(void *block, size_t size, int flags);
size_t mgje_nallocx(size_t size, int flags);
int mgje_mallctl(const char *name, void *old, size_t *old_size, void *new_value, size_t new_size);
int mgje_mallctlnametomib(const char *name, size_t *mib, size_t *mib_length);
int mgje_mallctlbymib(const size_t *mib, size_t length, void *old, size_t *old_size, void *new_value,
                      size_t new_size);

/* jemalloc 5.3's extent_hooks_t (jemalloc/internal/extent_hooks in its manual, "arena.<i>.extent_hooks"). */
struct mgje_extent_hooks {
    void *(*alloc)(struct mgje_extent_hooks *, void *, size_t, size_t, bool *, bool *, unsigned);
    bool (*dalloc)(struct mgje_extent_hooks *, void *, size_t, bool, unsigned);
    void (*destroy)(struct mgje_extent_hooks *, void *, size_t, bool, unsigned);
    bool (*commit)(struct mgje_extent_hooks *, void *, size_t, size_t, size_t, unsigned);
    bool (*decommit)(struct mgje_extent_hooks *, void *, size_t, size_t, size_t, unsigned);
    bool (*purge_lazy)(struct mgje_extent_hooks *, void *, size_t, size_t, size_t, unsigned);
    bool (*purge_forced)(struct mgje_extent_hooks *, void *, size_t, size_t, size_t, unsigned);
    bool (*split)(struct mgje_extent_hooks *, void *, size_t, size_t, size_t, bool, unsigned);
    bool (*merge)(struct mgje_extent_hooks *, void *, size_t, void *, size_t, bool, unsigned);
};

#endif
