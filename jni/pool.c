#include "pool.h"

#include "os.h"
#include "say.h"
#include "thunks_layout.h"

#if MG_HAS_POOL

_Static_assert(sizeof(struct mg_thunk) == 1 << MG_THUNK_SIZE_LOG2,
               "the pool's code shifts an index into an offset");
_Static_assert(offsetof(struct mg_thunk, function) == MG_THUNK_FUNCTION, "thunks_layout.h");
_Static_assert(offsetof(struct mg_thunk, stack_words) == MG_THUNK_STACK_WORDS, "thunks_layout.h");
_Static_assert(offsetof(struct mg_boundary_call, env) == MG_CALL_ENV, "thunks_layout.h");
_Static_assert(offsetof(struct mg_boundary_call, thunk) == MG_CALL_THUNK, "thunks_layout.h");
_Static_assert(sizeof(struct mg_boundary_call) <= MG_CALL_SIZE, "the frame keeps registers behind it");

extern const char mg_thunk_pool[];
/* Not static: the pool's code reads it. */
extern struct mg_thunk mg_thunks[MG_THUNKS];
struct mg_thunk mg_thunks[MG_THUNKS];

enum { MOST_PASSIVE = MG_THUNKS / 4 };

/* What waits for the lock is in native state: no safepoint waits for it, whatever the owner asks of the JVM. */
static struct {
    struct mg_lock lock;
    unsigned used;    /* entries that the JVM may know */
    unsigned passive; /* of these */
    bool said[2];     /* that there are no more: of boundaries, of passive ones */
    jweak class[MG_THUNKS];
} pool;

static bool same(const struct mg_thunk *a, const struct mg_thunk *b)
{
    return a->function == b->function && a->stack_words == b->stack_words && a->library == b->library &&
           a->result == b->result && a->closer == b->closer && a->nested == b->nested &&
           a->passive == b->passive;
}

static bool is_of(JNIEnv *env, unsigned entry, jclass class)
{
    return (*env)->IsSameObject(env, pool.class[entry], class);
}

/* MG_THUNKS when there is none. */
static unsigned find(JNIEnv *env, jclass class, const struct mg_thunk *wanted)
{
    for (unsigned i = 0; i < pool.used; i++)
        if (same(&mg_thunks[i], wanted) && is_of(env, i, class))
            return i;
    return MG_THUNKS;
}

/* One whose class is gone when all have been used. Passive ones leave enough to boundaries, which can stop a task. */
static unsigned find_free(JNIEnv *env, bool passive)
{
    bool full = passive && pool.passive == MOST_PASSIVE;
    if (pool.used < MG_THUNKS && !full)
        return pool.used++;
    for (unsigned i = 0; i < pool.used; i++)
        if (is_of(env, i, NULL) && (!full || mg_thunks[i].passive))
            return i;
    return MG_THUNKS;
}

static unsigned take(JNIEnv *env, jclass class, const struct mg_thunk *wanted)
{
    /* Without this reference nobody could tell when the entry is free: it is not taken then. */
    jweak owner = (*env)->NewWeakGlobalRef(env, class);
    unsigned entry = owner ? find_free(env, wanted->passive) : MG_THUNKS;
    if (entry == MG_THUNKS) {
        if (owner)
            (*env)->DeleteWeakGlobalRef(env, owner);
        return entry;
    }
    if (pool.class[entry])
        (*env)->DeleteWeakGlobalRef(env, pool.class[entry]);
    pool.class[entry] = owner;
    pool.passive += wanted->passive - mg_thunks[entry].passive;
    mg_thunks[entry] = *wanted;
    return entry;
}

void *mg_pool_entry(JNIEnv *env, jclass class, const struct mg_thunk *wanted)
{
    mg_lock(&pool.lock);
    unsigned entry = find(env, class, wanted);
    if (entry == MG_THUNKS)
        entry = take(env, class, wanted);
    bool *said = &pool.said[wanted->passive];
    bool say = entry == MG_THUNKS && !*said;
    *said = *said || say;
    mg_unlock(&pool.lock);
    if (say && wanted->passive)
        mg_say(
            "more than %d native methods of libraries that are no targets: stacks below further ones have no Java",
            MOST_PASSIVE);
    else if (say)
        mg_say("more than %d native methods of targets: a denied task is not stopped in the further ones",
               MG_THUNKS);
    return entry < MG_THUNKS ? (void *)((uintptr_t)mg_thunk_pool + (size_t)entry * MG_THUNK_CODE_SIZE) : NULL;
}

#else

void *mg_pool_entry(JNIEnv *env, jclass class, const struct mg_thunk *wanted)
{
    (void)env, (void)class, (void)wanted;
    return NULL;
}

#endif
