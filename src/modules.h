/* Modules: the files whose code is mapped, so that an address in a stack can be told as a place in a file, also once the file has been
 * unmapped. Read from the kernel, without the dynamic linker and its lock. Runs on request, and around dlclose. */
#ifndef MG_MODULES_H
#define MG_MODULES_H

#include "base.h"

#define MG_MODULES 1024u

struct mg_module {
    uintptr_t from, to;     /* its code */
    uint64_t offset;        /* of `from` in the file */
    _Atomic(uint32_t) gone; /* the generation from which on it is no longer there; UINT32_MAX: it is */
    uint8_t build_id_length;
    uint8_t build_id[32];
    bool seen;
    char path[256]; /* cut at the end where it is longer */
};

/* Looks what is mapped now. False: somebody else is looking, or there is no memory. */
bool mg_modules_look(void);
/* How many are known, and each. */
unsigned mg_modules_count(void);
const struct mg_module *mg_modules_at(unsigned index);
/* The module that held the code in that generation; -1: none that is known. */
int mg_modules_find(uintptr_t code, uint32_t generation);
/* Somebody may have been looking whose thread is not in the child. */
void mg_modules_after_fork_in_child(void);

#endif
