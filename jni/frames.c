#include "frames.h"

#include "base.h"
#include "memgrant.h"

#include <string.h>

enum { FRAMES = 64, KNOWN = 8192, NAME = 256 };

static _Atomic(bool) started;
/* What the class of a method says, at the place that the method's ID hashes to: the ID, and in the lowest byte the slot. The JVM
 * gives no ID twice. One word, so that a reader finds both of one writer. */
static _Atomic(uint64_t) known[KNOWN];

void mg_frames_start(void)
{
    MG_STORE(started, true);
}

/* "Lorg/apache/arrow/memory/ArrowBuf;" */
static void write_name(char *name, size_t size, const char *signature)
{
    size_t length = 0;
    for (const char *at = signature + 1; *at && *at != ';' && length < size - 1; at++)
        name[length++] = *at == '/' ? '.' : *at;
    name[length] = '\0';
}

/* The class that declares a method. */
static bool class_of(JNIEnv *env, jvmtiEnv *jvmti, jmethodID method, char *name, size_t size)
{
    jclass class;
    char *signature;
    if ((*jvmti)->GetMethodDeclaringClass(jvmti, method, &class) != JVMTI_ERROR_NONE)
        return false;
    bool known_class = (*jvmti)->GetClassSignature(jvmti, class, &signature, NULL) == JVMTI_ERROR_NONE;
    if (known_class) {
        write_name(name, size, signature);
        (*jvmti)->Deallocate(jvmti, (unsigned char *)signature);
    }
    (*env)->DeleteLocalRef(env, class);
    return known_class;
}

static unsigned ask_class(JNIEnv *env, jvmtiEnv *jvmti, jmethodID method)
{
    char name[NAME];
    return class_of(env, jvmti, method, name, sizeof name) ? mg_java_library_of(name) : 0;
}

static unsigned library_of_method(JNIEnv *env, jvmtiEnv *jvmti, jmethodID method)
{
    uint64_t id = (uint64_t)(uintptr_t)method << 8;
    _Atomic(uint64_t) *place = &known[(id >> 11) % KNOWN];
    uint64_t word = MG_LOAD(*place);
    if (MG_LIKELY((word & ~(uint64_t)0xff) == id))
        return word & 0xff;
    unsigned library = ask_class(env, jvmti, method);
    MG_STORE(*place, id | library);
    return library;
}

unsigned mg_frames_library(JNIEnv *env, jvmtiEnv *jvmti, unsigned otherwise)
{
    jvmtiFrameInfo frames[FRAMES];
    jint count = 0;
    /* The newest one is Unsafe's. */
    if (!MG_LOAD(started) ||
        (*jvmti)->GetStackTrace(jvmti, NULL, 1, FRAMES, frames, &count) != JVMTI_ERROR_NONE)
        return otherwise;
    for (jint i = 0; i < count; i++) {
        unsigned library = library_of_method(env, jvmti, frames[i].method);
        if (library)
            return library == MG_JAVA_UNCOUNTED ? 0 : library;
    }
    return otherwise;
}

static bool is_jdks(const char *name)
{
    return strncmp(name, "java.", 5) == 0 || strncmp(name, "jdk.", 4) == 0 || strncmp(name, "sun.", 4) == 0;
}

bool mg_frames_caller(JNIEnv *env, jvmtiEnv *jvmti, char *name, size_t size)
{
    jvmtiFrameInfo frames[FRAMES];
    jint count = 0;
    if (!MG_LOAD(started) ||
        (*jvmti)->GetStackTrace(jvmti, NULL, 1, FRAMES, frames, &count) != JVMTI_ERROR_NONE)
        return false;
    for (jint i = 0; i < count; i++)
        if (class_of(env, jvmti, frames[i].method, name, size) && !is_jdks(name))
            return true;
    return false;
}
