/* The function that a method is bound to is read in the JVM's own record of it (bound.h). Where that can't be, it is found
 * as the JVM finds it: by the name that JNI makes of class and method; what a library registered under names that it does not
 * export stays without a thunk then, and one line says so. The thunk is registered: the JVM raises no event for the function
 * that it has already. */
#include "rebind.h"

#include "base.h"
#include "bound.h"
#include "caches.h"
#include "image.h"
#include "memgrant.h"
#include "say.h"
#include "thunks.h"
#include "unsafe.h"

#include <ctype.h>
#include <dlfcn.h>
#include <link.h>
#include <string.h>

enum { TARGETS = 32, NAME = 1024 };

struct targets {
    void *handle[TARGETS];
    int count;
    bool by_name; /* the JVM does not show what a method is bound to */
    bool said;    /* that a method has two functions */
};

struct objects {
    const char *name[512];
    const void *code[512];
    int count;
};

/* dl_iterate_phdr's callback: nothing is asked while the dynamic linker is locked. */
static int add_object(struct dl_phdr_info *info, size_t size, void *argument)
{
    (void)size;
    struct objects *objects = argument;
    for (int i = 0; i < info->dlpi_phnum && objects->count < 512; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
            continue;
        objects->name[objects->count] = info->dlpi_name;
        objects->code[objects->count++] = (const void *)(info->dlpi_addr + segment->p_vaddr);
        return 0;
    }
    return 0;
}

/* Holds the targets that are loaded now; they can't be unloaded until `release`. */
static void hold(struct targets *targets)
{
    struct objects objects = { .count = 0 };
    dl_iterate_phdr(add_object, &objects);
    for (int i = 0; i < objects.count && targets->count < TARGETS; i++) {
        const void *code = objects.code[i];
        if (mg_image_holds(code) || !objects.name[i][0] || !mg_library_is_target(mg_library_bound(code)))
            continue;
        void *handle = dlopen(objects.name[i], RTLD_LAZY | RTLD_NOLOAD);
        if (handle)
            targets->handle[targets->count++] = handle;
    }
}

static void release(const struct targets *targets)
{
    for (int i = 0; i < targets->count; i++)
        dlclose(targets->handle[i]);
}

/* How JNI writes a character of a name that symbols can't hold; what is not here is written as its code. */
static const char *escape_of(char c)
{
    switch (c) {
    case '/':
        return "_";
    case '_':
        return "_1";
    case ';':
        return "_2";
    case '[':
        return "_3";
    default:
        return NULL;
    }
}

/* Appends a name as JNI writes it in symbols. NULL when it does not fit or is not ASCII. */
static char *mangle(char *at, const char *limit, const char *name, const char *end)
{
    for (; name < end; name++) {
        if (!isascii(*name) || limit - at < 8)
            return NULL;
        const char *escape = escape_of(*name);
        if (isalnum((unsigned char)*name))
            *at++ = *name;
        else if (escape)
            at += mg_print(at, 8, "%s", escape);
        else
            at += mg_print(at, 8, "_000%x", (unsigned)*name);
    }
    *at = '\0';
    return at;
}

/* Both names of a method: with and without its arguments. False when they can't be written. */
static bool symbols_of(const char *class, const char *name, const char *signature, char brief[NAME],
                       char full[NAME])
{
    /* The class comes as "Lorg/rocksdb/RocksDB;". */
    char *at = mangle(brief + mg_print(brief, NAME, "Java_"), brief + NAME, class + 1, strchr(class, ';'));
    if (!at)
        return false;
    *at++ = '_';
    at = mangle(at, brief + NAME, name, name + strlen(name));
    return at && mangle(full + mg_print(full, NAME, "%s__", brief), full + NAME, signature + 1,
                        strchr(signature, ')'));
}

/* The function in the targets, NULL when there is none or, in two copies of a library, more than one. */
static void *find(struct targets *targets, const char *brief, const char *full)
{
    void *found = NULL;
    for (int i = 0; i < targets->count; i++) {
        void *function = dlsym(targets->handle[i], brief);
        function = function ? function : dlsym(targets->handle[i], full);
        if (!function || function == found)
            continue;
        if (found) {
            if (!targets->said)
                mg_say(
                    "two libraries with %s were loaded before this one was armed: a denied task is not stopped in "
                    "their methods",
                    brief);
            targets->said = true;
            return NULL;
        }
        found = function;
    }
    return found;
}

/* The function of a method, if it may be a target's. */
static void *function_of(struct targets *targets, jmethodID method, const char *class_name, const char *name,
                         const char *signature)
{
    if (!targets->by_name)
        return mg_bound_function(method);
    char brief[NAME], full[NAME];
    bool has_names = class_name[0] == 'L' && symbols_of(class_name, name, signature, brief, full);
    return has_names ? find(targets, brief, full) : NULL;
}

