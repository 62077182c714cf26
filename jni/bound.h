/* Which function a native method is bound to. JVMTI does not tell. HotSpot's record of a method holds the function at a
 * distance that differs from one version to another: it is learnt from our own natives, whose functions we know, and
 * believed only where all of them are found at the same one. What is no address is refused by the kernel, by whose way all is
 * read, and harms nobody. Runs on JVM threads, when the library is armed. */
#ifndef MG_BOUND_H
#define MG_BOUND_H

#include <jni.h>
#include <stdbool.h>

/* The methods of io.memgrant.Native, all of them static, one by one from 0 on; NULL behind the last one. */
typedef const JNINativeMethod *mg_own_method(unsigned index);

/* False: this JVM keeps its methods in another way, or the kernel does not let us read. */
bool mg_bound_learn(JNIEnv *env, mg_own_method *own);
/* What the method's record has for its function: of one that was never called something of the JVM's. Only after
 * mg_bound_learn was true. */
void *mg_bound_function(jmethodID method);

#endif
