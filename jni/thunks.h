/* Thunks: small functions of ours that the JVM binds native methods of target libraries to. Each calls
 * mg_boundary_enter, the library's own function, and mg_boundary_leave. The code is a prebuilt pool in .text (no code is
 * made at run time); what an entry of the pool calls is told by the entry of `mg_thunks` with the same index.
 *
 *      Java --> mg_thunk_pool[i] --> mg_thunk_common --> mg_boundary_enter
 *                                            |---------> mg_thunks[i].function, with the arguments as they came
 *                                            '---------> mg_boundary_leave
 *
 * Calls that do not go through JNI's linking of native methods (java.lang.foreign, JDK 17's critical natives) meet no
 * thunk. Runs on JVM threads. */
#ifndef MG_THUNKS_H
#define MG_THUNKS_H

#include "base.h"
#include "jvm.h"
#include "thunks_layout.h"

/* Whether leaving by an exception can lose something that the method made. */
enum mg_result {
    MG_RESULT_VALUE, /* no: nothing, a number, a copy (byte[], String) */
    MG_RESULT_HANDLE /* yes: a long or an object may be the only hold on native memory */
};

/* Constant from the moment that the JVM knows its entry of the pool. */
struct mg_thunk {
    void *function;       /* the library's own */
    uint32_t stack_words; /* arguments that are not in registers */
    uint32_t library;     /* slot of the target */
    uint8_t result;       /* enum mg_result */
    bool closer;          /* gives something back: never left by an exception of ours */
    uint8_t unused[14];
};

/* Takes JVMTI from the JVM, once. False when it has none. */
bool mg_thunks_take_jvmti(JavaVM *vm);
/* Whether native methods are wrapped when they are bound from now on. NULL when done, else why it can't be. */
const char *mg_thunks_watch(bool on);

#endif
