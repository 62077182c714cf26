#include "stack.h"

#include "base.h"
#include "shapes.h"

#include <stdlib.h>
#include <string.h>

enum {
    FRAMES = 256,       /* of the Java stack that fit into a frame of our own; Spark's tasks have 60 to 200 */
    LIBRARY_FRAMES = 8, /* looked at above the native method */
    PATIENCE = 16,      /* boundaries that a handle given to one method may put off */
    IS_STATIC = 0x0008, /* of the class file format */
    IS_SYNTHETIC = 0x1000
};

/* Newest frame first. */
struct stack {
    jvmtiFrameInfo few[FRAMES];
    jvmtiFrameInfo *frames;
    jint count;
};

static jvmtiEnv *jvmti;

/* The library's methods that were given a handle last, and where in them. A frame is known by its distance
 * from the stack's bottom: the same method there, further on in its code, is taken for the same call. */
static MG_PER_THREAD struct {
    jint depth; /* of the stack then */
    jint count;
    jint patience;
    jmethodID method[LIBRARY_FRAMES];
    jlocation location[LIBRARY_FRAMES];
} given;

void mg_stack_use(jvmtiEnv *environment)
{
    jvmti = environment;
}

static void drop(void *memory)
{
    (*jvmti)->Deallocate(jvmti, memory);
}

/* The stack is fetched whole: every fetch walks from its top. */
static bool fetch(struct stack *stack)
{
    jint depth = 0;
    stack->frames = stack->few;
    if (!jvmti || (*jvmti)->GetFrameCount(jvmti, NULL, &depth) != JVMTI_ERROR_NONE || depth < 1)
        return false;
    if (depth > FRAMES)
        stack->frames = malloc((size_t)depth * sizeof *stack->frames);
    return stack->frames &&
           (*jvmti)->GetStackTrace(jvmti, NULL, 0, depth, stack->frames, &stack->count) == JVMTI_ERROR_NONE;
}

static void release(struct stack *stack)
{
    if (stack->frames != stack->few)
        free(stack->frames);
}

/* A static initialiser or a library's loader. Also true when it can't be told. Names are compared for
 * static methods only: `<clinit>` is one, and a name costs an allocation. */
static bool must_end(jmethodID method)
{
    jint modifiers;
    char *name;
    if ((*jvmti)->GetMethodModifiers(jvmti, method, &modifiers) != JVMTI_ERROR_NONE)
        return true;
    if (!(modifiers & IS_STATIC))
        return false;
    if ((*jvmti)->GetMethodName(jvmti, method, &name, NULL, NULL) != JVMTI_ERROR_NONE)
        return true;
    /* A loader that is thrown out of its own state machine never loads again (RocksDB.loadLibrary asks for
     * its version while its state is "loading", and every later task of the process waits for that to
     * end). The JDK's own is ClassLoader.loadLibrary: what JNI_OnLoad calls may not throw either. */
    bool is = strcmp(name, "<clinit>") == 0 || strncmp(name, "loadLibrary", 11) == 0 ||
              strncmp(name, "loadNative", 10) == 0;
    drop(name);
    return is;
}

/* The signature of the class that declares a method ("Lorg/rocksdb/RocksDB;"), to be dropped; NULL when it
 * can't be told. */
static char *class_of(JNIEnv *env, jmethodID method)
{
    jclass class;
    char *signature = NULL;
    if ((*jvmti)->GetMethodDeclaringClass(jvmti, method, &class) != JVMTI_ERROR_NONE)
        return NULL;
    if ((*jvmti)->GetClassSignature(jvmti, class, &signature, NULL) != JVMTI_ERROR_NONE)
        signature = NULL;
    (*env)->DeleteLocalRef(env, class);
    return signature;
}

/* Length of "Lorg/rocksdb/". */
static size_t package_length(const char *class)
{
    const char *slash = strrchr(class, '/');
    return slash ? (size_t)(slash - class) + 1 : 1;
}

static bool in_package(const char *class, const char *of)
{
    size_t length = package_length(of);
    return package_length(class) == length && strncmp(class, of, length) == 0;
}

