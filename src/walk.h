/* Looking up the stack for the library on whose behalf a transparent one allocates. Runs inside malloc. */
#ifndef MG_WALK_H
#define MG_WALK_H

#include <stddef.h>

/* Slot of the nearest caller that is neither us nor transparent; MG_LIBRARY_OTHER when none of the first frames is. */
unsigned mg_walk_owner(void);
/* The referee blames by the stack alone, for every allocation of the process, whatever we do with it. */
void mg_walk_referee(size_t size);

#endif
