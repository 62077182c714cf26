/* What the files of interpose/ offer each other. Runs inside malloc. */
#ifndef MG_INTERPOSE_H
#define MG_INTERPOSE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* malloc, memalign and free for a library whose slot is known. */
void *mg_malloc_from(unsigned library, size_t size);
void *mg_memalign_from(unsigned library, size_t alignment, size_t size);
/* operator new's block: throws, when that becomes an exception where there is none. */
void *mg_new_from(unsigned library, size_t size, size_t alignment, bool throws);
void *mg_realloc_from(unsigned library, void *block, size_t size);
void mg_free_any(void *block);

/* Lets src/ ask libstdc++. Runs at startup. */
void mg_new_start(void);
/* Looks up libc's own functions that helpers.c stands in front of. Runs at startup. */
void mg_helpers_start(void);
/* open_memstream for a target. */
FILE *mg_memstream_open(unsigned library, char **text, size_t *length);

/* Our own functions, whoever's the process calls by those names. */
struct mg_our_functions {
    void (*free)(void *block);
    size_t (*malloc_usable_size)(void *block);
};
extern const struct mg_our_functions mg_our_functions;

/* The entries of each function that symbols.def calls ALLOCATES, HELPS or CREATES. */
#define MG_ENTRIES_ALLOCATES(name) extern void *const name##_entries[];
#define MG_ENTRIES_HELPS(name) extern void *const name##_entries[];
#define MG_ENTRIES_CREATES(name) extern void *const name##_entries[];
#define MG_ENTRIES_TOLD(name)
#define MG_ENTRIES_TAKES(name)
#define MG_ENTRIES_PLAIN(name)
#define MG_SYMBOL(name, kind) MG_ENTRIES_##kind(name)
#include "symbols.def"
#undef MG_SYMBOL

/* C23 and C++ functions that no header of ours declares. */
void cfree(void *block);
void free_sized(void *block, size_t size);
void free_aligned_sized(void *block, size_t alignment, size_t size);

#endif
