/* Boundaries: where a native method of a target begins and ends. There a task thread whose account went
 * beyond its grant asks Spark itself (io.memgrant.Boundary, in Java) and, when told no, throws: the only
 * place where a denial can reach the task without breaking the library. An exception of ours
 *   - never joins one that is pending already,
 *   - never leaves a method that may return a handle (such a method is not even begun), nor one that
 *     closes something,
 *   - leaves only the outermost call of a target on the thread, but for libraries whose profile says `nested`,
 *   - waits while the library's Java half is in the middle of something (stack.h).
 * Runs on JVM threads. */
#ifndef MG_BOUNDARY_H
#define MG_BOUNDARY_H

#include "base.h"
#include "jvm.h"

/* Constant while the JVM knows its entry of the pool. */
struct mg_thunk {
    void *function;       /* the library's own */
    uint32_t stack_words; /* arguments that are not in registers */
    uint32_t library;     /* slot of the target */
    uint8_t result;       /* enum mg_result */
    bool closer;          /* gives something back: never left by an exception of ours */
    bool nested;          /* its library passes on what is thrown in its calls back into Java */
    bool passive; /* no target's: nothing is asked or thrown, but samples below it get their Java stack */
    uint8_t unused[12];
};

/* One call of a native method. Lies in the frame of mg_thunk_common, which fills env and thunk. */
struct mg_boundary_call {
    JNIEnv *env;
    const struct mg_thunk *thunk;
    unsigned library_before; /* what mg_library_left wants back */
    unsigned sampled_before; /* what the thread had sampled */
};

/* Finds io.memgrant.Boundary, by the class loader of the caller. NULL when done, else what is wrong. */
const char *mg_boundary_find_java(JNIEnv *env);

/* Java's own code takes memory on this thread, which is the account's task thread: its accountant is asked for what is missing, with so
 * many bytes that it is about to take (`ahead`, mg_java_lacks). True: its no was thrown. */
bool mg_boundary_asks(JNIEnv *env, int64_t ahead, const char *library);

/* False: an exception is pending, the method must not be begun. */
bool mg_boundary_enter(struct mg_boundary_call *call);
/* Only after mg_boundary_enter was true. */
void mg_boundary_leave(struct mg_boundary_call *call);

#endif
