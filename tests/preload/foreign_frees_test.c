/* Whoever made a block, a target, the program, libc for itself or a plugin with functions of its own (RTLD_DEEPBIND), and by
 * whatever function: anybody frees it, resizes it and asks for its size, by whatever function. */
#include "libs/libs.h"
#include "libs/plugin.h"
#include "test.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
enum { SIZE = 100 };
static struct plugin plugin;

/* Functions that no header or no library here has, but for ours. */
static void (*cfree_)(void *block);
static void (*free_sized_)(void *block, size_t size);
static void (*free_aligned_sized_)(void *block, size_t alignment, size_t size);
static void (*delete_)(void *block);
static void (*delete_sized)(void *block, size_t size);
static void *(*new_)(size_t size);

static void look_up(void)
{
    *(void **)&cfree_ = dlsym(RTLD_DEFAULT, "cfree");
    *(void **)&free_sized_ = dlsym(RTLD_DEFAULT, "free_sized");
    *(void **)&free_aligned_sized_ = dlsym(RTLD_DEFAULT, "free_aligned_sized");
    *(void **)&delete_ = dlsym(RTLD_DEFAULT, "_ZdlPv");
    *(void **)&delete_sized = dlsym(RTLD_DEFAULT, "_ZdaPvm");
    *(void **)&new_ = dlsym(RTLD_DEFAULT, "_Znwm");
    CHECK(cfree_ && free_sized_ && free_aligned_sized_ && delete_ && delete_sized && new_);
}
static void *early; /* made before anybody's constructor but libc's */

/* ---- Makers ---- */

static void *by_target(void)
{
    return target_malloc(SIZE);
}
static void *by_tail_call(void)
{
    return target_tail_malloc(SIZE);
}
static void *aligned_by_target(void)
{
    return target_aligned(64, SIZE);
}
static void *by_program(void)
{
    return malloc(SIZE);
}
static void *by_libc_alone(void)
{
    return __libc_malloc(SIZE);
}
static void *aligned_by_libc_alone(void)
{
    return __libc_memalign(64, SIZE);
}
static void *by_getline(void)
{
    char *line = NULL;
    size_t size = 0;
    FILE *file = fopen("/proc/self/status", "r");
    CHECK(file && getline(&line, &size, file) > 0 && size >= SIZE);
    fclose(file);
    return line;
}
static void *by_plugin(void)
{
    return plugin.allocate(SIZE);
}
static void *copied_by_plugin(void)
{
    char text[SIZE];
    memset(text, 'x', SIZE - 1);
    text[SIZE - 1] = '\0';
    return plugin.copy(text);
}
static void *by_new(void)
{
    return new_(SIZE);
}
static void *at_once(void)
{
    return malloc(300 << 10); /* by mmap, in libc */
}

static void *(*const makers[])(void) = {
    by_target,  by_tail_call, aligned_by_target, by_program, by_new, by_libc_alone, aligned_by_libc_alone,
    by_getline, by_plugin,    copied_by_plugin,  at_once
};

/* ---- Takers ---- */

static void free_with_size(void *block)
{
    free_sized_(block, SIZE);
}
static void free_with_alignment(void *block)
{
    free_aligned_sized_(block, 16, SIZE);
}
static void free_as_in_old_programs(void *block)
{
    cfree_(block);
}
static void delete_it(void *block)
{
    delete_(block);
}
static void delete_with_size(void *block)
{
    delete_sized(block, SIZE);
}
static void by_realloc(void *block)
{
    CHECK(!realloc(block, 0));
}
static void by_targets_realloc(void *block)
{
    target_free(target_realloc(block, 5000));
}
static void by_others_realloc(void *block)
{
    bystander_free(bystander_realloc(block, 5000));
}
static void by_plugins_free(void *block)
{
    plugin.release(block);
}
static void by_plugins_pointer(void *block)
{
    plugin.release_by_pointer(block);
}
static void by_plugins_realloc(void *block)
{
    plugin.release(plugin.resize(block, 5000));
}
static void after_asking(void *block)
{
    CHECK(malloc_usable_size(block) >= SIZE);
    CHECK_EQ(malloc_usable_size(block), plugin.usable_size(block));
    free(block);
}
static void *free_it(void *block)
{
    free(block);
    return NULL;
}
static void on_another_thread(void *block)
{
    pthread_t thread;
    CHECK(!pthread_create(&thread, NULL, free_it, block));
    CHECK(!pthread_join(thread, NULL));
}

static void (*const takers[])(void *) = { free,
                                          free_as_in_old_programs,
                                          free_with_size,
                                          free_with_alignment,
                                          delete_it,
                                          delete_with_size,
                                          target_free,
                                          bystander_free,
                                          by_realloc,
                                          by_targets_realloc,
                                          by_others_realloc,
                                          by_plugins_free,
                                          by_plugins_pointer,
                                          by_plugins_realloc,
                                          after_asking,
                                          on_another_thread };

enum { MAKERS = sizeof makers / sizeof *makers, TAKERS = sizeof takers / sizeof *takers };

static void before_all(void)
{
    early = malloc(SIZE);
}
__attribute__((section(".preinit_array"), used)) static void (*const first)(void) = before_all;

int main(void)
{
    char folder[4096];
    look_up();
    snprintf(folder, sizeof folder, "%s/libs", getenv("BUILD"));
    plugin = open_plugin(folder, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    plugin.release(early);
    for (int round = 0; round < 30; round++)
        for (int maker = 0; maker < MAKERS; maker++)
            for (int taker = 0; taker < TAKERS; taker++) {
                void *block = makers[maker]();
                CHECK(block != NULL);
                memset(block, 1, SIZE);
                takers[taker](block);
            }
    return 0;
}
