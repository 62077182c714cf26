/* The randomized test on src/ alone, also under sanitizers: each way of asking as interpose/ passes it on. Observed,
 * enforced, enforced with a library's own limit, and as in Spark, by the seed. tests/stress plays it in a process. */
#include "unit.h"

#include "random/run.h"
#include "rows.h"

#include <malloc.h>
#include <sys/prctl.h>

/* ---- What interpose/ makes of the calls; its third library is nobody's target ---- */

static void *moved_out(void *block, size_t size)
{
    void *moved = malloc(size);
    size_t before = mg_usable_size(block);
    memcpy(moved, block, before < size ? before : size);
    mg_free(block);
    return moved;
}

static void *unit_make(unsigned i, enum calls_make form, size_t size, size_t alignment)
{
    void *block = NULL;
    if (form == CALLS_PVALLOC)
        size = size ? mg_os_whole_pages(size) : mg_os_page();
    if (form == CALLS_VALLOC || form == CALLS_PVALLOC)
        alignment = mg_os_page();
    else if (!calls_aligned(form))
        alignment = 0;
    if (i != BYSTANDER && !alignment && (block = mg_allocate_at_hand(model.libraries[i], size)))
        return form == CALLS_CALLOC ? memset(block, 0, size) : block;
    if (i != BYSTANDER &&
        mg_allocate(model.libraries[i], size, alignment, form == CALLS_CALLOC ? MG_ZEROED : 0, &block))
        return block;
    size += !size; /* a sanitizer would not have the byte read that malloc_usable_size then gives */
    if (form == CALLS_CALLOC)
        return calloc(1, size);
    return posix_memalign(&block, alignment < 16 ? 16 : alignment, size) ? NULL : block;
}

static void *unit_text(unsigned i, enum calls_text form, const char *text)
{
    (void)form;
    char *block = unit_make(i, CALLS_MALLOC, strlen(text) + 1, 0);
    if (block)
        strcpy(block, text);
    return block;
}

static void *unit_remake(unsigned i, void *block, size_t size)
{
    void *moved = NULL;
    bool target = i != BYSTANDER;
    if (!mg_owns(block) && !(target && size && mg_allocate(model.libraries[i], size, 0, 0, &moved)))
        return realloc(block, size);
    if (!mg_owns(block)) {
        size_t before = malloc_usable_size(block);
        if (moved)
            memcpy(moved, block, before < size ? before : size);
        if (moved)
            free(block);
        return moved;
    }
    if (!size) {
        mg_free(block);
        return NULL;
    }
    return target && mg_reallocate(model.libraries[i], block, size, &moved) ? moved : moved_out(block, size);
}

static void unit_drop(unsigned form, void *block, size_t size, size_t alignment)
{
    (void)form, (void)size, (void)alignment;
    if (mg_owns(block))
        mg_free(block);
    else
        free(block);
}

static size_t unit_usable(void *block)
{
    return mg_owns(block) ? mg_usable_size(block) : malloc_usable_size(block);
}

static void *address(long result)
{
    if (result >= 0 || result < -4095)
        return (void *)result;
    errno = (int)-result;
    return MAP_FAILED;
}

static unsigned slot_of(unsigned i)
{
    return i == BYSTANDER ? MG_LIBRARY_OTHER : model.libraries[i];
}

static int unit_unmap(void *at, size_t size)
{
    return mg_unmap(at, size) ? -1 : 0;
}

static int unit_protect(void *at, size_t size, int protection)
{
    return mg_protect(at, size, protection) ? -1 : 0;
}

static int unit_advise(void *at, size_t size, int advice)
{
    return mg_advise(at, size, advice) ? -1 : 0;
}

struct beginning {
    void *(*start)(void *);
    void *argument;
    struct mg_inheritance inheritance;
};

static void *begin(void *argument)
{
    struct beginning beginning = *(struct beginning *)argument;
    free(argument);
    mg_thread_begins(&beginning.inheritance);
    return beginning.start(beginning.argument);
}

