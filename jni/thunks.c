/* Binding native methods to thunks: the JVMTI event, the pool, the shape of a method. */
#include "thunks.h"

#include "boundary.h"
#include "image.h"
#include "memgrant.h"
#include "os.h"
#include "say.h"
#include "stack.h"
#include "thunks_layout.h"

#include <ctype.h>
#include <string.h>

/* Also without thunks: the event's callback must come from somewhere. */
static jvmtiEnv *jvmti_taken;

#if defined(__x86_64__)

_Static_assert(sizeof(struct mg_thunk) == 1 << MG_THUNK_SIZE_LOG2,
               "thunks_x86_64.S shifts an index into an offset");
_Static_assert(offsetof(struct mg_thunk, function) == MG_THUNK_FUNCTION, "thunks_layout.h");
_Static_assert(offsetof(struct mg_thunk, stack_words) == MG_THUNK_STACK_WORDS, "thunks_layout.h");
_Static_assert(offsetof(struct mg_boundary_call, env) == MG_CALL_ENV, "thunks_layout.h");
_Static_assert(offsetof(struct mg_boundary_call, thunk) == MG_CALL_THUNK, "thunks_layout.h");
_Static_assert(sizeof(struct mg_boundary_call) <= MG_CALL_SIZE, "the frame keeps registers behind it");

extern const char mg_thunk_pool[];
/* Not static: thunks_x86_64.S reads it. */
extern struct mg_thunk mg_thunks[MG_THUNKS];
struct mg_thunk mg_thunks[MG_THUNKS];

static struct {
    struct mg_lock lock;
    unsigned used; /* entries of mg_thunks that the JVM may know; they never change again */
    bool said;     /* that the pool is used up */
} pool;

/* The methods that give something back, by a word of their names: "disposeInternal",
 * "duckdb_jdbc_free_result". */
static const char *const closers[] = { "close",    "destroy", "disconnect", "dispose",
                                       "finalize", "free",    "release",    "shutdown" };

static bool begins_word(const char *name, const char *at)
{
    return at == name || at[-1] == '_' || (isupper((unsigned char)at[0]) && !isupper((unsigned char)at[-1]));
}

/* Whether a word begins here that ends where its name ends or the next word begins. */
static bool is_word(const char *at, const char *word)
{
    size_t length = strlen(word);
    return strncasecmp(at, word, length) == 0 && !islower((unsigned char)at[length]);
}

/* What deletes by a key or a name writes, as RocksDB.delete(handle, key) does: a million of them need
 * memory too. */
static bool takes_data(const char *signature)
{
    return strcspn(signature, "[L") < strcspn(signature, ")");
}

static bool is_closer(const char *name, const char *signature)
{
    for (const char *at = name; *at; at++) {
        if (!begins_word(name, at))
            continue;
        if (is_word(at, "delete") && !takes_data(signature))
            return true;
        for (size_t i = 0; i < sizeof closers / sizeof closers[0]; i++)
            if (is_word(at, closers[i]))
                return true;
    }
    return false;
}

/* The first character after the type that begins here. */
static const char *skip_type(const char *type)
{
    while (*type == '[')
        type++;
    return *type == 'L' ? strchr(type, ';') + 1 : type + 1;
}

/* Words of arguments that System V passes on the stack. The signature is the JVM's, hence well-formed. */
static uint32_t stack_words(const char *signature)
{
    unsigned integers = 2, floats = 0; /* JNIEnv and the object or class */
    uint32_t words = 0;
    for (const char *type = signature + 1; *type != ')'; type = skip_type(type)) {
        bool is_float = *type == 'F' || *type == 'D';
        if (is_float ? floats < 8 : integers < 6)
            (*(is_float ? &floats : &integers))++;
        else
            words++;
    }
    return words;
}

static enum mg_result result_of(const char *signature)
{
    const char *type = strchr(signature, ')') + 1;
    if (strcmp(type, "[B") == 0 || strcmp(type, "Ljava/lang/String;") == 0)
        return MG_RESULT_VALUE;
    return strchr("JL[", *type) ? MG_RESULT_HANDLE : MG_RESULT_VALUE;
}

static bool same(const struct mg_thunk *a, const struct mg_thunk *b)
{
    return a->function == b->function && a->stack_words == b->stack_words && a->library == b->library &&
           a->result == b->result && a->closer == b->closer;
}

/* Index of the thunk for that call, the same one again for the same call; MG_THUNKS when the pool is used
 * up. Entries of libraries that were unloaded stay: a thread may still be in one, and nobody tells when
 * not. */
static unsigned find_or_add(const struct mg_thunk *wanted)
{
    mg_lock(&pool.lock);
    unsigned i = 0;
    while (i < pool.used && !same(&mg_thunks[i], wanted))
        i++;
    if (i == pool.used && i < MG_THUNKS) {
        mg_thunks[i] = *wanted;
        pool.used++;
    }
    bool say = i == MG_THUNKS && !pool.said;
    pool.said = pool.said || say;
    mg_unlock(&pool.lock);
    if (say)
        mg_say("more than %d native methods of targets: a denied task is not stopped in the further ones",
               MG_THUNKS);
    return i;
}

/* Our own functions are never wrapped: they serve the boundaries, and a thunk that was bound before (the
 * same method once more, another agent) is one of them. */
void *mg_thunks_wrap(void *function, const char *name, const char *signature)
{
    /* While arming there is no table of libraries to look into; what is bound meanwhile is found
     * afterwards (rebind.c). */
    if (!mg_active || mg_image_holds(function))
        return NULL;
    unsigned library = mg_library_bound(function);
    if (!mg_library_is_target(library))
        return NULL;
    struct mg_thunk wanted = {
        .function = function,
        .stack_words = stack_words(signature),
        .library = library,
        .result = result_of(signature),
        .closer = is_closer(name, signature),
    };
    unsigned i = find_or_add(&wanted);
    return i < MG_THUNKS ? (void *)((uintptr_t)mg_thunk_pool + (size_t)i * MG_THUNK_CODE_SIZE) : NULL;
}

/* JVMTI's NativeMethodBind. */
static void JNICALL method_bound(jvmtiEnv *jvmti, JNIEnv *env, jthread thread, jmethodID method,
                                 void *function, void **bind_to)
{
    (void)env, (void)thread;
    char *name, *signature;
    if ((*jvmti)->GetMethodName(jvmti, method, &name, &signature, NULL) != JVMTI_ERROR_NONE)
        return;
    void *thunk = mg_thunks_wrap(function, name, signature);
    if (thunk)
        *bind_to = thunk;
    (*jvmti)->Deallocate(jvmti, (unsigned char *)name);
    (*jvmti)->Deallocate(jvmti, (unsigned char *)signature);
}

const char *mg_thunks_watch(bool on)
{
    jvmtiEnv *jvmti = jvmti_taken;
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

#else /* other processors have no pool */

const char *mg_thunks_watch(bool on)
{
    (void)on;
    return "no thunks are written for this processor";
}

void *mg_thunks_wrap(void *function, const char *name, const char *signature)
{
    (void)function, (void)name, (void)signature;
    return NULL;
}

static bool prepare(jvmtiEnv *jvmti)
{
    (void)jvmti;
    return true;
}

#endif

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
    return true;
}
