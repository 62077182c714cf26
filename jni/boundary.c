/* The rule of when a boundary asks, and when it throws. */
#include "boundary.h"

#include "callers.h"
#include "memgrant.h"
#include "shapes.h"
#include "stack.h"
#include "text.h"

/* Written once, before the first thunk can ask. */
static struct {
    jclass class;
    jmethodID reached;
} java;

static MG_PER_THREAD struct {
    unsigned depth; /* native methods that the thread is in, of targets through which nothing may be thrown */
    bool asking;    /* the thread is in Boundary.reached, which may call targets too (spill codecs) */
    bool handed;    /* methods with a handle for a result have ended since the stack was looked at */
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

/* Calls Boundary.reached. True when its answer was thrown. */
static bool call_java(JNIEnv *env, struct mg_account *account, const char *name, bool may_throw)
{
    /* A frame of its own: the native method's result is a local reference of the frame below, and stays. */
    if ((*env)->PushLocalFrame(env, 8) != 0) {
        (*env)->ExceptionClear(env);
        return false;
    }
    jthrowable answer = NULL;
    jstring library = mg_text_to_java(env, name);
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
static MG_NOINLINE bool reach(const struct mg_boundary_call *call, struct mg_account *account, bool at_end)
{
    JNIEnv *env = call->env;
    const bool gives_handle = call->thunk->result == MG_RESULT_HANDLE;
    /* Inside a library's up-call its own locks may be held, and nothing may be thrown through it, unless its profile says
     * that it passes that on: the outermost asks. */
    if (self.depth || self.asking || call->thunk->closer || (*env)->ExceptionCheck(env))
        return false;
    enum mg_stack_handle handle = self.handed ? MG_HANDLE_EARLIER : MG_HANDLE_NONE;
    self.handed = false;
    enum mg_stack_says says = mg_stack_says(env, at_end, at_end && gives_handle ? MG_HANDLE_NOW : handle);
    if (says == MG_STACK_NEVER)
        return false;
    /* What Java and Spark allocate now is not the library's, even when the library called back into Java. */
    unsigned before = mg_library_entered(0);
    self.asking = true;
    bool thrown =
        call_java(env, account, mg_account_culprit(account), says == MG_STACK_NOW && at_end != gives_handle);
    self.asking = false;
    mg_library_left(before);
    return thrown;
}

bool mg_boundary_asks(JNIEnv *env, int64_t ahead, const char *library)
{
    if (!java.class || self.depth || self.asking || (*env)->ExceptionCheck(env))
        return false;
    enum mg_stack_says says = mg_stack_says(env, false, MG_HANDLE_NONE);
    if (says == MG_STACK_NEVER)
        return false;
    struct mg_account *account = mg_java_asks(ahead);
    const int64_t handle = mg_account_handle(account);
    unsigned before = mg_library_entered(0);
    self.asking = true;
    bool thrown = call_java(env, account, library, says == MG_STACK_NOW);
    self.asking = false;
    mg_library_left(before);
    mg_java_asked(handle, ahead);
    return thrown;
}

bool mg_boundary_enter(struct mg_boundary_call *call)
{
    if (call->thunk->passive) {
        call->sampled_before = mg_sampling_begins();
        return true;
    }
    struct mg_account *account = mg_account_wants_boundary();
    if (MG_UNLIKELY(account != NULL) && reach(call, account, false))
        return false;
    self.depth += !call->thunk->nested;
    call->sampled_before = mg_sampled();
    call->library_before = mg_library_entered(call->thunk->library);
    return true;
}

void mg_boundary_leave(struct mg_boundary_call *call)
{
    if (call->thunk->passive) {
        if (MG_UNLIKELY(mg_sampling_ends(call->sampled_before)))
            mg_callers_note(call->env, call->sampled_before);
        return;
    }
    if (MG_UNLIKELY(mg_sampled() > call->sampled_before))
        mg_callers_note(call->env, call->sampled_before);
    mg_library_left(call->library_before);
    self.depth -= !call->thunk->nested;
    struct mg_account *account = mg_account_wants_boundary();
    if (MG_UNLIKELY(account != NULL))
        (void)reach(call, account, true);
    else if (call->thunk->result == MG_RESULT_HANDLE)
        self.handed = true;
}
