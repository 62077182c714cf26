/* A target library for the tests on Spark: the native half of io.memgrant.tests.Target. With -DCONSTRUCTOR it is one whose
 * static constructor allocates, while ld.so holds its lock. */
#include <jni.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NATIVE(type, name, ...) \
    JNIEXPORT type JNICALL Java_io_memgrant_tests_Target_##name(JNIEnv *env, jclass self, ##__VA_ARGS__); \
    JNIEXPORT type JNICALL Java_io_memgrant_tests_Target_##name(JNIEnv *env, jclass self, ##__VA_ARGS__)

/* A block that is really there: every byte written. */
static void *allocate(size_t size)
{
    void *block = malloc(size);
    return block ? memset(block, 1, size) : NULL;
}

#ifdef CONSTRUCTOR
enum { CONSTRUCTED_BYTES = 32 << 20 };

static void *constructed;

__attribute__((constructor)) static void construct(void)
{
    constructed = allocate(CONSTRUCTED_BYTES);
}

__attribute__((destructor)) static void destruct(void)
{
    free(constructed);
}
#else

NATIVE(jlong, allocate, jlong size)
{
    (void)env, (void)self;
    return (jlong)(uintptr_t)allocate((size_t)size);
}

NATIVE(void, free, jlong block)
{
    (void)env, (void)self;
    free((void *)(uintptr_t)block);
}

NATIVE(jlong, allocateInCritical, jbyteArray array, jlong size)
{
    (void)self;
    void *bytes = (*env)->GetPrimitiveArrayCritical(env, array, NULL);
    if (!bytes)
        return 0;
    void *block = allocate((size_t)size);
    (*env)->ReleasePrimitiveArrayCritical(env, array, bytes, JNI_ABORT);
    return (jlong)(uintptr_t)block;
}

/* Nothing but a native method's end, out of which a task can be stopped. */
NATIVE(void, boundary)
{
    (void)env, (void)self;
}

static void *free_it(void *block)
{
    free(block);
    return NULL;
}

NATIVE(jboolean, freeOnOwnThread, jlong block)
{
    (void)env, (void)self;
    pthread_t thread;
    if (pthread_create(&thread, NULL, free_it, (void *)(uintptr_t)block))
        return JNI_FALSE;
    pthread_join(thread, NULL);
    return JNI_TRUE;
}
#endif
