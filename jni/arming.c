#include "arming.h"

#include "boundary.h"
#include "caches.h"
#include "children.h"
#include "memgrant.h"
#include "say.h"
#include "text.h"
#include "thunks.h"
#include "unsafe.h"

#include <stdlib.h>
#include <string.h>

/* The last one of that name, or else the environment's, or NULL. */
static const char *find_setting(const char *const *settings, int count, const char *name,
                                const char *variable)
{
    size_t length = strlen(name);
    const char *value = getenv(variable);
    for (int i = 0; i < count; i++)
        if (strncmp(settings[i], name, length) == 0 && settings[i][length] == '=')
            value = settings[i] + length + 1;
    return value;
}

/* Arms, with the boundaries in place before the first account exists. NULL, or what is wrong. */
static const char *arm_with(JNIEnv *env, mg_own_method *own_method, const char *const *settings, int count)
{
    const bool was_active = mg_active;
    const char *levers = find_setting(settings, count, "levers", "MEMGRANT_LEVERS");
    mg_caches_watch(levers && strstr(levers, "rocksdb"));
    const char *no_boundaries = mg_boundary_find_java(env);
    if (!no_boundaries)
        no_boundaries = mg_thunks_watch(true);
    const char *wrong = mg_arm(settings, count);
    if (wrong) {
        /* Who was armed before stays armed, boundaries and all. */
        if (!no_boundaries && !was_active)
            (void)mg_thunks_watch(false);
        return wrong;
    }
    if (!no_boundaries)
        mg_rebind(env, own_method);
    else
        mg_say("%s: a denied task is stopped when it ends, not before", no_boundaries);
    const char *no_unsafe = mg_unsafe_wrap(env, own_method);
    if (no_unsafe)
        mg_say("%s; what Java takes by Unsafe is not counted", no_unsafe);
    const char *children = find_setting(settings, count, "children", "MEMGRANT_CHILDREN");
    if (!children || strcmp(children, "true") != 0)
        mg_children_go_without(env);
    return NULL;
}

/* A copy of the array's texts; those that are null are left out. Returns how many. An exception may be
 * pending. */
static int copy_settings(JNIEnv *env, jobjectArray array, jsize length, char **settings)
{
    int count = 0;
    for (jsize i = 0; i < length; i++) {
        jstring text = (*env)->GetObjectArrayElement(env, array, i);
        settings[count] = mg_text_from_java(env, text);
        if (settings[count])
            count++;
        (*env)->DeleteLocalRef(env, text);
        if ((*env)->ExceptionCheck(env))
            break;
    }
    return count;
}

jstring mg_arming_arm(JNIEnv *env, mg_own_method *own_method, jobjectArray array)
{
    jsize length = array ? (*env)->GetArrayLength(env, array) : 0;
    char **settings = calloc((size_t)length + 1, sizeof *settings);
    if (!settings)
        return mg_text_to_java(env, "no memory for the settings");
    int count = copy_settings(env, array, length, settings);
    const char *wrong = NULL;
    if (!(*env)->ExceptionCheck(env))
        wrong = arm_with(env, own_method, (const char *const *)settings, count);
    /* The texts stay: they are the values of settings now. */
    free(settings);
    return wrong && !(*env)->ExceptionCheck(env) ? mg_text_to_java(env, wrong) : NULL;
}
