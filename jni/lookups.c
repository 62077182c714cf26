#include "lookups.h"

#include "base.h"
#include "frames.h"
#include "say.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define METHOD "findEntry0"

typedef jlong JNICALL find_function(JNIEnv *env, jclass class, jlong library, jstring name);
typedef jlong JNICALL find_in_function(JNIEnv *env, jclass class, jobject library, jstring name);

static jvmtiEnv *jvmti_used;

static bool allocates(const char *name)
{
    static const char *const names[] = { "malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void warn(JNIEnv *env, const char *function, const char *package, const char *instead)
{
    static atomic_flag said = ATOMIC_FLAG_INIT;
    char class[128], counted[64];
    if (!mg_frames_caller(env, jvmti_used, class, sizeof class) || atomic_flag_test_and_set(&said))
        return;
    snprintf(counted, sizeof counted, "%s.%s's memory would be", package, instead);
    const bool netty = strstr(class, "netty") != NULL;
    mg_say("%s calls libc's own %s by %s: what it takes so is not counted; %s", class, function, package,
           netty ? "start the JVM with --sun-misc-unsafe-memory-access=allow -Dio.netty.noUnsafe=false"
                 : counted);
}

static void found(JNIEnv *env, jstring name, const char *package, const char *instead)
{
    const char *text = !(*env)->ExceptionCheck(env) ? (*env)->GetStringUTFChars(env, name, NULL) : NULL;
    if (text && allocates(text))
        warn(env, text, package, instead);
    if (text)
        (*env)->ReleaseStringUTFChars(env, name, text);
}

static jlong JNICALL find(JNIEnv *env, jclass class, jlong library, jstring name);
static jlong JNICALL find_in(JNIEnv *env, jclass class, jobject library, jstring name);

/* Since Java 18, and of Java 17. A JVM has one of them. */
static struct {
    const char *class, *signature, *symbol;
    void *ours;
    void *original;
} kinds[] = {
    { "jdk/internal/loader/NativeLibrary", "(JLjava/lang/String;)J",
      "Java_jdk_internal_loader_NativeLibrary_findEntry0", (void *)find, NULL },
    { "jdk/internal/loader/NativeLibraries",
      "(Ljdk/internal/loader/NativeLibraries$NativeLibraryImpl;Ljava/lang/String;)J",
      "Java_jdk_internal_loader_NativeLibraries_findEntry0", (void *)find_in, NULL },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static jlong JNICALL find(JNIEnv *env, jclass class, jlong library, jstring name)
{
    jlong address = ((find_function *)kinds[0].original)(env, class, library, name);
    if (address)
        found(env, name, "java.lang.foreign", "Arena");
    return address;
}

static jlong JNICALL find_in(JNIEnv *env, jclass class, jobject library, jstring name)
{
    jlong address = ((find_in_function *)kinds[1].original)(env, class, library, name);
    if (address)
        found(env, name, "jdk.incubator.foreign", "MemorySegment");
    return address;
}

void mg_lookups_use(jvmtiEnv *jvmti)
{
    jvmti_used = jvmti;
}

void *mg_lookups_replace(const char *class_name, const char *method, const char *signature, void *function)
{
    for (int i = 0; strcmp(method, METHOD) == 0 && i < KINDS; i++) {
        if (strcmp(signature, kinds[i].signature) != 0 ||
            (kinds[i].original && kinds[i].original != function) ||
            strncmp(class_name + 1, kinds[i].class, strlen(kinds[i].class)) != 0 ||
            class_name[1 + strlen(kinds[i].class)] != ';')
            continue;
        kinds[i].original = function;
        return kinds[i].ours;
    }
    return NULL;
}

void mg_lookups_bind(JNIEnv *env)
{
    void *jdk = dlopen("libjava.so", RTLD_LAZY | RTLD_NOLOAD); /* and that stays */
    for (int i = 0; jdk && i < KINDS; i++) {
        kinds[i].original = dlsym(jdk, kinds[i].symbol);
        jclass class = kinds[i].original ? (*env)->FindClass(env, kinds[i].class) : NULL;
        JNINativeMethod native = { (char *)(uintptr_t)METHOD, (char *)(uintptr_t)kinds[i].signature,
                                   kinds[i].ours };
        if (class && (*env)->RegisterNatives(env, class, &native, 1) != JNI_OK)
            kinds[i].original = NULL;
        (*env)->ExceptionClear(env);
    }
}
