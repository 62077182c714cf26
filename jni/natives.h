/* The native half of io.memgrant.Native. Runs on JVM threads. */
#ifndef MG_NATIVES_H
#define MG_NATIVES_H

#include <jni.h>

/* Binds the methods of io.memgrant.Native, found by the class loader of the caller. On failure an
 * exception is pending. */
jint mg_natives_register(JNIEnv *env);

#endif