static void rebind_method(JNIEnv *env, jvmtiEnv *jvmti, jclass class, const char *class_name,
                          jmethodID method, struct targets *targets)
{
    char *name, *signature;
    if ((*jvmti)->GetMethodName(jvmti, method, &name, &signature, NULL) != JVMTI_ERROR_NONE)
        return;
    void *function = function_of(targets, method, class_name, name, signature);
    JNINativeMethod native = { name, signature,
                               function ? mg_thunks_wrap(env, class, function, name, signature) : NULL };
    if (native.fnPtr && (*env)->RegisterNatives(env, class, &native, 1) != JNI_OK) {
        (*env)->ExceptionClear(env);
        mg_caches_unobserved(function);
    }
    (*jvmti)->Deallocate(jvmti, (unsigned char *)name);
    (*jvmti)->Deallocate(jvmti, (unsigned char *)signature);
}

static void rebind_class(JNIEnv *env, jvmtiEnv *jvmti, jclass class, struct targets *targets)
{
    char *name;
    jmethodID *methods;
    jint count;
    if ((*jvmti)->GetClassSignature(jvmti, class, &name, NULL) != JVMTI_ERROR_NONE)
        return;
    /* Fails for arrays and for what is not linked yet, whose methods are not bound. */
    if ((*jvmti)->GetClassMethods(jvmti, class, &count, &methods) == JVMTI_ERROR_NONE) {
        for (jint i = 0; i < count; i++) {
            jboolean is_native = JNI_FALSE;
            if ((*jvmti)->IsMethodNative(jvmti, methods[i], &is_native) == JVMTI_ERROR_NONE && is_native)
                rebind_method(env, jvmti, class, name, methods[i], targets);
        }
        (*jvmti)->Deallocate(jvmti, (unsigned char *)methods);
    }
    (*jvmti)->Deallocate(jvmti, (unsigned char *)name);
}

/* Classes without a loader are the JDK's own: no target serves them. Of those whose natives may call one (thunks.c) some are loaded by now; to ask
 * all of them for their methods would cost memory. */
static bool may_be_served(jvmtiEnv *jvmti, jclass class, jobject loader)
{
    char *name;
    if (loader)
        return true;
    if (!mg_samples_are_taken() || (*jvmti)->GetClassSignature(jvmti, class, &name, NULL) != JVMTI_ERROR_NONE)
        return false;
    static const char *const packages[] = { "java/util/zip/", "jdk/internal/loader/", "java/awt/",
                                            "sun/awt/",       "sun/java2d/",          "sun/font/",
                                            "com/sun/",       "sun/security/" };
    bool may = false;
    for (size_t i = 0; i < sizeof packages / sizeof *packages; i++)
        may = may || strncmp(name + 1, packages[i], strlen(packages[i])) == 0;
    (*jvmti)->Deallocate(jvmti, (unsigned char *)name);
    return may;
}

static void rebind_classes(JNIEnv *env, void *argument)
{
    jvmtiEnv *jvmti = mg_thunks_jvmti();
    struct targets *targets = argument;
    jclass *classes;
    jint count;
    /* The classes come as local references: of Spark's, 20,000 or so. */
    if ((*env)->PushLocalFrame(env, 1 << 16) != 0)
        return;
    if ((*jvmti)->GetLoadedClasses(jvmti, &count, &classes) != JVMTI_ERROR_NONE)
        count = 0, classes = NULL;
    for (jint i = 0; i < count; i++) {
        jobject loader = NULL;
        if ((*jvmti)->GetClassLoader(jvmti, classes[i], &loader) == JVMTI_ERROR_NONE &&
            may_be_served(jvmti, classes[i], loader))
            rebind_class(env, jvmti, classes[i], targets);
        (*env)->DeleteLocalRef(env, loader);
        (*env)->DeleteLocalRef(env, classes[i]);
    }
    (*jvmti)->Deallocate(jvmti, (unsigned char *)classes);
    (*env)->PopLocalFrame(env, NULL);
}

void mg_rebind(JNIEnv *env, const JNINativeMethod *(*own)(unsigned index))
{
    struct targets targets = { .count = 0 };
    hold(&targets);
    if (targets.count > 0 || mg_samples_are_taken()) {
        targets.by_name = !mg_bound_learn(env, own);
        if (targets.by_name)
            mg_say(
                "native methods that a library registered before this one was armed, by names that it does not export, are "
                "not found: a denied task is not stopped in them");
        /* The JVM warns of who binds the JDK's own natives, but not the JDK. */
        if (mg_samples_are_taken())
            mg_unsafe_call_from_jdk(env, rebind_classes, &targets);
        else
            rebind_classes(env, &targets);
    }
    (*env)->ExceptionClear(env);
    release(&targets);
}
