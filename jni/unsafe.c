#include "unsafe.h"

#include "base.h"
#include "boundary.h"
#include "callers.h"
#include "frames.h"
#include "image.h"
#include "lookups.h"
#include "memgrant.h"
#include "say.h"

#include <dlfcn.h>
#include <string.h>

#define UNSAFE "jdk/internal/misc/Unsafe"

typedef jlong JNICALL allocate_function(JNIEnv *env, jobject unsafe, jlong bytes);
typedef jlong JNICALL reallocate_function(JNIEnv *env, jobject unsafe, jlong block, jlong bytes);
typedef void JNICALL free_function(JNIEnv *env, jobject unsafe, jlong block);

/* The JVM's own, known before ours are bound. */
static struct {
    allocate_function *allocate;
    reallocate_function *reallocate;
    free_function *free;
} originals;

static struct {
    jvmtiEnv *jvmti;
    bool wrapped;
    bool sampled;    /* whether samples of stacks are taken */
    unsigned of_all; /* the target java:* */
    jlong looked_at; /* of smaller blocks nobody looks who took them; 0 where packages are named */
    _Atomic(int)
        virtual_bound; /* virtual threads that are bound: while there are none nobody looks for them */
} unsafe;

/* Where all are the same's: Spark's pages, which it has paid for, are larger. */
#define LOOKED_AT (64 << 10)

static inline unsigned library_of(JNIEnv *env, jlong bytes)
{
    if (bytes < unsafe.looked_at)
        return unsafe.of_all;
    return mg_frames_library(env, unsafe.jvmti, unsafe.of_all);
}

/* The account of a virtual thread, which its carrier knows nothing of. */
static MG_NOINLINE struct mg_account *virtual_account(void)
{
    void *handle = NULL;
    if ((*unsafe.jvmti)->GetThreadLocalStorage(unsafe.jvmti, NULL, &handle) != JVMTI_ERROR_NONE)
        return NULL;
    return handle ? mg_account_of((int64_t)(intptr_t)handle) : NULL;
}

struct call {
    unsigned library; /* 0: nobody's business */
    struct mg_account *carried;
    unsigned sampled_before;
};

/* False: denied, and an exception is pending. */
static inline bool begins(JNIEnv *env, struct call *call, jlong bytes)
{
    *call = (struct call){ .library = library_of(env, bytes) };
    if (!call->library)
        return true;
    if (MG_UNLIKELY(MG_LOAD(unsafe.virtual_bound)) && (call->carried = virtual_account()))
        mg_java_stands_in(call->carried);
    int64_t lacking = mg_java_lacks(call->library, bytes);
    if (MG_UNLIKELY(lacking) && mg_boundary_asks(env, lacking, mg_library_name(call->library)))
        return false;
    if (MG_UNLIKELY(unsafe.sampled))
        call->sampled_before = mg_sampling_begins();
    mg_java_begins(call->library, bytes);
    return true;
}

static inline void ends(JNIEnv *env, const struct call *call)
{
    mg_java_ends();
    if (MG_UNLIKELY(unsafe.sampled) && mg_sampling_ends(call->sampled_before))
        mg_callers_note(env, call->sampled_before);
    if (MG_UNLIKELY(call->carried != NULL))
        mg_java_stood_in();
}

static MG_NOINLINE jlong allocate_at_length(JNIEnv *env, jobject self, jlong bytes)
{
    struct call call;
    if (!begins(env, &call, bytes))
        return 0;
    jlong block = originals.allocate(env, self, bytes);
    if (!call.library)
        return block;
    ends(env, &call);
    struct mg_account *account = mg_account_wants_boundary();
    if (MG_UNLIKELY(account != NULL) && block && mg_boundary_asks(env, 0, mg_account_culprit(account))) {
        originals.free(env, self, block);
        return 0;
    }
    return block;
}

/* A little by a thread that is no task's, without stacks: there is nothing to look at, to ask for or to throw. */
static jlong JNICALL allocate(JNIEnv *env, jobject self, jlong bytes)
{
    if (MG_UNLIKELY(bytes >= unsafe.looked_at || mg_java_may_deny() || MG_LOAD(unsafe.virtual_bound) ||
                    unsafe.sampled))
        return allocate_at_length(env, self, bytes);
    mg_java_begins(unsafe.of_all, bytes);
    jlong block = originals.allocate(env, self, bytes);
    mg_java_ends();
    return block;
}

/* What comes back when it can't be is the old block, as it was: so nothing is thrown afterwards. */
static jlong JNICALL reallocate(JNIEnv *env, jobject self, jlong block, jlong bytes)
{
    struct call call;
    if (!begins(env, &call, bytes))
        return 0;
    jlong moved = originals.reallocate(env, self, block, bytes);
    if (call.library)
        ends(env, &call);
    return moved;
}

