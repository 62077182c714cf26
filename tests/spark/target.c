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

static _Atomic jint open_blocks;

NATIVE(jint, openBlocks)
{
    (void)env, (void)self;
    return open_blocks;
}

NATIVE(jlong, allocate, jlong size)
{
    (void)env, (void)self;
    open_blocks++;
    return (jlong)(uintptr_t)allocate((size_t)size);
}

NATIVE(void, free, jlong block)
{
    (void)env, (void)self;
    open_blocks--;
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
    open_blocks++;
    return (jlong)(uintptr_t)block;
}

/* The library's own exception is pending while it allocates; what it allocates goes into the array. */
NATIVE(void, allocateAndThrow, jlongArray blocks, jlong size, jthrowable why)
{
    jlong block = Java_io_memgrant_tests_Target_allocate(env, self, size);
    (*env)->SetLongArrayRegion(env, blocks, 0, 1, &block);
    (*env)->Throw(env, why);
    free(allocate((size_t)size));
}

/* Nothing but a native method's end, out of which a task can be stopped. */
NATIVE(void, boundary)
{
    (void)env, (void)self;
}

struct order {
    size_t size;
    void *block;
};

static void *fill(void *argument)
{
    struct order *order = argument;
    order->block = allocate(order->size);
    return NULL;
}

NATIVE(jlong, allocateOnOwnThread, jlong size)
{
    (void)env, (void)self;
    struct order order = { (size_t)size, NULL };
    pthread_t thread;
    if (!pthread_create(&thread, NULL, fill, &order))
        pthread_join(thread, NULL);
    open_blocks++;
    return (jlong)(uintptr_t)order.block;
}

static void *free_it(void *block)
{
    free(block);
    return NULL;
}

NATIVE(jboolean, freeOnOwnThread, jlong block)
{
    (void)env, (void)self;
    open_blocks--;
    pthread_t thread;
    if (pthread_create(&thread, NULL, free_it, (void *)(uintptr_t)block))
        return JNI_FALSE;
    pthread_join(thread, NULL);
    return JNI_TRUE;
}
#endif
