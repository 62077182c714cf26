/* Callers: Java's stacks above the native methods in which samples were taken. Inside malloc nobody can ask the JVM; so a sample waits, by its
 * place, until its native method ends, where the boundary asks. What a place holds by then may be another block's sample: its version tells.
 * A stack is its frames' names, made once, since classes may be unloaded. Runs on JVM threads; what is read on request needs no lock. */
#ifndef MG_CALLERS_H
#define MG_CALLERS_H

#include "base.h"

#define MG_CALLERS ((uint32_t)1 << 12)

/* The names of a stack's frames, the innermost first, each with a 0 behind it, and one more at the end. NULL: there is none of that number. */
const char *mg_callers_names(uint32_t number);
/* Numbers below that may have one; 0 never has. */
uint32_t mg_callers_count(void);

#endif
