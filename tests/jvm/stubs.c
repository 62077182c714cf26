/* Plays the JVM for the pool of thunks, so that its code can be tried for a processor on which there is no JVM: calls
 * methods of many shapes by their thunks, refuses to let one begin, unwinds from wherever a thunk calls, ends a thread
 * inside one, uses the pool up and lets classes die. */
#include "memgrant.h"
#include "pool.h"
#include "shapes.h"
#include "thunks_layout.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

#define CHECK(holds) \
    do { \
        if (!(holds)) { \
            printf("FAILED: %s, line %d\n", #holds, __LINE__); \
            exit(1); \
        } \
    } while (0)
#define SELF ((jobject)4711)

/* ---- The boundary ---- */

static bool refuse; /* to let the next method begin */
static int began, ended, entered, left, passed_by;

static __attribute__((noinline)) void look_up_the_stack(void);

bool mg_boundary_enter(struct mg_boundary_call *call)
{
    CHECK(call->env && call->thunk);
    entered++;
    look_up_the_stack();
    return !refuse;
}

void mg_boundary_leave(struct mg_boundary_call *call)
{
    CHECK(call->env && call->thunk);
    left++;
    look_up_the_stack();
}

/* ---- Unwinding: from here through the thunk to whoever called it ---- */

static __attribute__((noinline)) bool call_from_here(bool (*caller)(JNIEnv *, void *), JNIEnv *env,
                                                     void *entry);

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *found)
{
    const void *function = _Unwind_FindEnclosingFunction((void *)(_Unwind_GetIP(context) - 1));
    *(bool *)found |= function == (const void *)call_from_here;
    return _URC_NO_REASON;
}

static void look_up_the_stack(void)
{
    bool found = false;
    _Unwind_Backtrace(step, &found);
    passed_by += found;
}

/* ---- Shapes ---- */

struct shape {
    const char *signature;
    void *callee;
    bool (*caller)(JNIEnv *, void *);
};

static void begins(int shape, JNIEnv *env, jobject self)
{
    look_up_the_stack();
    began++;
    if (!env || self != SELF)
        printf("FAILED: environment or self of shape %d\n", shape);
    ended += env && self == SELF;
}

static void wrong(int shape, int argument)
{
    printf("FAILED: argument %d of shape %d\n", argument, shape);
    ended = -1;
}

#include "shapes.inc"

enum { SHAPES = sizeof shapes / sizeof *shapes };

/* ---- The JVM: a class is a number, and lives or not ---- */

enum { CLASSES = 3 };
static bool dead[CLASSES];
static int weak_references;

static jboolean JNICALL is_same_object(JNIEnv *env, jobject a, jobject b)
{
    (void)env;
    uintptr_t class = (uintptr_t)a;
    CHECK(class);
    return (dead[class - 1] ? NULL : a) == b;
}

static jweak JNICALL new_weak_global_ref(JNIEnv *env, jobject object)
{
    (void)env;
    weak_references++;
    return object;
}

static void JNICALL delete_weak_global_ref(JNIEnv *env, jweak reference)
{
    (void)env, (void)reference;
    weak_references--;
}

static const struct JNINativeInterface_ functions = { .IsSameObject = is_same_object,
                                                      .NewWeakGlobalRef = new_weak_global_ref,
                                                      .DeleteWeakGlobalRef = delete_weak_global_ref };
static const struct JNINativeInterface_ *environment = &functions;
static JNIEnv *const env_of_all = (JNIEnv *)&environment;

static void *entry_of(int class, void *function, const char *signature)
{
    struct mg_thunk thunk = { .function = function, .stack_words = mg_shape_stack_words(signature) };
    return mg_pool_entry(env_of_all, (jclass)(uintptr_t)(class + 1), &thunk);
}

/* ---- The tests ---- */

static bool call_from_here(bool (*caller)(JNIEnv *, void *), JNIEnv *env, void *entry)
{
    bool right = caller(env, entry);
    __asm__ volatile("" ::: "memory"); /* no tail call */
    return right;
}

