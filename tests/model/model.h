/* What a NAME_test.c of this folder is written with. It defines model_cases; their threads call src/ as it is. Their own
 * accesses are explored, and checked for races, like those of src/.
 *
 * Each line "FILE: SED" of NAME_test.mutants weakens a file of src/: the explorer has to find that in one of the cases. */
#ifndef MODEL_H
#define MODEL_H

#include "base.h"
#include "host.h"
#include "os.h"

extern const struct model_case model_cases[];

int model_thread(void);
void model_become(int thread);
_Noreturn void model_fail(const char *file, int line, const char *what);

#define CHECK(x) \
    do { \
        if (!(x)) \
            model_fail(__FILE__, __LINE__, #x); \
    } while (0)

/* How a program hands a pointer to another of its threads. */
#define GIVE(slot, pointer) atomic_store_explicit(&(slot), (pointer), memory_order_release)
#define TAKE(slot) atomic_load_explicit(&(slot), memory_order_acquire)

#endif
