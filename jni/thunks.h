/* Thunks: small functions of ours that the JVM binds native methods of target libraries to. Each calls
 * mg_boundary_enter, the library's own function, and mg_boundary_leave. The code is a prebuilt pool in
 * .text (no code is made at run time); what an entry of the pool calls is told by the entry of `mg_thunks`
 * with the same index.
 *
 *      Java --> mg_thunk_pool[i] --> mg_thunk_common --> mg_boundary_enter
 *                                            |---------> mg_thunks[i].function, with the arguments as they came
 *                                            '---------> mg_boundary_leave
 *
 * Calls that do not go through JNI's linking of native methods (java.lang.foreign, JDK 17's critical
 * natives) meet no thunk. Runs on JVM threads. */
#ifndef MG_THUNKS_H
#define MG_THUNKS_H

#include "jvm.h"

#include <stdbool.h>

/* Takes JVMTI from the JVM, once. False when it has none. */
bool mg_thunks_take_jvmti(JavaVM *vm);
/* Whether native methods are wrapped when they are bound from now on. NULL when done, else why it can't
 * be. */
const char *mg_thunks_watch(bool on);
/* The thunk for a native method, the same again for the same one. NULL: the function is no target's, or
 * the pool is used up. */
void *mg_thunks_wrap(JNIEnv *env, jclass class, void *function, const char *name, const char *signature);
/* NULL without JVMTI. */
jvmtiEnv *mg_thunks_jvmti(void);

#endif
