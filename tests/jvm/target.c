/* The native half of mgtarget.Target: methods of every shape, as a target library (libmgtarget.so) and
 * once more under a name that is no target (libmgbystander.so). Every method notes whether it was called
 * by a thunk of ours. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <jni.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

#define NATIVE(type, name, ...) \
    JNIEXPORT type JNICALL Java_mgtarget_Target_##name(JNIEnv *env, void *self, ##__VA_ARGS__); \
    JNIEXPORT type JNICALL Java_mgtarget_Target_##name(JNIEnv *env, void *self, ##__VA_ARGS__)

static _Atomic jlong by_thunk, directly;

static bool is_in_our_library(const void *code)
{
    Dl_info info;
    return dladdr(code, &info) && info.dli_fname && strstr(info.dli_fname, "libmemgrant");
}

static void note(const void *caller)
{
    if (is_in_our_library(caller))
        by_thunk++;
    else
        directly++;
}

#define NOTE ((void)env, (void)self, note(__builtin_return_address(0)))

NATIVE(jlong, byThunk)
{
    (void)env, (void)self;
    return by_thunk;
}
NATIVE(jlong, directly)
{
    (void)env, (void)self;
    return directly;
}

/* ---- Shapes: each argument weighs another prime, so that two that change places show ---- */

NATIVE(jint, i0)
{
    NOTE;
    return 42;
}
NATIVE(jint, i1, jint a)
{
    NOTE;
    return 2 * a;
}
NATIVE(jint, i4, jint a, jint b, jint c, jint d)
{
    NOTE;
    return 2 * a + 3 * b + 5 * c + 7 * d;
}
NATIVE(jint, i5, jint a, jint b, jint c, jint d, jint e)
{
    NOTE;
    return 2 * a + 3 * b + 5 * c + 7 * d + 11 * e;
}
NATIVE(jint, i6, jint a, jint b, jint c, jint d, jint e, jint f)
{
    NOTE;
    return 2 * a + 3 * b + 5 * c + 7 * d + 11 * e + 13 * f;
}
NATIVE(jlong, l14, jlong a, jlong b, jlong c, jlong d, jlong e, jlong f, jlong g, jlong h, jlong i, jlong j,
       jlong k, jlong l, jlong m, jlong n)
{
    NOTE;
    return 2 * a + 3 * b + 5 * c + 7 * d + 11 * e + 13 * f + 17 * g + 19 * h + 23 * i + 29 * j + 31 * k +
           37 * l + 41 * m + 43 * n;
}
NATIVE(jfloat, f9, jfloat a, jfloat b, jfloat c, jfloat d, jfloat e, jfloat f, jfloat g, jfloat h, jfloat i)
{
    NOTE;
    return 2 * a + 3 * b + 5 * c + 7 * d + 11 * e + 13 * f + 17 * g + 19 * h + 23 * i;
}
NATIVE(jdouble, d10, jdouble a, jdouble b, jdouble c, jdouble d, jdouble e, jdouble f, jdouble g, jdouble h,
       jdouble i, jdouble j)
{
    NOTE;
    volatile
        __attribute__((aligned(16))) char aligned[16] = { 0 }; /* movaps: the stack's alignment is right */
    return 2 * a + 3 * b + 5 * c + 7 * d + 11 * e + 13 * f + 17 * g + 19 * h + 23 * i + 29 * j + aligned[0];
}
NATIVE(jdouble, mixed, jint a, jdouble b, jlong c, jfloat d, jbyte e, jdouble f, jshort g, jfloat h, jchar i,
       jdouble j, jboolean k, jdouble l, jlong m, jdouble n, jfloat o, jdouble p, jint q, jfloat r, jobject s)
{
    NOTE;
    jint length = s ? (*env)->GetStringLength(env, s) : 0;
    return 2 * a + 3 * b + 5 * (jdouble)c + 7 * d + 11 * e + 13 * f + 17 * g + 19 * h + 23 * i + 29 * j +
           31 * k + 37 * l + 41 * (jdouble)m + 43 * n + 47 * o + 53 * p + 59 * q + 61 * r + 67 * length;
}
NATIVE(jlong, odd, jint a, jint b, jint c, jint d, jdouble e, jbyte f)
{
    NOTE; /* five words in registers, one on the stack: an odd number */
    return 2 * a + 3 * b + 5 * c + 7 * d + (jlong)(11 * e) + 13 * f;
}
NATIVE(jint, arrays, jintArray a, jobjectArray b, jobjectArray c) /* descriptors with brackets and names */
{
    NOTE;
    return (*env)->GetArrayLength(env, a) + 10 * (*env)->GetArrayLength(env, b) +
           100 * (*env)->GetArrayLength(env, c);
}
NATIVE(jlong, ofInstance, jlong a)
{
    NOTE;
    return a + 1;
}
NATIVE(jlong, ofInstanceSynchronized, jlong a)
{
    NOTE;
    return a + 2;
}

