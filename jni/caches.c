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

/* Copies of the library, one for each class loader that loads it: two or three kinds of caches each. */
#define MAKERS 12
#define DISPOSERS 12

static struct maker {
    make_function *function;
    struct api api;
    bool strict_is_third; /* of the method's own arguments; else the fourth */
} makers[MAKERS];
static dispose_function *disposers[DISPOSERS];

struct cache {
    void *handle;
    const struct api *api;
    size_t made_with;
};

static struct {
    struct mg_lock lock; /* held around calls of the API: no cache is disposed of meanwhile */
    _Atomic(bool) on;
    unsigned makers, disposers;
    struct cache *all;
    size_t count, room;
    bool said; /* that there is no room for more copies */
} caches;

/* ---- Found ---- */

static void add(const struct maker *maker, void *handle)
{
    mg_lock(&caches.lock);
    if (caches.count == caches.room) {
        size_t room = caches.room ? 2 * caches.room : 256;
        struct cache *larger = realloc(caches.all, room * sizeof *larger);
        caches.all = larger ? larger : caches.all;
        caches.room = larger ? room : caches.room;
    }
    if (caches.count < caches.room)
        caches.all[caches.count++] = (struct cache){ handle, &maker->api, maker->api.capacity(handle) };
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

static jlong make(const struct maker *maker, JNIEnv *env, jclass class, jlong a, jlong b, jlong c, jlong d,
                  jdouble x, jdouble y)
{
    jlong handle = maker->function(env, class, a, b, c, d, x, y);
    bool strict = (uint8_t)(maker->strict_is_third ? c : d);
    if (handle && !strict)
        add(maker, (void *)(uintptr_t)handle);
    return handle;
}

static void dispose(dispose_function *function, JNIEnv *env, jobject self, jlong handle)
{
    forget((void *)(uintptr_t)handle);
    function(env, self, handle);
}

#define EACH(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#define OBSERVER(n) \
    static jlong make_##n(JNIEnv *env, jclass class, jlong a, jlong b, jlong c, jlong d, jdouble x, \
                          jdouble y) \
    { \
        return make(&makers[n], env, class, a, b, c, d, x, y); \
    } \
    static void dispose_##n(JNIEnv *env, jobject self, jlong handle) \
    { \
        dispose(disposers[n], env, self, handle); \
    }
EACH(OBSERVER)

#define MAKE(n) make_##n,
#define DISPOSE(n) dispose_##n,
static make_function *const make_observers[MAKERS] = { EACH(MAKE) };
static dispose_function *const dispose_observers[DISPOSERS] = { EACH(DISPOSE) };

/* ---- Observed ---- */

static bool find_api(struct api *api, const char *file)
{
    /* Never closed: what the observers call must stay. */
    void *library = dlopen(file, RTLD_LAZY | RTLD_NOLOAD);
    if (!library)
        return false;
    *(void **)&api->set_capacity = dlsym(library, "rocksdb_cache_set_capacity");
    *(void **)&api->capacity = dlsym(library, "rocksdb_cache_get_capacity");
    *(void **)&api->usage = dlsym(library, "rocksdb_cache_get_usage");
    *(void **)&api->pinned = dlsym(library, "rocksdb_cache_get_pinned_usage");
    return api->set_capacity && api->capacity && api->usage && api->pinned;
}

static void *no_room(void *function)
{
    if (!caches.said)
        mg_say(
            "more copies of RocksDB than its caches are looked for in: those of further ones are left alone");
    caches.said = true;
    return function;
}

static void *observe_maker(void *function, const char *file, bool strict_is_third)
{
    for (unsigned i = 0; i < caches.makers; i++)
        if (*(void **)&makers[i].function == function)
            return *(void *const *)&make_observers[i];
    if (caches.makers == MAKERS)
        return no_room(function);
    struct maker *maker = &makers[caches.makers];
    if (!find_api(&maker->api, file)) {
        if (!caches.said)
            mg_say("%s has no C functions for its caches: they are left alone", file);
        caches.said = true;
        return function;
    }
    *(void **)&maker->function = function;
    maker->strict_is_third = strict_is_third;
    return *(void *const *)&make_observers[caches.makers++];
}

static void *observe_disposer(void *function)
{
    for (unsigned i = 0; i < caches.disposers; i++)
        if (*(void **)&disposers[i] == function)
            return *(void *const *)&dispose_observers[i];
    if (caches.disposers == DISPOSERS)
        return no_room(function);
    *(void **)&disposers[caches.disposers] = function;
    return *(void *const *)&dispose_observers[caches.disposers++];
}

static bool is_of_cache(const char *symbol, const char *method)
{
    static const char *const kinds[] = { "LRUCache_", "HyperClockCache_", "ClockCache_" };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t length = strlen(kinds[i]);
        if (strncmp(symbol, kinds[i], length) == 0)
            return strncmp(symbol + length, method, strlen(method)) == 0;
    }
    return false;
}

/* By the name that JNI has for it: the method's and its class's. */
void *mg_caches_observed(void *function)
{
    static const char package[] = "Java_org_rocksdb_";
    Dl_info info;
    if (!MG_LOAD(caches.on) || !dladdr(function, &info) || !info.dli_sname || info.dli_saddr != function ||
        strncmp(info.dli_sname, package, sizeof package - 1) != 0)
        return function;
    const char *symbol = info.dli_sname + sizeof package - 1;
    void *observed = function;
    mg_lock(&caches.lock);
    if (is_of_cache(symbol, "new"))
        observed = observe_maker(function, info.dli_fname, strncmp(symbol, "Hyper", 5) != 0);
    else if (is_of_cache(symbol, "disposeInternal"))
        observed = observe_disposer(function);
    mg_unlock(&caches.lock);
    return observed;
}

void mg_caches_watch(bool on)
{
    MG_STORE(caches.on, on);
}

/* ---- Smaller and larger ---- */

/* What can be evicted. */
static size_t evictable(const struct cache *cache)
{
    size_t usage = cache->api->usage(cache->handle);
    size_t pinned = cache->api->pinned(cache->handle);
    return usage > pinned ? usage - pinned : 0;
}

/* How much of it the caches could still have. */
static size_t lack(const struct cache *cache)
{
    size_t capacity = cache->api->capacity(cache->handle);
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
        size_t usage = cache->api->usage(cache->handle);
        size_t less = share(evictable(cache), (double)wanted / (double)before);
        if (less)
            cache->api->set_capacity(cache->handle, usage > less ? usage - less : 0);
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
        size_t capacity = cache->api->capacity(cache->handle);
        size_t more = given >= all ? lack(cache) : share(lack(cache), (double)given / (double)all);
        if (more)
            cache->api->set_capacity(cache->handle, capacity + more);
    }
    mg_unlock(&caches.lock);
}
