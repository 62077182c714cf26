/* The native half of io.memgrant.Native. Runs on JVM threads. */
#ifndef MG_NATIVES_H
#define MG_NATIVES_H

#include <jni.h>

/* JNINativeMethod with const names: the JVM does not write into them. */
struct mg_native {
    const char *name;
    const char *signature;
    void *function;
};

/* Binds those methods of a class, which the class loader of the caller finds. On failure an exception is pending. */
jint mg_natives_bind(JNIEnv *env, const char *class_name, const struct mg_native *methods, unsigned count);
/* Those of io.memgrant.Native, and of UnsafeBinding beside it. */
jint mg_natives_register(JNIEnv *env);

#endif