static const struct {
    const char *name, *signature;
    void *ours;
    void **original;
} methods[] = {
    { "allocateMemory0", "(J)J", (void *)allocate, (void **)&originals.allocate },
    { "reallocateMemory0", "(JJ)J", (void *)reallocate, (void **)&originals.reallocate },
    { "freeMemory0", "(J)V", NULL, (void **)&originals.free },
};
enum { METHODS = sizeof methods / sizeof methods[0] };

/* Settles what every call asks for. NULL, or what is wrong. */
static const char *start(void)
{
    mg_lookups_use(unsafe.jvmti);
    unsafe.looked_at = mg_java_names_packages() ? 0 : LOOKED_AT;
    unsafe.of_all = mg_java_library_of_all();
    unsafe.sampled = mg_samples_are_taken();
    return mg_java_redirect() ? NULL : "libjvm does not call malloc by a slot of its own";
}

/* ---- When the JVM binds its natives ---- */

/* Also once more, where somebody has Unsafe register its natives again, as profilers do to learn the JVM's own. */
static void *replace(const char *class, const char *name, const char *signature, void *function)
{
    for (int i = 0; strcmp(class, "L" UNSAFE ";") == 0 && i < METHODS; i++) {
        if (strcmp(name, methods[i].name) != 0 || strcmp(signature, methods[i].signature) != 0 ||
            (*methods[i].original && *methods[i].original != function))
            continue;
        *methods[i].original = function;
        return methods[i].ours;
    }
    return mg_lookups_replace(class, name, signature, function);
}

/* NativeMethodBind, in the phase in which methods have names. */
static void JNICALL method_bound(jvmtiEnv *jvmti, JNIEnv *env, jthread thread, jmethodID method,
                                 void *function, void **bind_to)
{
    (void)thread;
    char *name, *signature, *class_name;
    jclass class;
    if ((*jvmti)->GetMethodDeclaringClass(jvmti, method, &class) != JVMTI_ERROR_NONE ||
        (*jvmti)->GetClassSignature(jvmti, class, &class_name, NULL) != JVMTI_ERROR_NONE)
        return;
    if ((*jvmti)->GetMethodName(jvmti, method, &name, &signature, NULL) == JVMTI_ERROR_NONE) {
        void *ours = replace(class_name, name, signature, function);
        if (ours)
            *bind_to = ours;
        (*jvmti)->Deallocate(jvmti, (unsigned char *)name);
        (*jvmti)->Deallocate(jvmti, (unsigned char *)signature);
    }
    (*jvmti)->Deallocate(jvmti, (unsigned char *)class_name);
    (*env)->DeleteLocalRef(env, class);
}

static bool take_event(jvmtiEnv *jvmti, jvmtiEvent event)
{
    return (*jvmti)->SetEventNotificationMode(jvmti, JVMTI_ENABLE, event, NULL) == JVMTI_ERROR_NONE;
}

#define UNCOUNTED "%s; what Java takes by Unsafe is not counted"

/* VMInit: all three have been bound, or never will be in time. */
static void JNICALL jvm_ready(jvmtiEnv *jvmti, JNIEnv *env, jthread thread)
{
    (void)jvmti, (void)env, (void)thread;
    unsafe.wrapped = originals.allocate && originals.reallocate && originals.free;
    if (unsafe.wrapped)
        mg_frames_start();
    else
        mg_say(UNCOUNTED, "this JVM did not tell when it bound jdk.internal.misc.Unsafe");
}

static jvmtiEnv *make_environment(JavaVM *vm)
{
    void *jvmti = NULL;
    return (*vm)->GetEnv(vm, &jvmti, JVMTI_VERSION_9) == JNI_OK ? jvmti : NULL;
}

static bool watch_bindings(jvmtiEnv *jvmti, jvmtiCapabilities capabilities)
{
    jvmtiEventCallbacks callbacks = { .NativeMethodBind = method_bound, .VMInit = jvm_ready };
    return (*jvmti)->AddCapabilities(jvmti, &capabilities) == JVMTI_ERROR_NONE &&
           (*jvmti)->SetEventCallbacks(jvmti, &callbacks, sizeof callbacks) == JVMTI_ERROR_NONE &&
           take_event(jvmti, JVMTI_EVENT_NATIVE_METHOD_BIND);
}

void mg_unsafe_watch(JavaVM *vm)
{
    if (!mg_java_is_counted())
        return;
    jvmtiEnv *jvmti = unsafe.jvmti = make_environment(vm);
    jvmtiCapabilities capabilities = { .can_generate_native_method_bind_events = 1,
                                       .can_generate_early_vmstart = 1 };
    const char *wrong = start();
    if (!wrong && (!jvmti || !watch_bindings(jvmti, capabilities) || !take_event(jvmti, JVMTI_EVENT_VM_INIT)))
        wrong = "this JVM has no JVMTI that tells when native methods are bound";
    if (wrong)
        mg_say(UNCOUNTED, wrong);
}

/* ---- In a JVM that runs ---- */