static void every_argument_and_result_comes_through(void)
{
    for (int i = 0; i < SHAPES; i++) {
        void *entry = entry_of(0, shapes[i].callee, shapes[i].signature);
        CHECK(entry && entry == entry_of(0, shapes[i].callee, shapes[i].signature));
        began = ended = entered = left = passed_by = 0;
        bool right = call_from_here(shapes[i].caller, env_of_all, entry);
        if (!right)
            printf("FAILED: result of shape %d, %s\n", i, shapes[i].signature);
        CHECK(right && began == 1 && ended == 1 && entered == 1 && left == 1);
        CHECK(passed_by == 3); /* from where it began, from the method, from where it ended */
    }
}

static void what_is_refused_does_not_begin(void)
{
    refuse = true;
    for (int i = 0; i < SHAPES; i++) {
        void *entry = entry_of(0, shapes[i].callee, shapes[i].signature);
        began = entered = left = passed_by = 0;
        (void)call_from_here(shapes[i].caller, env_of_all, entry);
        CHECK(began == 0 && entered == 1 && left == 0 && passed_by == 1);
    }
    refuse = false;
}

/* The way out runs what the caller wanted to be run, through a thunk with arguments on the stack. */
static int cleaned;
static void clean(const int *by)
{
    cleaned += *by;
}
static void end_thread(JNIEnv *env, jobject self, jlong a, jlong b, jlong c, jlong d, jlong e, jlong f,
                       jlong g, jlong h, jlong i)
{
    (void)env, (void)self, (void)h;
    if (a + b + c + d + e + f + g == 28 && i == 9)
        pthread_exit(NULL);
}
static void *thread_body(void *entry)
{
    __attribute__((cleanup(clean))) int by = 5;
    ((void (*)(JNIEnv *, jobject, jlong, jlong, jlong, jlong, jlong, jlong, jlong, jlong, jlong))entry)(
        env_of_all, SELF, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    by = 100;
    return NULL;
}
static void what_is_thrown_goes_through(void)
{
    pthread_t thread;
    CHECK(!pthread_create(&thread, NULL, thread_body, entry_of(0, (void *)end_thread, "(JJJJJJJJJ)V")));
    CHECK(!pthread_join(thread, NULL) && cleaned == 5);
}

static void no_entry_serves_a_second_class_while_the_first_lives(void)
{
    static char functions_of_1[MG_THUNKS], functions_of_2[2 * MG_THUNKS];
    void *const one = entry_of(0, shapes[1].callee, shapes[1].signature);
    int taken = 0;
    while (entry_of(1, &functions_of_1[taken], "()V"))
        taken++;
    CHECK(taken > 0 && taken < MG_THUNKS);
    CHECK(!entry_of(2, functions_of_2, "()V"));
    CHECK(entry_of(0, shapes[1].callee, shapes[1].signature) == one);
    void *last = entry_of(1, &functions_of_1[taken - 1], "()V");
    dead[1] = true;
    /* Another library lies where the dead class's was: its methods have entries of their own, and all of them fit. */
    void *entry = NULL;
    for (int i = 0; i < taken; i++) {
        entry = entry_of(2, &functions_of_1[i], "()V");
        CHECK(entry && entry == entry_of(2, &functions_of_1[i], "()V"));
    }
    CHECK(entry == last && !entry_of(2, functions_of_2, "()V"));
    CHECK(entry_of(0, shapes[1].callee, shapes[1].signature) == one);
    CHECK(call_from_here(shapes[1].caller, env_of_all, one));
    CHECK(weak_references == MG_THUNKS);
}

int main(void)
{
    every_argument_and_result_comes_through();
    what_is_refused_does_not_begin();
    what_is_thrown_goes_through();
    no_entry_serves_a_second_class_while_the_first_lives();
    printf("stubs: %d shapes\n", SHAPES);
    return 0;
}
