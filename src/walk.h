/* Looking up the stack for the library on whose behalf a transparent one allocates. Runs inside malloc. */
#ifndef MG_WALK_H
#define MG_WALK_H

/* Slot of the nearest caller that is neither us nor transparent; MG_LIBRARY_OTHER when none of the first frames is. */
unsigned mg_walk_owner(void);

#endif