/* The JVM's own functions, out of its records of the methods. Not ours, nor what somebody has put around ours: that would call itself
 * for ever. */
static bool learn(JNIEnv *env, mg_own_method *own, jclass class)
{
    if (!mg_bound_learn(env, own))
        return false;
    for (int i = 0; i < METHODS; i++) {
        jmethodID method = (*env)->GetMethodID(env, class, methods[i].name, methods[i].signature);
        void *function = method ? mg_bound_function(method) : NULL;
        Dl_info object;
        if (!function || mg_image_holds(function) || !dladdr(function, &object) ||
            (methods[i].ours && *methods[i].original && *methods[i].original != function))
            return false;
        *methods[i].original = function;
    }
    return true;
}

/* What the native method does that a method of the JDK's calls. */
static struct {
    void (*work)(JNIEnv *env, void *argument);
    void *argument;
} from_jdk;

void mg_unsafe_bind(JNIEnv *env)
{
    if (from_jdk.work)
        from_jdk.work(env, from_jdk.argument);
}

static void bind(JNIEnv *env, void *argument)
{
    (void)argument;
    JNINativeMethod natives[METHODS];
    jint count = 0;
    jclass class = (*env)->FindClass(env, UNSAFE);
    for (int i = 0; i < METHODS; i++)
        if (methods[i].ours)
            natives[count++] = (JNINativeMethod){ (char *)(uintptr_t)methods[i].name,
                                                  (char *)(uintptr_t)methods[i].signature, methods[i].ours };
    /* Nobody but mg_unsafe_wrap has the originals looked up. */
    unsafe.wrapped = class && originals.free && (*env)->RegisterNatives(env, class, natives, count) == JNI_OK;
    if (unsafe.wrapped)
        mg_lookups_bind(env);
}

/* new Thread(new UnsafeBinding()).run() */
void mg_unsafe_call_from_jdk(JNIEnv *env, void (*work)(JNIEnv *env, void *argument), void *argument)
{
    from_jdk.work = work;
    from_jdk.argument = argument;
    jclass ours = (*env)->FindClass(env, "io/memgrant/UnsafeBinding");
    jmethodID make_ours = ours ? (*env)->GetMethodID(env, ours, "<init>", "()V") : NULL;
    jobject binding = make_ours ? (*env)->NewObject(env, ours, make_ours) : NULL;
    jclass thread = binding ? (*env)->FindClass(env, "java/lang/Thread") : NULL;
    jmethodID make = thread ? (*env)->GetMethodID(env, thread, "<init>", "(Ljava/lang/Runnable;)V") : NULL;
    jobject jdk = make ? (*env)->NewObject(env, thread, make, binding) : NULL;
    jmethodID run = jdk ? (*env)->GetMethodID(env, thread, "run", "()V") : NULL;
    if (run)
        (*env)->CallVoidMethod(env, jdk, run);
    from_jdk.work = NULL;
}

static const char *wrap(JNIEnv *env, mg_own_method *own)
{
    JavaVM *vm;
    jclass class = (*env)->FindClass(env, UNSAFE);
    if (!class || !learn(env, own, class))
        return "this JVM does not show which functions jdk.internal.misc.Unsafe is bound to";
    if ((*env)->GetJavaVM(env, &vm) != JNI_OK || !(unsafe.jvmti = make_environment(vm)))
        return "this JVM has no JVMTI";
    const char *wrong = start();
    if (wrong)
        return wrong;
    mg_frames_start();
    mg_unsafe_call_from_jdk(env, bind, NULL);
    (void)watch_bindings(unsafe.jvmti, (jvmtiCapabilities){ .can_generate_native_method_bind_events = 1 });
    return unsafe.wrapped ? NULL : "this JVM does not let jdk.internal.misc.Unsafe be bound";
}

const char *mg_unsafe_wrap(JNIEnv *env, mg_own_method *own)
{
    if (unsafe.wrapped || !mg_java_is_counted())
        return NULL;
    const char *wrong = "the JVM has no room for references";
    if ((*env)->PushLocalFrame(env, 16) == 0) {
        wrong = wrap(env, own);
        (*env)->ExceptionClear(env);
        (*env)->PopLocalFrame(env, NULL);
    }
    (*env)->ExceptionClear(env);
    return wrong;
}

/* ---- Virtual threads ---- */

bool mg_unsafe_bind_virtual(JNIEnv *env, jlong account)
{
    (void)env;
    void *before = NULL;
    if (!unsafe.wrapped ||
        (*unsafe.jvmti)->GetThreadLocalStorage(unsafe.jvmti, NULL, &before) != JVMTI_ERROR_NONE ||
        (*unsafe.jvmti)->SetThreadLocalStorage(unsafe.jvmti, NULL, (void *)(intptr_t)account) !=
            JVMTI_ERROR_NONE)
        return false;
    MG_ADD(unsafe.virtual_bound, (account != 0) - (before != NULL));
    return true;
}