static int unit_thread(unsigned i, pthread_t *thread, void *(*start)(void *), void *argument)
{
    struct mg_inheritance inheritance;
    if (i == BYSTANDER || !mg_thread_created_by(model.libraries[i], &inheritance))
        return pthread_create(thread, NULL, start, argument);
    struct beginning *beginning = malloc(sizeof *beginning);
    *beginning = (struct beginning){ start, argument, inheritance };
    return pthread_create(thread, NULL, begin, beginning);
}

#define CALLS_OF(i) \
    static void *make_##i(enum calls_make form, size_t size, size_t alignment) \
    { \
        return unit_make(i, form, size, alignment); \
    } \
    static void *text_##i(enum calls_text form, const char *text) \
    { \
        return unit_text(i, form, text); \
    } \
    static void *remake_##i(unsigned form, void *block, size_t size) \
    { \
        (void)form; \
        return unit_remake(i, block, size); \
    } \
    static void *map_##i(void *at, size_t size, int protection, int flags) \
    { \
        return address(mg_map(slot_of(i), at, size, protection, flags, -1, 0)); \
    } \
    static void *remap_##i(void *at, size_t size, size_t new_size, int flags, void *to) \
    { \
        return address(mg_remap(slot_of(i), at, size, new_size, flags, to)); \
    } \
    static void *grow_break_##i(intptr_t growth) \
    { \
        return mg_break(slot_of(i), growth, sbrk); \
    } \
    static int thread_##i(pthread_t *thread, void *(*start)(void *), void *argument) \
    { \
        return unit_thread(i, thread, start, argument); \
    } \
    static const struct calls calls_##i = { make_##i,     text_##i,    remake_##i,     unit_drop, \
                                            unit_usable,  map_##i,     remap_##i,      unit_unmap, \
                                            unit_protect, unit_advise, grow_break_##i, thread_##i };
CALLS_OF(0)
CALLS_OF(1)
CALLS_OF(2)

/* ---- Ways to begin ---- */

static void begin_process(const char *targets, const char *limit)
{
    setenv("MEMGRANT_TARGETS", targets, 1);
    setenv("MEMGRANT_ON_DENIAL", "fail", 1);
    if (limit)
        setenv("MEMGRANT_LIMIT", limit, 1);
    mg_start(NULL, true);
    model.enforcing = MG_LOAD(mg_grants.enforcing);
}

static void begin_spark(void)
{
    static const char *const settings[] = { "targets=libfirst*;libsecond*", "mode=enforce", "on_denial=fail",
                                            "overdraft_cap=1m" };
    mg_start(NULL, true);
    CHECK(!mg_arm(settings, sizeof settings / sizeof *settings));
    model.enforcing = model.spark = true;
    mg_grant(mg_root(), 2 * (int64_t)MODEL_GB);
}

static void begin_by(uint64_t seed)
{
    switch (seed % 4) {
    case 0:
        begin_process("libfirst*;libsecond*", NULL);
        break;
    case 1:
        begin_process("libfirst*;libsecond*", "1g");
        break;
    case 2:
        begin_process("libfirst*;libsecond*,limit=300m", NULL);
        break;
    default:
        begin_spark();
        break;
    }
    CHECK(mg_active);
    model.libraries[0] = mg_rows_find("/somewhere/libfirst.so");
    model.libraries[1] = mg_rows_find("/somewhere/libsecond.so");
    CHECK(mg_library_is_target(model.libraries[0]) && mg_library_is_target(model.libraries[1]));
    CHECK(model.libraries[0] != model.libraries[1]);
}

int main(void)
{
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    uint64_t seed = model_seed();
    begin_by(seed);
    model.calls[0] = &calls_0;
    model.calls[1] = &calls_1;
    model.calls[BYSTANDER] = &calls_2;
#ifndef __SANITIZE_THREAD__ /* jemalloc takes more locks around it than that one can follow */
    model.forks = true;
#endif
    model_begin(seed);
    model_run(5);
    return 0;
}
