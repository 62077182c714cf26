/* A library that is no target, whose native methods call one that is (inner.c). */
#include <jni.h>
#include <stddef.h>

void *inner_leak(size_t size);
extern void *outer_kept;
void *outer_kept;

JNIEXPORT void JNICALL Java_io_memgrant_BuffersMain_leak(JNIEnv *env, jclass class, jlong bytes);
JNIEXPORT void JNICALL Java_io_memgrant_BuffersMain_leak(JNIEnv *env, jclass class, jlong bytes)
{
    (void)env, (void)class;
    outer_kept = inner_leak((size_t)bytes);
}

/* Calls back into Java, and asks for some itself before and after. */
JNIEXPORT void JNICALL Java_io_memgrant_BuffersMain_callBack(JNIEnv *env, jclass class, jobject work,
                                                             jlong bytes);
JNIEXPORT void JNICALL Java_io_memgrant_BuffersMain_callBack(JNIEnv *env, jclass class, jobject work,
                                                             jlong bytes)
{
    jmethodID run = (*env)->GetMethodID(env, (*env)->GetObjectClass(env, work), "run", "()V");
    Java_io_memgrant_BuffersMain_leak(env, class, bytes);
    (*env)->CallVoidMethod(env, work, run);
    if (!(*env)->ExceptionCheck(env))
        Java_io_memgrant_BuffersMain_leak(env, class, bytes);
}