/* ---- Results ---- */

NATIVE(void, nothing)
{
    NOTE;
}
NATIVE(jboolean, truth, jboolean a)
{
    NOTE;
    return a;
}
NATIVE(jbyte, octet, jbyte a)
{
    NOTE;
    return a;
}
NATIVE(jchar, character, jchar a)
{
    NOTE;
    return a;
}
NATIVE(jshort, brief, jshort a)
{
    NOTE;
    return a;
}
NATIVE(jint, integer, jint a)
{
    NOTE;
    return a;
}
NATIVE(jfloat, single, jfloat a)
{
    NOTE;
    return a;
}
NATIVE(jdouble, twice, jdouble a)
{
    NOTE;
    return 2 * a;
}
NATIVE(jlong, handle, jlong a)
{
    NOTE;
    return a;
}
NATIVE(jobject, object, jobject a)
{
    NOTE;
    return a;
}
NATIVE(jstring, text)
{
    NOTE;
    return (*env)->NewStringUTF(env, "a text of the target's");
}
NATIVE(jobject, list) /* an object that only the result refers to */
{
    NOTE;
    jclass class = (*env)->FindClass(env, "java/util/ArrayList");
    return (*env)->NewObject(env, class, (*env)->GetMethodID(env, class, "<init>", "()V"));
}
NATIVE(jbyteArray, bytes, jint length)
{
    NOTE;
    jbyteArray array = (*env)->NewByteArray(env, length);
    jbyte *content = malloc((size_t)length);
    memset(content, 7, (size_t)length);
    (*env)->SetByteArrayRegion(env, array, 0, length, content);
    free(content);
    return array;
}

/* ---- What natives do ---- */

/* Takes memory and keeps it; the handle of release0. */
NATIVE(jlong, take, jlong size)
{
    NOTE;
    void *volatile block = malloc((size_t)size); /* volatile: no tail call, which would hide us from malloc */
    return (jlong)(uintptr_t)block;
}
NATIVE(void, put, jlong size) /* the same with nothing to lose */
{
    NOTE;
    void *volatile block =
        malloc((size_t)size); /* volatile: a compiler may leave out a pair that nobody sees */
    free(block);
}
NATIVE(void, release0, jlong block)
{
    NOTE;
    free((void *)(uintptr_t)block);
}
NATIVE(void, target_1close_1all)
{
    NOTE;
}
NATIVE(void, delete_1handle, jlong block)
{
    NOTE;
    (void)block;
}
NATIVE(void, deleteKey, jlong handle, jbyteArray key)
{
    NOTE;
    (void)handle, (void)key;
}
NATIVE(jint, isClosed)
{
    NOTE;
    return 3;
}
static void run(JNIEnv *env, jobject runnable)
{
    jclass class = (*env)->GetObjectClass(env, runnable);
    (*env)->CallVoidMethod(env, runnable, (*env)->GetMethodID(env, class, "run", "()V"));
}
NATIVE(void, call, jobject runnable)
{
    NOTE;
    run(env, runnable);
}
NATIVE(jlong, fail, jobject throwable)
{
    NOTE;
    (*env)->Throw(env, throwable);
    return 0;
}
NATIVE(jint, initialise, jint a)
{
    NOTE;
    return a;
}

