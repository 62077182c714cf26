/* One function a library slot, so that whoever calls the function is known by the function. Runs inside malloc. */
#ifndef MG_ENTRIES_H
#define MG_ENTRIES_H

#include "base.h"
#include "memgrant.h"

/* M(name, n) for each slot n. */
// clang-format off
#define MG_TEN_SLOTS(M, name, t) \
    M(name, t##0) M(name, t##1) M(name, t##2) M(name, t##3) M(name, t##4) \
    M(name, t##5) M(name, t##6) M(name, t##7) M(name, t##8) M(name, t##9)
#define MG_EACH_SLOT(M, name) \
    MG_TEN_SLOTS(M, name, ) MG_TEN_SLOTS(M, name, 1) MG_TEN_SLOTS(M, name, 2) MG_TEN_SLOTS(M, name, 3) \
    MG_TEN_SLOTS(M, name, 4) MG_TEN_SLOTS(M, name, 5) MG_TEN_SLOTS(M, name, 6) MG_TEN_SLOTS(M, name, 7) \
    MG_TEN_SLOTS(M, name, 8) M(name, 90) M(name, 91) M(name, 92) M(name, 93) M(name, 94) M(name, 95)
// clang-format on
#define MG_NAME_SLOT(name, n) (void *)name##_for_##n,
/* The array name_entries of a function's entries. */
#define MG_ENTRY_TABLE(name) \
    void *const name##_entries[] = { MG_EACH_SLOT(MG_NAME_SLOT, name) }; \
    _Static_assert(sizeof name##_entries / sizeof *name##_entries == MG_SLOTS, \
                   "an entry for each library slot");

/* The library that called the function in which this stands. 0 is nobody's business. */
#define MG_CALLER() (MG_LIKELY(!mg_active) ? 0u : mg_library_at(__builtin_return_address(0)))

#endif
