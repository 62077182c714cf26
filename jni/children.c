#include "children.h"

#include "base.h"
#include "image.h"
#include "say.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char variable[] = "LD_PRELOAD";

static const char *last_component(const char *path, size_t length)
{
    const char *at = path + length;
    while (at > path && at[-1] != '/')
        at--;
    return at;
}

/* By the file's name: ld.so may have found the entry along a search path, or put something for $LIB. */
static bool is_ours(const char *entry, size_t length)
{
    const char *path = mg_image_path();
    const char *ours = last_component(path, strlen(path));
    const char *name = last_component(entry, length);
    size_t name_length = (size_t)(entry + length - name);
    return name_length == strlen(ours) && memcmp(name, ours, name_length) == 0;
}

/* Appends to `kept` the entries of `list` that are not ours; `kept` has room for the whole list. True:
 * some were ours. */
static bool keep_others(const char *list, char *kept)
{
    bool found = false;
    char *end = kept;
    while (*list) {
        size_t length = strcspn(list, ": ");
        if (length > 0 && is_ours(list, length)) {
            found = true;
        } else if (length > 0) {
            if (end > kept)
                *end++ = ':';
            end = mempcpy(end, list, length);
        }
        list += length + (list[length] != '\0');
    }
    *end = '\0';
    return found;
}

/* One store of a pointer: other threads read the old entry or the new one, whole. The old string may still
 * be in somebody's hands and the new one lives as long as the process. */
static void change_libc(void)
{
    const size_t prefix = sizeof variable; /* with '=' */
    for (char **at = environ; at && *at; at++) {
        if (strncmp(*at, variable, prefix - 1) != 0 || (*at)[prefix - 1] != '=')
            continue;
        char *entry = malloc(strlen(*at) + 1);
        if (!entry)
            return;
        memcpy(entry, *at, prefix);
        if (keep_others(*at + prefix, entry + prefix))
            __atomic_store_n(at, entry, __ATOMIC_RELEASE);
        else
            free(entry);
    }
}

/* The result of a call into Java, NULL when it threw. */
static jobject unless_thrown(JNIEnv *env, jobject result)
{
    return (*env)->ExceptionCheck(env) ? NULL : result;
}

/* An entry of ProcessEnvironment.theEnvironment: valueOf(String) of its class Variable or Value. */
static jobject external_data(JNIEnv *env, const char *class_name, const char *factory, jstring text)
{
    jclass class = (*env)->FindClass(env, class_name);
    jmethodID value_of = class ? (*env)->GetStaticMethodID(env, class, "valueOf", factory) : NULL;
    return value_of ? unless_thrown(env, (*env)->CallStaticObjectMethod(env, class, value_of, text)) : NULL;
}

static jobject java_environment(JNIEnv *env)
{
    jclass class = (*env)->FindClass(env, "java/lang/ProcessEnvironment");
    jfieldID field =
        class ? (*env)->GetStaticFieldID(env, class, "theEnvironment", "Ljava/util/HashMap;") : NULL;
    return field ? (*env)->GetStaticObjectField(env, class, field) : NULL;
}

static jobject java_key(JNIEnv *env)
{
    jstring name = (*env)->NewStringUTF(env, variable);
    return name ? external_data(env, "java/lang/ProcessEnvironment$Variable",
                                "(Ljava/lang/String;)Ljava/lang/ProcessEnvironment$Variable;", name)
                : NULL;
}

/* The value for a key of the map, as text. NULL without an exception: there is none. */
static jstring java_value(JNIEnv *env, jobject map, jobject key)
{
    jmethodID get = (*env)->GetMethodID(env, (*env)->GetObjectClass(env, map), "get",
                                        "(Ljava/lang/Object;)Ljava/lang/Object;");
    jobject value = get ? unless_thrown(env, (*env)->CallObjectMethod(env, map, get, key)) : NULL;
    if (!value)
        return NULL;
    jmethodID to_string =
        (*env)->GetMethodID(env, (*env)->GetObjectClass(env, value), "toString", "()Ljava/lang/String;");
    return to_string ? unless_thrown(env, (*env)->CallObjectMethod(env, value, to_string)) : NULL;
}

/* A new local reference to the text without our entry; NULL when it has none, or when an exception is
 * pending. */
static jstring without_ours(JNIEnv *env, jstring text)
{
    const char *list = (*env)->GetStringUTFChars(env, text, NULL);
    if (!list)
        return NULL;
    jstring changed = NULL;
    char *kept = malloc(strlen(list) + 1);
    if (kept && keep_others(list, kept))
        changed = (*env)->NewStringUTF(env, kept);
    free(kept);
    (*env)->ReleaseStringUTFChars(env, text, list);
    return changed;
}

/* put() of a key that is there replaces one reference, so threads that copy the map meanwhile are not
 * disturbed. */
static void change_java(JNIEnv *env)
{
    jobject map = java_environment(env);
    jobject key = map ? java_key(env) : NULL;
    jstring old = key ? java_value(env, map, key) : NULL;
    jstring changed = old ? without_ours(env, old) : NULL;
    if (!changed)
        return;
    jobject value = external_data(env, "java/lang/ProcessEnvironment$Value",
                                  "(Ljava/lang/String;)Ljava/lang/ProcessEnvironment$Value;", changed);
    jmethodID put = value ? (*env)->GetMethodID(env, (*env)->GetObjectClass(env, map), "put",
                                                "(Ljava/lang/Object;Ljava/lang/Object;)Ljava/lang/Object;")
                          : NULL;
    if (put)
        (*env)->CallObjectMethod(env, map, put, key, value);
}

void mg_children_go_without(JNIEnv *env)
{
    change_libc();
    if ((*env)->PushLocalFrame(env, 16) == 0) {
        change_java(env);
        jboolean failed = (*env)->ExceptionCheck(env);
        (*env)->ExceptionClear(env);
        (*env)->PopLocalFrame(env, NULL);
        if (!failed)
            return;
    }
    (*env)->ExceptionClear(env);
    mg_say("java.lang.ProcessEnvironment is not what we know: some child processes may inherit this library");
}