static void *call_on_thread(void *argument)
{
    JavaVM *vm = ((void **)argument)[0];
    void *env = NULL;
    (*vm)->AttachCurrentThread(vm, &env, NULL);
    run(env, ((void **)argument)[1]);
    (*vm)->DetachCurrentThread(vm);
    return NULL;
}
NATIVE(void, callOnOwnThread, jobject runnable) /* a thread of the library's that calls Java */
{
    NOTE;
    void *argument[2];
    (*env)->GetJavaVM(env, (JavaVM **)argument);
    argument[1] = (*env)->NewGlobalRef(env, runnable);
    pthread_t thread;
    if (pthread_create(&thread, NULL, call_on_thread, argument) == 0)
        pthread_join(thread, NULL);
    (*env)->DeleteGlobalRef(env, argument[1]);
}

/* The exit code of a shell that C starts. */
NATIVE(jint, shell, jstring command)
{
    NOTE;
    const char *chars = (*env)->GetStringUTFChars(env, command, NULL);
    int code = system(chars);
    (*env)->ReleaseStringUTFChars(env, command, chars);
    return code;
}

/* ---- Unwinding: this function, our thunk, then the JVM's code, which is in no file ---- */

struct frames {
    int count;
    void *code[8];
};

static _Unwind_Reason_Code add_frame(struct _Unwind_Context *context, void *argument)
{
    struct frames *frames = argument;
    if (frames->count < 8)
        frames->code[frames->count++] = (void *)_Unwind_GetIP(context);
    return _URC_NO_REASON;
}

/* 1 when the stack reads so, with any number of arguments of the thunk's own on it. */
static jint unwind(void)
{
    struct frames frames = { 0 };
    Dl_info info;
    _Unwind_Backtrace(add_frame, &frames);
    for (int i = 1; i + 1 < frames.count; i++)
        if (is_in_our_library(frames.code[i]))
            return !dladdr(frames.code[i + 1], &info);
    return 0;
}
NATIVE(jint, unwinds)
{
    NOTE;
    jint found = unwind();
    return found;
}
NATIVE(jint, unwindsFromStack, jlong a, jlong b, jlong c, jlong d, jlong e)
{
    NOTE;
    jint found = unwind();
    return found && a + b + c + d + e == 15;
}

/* A place to stop for a debugger. */
__attribute__((noinline)) void mgtarget_stop_here(void);
void mgtarget_stop_here(void)
{
    __asm__ volatile("");
}
NATIVE(void, stopHere, jlong a, jlong b, jlong c, jlong d, jlong e)
{
    NOTE;
    (void)a, (void)b, (void)c, (void)d, (void)e;
    mgtarget_stop_here();
    __asm__ volatile("");
}

NATIVE(void, crash, jlong a, jlong b, jlong c, jlong d, jlong e)
{
    NOTE;
    *(volatile jlong *)(uintptr_t)(a + b + c + d + e) = 0; /* in page 0 */
}
/* Does so many rounds of something that a profiler sees. */
NATIVE(jint, spin, jlong rounds, jlong b, jlong c, jlong d, jlong e)
{
    NOTE;
    volatile jint sum = 0;
    for (jlong i = 0; i < rounds; i++)
        sum += (jint)(i * b + c * d + e);
    return sum;
}

/* ---- Binding again ---- */

/* 4,300 functions: more than the pool has thunks. Function i returns i. */
#define FUNCTIONS 4300
#ifdef __aarch64__
#define RESULT_IS_I "mov w0, #i"
#else
#define RESULT_IS_I "movl $i, %eax"
#endif
__asm__(".text\n.balign 16\nmgtarget_functions:\n.set i, 0\n.rept 4300\n" RESULT_IS_I
        "\nret\n.balign 16\n.set i, i + 1\n.endr\n");
extern char mgtarget_functions[] __attribute__((visibility("hidden")));

/* Registers function i as Target.which. */
NATIVE(void, bindWhich, jint i)
{
    (void)self;
    char name[] = "which", signature[] = "()I";
    JNINativeMethod method = { name, signature, mgtarget_functions + 16 * i };
    (*env)->RegisterNatives(env, (*env)->FindClass(env, "mgtarget/Target"), &method, 1);
}
