/* The rule of when a boundary asks, and when it throws. */
#include "boundary.h"

#include "memgrant.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* Of the Java stack that fit into a frame of our own. Spark's tasks have 60 to 200. */
enum { FRAMES = 256 };

/* Written once, before the first thunk can ask. */
static struct {
    jvmtiEnv *jvmti;
    jclass class;
    jmethodID reached;
} java;

static MG_PER_THREAD struct {
    unsigned depth; /* native methods of targets that the thread is in */
    bool asking;    /* the thread is in Boundary.reached, which may call targets too (spill codecs) */
} self;

const char *mg_boundary_find_java(JNIEnv *env)
{
    if (java.class)
        return NULL;
    jclass found = (*env)->FindClass(env, "io/memgrant/Boundary");
    jmethodID reached = NULL;
    if (found)
        reached =
            (*env)->GetStaticMethodID(env, found, "reached", "(JLjava/lang/String;Z)Ljava/lang/Throwable;");
    (*env)->ExceptionClear(env);
    if (!reached)
        return "memgrant.jar has no io.memgrant.Boundary.reached";
    java.reached = reached;
    java.class = (*env)->NewGlobalRef(env, found);
    (*env)->DeleteLocalRef(env, found);
    return java.class ? NULL : "the JVM has no room for a reference";
}

void mg_boundary_use(jvmtiEnv *jvmti)
{
    java.jvmti = jvmti;
}

/* Names are compared for static methods only: `<clinit>` is one, and a name costs an allocation. */
static bool is_static_initialiser(jmethodID method)
{
    jvmtiEnv *jvmti = java.jvmti;
    jint modifiers;
    const jint is_static = 0x0008;
    if ((*jvmti)->GetMethodModifiers(jvmti, method, &modifiers) != JVMTI_ERROR_NONE)
        return true;
    if (!(modifiers & is_static))
        return false;
    char *name;
    if ((*jvmti)->GetMethodName(jvmti, method, &name, NULL, NULL) != JVMTI_ERROR_NONE)
        return true;
    bool found = strcmp(name, "<clinit>") == 0;
    (*jvmti)->Deallocate(jvmti, (unsigned char *)name);
    return found;
}

/* The stack is fetched whole: every fetch walks from its top. True also when it can't be told. */
static bool in_static_initialiser(void)
{
    jvmtiEnv *jvmti = java.jvmti;
    if (!jvmti)
        return true;
    jvmtiFrameInfo few[FRAMES], *frames = few, *many = NULL;
    jint depth = 0, count = 0;
    if ((*jvmti)->GetFrameCount(jvmti, NULL, &depth) != JVMTI_ERROR_NONE)
        return true;
    if (depth > FRAMES)
        frames = many = malloc((size_t)depth * sizeof *many);
    bool found =
        !frames || (*jvmti)->GetStackTrace(jvmti, NULL, 0, depth, frames, &count) != JVMTI_ERROR_NONE;
    for (jint i = 0; i < count && !found; i++)
        found = is_static_initialiser(frames[i].method);
    free(many);
    return found;
}

/* Calls Boundary.reached. True when its answer was thrown. */
static bool call_java(JNIEnv *env, struct mg_account *account, bool may_throw)
{
    /* A frame of its own: the native method's result is a local reference of the frame below, and stays. */
    if ((*env)->PushLocalFrame(env, 8) != 0) {
        (*env)->ExceptionClear(env);
        return false;
    }
    jthrowable answer = NULL;
    jstring library = mg_text_to_java(env, mg_account_culprit(account));
    if (library)
        answer =
            (*env)->CallStaticObjectMethod(env, java.class, java.reached, (jlong)mg_account_handle(account),
                                           library, may_throw ? JNI_TRUE : JNI_FALSE);
    bool thrown = false;
    if ((*env)->ExceptionCheck(env))
        (*env)->ExceptionClear(env);
    else if (answer && may_throw)
        thrown = (*env)->Throw(env, answer) == 0;
    (*env)->PopLocalFrame(env, NULL);
    return thrown;
}

/* The account wants a boundary and here is one. True when an exception is pending because of it. */
static MG_NOINLINE bool reach(const struct mg_boundary_call *call, struct mg_account *account, bool may_throw)
{
    JNIEnv *env = call->env;
    if (self.asking || call->thunk->closer || (*env)->ExceptionCheck(env) || in_static_initialiser())
        return false;
    /* What Java and Spark allocate now is not the library's, even when the library called back into Java. */
    unsigned before = mg_library_entered(0);
    self.asking = true;
    bool thrown = call_java(env, account, may_throw && self.depth == 0);
    self.asking = false;
    mg_library_left(before);
    return thrown;
}

bool mg_boundary_enter(struct mg_boundary_call *call)
{
    const struct mg_thunk *thunk = call->thunk;
    struct mg_account *account = mg_account_wants_boundary();
    if (MG_UNLIKELY(account != NULL) && reach(call, account, thunk->result == MG_RESULT_HANDLE))
        return false;
    self.depth++;
    call->library_before = mg_library_entered(thunk->library);
    return true;
}

void mg_boundary_leave(struct mg_boundary_call *call)
{
    mg_library_left(call->library_before);
    self.depth--;
    struct mg_account *account = mg_account_wants_boundary();
    if (MG_UNLIKELY(account != NULL))
        (void)reach(call, account, call->thunk->result == MG_RESULT_VALUE);
}
