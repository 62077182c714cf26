// Every entry point on several threads, each block filled and looked at; what the kernel or the library refuses is borne.
// Prints how many blocks it got, how many were resized (those may have moved to or from the books by that) or thrown, and how many mapped bytes
// the kernel did not take back.
#include "marks.h"
#include "test.h"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <malloc.h>
#include <new>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

MARK_BEFORE_CONSTRUCTORS;

static std::atomic<long> blocks, resized, stuck;

// A block that was got, or whose lack was said as malloc's is.
static bool got(void *block, size_t size, unsigned char mark)
{
    if (!block) {
        CHECK_EQ(errno, ENOMEM);
        return false;
    }
    CHECK(malloc_usable_size(block) >= size);
    memset(block, mark, size);
    blocks++;
    return true;
}

static void look(const void *block, size_t size, unsigned char mark)
{
    const unsigned char *bytes = static_cast<const unsigned char *>(block);
    for (size_t i = 0; i < size; i += 1 + size / 100)
        CHECK_EQ(bytes[i], mark);
    CHECK_EQ(bytes[size - 1], mark);
}

static void *by_malloc(size_t size)
{
    return malloc(size);
}
static void *by_calloc(size_t size)
{
    unsigned char *block = static_cast<unsigned char *>(calloc(1, size));
    for (size_t i = 0; block && i < size; i += 64)
        CHECK_EQ(block[i], 0);
    return block;
}
static void *by_realloc(size_t size)
{
    return realloc(nullptr, size);
}
static void *by_reallocarray(size_t size)
{
    return reallocarray(nullptr, 1, size);
}
static void *by_memalign(size_t size)
{
    return memalign(128, size);
}
static void *by_aligned_alloc(size_t size)
{
    return aligned_alloc(4096, (size + 4095) & ~size_t(4095));
}
static void *by_valloc(size_t size)
{
    return valloc(size);
}
static void *by_pvalloc(size_t size)
{
    return pvalloc(size);
}
static void *by_posix_memalign(size_t size)
{
    void *block = nullptr;
    int error = posix_memalign(&block, 64, size);
    errno = error ? error : errno;
    return error ? nullptr : block;
}
static void *by_new(size_t size)
{
    try {
        return ::operator new(size);
    } catch (const std::bad_alloc &) {
        resized++; // what is thrown is a block too, which was got and freed
        errno = ENOMEM;
        return nullptr;
    }
}
static void *by_new_aligned(size_t size)
{
    void *block = ::operator new(size, std::align_val_t(256), std::nothrow);
    errno = block ? errno : ENOMEM;
    return block;
}
static char text[1 << 19];
static void *by_strndup(size_t size)
{
    return strndup(text, size - 1);
}
static void *(*const ways[])(size_t) = { by_malloc, by_calloc,         by_realloc, by_reallocarray,
                                         by_valloc, by_memalign,       by_pvalloc, by_aligned_alloc,
                                         by_new,    by_posix_memalign, by_strndup, by_new_aligned };
static const size_t sizes[] = { 24, 1500, 70000, 300000 };
enum { WAYS = sizeof ways / sizeof *ways, SIZES = sizeof sizes / sizeof *sizes };

// One block's life: it is made, grows, shrinks, and is left to the next thread.
static void *live(int way, size_t size, unsigned char mark)
{
    void *block = ways[way](size);
    if (!got(block, size, mark))
        return nullptr;
    if (way % 3 == 0 && ways[way] != by_new) {
        resized++;
        void *larger = realloc(block, size * 2);
        block = larger ? larger : block;
        look(block, size, mark);
        resized++;
        void *smaller = realloc(block, size);
        block = smaller ? smaller : block;
    }
    look(block, size, mark);
    return block;
}

struct shelf {
    void *blocks[WAYS][SIZES];
};
static shelf shelves[3];

// Memory that the kernel does not take back stays charged: so it is tried again.
static void unmap(void *memory, size_t size)
{
    for (int tries = 0; tries < 3; tries++)
        if (!munmap(memory, size))
            return;
    stuck += long(size);
}

// What it maps itself, as an allocator of its own does.
static void map_and_unmap()
{
    size_t size = 1 << 20;
    void *mapped = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED)
        return;
    char *memory = static_cast<char *>(mapped);
    if (!mprotect(memory + size / 4, size / 4, PROT_READ | PROT_WRITE)) {
        memset(memory + size / 4, 1, size / 4);
        madvise(memory + size / 4, size / 8, MADV_DONTNEED);
        memory[size / 4] = 2;
    }
    unmap(memory + size / 2, size / 4);
    mmap(memory, size / 8, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    void *own = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *moved = own == MAP_FAILED ? own : mremap(own, size, size * 4, MREMAP_MAYMOVE);
    if (moved != MAP_FAILED)
        unmap(moved, size * 4);
    else if (own != MAP_FAILED)
        unmap(own, size);
    // Never what is unmapped already: another thread may have that by now.
    unmap(memory, size / 2);
    unmap(memory + size / 4 * 3, size / 4);
}

static void *thread(void *number)
{
    uintptr_t n = reinterpret_cast<uintptr_t>(number);
    for (int way = 0; way < WAYS; way++)
        for (int i = 0; i < SIZES; i++)
            shelves[n].blocks[way][i] = live(way, sizes[i], static_cast<unsigned char>(way * SIZES + i + 1));
    map_and_unmap();
    return nullptr;
}

static void clear(shelf &from)
{
    for (int way = 0; way < WAYS; way++)
        for (int i = 0; i < SIZES; i++) {
            void *block = from.blocks[way][i];
            if (block)
                look(block, sizes[i], static_cast<unsigned char>(way * SIZES + i + 1));
            if (ways[way] == by_new)
                ::operator delete(block);
            else if (ways[way] == by_new_aligned)
                ::operator delete(block, std::align_val_t(256));
            else
                free(block);
        }
}

static void have_a_child()
{
    pid_t child = fork();
    if (child < 0)
        return;
    if (child == 0) {
        free(malloc(5000));
        _exit(11);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 11);
}

// Small stacks: where glibc keeps more than 40 MB of them, it ends the process when munmap fails.
static void run_threads()
{
    pthread_t threads[2];
    bool runs[2];
    pthread_attr_t small;
    CHECK(!pthread_attr_init(&small));
    CHECK(!pthread_attr_setstacksize(&small, 256 << 10));
    for (uintptr_t n = 0; n < 2; n++)
        runs[n] = !pthread_create(&threads[n], &small, thread, reinterpret_cast<void *>(n + 1));
    thread(nullptr);
    for (int n = 0; n < 2; n++)
        if (runs[n])
            CHECK(!pthread_join(threads[n], nullptr));
}

int main()
{
    char line[120];
    memset(text, 'x', sizeof text - 1);
    run_threads();
    clear(shelves[1]);
    have_a_child();
    clear(shelves[0]);
    clear(shelves[2]);
    int length = snprintf(line, sizeof line, "blocks %ld resized %ld stuck %ld\n", blocks.load(),
                          resized.load(), stuck.load());
    return write(1, line, size_t(length)) == length ? 0 : 1;
}