/* Frames above the native method that are its library's. */
static jint library_frames(JNIEnv *env, const struct stack *stack, const char *native_class)
{
    jint i = 1;
    bool more = true;
    for (; more && i < stack->count && i <= LIBRARY_FRAMES; i += more) {
        char *class = class_of(env, stack->frames[i].method);
        more = class && in_package(class, native_class);
        drop(class);
    }
    return i - 1;
}

/* A constructor, a static method whose result is an object of the library, or a method that gives something back. Bodies of
 * lambdas are static as well, and synthetic. `is_caller`: the native method is the frame's own call, and is not begun yet:
 * open() may begin with it. */
static bool must_go_on(jmethodID method, const char *native_class, bool is_caller)
{
    jint modifiers;
    char *name, *signature;
    if ((*jvmti)->GetMethodModifiers(jvmti, method, &modifiers) != JVMTI_ERROR_NONE ||
        (*jvmti)->GetMethodName(jvmti, method, &name, &signature, NULL) != JVMTI_ERROR_NONE)
        return true;
    const char *result = strchr(signature, ')') + 1;
    while (*result == '[')
        result++;
    bool is_factory = (modifiers & IS_STATIC) && !(modifiers & IS_SYNTHETIC) && *result == 'L' &&
                      strncmp(result, native_class, package_length(native_class)) == 0;
    bool is = strcmp(name, "<init>") == 0 || (is_factory && !is_caller) || mg_shape_closes(name, signature);
    drop(name);
    drop(signature);
    return is;
}

/* The JDK's Cleaner, which calls nobody twice. */
static bool is_cleaner(JNIEnv *env, const struct stack *stack, jint frame)
{
    char *class = frame < stack->count ? class_of(env, stack->frames[frame].method) : NULL;
    bool is = class && (in_package(class, "Ljdk/internal/ref/") || in_package(class, "Ljava/lang/ref/"));
    drop(class);
    return is;
}

/* Whether a method that was given a handle goes on. */
static bool goes_on(const struct stack *stack)
{
    for (jint i = 0; i < given.count && given.patience > 0; i++) {
        jint now = stack->count - (given.depth - 1 - i);
        if (now < 1 || now >= stack->count || stack->frames[now].method != given.method[i] ||
            stack->frames[now].location <= given.location[i])
            continue;
        given.patience--;
        return true;
    }
    return false;
}

/* `back`: 0 counts what comes after this call as going on, 1 this call, too. */
static void remember(const struct stack *stack, jint library, jlocation back)
{
    given.depth = stack->count;
    given.count = library;
    given.patience = PATIENCE;
    for (jint i = 0; i < library; i++) {
        given.method[i] = stack->frames[i + 1].method;
        given.location[i] = stack->frames[i + 1].location - back;
    }
}

static enum mg_stack_says judge(JNIEnv *env, const struct stack *stack, bool at_end,
                                enum mg_stack_handle handle)
{
    for (jint i = 0; i < stack->count; i++)
        if (must_end(stack->frames[i].method))
            return MG_STACK_NEVER;
    char *native_class = class_of(env, stack->frames[0].method);
    if (!native_class)
        return MG_STACK_NEVER;
    jint library = library_frames(env, stack, native_class);
    /* Which of these methods was given something, if any, nobody knows: all of them. */
    if (handle == MG_HANDLE_EARLIER)
        remember(stack, library, 1);
    bool later = goes_on(stack);
    for (jint i = 1; i <= library && !later; i++)
        later = must_go_on(stack->frames[i].method, native_class, i == 1 && !at_end);
    later = later || is_cleaner(env, stack, library + 1);
    if (handle == MG_HANDLE_NOW)
        remember(stack, library, 0);
    drop(native_class);
    return later ? MG_STACK_LATER : MG_STACK_NOW;
}

enum mg_stack_says mg_stack_says(JNIEnv *env, bool at_end, enum mg_stack_handle handle)
{
    struct stack stack = { .count = 0 };
    enum mg_stack_says says = MG_STACK_NEVER;
    if (fetch(&stack))
        says = judge(env, &stack, at_end, handle);
    release(&stack);
    return says;
}
