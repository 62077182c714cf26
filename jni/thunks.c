/* Binding native methods to thunks, by the JVMTI event. */
#include "thunks.h"

#include "caches.h"
#include "callers.h"
#include "image.h"
#include "memgrant.h"
#include "pool.h"
#include "shapes.h"
#include "stack.h"

#include <dlfcn.h>
#include <string.h>

static jvmtiEnv *jvmti_taken;

/* Those of the JDK's libraries that call nobody but libc and the JVM, often, or run Java (Method.invoke0). A target may be below the one that loads
 * libraries. */
static bool reaches_no_target(const char *file, const char *symbol)
{
    static const char *const names[] = { "libjvm.so", "libjava.so", "libnio.so",
                                         "libnet.so", "libjimage",  "libmanagement" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(file, names[i], strlen(names[i])) == 0)
            return !symbol || strncmp(symbol, "Java_jdk_internal_loader_", 25) != 0 ||
                   !strstr(symbol, "_load");
    return false;
}

/* No target's, but where stacks are taken those who asked are told by it: a target may be called by others, as zlib is by the JDK. */
static bool is_sampled(const void *function)
{
    Dl_info object;
    if (!mg_samples_are_taken() || !dladdr(function, &object) || !object.dli_fname)
        return false;
    const char *slash = strrchr(object.dli_fname, '/');
    return !reaches_no_target(slash ? slash + 1 : object.dli_fname, object.dli_sname);
}

enum wrapping { UNWRAPPED, PASSIVE, BOUNDARY };

/* Our own functions are never wrapped: they serve the boundaries, and a thunk that was bound before (the
 * same method once more, another agent) is one of them. While arming there is no table of libraries to look into; what is bound
 * meanwhile is found afterwards (rebind.c). */
static enum wrapping wrapping_of(void *function)
{
    if (!mg_active || mg_image_holds(function))
        return UNWRAPPED;
    if (mg_library_is_target(mg_library_bound(function)))
        return BOUNDARY;
    return is_sampled(function) ? PASSIVE : UNWRAPPED;
}

static void *wrap_passively(JNIEnv *env, jclass class, void *function, const char *signature)
{
    struct mg_thunk wanted = { .function = function,
                               .stack_words = mg_shape_stack_words(signature),
                               .passive = true };
    return mg_pool_entry(env, class, &wanted);
}

void *mg_thunks_wrap(JNIEnv *env, jclass class, void *function, const char *name, const char *signature)
{
    enum wrapping wrapping = wrapping_of(function);
    if (wrapping != BOUNDARY)
        return wrapping == PASSIVE ? wrap_passively(env, class, function, signature) : NULL;
    unsigned library = mg_library_bound(function);
    struct mg_thunk wanted = {
        .function = mg_caches_observed(function),
        .stack_words = mg_shape_stack_words(signature),
        .library = library,
        .result = mg_library_may_leave(library, name) ? MG_RESULT_VALUE : mg_shape_result(signature),
        .closer = mg_shape_closes(name, signature) || mg_library_closes_by(library, name),
        .nested = mg_library_nests(library),
    };
    void *entry = mg_pool_entry(env, class, &wanted);
    if (!entry)
        mg_caches_unobserved(function);
    return entry;
}

/* JVMTI's NativeMethodBind. */
static void JNICALL method_bound(jvmtiEnv *jvmti, JNIEnv *env, jthread thread, jmethodID method,
                                 void *function, void **bind_to)
{
    (void)thread;
    char *name, *signature;
    jclass class;
    if (wrapping_of(function) == UNWRAPPED ||
        (*jvmti)->GetMethodDeclaringClass(jvmti, method, &class) != JVMTI_ERROR_NONE ||
        (*jvmti)->GetMethodName(jvmti, method, &name, &signature, NULL) != JVMTI_ERROR_NONE)
        return;
    void *thunk = mg_thunks_wrap(env, class, function, name, signature);
    if (thunk)
        *bind_to = thunk;
    (*env)->DeleteLocalRef(env, class);
    (*jvmti)->Deallocate(jvmti, (unsigned char *)name);
    (*jvmti)->Deallocate(jvmti, (unsigned char *)signature);
}

const char *mg_thunks_watch(bool on)
{
    jvmtiEnv *jvmti = jvmti_taken;
    if (!MG_HAS_POOL)
        return "no thunks are written for this processor";
    if (!jvmti)
        return "this JVM has no JVMTI";
    jvmtiError error = (*jvmti)->SetEventNotificationMode(jvmti, on ? JVMTI_ENABLE : JVMTI_DISABLE,
                                                          JVMTI_EVENT_NATIVE_METHOD_BIND, NULL);
    return error == JVMTI_ERROR_NONE ? NULL : "JVMTI does not tell when native methods are bound";
}

static bool prepare(jvmtiEnv *jvmti)
{
    jvmtiCapabilities capabilities = { .can_generate_native_method_bind_events = 1 };
    jvmtiEventCallbacks callbacks = { .NativeMethodBind = method_bound };
    return (*jvmti)->AddCapabilities(jvmti, &capabilities) == JVMTI_ERROR_NONE &&
           (*jvmti)->SetEventCallbacks(jvmti, &callbacks, sizeof callbacks) == JVMTI_ERROR_NONE;
}

jvmtiEnv *mg_thunks_jvmti(void)
{
    return jvmti_taken;
}

bool mg_thunks_take_jvmti(JavaVM *vm)
{
    if (jvmti_taken)
        return true;
    void *jvmti = NULL;
    if ((*vm)->GetEnv(vm, &jvmti, JVMTI_VERSION_1_2) != JNI_OK || !jvmti)
        return false;
    if (!prepare(jvmti)) {
        (*(jvmtiEnv *)jvmti)->DisposeEnvironment(jvmti);
        return false;
    }
    jvmti_taken = jvmti;
    mg_stack_use(jvmti);
    mg_callers_use(jvmti);
    return true;
}
