/* A library that keeps things: the native half of mgkeeper.Keeper. With -DLODGER another one, whose constructor takes memory
 * while it is loaded, and which calls Java before it is. */
#define _GNU_SOURCE
#include <jni.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NATIVE(type, name, ...) \
    JNIEXPORT type JNICALL Java_mgkeeper_Keeper_##name(JNIEnv *env, jclass self, ##__VA_ARGS__); \
    JNIEXPORT type JNICALL Java_mgkeeper_Keeper_##name(JNIEnv *env, jclass self, ##__VA_ARGS__)

#ifdef LODGER

static void *taken;

__attribute__((constructor)) static void construct(void)
{
    taken = malloc(8 << 20);
}

JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM *vm, void *reserved);
JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM *vm, void *reserved)
{
    (void)reserved;
    void *got = NULL;
    if ((*vm)->GetEnv(vm, &got, JNI_VERSION_1_8) != JNI_OK)
        return JNI_ERR;
    JNIEnv *env = got;
    jclass loaded = (*env)->FindClass(env, "mgkeeper/Lodger");
    jmethodID method = loaded ? (*env)->GetStaticMethodID(env, loaded, "arrives", "()V") : NULL;
    if (!method)
        return JNI_ERR;
    (*env)->CallStaticVoidMethod(env, loaded, method);
    return (*env)->ExceptionCheck(env) ? JNI_ERR : JNI_VERSION_1_8;
}

JNIEXPORT jboolean JNICALL Java_mgkeeper_Lodger_hasMemory(JNIEnv *env, jclass self);
JNIEXPORT jboolean JNICALL Java_mgkeeper_Lodger_hasMemory(JNIEnv *env, jclass self)
{
    (void)env, (void)self;
    return taken != NULL;
}

#else

/* What a handle stands for. */
struct kept {
    struct kept *next; /* blocks written to it */
    pthread_mutex_t lock;
};

static _Atomic jint open_handles;

static struct kept *kept_of(jlong handle)
{
    return (struct kept *)(uintptr_t)handle;
}

static void take(struct kept *kept, jlong size)
{
    struct kept *block = malloc((size_t)size);
    memset(block, 1, (size_t)size);
    block->next = kept->next;
    kept->next = block;
}

NATIVE(jlong, open0)
{
    (void)env, (void)self;
    struct kept *kept = calloc(1, sizeof *kept);
    pthread_mutex_init(&kept->lock, NULL);
    open_handles++;
    return (jlong)(uintptr_t)kept;
}

NATIVE(jlong, openWith0, jlong size)
{
    jlong handle = Java_mgkeeper_Keeper_open0(env, self);
    take(kept_of(handle), size);
    return handle;
}

NATIVE(jint, openHandles)
{
    (void)env, (void)self;
    return open_handles;
}

NATIVE(void, free0, jlong handle)
{
    (void)env, (void)self;
    for (struct kept *kept = kept_of(handle), *next; kept; kept = next) {
        next = kept->next;
        free(kept);
    }
    open_handles--;
}

NATIVE(jint, flush0, jlong handle)
{
    (void)env, (void)self;
    return handle != 0;
}

NATIVE(void, write0, jlong handle, jlong size)
{
    (void)env, (void)self;
    take(kept_of(handle), size);
}

struct work {
    struct kept *kept;
    jlong size;
};

static void *write_there(void *argument)
{
    struct work *work = argument;
    take(work->kept, work->size);
    return NULL;
}

NATIVE(void, writeOnOwnThread0, jlong handle, jlong size)
{
    (void)env, (void)self;
    struct work work = { kept_of(handle), size };
    pthread_t writer;
    if (pthread_create(&writer, NULL, write_there, &work))
        abort();
    pthread_join(writer, NULL);
}

NATIVE(jint, writeCritical0, jlong handle, jbyteArray bytes)
{
    (void)self;
    jsize length = (*env)->GetArrayLength(env, bytes);
    jbyte *content = (*env)->GetPrimitiveArrayCritical(env, bytes, NULL);
    jint sum = 0;
    take(kept_of(handle), length);
    for (jsize i = 0; i < length; i++)
        sum += content[i];
    (*env)->ReleasePrimitiveArrayCritical(env, bytes, content, JNI_ABORT);
    return sum;
}

NATIVE(void, writeAndFail0, jlong handle, jlong size, jthrowable why)
{
    (void)self;
    (*env)->Throw(env, why);
    take(kept_of(handle), size);
}

/* With a lock of its own held. It passes on what is thrown, and lets go. */
NATIVE(void, callBack0, jlong handle, jobject runnable)
{
    (void)self;
    struct kept *kept = kept_of(handle);
    jclass class = (*env)->GetObjectClass(env, runnable);
    jmethodID run = (*env)->GetMethodID(env, class, "run", "()V");
    pthread_mutex_lock(&kept->lock);
    (*env)->CallVoidMethod(env, runnable, run);
    pthread_mutex_unlock(&kept->lock);
}

NATIVE(jboolean, isLocked0, jlong handle)
{
    (void)env, (void)self;
    struct kept *kept = kept_of(handle);
    if (pthread_mutex_trylock(&kept->lock))
        return JNI_TRUE;
    pthread_mutex_unlock(&kept->lock);
    return JNI_FALSE;
}

/* When the thread ends it writes once more. */
static pthread_key_t at_end;
static void thread_ends(void *work)
{
    write_there(work);
    free(work);
}
NATIVE(jint, writeAtThreadsEnd0, jlong handle, jlong size)
{
    (void)env, (void)self;
    struct work *work = malloc(sizeof *work);
    *work = (struct work){ kept_of(handle), size };
    return pthread_key_create(&at_end, thread_ends) || pthread_setspecific(at_end, work);
}

/* A handle that nobody has to give back, and what gives one back by a name that nobody knows. */
NATIVE(jlong, sizeOf, jlong handle)
{
    (void)env, (void)self, (void)handle;
    return 42;
}

NATIVE(void, letGo, jlong handle)
{
    Java_mgkeeper_Keeper_free0(env, self, handle);
}

#endif
