#include "lookups.h"

#include "base.h"
#include "frames.h"
#include "say.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>

#define CLASS "jdk/internal/loader/NativeLibrary"
#define METHOD "findEntry0"
#define SIGNATURE "(JLjava/lang/String;)J"

typedef jlong JNICALL find_function(JNIEnv *env, jclass class, jlong library, jstring name);

static find_function *original;
static jvmtiEnv *jvmti_used;

static bool allocates(const char *name)
{
    static const char *const names[] = { "malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void warn(JNIEnv *env, const char *function)
{
    static atomic_flag said = ATOMIC_FLAG_INIT;
    char class[128];
    if (!mg_frames_caller(env, jvmti_used, class, sizeof class) || atomic_flag_test_and_set(&said))
        return;
    const bool netty = strstr(class, "netty") != NULL;
    mg_say("%s calls libc's own %s by java.lang.foreign: what it takes so is not counted; %s", class,
           function,
           netty ? "start the JVM with --sun-misc-unsafe-memory-access=allow -Dio.netty.noUnsafe=false"
                 : "java.lang.foreign.Arena's memory would be");
}

static jlong JNICALL find(JNIEnv *env, jclass class, jlong library, jstring name)
{
    jlong found = original(env, class, library, name);
    const char *text =
        found && !(*env)->ExceptionCheck(env) ? (*env)->GetStringUTFChars(env, name, NULL) : NULL;
    if (text && allocates(text))
        warn(env, text);
    if (text)
        (*env)->ReleaseStringUTFChars(env, name, text);
    return found;
}

void mg_lookups_use(jvmtiEnv *jvmti)
{
    jvmti_used = jvmti;
}

void *mg_lookups_replace(const char *class_name, const char *method, const char *signature, void *function)
{
    if ((original && (void *)original != function) || strcmp(class_name, "L" CLASS ";") != 0 ||
        strcmp(method, METHOD) != 0 || strcmp(signature, SIGNATURE) != 0)
        return NULL;
    original = (find_function *)function;
    return (void *)find;
}

void mg_lookups_bind(JNIEnv *env)
{
    void *jdk = dlopen("libjava.so", RTLD_LAZY | RTLD_NOLOAD); /* and that stays */
    original = jdk ? (find_function *)dlsym(jdk, "Java_jdk_internal_loader_NativeLibrary_findEntry0") : NULL;
    jclass class = original ? (*env)->FindClass(env, CLASS) : NULL;
    JNINativeMethod native = { (char *)(uintptr_t)METHOD, (char *)(uintptr_t)SIGNATURE, (void *)find };
    if (class && (*env)->RegisterNatives(env, class, &native, 1) != JNI_OK)
        original = NULL;
    (*env)->ExceptionClear(env);
}
