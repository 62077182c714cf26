#include "caches.h"

#include "base.h"
#include "jvm.h"
#include "os.h"
#include "say.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* RocksDB's C API, of one copy of the library. */
struct api {
    void (*set_capacity)(void *cache, size_t bytes);
    size_t (*capacity)(const void *cache);
    size_t (*usage)(const void *cache);
    size_t (*pinned)(const void *cache);
};

/* The methods have two to six arguments besides these two, all in registers on x86-64 and aarch64: passed on as they came. */
typedef jlong make_function(JNIEnv *, jclass, jlong, jlong, jlong, jlong, jdouble, jdouble);
typedef void dispose_function(JNIEnv *, jobject, jlong);

/* A class of caches in one copy of the library: a copy for each class loader that loads it. */
#define KINDS 12
static struct kind {
    const void *copy;
    const char *class;
    bool strict_is_third; /* of the maker's own arguments; else the fourth */
    bool blind;           /* they may go without our knowing: none is known any more */
    make_function *make;
    dispose_function *dispose;
    struct api api;
} kinds[KINDS];

struct cache {
    void *handle;
    const struct kind *kind;
    size_t made_with;
};

static struct {
    struct mg_lock
        lock; /* held around calls of the API: no cache is disposed of meanwhile. Taken before the heaps' locks */
    _Atomic(bool) on;
    unsigned kinds;
    struct cache *all;
    size_t count, room;
    bool said; /* that some caches are left alone */
} caches;

/* ---- Found ---- */

static void add(const struct kind *kind, void *handle)
{
    mg_lock(&caches.lock);
    if (caches.count == caches.room) {
        size_t room = caches.room ? 2 * caches.room : 256;
        struct cache *larger = realloc(caches.all, room * sizeof *larger);
        caches.all = larger ? larger : caches.all;
        caches.room = larger ? room : caches.room;
    }
    if (caches.count < caches.room && !kind->blind)
        caches.all[caches.count++] = (struct cache){ handle, kind, kind->api.capacity(handle) };
    mg_unlock(&caches.lock);
}

static void forget(void *handle)
{
    mg_lock(&caches.lock);
    for (size_t i = caches.count; i-- > 0;) {
        if (caches.all[i].handle != handle)
            continue;
        caches.all[i] = caches.all[--caches.count];
        break;
    }
    mg_unlock(&caches.lock);
}

static jlong make(const struct kind *kind, JNIEnv *env, jclass class, jlong a, jlong b, jlong c, jlong d,
                  jdouble x, jdouble y)
{
    jlong handle = kind->make(env, class, a, b, c, d, x, y);
    bool strict = (uint8_t)(kind->strict_is_third ? c : d);
    if (handle && !strict)
        add(kind, (void *)(uintptr_t)handle);
    return handle;
}

static void dispose(const struct kind *kind, JNIEnv *env, jobject self, jlong handle)
{
    forget((void *)(uintptr_t)handle);
    kind->dispose(env, self, handle);
}

#define EACH(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#define OBSERVER(n) \
    static jlong make_##n(JNIEnv *env, jclass class, jlong a, jlong b, jlong c, jlong d, jdouble x, \
                          jdouble y) \
    { \
        return make(&kinds[n], env, class, a, b, c, d, x, y); \
    } \
    static void dispose_##n(JNIEnv *env, jobject self, jlong handle) \
    { \
        dispose(&kinds[n], env, self, handle); \
    }
EACH(OBSERVER)

#define MAKE(n) make_##n,
#define DISPOSE(n) dispose_##n,
static make_function *const make_observers[KINDS] = { EACH(MAKE) };
static dispose_function *const dispose_observers[KINDS] = { EACH(DISPOSE) };

/* ---- Observed ---- */

/* All NULL when it has not all of them. Without our lock: the dynamic linker's comes first. */
static void find_api(struct api *api, const char *file)
{
    /* Never closed: what the observers call must stay. */
    void *library = dlopen(file, RTLD_LAZY | RTLD_NOLOAD);
    if (!library)
        return;
    *(void **)&api->set_capacity = dlsym(library, "rocksdb_cache_set_capacity");
    *(void **)&api->capacity = dlsym(library, "rocksdb_cache_get_capacity");
    *(void **)&api->usage = dlsym(library, "rocksdb_cache_get_usage");
    *(void **)&api->pinned = dlsym(library, "rocksdb_cache_get_pinned_usage");
    if (!api->set_capacity || !api->capacity || !api->usage || !api->pinned)
        *api = (struct api){ NULL };
}

/* Once. Under the lock. */
static void say(const char *file, const char *why)
{
    if (!caches.said)
        mg_say("RocksDB's caches in %s are left alone: %s", file, why);
    caches.said = true;
}

/* A method of a cache, by the name that JNI has for it. */
struct method {
    Dl_info info;
    const char *class; /* NULL: it is none of these */
    bool makes;        /* else it disposes */
};

static struct method method_of(void *function)
{
    static const char package[] = "Java_org_rocksdb_";
    static const char *const classes[] = { "LRUCache_", "HyperClockCache_", "ClockCache_" };
    struct method method = { .class = NULL };
    if (!MG_LOAD(caches.on) || !dladdr(function, &method.info) || !method.info.dli_sname ||
        method.info.dli_saddr != function || strncmp(method.info.dli_sname, package, sizeof package - 1) != 0)
        return method;
    const char *symbol = method.info.dli_sname + sizeof package - 1;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        size_t length = strlen(classes[i]);
        if (strncmp(symbol, classes[i], length) != 0)
            continue;
        method.makes = strncmp(symbol + length, "new", 3) == 0;
        if (method.makes || strncmp(symbol + length, "disposeInternal", 15) == 0)
            method.class = classes[i];
    }
    return method;
}

