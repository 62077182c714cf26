/* Native methods of targets that the JVM bound before the library was armed: they are bound once more, this time to thunks,
 * by whatever name a library registered them. Runs once, when the library is armed, and does nothing when no target is
 * loaded yet, which is the rule. */
#ifndef MG_REBIND_H
#define MG_REBIND_H

#include "bound.h"
#include "jvm.h"

/* While mg_thunks_watch is on. `own` tells our own natives, as mg_bound_learn wants them. */
void mg_rebind(JNIEnv *env, mg_own_method *own);

#endif
