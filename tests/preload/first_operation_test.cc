// Each entry point as the first call of a process, before any constructor and in main, and as the first call of a thread.
#include "test.h"

#include <argz.h>
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <new>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

static void *block;
static void by_malloc(void)
{
    block = malloc(10);
}
static void by_calloc(void)
{
    block = calloc(2, 5);
}
static void by_realloc(void)
{
    block = realloc(NULL, 10);
}
static void by_reallocarray(void)
{
    block = reallocarray(NULL, 2, 5);
}
static void by_memalign(void)
{
    block = memalign(64, 10);
}
static void by_aligned_alloc(void)
{
    block = aligned_alloc(64, 64);
}
static void by_valloc(void)
{
    block = valloc(10);
}
static void by_pvalloc(void)
{
    block = pvalloc(10);
}
static void by_free(void)
{
    free(NULL);
    block = malloc(10);
}
static void by_usable_size(void)
{
    block = malloc_usable_size(NULL) ? NULL : malloc(10);
}
static void by_posix_memalign(void)
{
    if (posix_memalign(&block, 64, 10))
        block = NULL;
}
static void by_new(void)
{
    block = ::operator new(10);
}
static void by_nothrow_new(void)
{
    block = ::operator new(10, std::nothrow);
}
static void by_aligned_new(void)
{
    block = ::operator new[](10, std::align_val_t(64));
}
static void by_deletes(void)
{
    void *volatile none = nullptr;
    ::operator delete(none);
    ::operator delete[](none, size_t(0));
    block = malloc(10);
}
static void by_strdup(void)
{
    block = strdup("0123456789");
}
static void by_wcsdup(void)
{
    block = wcsdup(L"0123456789");
}
static void by_asprintf(void)
{
    char *text = NULL;
    block = asprintf(&text, "%010d", 7) == 10 ? text : NULL;
}
static void by_sscanf(void)
{
    char *text = NULL;
    block = sscanf("0123456789", "%ms", &text) == 1 ? text : NULL;
}
static void by_getcwd(void)
{
    block = getcwd(NULL, 20000);
}
static void by_realpath(void)
{
    block = realpath("/proc/self/../self/../version", NULL);
}
static void by_argz(void)
{
    char *text = NULL;
    size_t size = 0;
    block = argz_add(&text, &size, "0123456789") ? NULL : text;
}
static void by_cpu_alloc(void)
{
    block = CPU_ALLOC(80);
}
static void by_mmap(void)
{
    void *at = mmap(NULL, 100000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    block = at == MAP_FAILED || munmap(at, 100000) ? NULL : malloc(10);
}
static void by_munmap(void)
{
    block = munmap(&block, 0) == -1 && errno == EINVAL ? malloc(10) : NULL;
}
static void by_mremap(void)
{
    errno = 0;
    block = mremap(NULL, 4096, 4096, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT ? malloc(10) : NULL;
}
static void by_mprotect(void)
{
    block = mprotect((void *)1, 4096, PROT_READ) == -1 && errno == EINVAL ? malloc(10) : NULL;
}
static void by_madvise(void)
{
    block = madvise((void *)1, 4096, MADV_DONTNEED) == -1 && errno == EINVAL ? malloc(10) : NULL;
}
static void by_sbrk(void)
{
    block = sbrk(16) == (void *)-1 || sbrk(-16) == (void *)-1 ? NULL : malloc(10);
}
static void by_brk(void)
{
    block = brk(sbrk(0)) ? NULL : malloc(10);
}
static void *nothing(void *unused)
{
    return unused;
}
static void by_pthread_create(void)
{
    pthread_t thread;
    void *result = NULL;
    block =
        pthread_create(&thread, NULL, nothing, &block) || pthread_join(thread, &result) || result != &block
            ? NULL
            : malloc(10);
}
static void by_dlclose(void)
{
    void *library = dlopen("libm.so.6", RTLD_NOW);
    block = library && !dlclose(library) ? malloc(10) : NULL;
}
static void (*const ways[])(void) = { by_malloc,      by_calloc,        by_realloc,        by_reallocarray,
                                      by_memalign,    by_aligned_alloc, by_valloc,         by_pvalloc,
                                      by_free,        by_usable_size,   by_posix_memalign, by_new,
                                      by_nothrow_new, by_aligned_new,   by_deletes,        by_strdup,
                                      by_wcsdup,      by_asprintf,      by_sscanf,         by_getcwd,
                                      by_realpath,    by_argz,          by_cpu_alloc,      by_mmap,
                                      by_munmap,      by_mremap,        by_mprotect,       by_madvise,
                                      by_sbrk,        by_brk,           by_pthread_create, by_dlclose };
enum { WAYS = sizeof ways / sizeof *ways };

// Runs before the constructors of every library, ours included.
static void before_all(int count, char **words, char **environment)
{
    (void)environment;
    if (count == 2)
        ways[atoi(words[1])]();
}
__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **,
                                                                            char **) = before_all;

static int use()
{
    if (!block)
        return 1;
    memset(block, 1, 10);
    free(block);
    return 0;
}

// The first call of a process, before our constructor or after it.
static void as_a_processs_first(char *self, size_t way, bool before)
{
    char number[12];
    snprintf(number, sizeof number, "%d", int(way));
    pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", self, number, before ? nullptr : "later", nullptr);
        _exit(99);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_EQ(status, 0);
}

static void *on_thread(void *way)
{
    ways[size_t(way)]();
    return block;
}

// The first call of a thread that a target made, or somebody else, as a JVM: that one nobody announced.
static void as_a_threads_first(size_t way, decltype(&pthread_create) create)
{
    pthread_t thread;
    void *made = nullptr;
    CHECK(!create(&thread, nullptr, on_thread, reinterpret_cast<void *>(way)));
    CHECK(!pthread_join(thread, &made) && made);
    memset(made, 1, 10);
    free(made);
}

int main(int count, char **words)
{
    if (count == 3)
        ways[atoi(words[1])]();
    if (count > 1)
        return use();
    void *libc = dlopen("libc.so.6", RTLD_NOW);
    auto libcs = reinterpret_cast<decltype(&pthread_create)>(dlsym(libc, "pthread_create"));
    CHECK(libcs != nullptr);
    for (size_t way = 0; way < WAYS; way++) {
        as_a_processs_first(words[0], way, true);
        as_a_processs_first(words[0], way, false);
        as_a_threads_first(way, pthread_create);
        as_a_threads_first(way, libcs);
    }
    return 0;
}