/* Whichever of its methods is bound first. NULL when it is one too many: then neither is observed. Under the lock. */
static struct kind *find_or_add(const struct method *method, const struct api *api)
{
    for (unsigned i = 0; i < caches.kinds; i++)
        if (kinds[i].copy == method->info.dli_fbase && kinds[i].class == method->class)
            return &kinds[i];
    const char *why = caches.kinds == KINDS ? "there are too many copies of it"
                      : !api->capacity      ? "it does not export its C functions"
                                            : NULL;
    if (why) {
        say(method->info.dli_fname, why);
        return NULL;
    }
    struct kind *kind = &kinds[caches.kinds++];
    *kind = (struct kind){ .copy = method->info.dli_fbase,
                           .class = method->class,
                           .strict_is_third = method->class[0] != 'H',
                           .api = *api };
    return kind;
}

static void *observe(struct kind *kind, const struct method *method, void *function)
{
    void **known = method->makes ? (void **)&kind->make : (void **)&kind->dispose;
    if (!*known)
        *known = function;
    if (*known != function)
        return function;
    ptrdiff_t n = kind - kinds;
    return method->makes ? *(void *const *)&make_observers[n] : *(void *const *)&dispose_observers[n];
}

void *mg_caches_observed(void *function)
{
    struct method method = method_of(function);
    if (!method.class)
        return function;
    struct api api = { NULL };
    find_api(&api, method.info.dli_fname);
    mg_lock(&caches.lock);
    struct kind *kind = find_or_add(&method, &api);
    void *observed = kind ? observe(kind, &method, function) : function;
    mg_unlock(&caches.lock);
    return observed;
}

void mg_caches_unobserved(void *function)
{
    struct method method = method_of(function);
    if (!method.class || method.makes)
        return;
    mg_lock(&caches.lock);
    for (unsigned i = 0; i < caches.kinds; i++) {
        if (kinds[i].copy != method.info.dli_fbase || kinds[i].class != method.class)
            continue;
        kinds[i].blind = true;
        for (size_t at = caches.count; at-- > 0;)
            if (caches.all[at].kind == &kinds[i])
                caches.all[at] = caches.all[--caches.count];
        say(method.info.dli_fname, "they may go unseen");
    }
    mg_unlock(&caches.lock);
}

void mg_caches_watch(bool on)
{
    MG_STORE(caches.on, on);
}

/* ---- Smaller and larger ---- */

/* What can be evicted. */
static size_t evictable(const struct cache *cache)
{
    size_t usage = cache->kind->api.usage(cache->handle);
    size_t pinned = cache->kind->api.pinned(cache->handle);
    return usage > pinned ? usage - pinned : 0;
}

/* How much of it the caches could still have. */
static size_t lack(const struct cache *cache)
{
    size_t capacity = cache->kind->api.capacity(cache->handle);
    return capacity < cache->made_with ? cache->made_with - capacity : 0;
}

static size_t sum(size_t (*of)(const struct cache *))
{
    size_t bytes = 0;
    for (size_t i = 0; i < caches.count; i++)
        bytes += of(&caches.all[i]);
    return bytes;
}

static size_t share(size_t part, double of_all)
{
    size_t bytes = (size_t)((double)part * of_all) + 1;
    return bytes < part ? bytes : part;
}

int64_t mg_caches_shrink(int64_t bytes)
{
    mg_lock(&caches.lock);
    const size_t before = sum(evictable);
    size_t wanted = bytes > 0 ? (size_t)bytes : 0;
    /* Enough for a while: who is short now is short again soon. */
    wanted = wanted < before / 8 ? before / 8 : wanted > before ? before : wanted;
    for (size_t i = 0; i < caches.count && wanted; i++) {
        const struct cache *cache = &caches.all[i];
        size_t usage = cache->kind->api.usage(cache->handle);
        size_t less = share(evictable(cache), (double)wanted / (double)before);
        /* One that evicts later may still use more than it was told it may: no pull makes it larger. */
        size_t left = usage > less ? usage - less : 0, capacity = cache->kind->api.capacity(cache->handle);
        if (less)
            cache->kind->api.set_capacity(cache->handle, left < capacity ? left : capacity);
    }
    const size_t after = sum(evictable);
    mg_unlock(&caches.lock);
    return before > after ? (int64_t)(before - after) : 0;
}

void mg_caches_ease(int64_t bytes)
{
    mg_lock(&caches.lock);
    const size_t all = sum(lack);
    const size_t given = (size_t)(bytes > 0 ? bytes : 0);
    for (size_t i = 0; i < caches.count && all && given; i++) {
        const struct cache *cache = &caches.all[i];
        size_t capacity = cache->kind->api.capacity(cache->handle);
        size_t more = given >= all ? lack(cache) : share(lack(cache), (double)given / (double)all);
        if (more)
            cache->kind->api.set_capacity(cache->handle, capacity + more);
    }
    mg_unlock(&caches.lock);
}
