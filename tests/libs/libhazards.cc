// Stands for a C++ library that allocates where no exception may come out: in destructors, in noexcept functions, on a thread
// without a handler, while another exception is on its way, and while it is being loaded.
#include "hazards.h"

#include <cstring>
#include <exception>
#include <new>
#include <pthread.h>
#include <thread>

static void *take(size_t size)
{
    void *block = ::operator new(size);
    memset(block, 1, size);
    return block;
}

// A constructor that the dynamic linker calls has nobody above it to catch anything.
static const size_t table_size = 256 << 10;
static void *const table = take(table_size);

void *hazards_table()
{
    return table;
}

void *hazards_noexcept(size_t size) noexcept
{
    return memset(::operator new(size), 2, size);
}

struct last_words {
    size_t size;
    void **taken;
    ~last_words()
    {
        *taken = take(size);
    }
};

void *hazards_destructor(size_t size)
{
    void *taken = nullptr;
    {
        last_words words{ size, &taken };
    }
    return taken;
}

void *hazards_thread(size_t size)
{
    void *taken = nullptr;
    std::thread([&] { taken = take(size); }).join();
    return taken;
}

struct taking {
    size_t size;
    void *taken;
};

// As a std::thread's start is in libraries that have an old libstdc++ in them.
extern "C" void *start_and_end_for_anything(void *argument)
{
    taking *what = static_cast<taking *>(argument);
    try {
        what->taken = take(what->size);
    } catch (...) {
        std::terminate();
    }
    return nullptr;
}

void *hazards_old_thread(size_t size)
{
    taking what{ size, nullptr };
    pthread_t thread;
    if (pthread_create(&thread, nullptr, start_and_end_for_anything, &what) || pthread_join(thread, nullptr))
        return nullptr;
    return what.taken;
}

void *hazards_caught_on_thread(size_t size)
{
    void *taken = nullptr;
    std::thread([&] {
        try {
            taken = take(size);
        } catch (...) {
            taken = nullptr;
        }
    }).join();
    return taken;
}

// As by a compiler whose tables do not tell a noexcept function from one that catches everything.
struct guarded_words {
    size_t size;
    void **taken;
    ~guarded_words()
    {
        try {
            *taken = take(size);
        } catch (...) {
            *taken = nullptr;
        }
    }
};

void *hazards_unwinding(size_t size)
{
    void *taken = nullptr;
    try {
        guarded_words words{ size, &taken };
        throw 1;
    } catch (int) {
    }
    return taken;
}

void *hazards_caught(size_t size)
{
    try {
        return take(size);
    } catch (const std::bad_alloc &) {
        return nullptr;
    }
}

void *hazards_wrongly_caught(size_t size)
{
    try {
        return take(size);
    } catch (const char *) {
        return nullptr;
    }
}

static void *take_without_fail(size_t size) noexcept
{
    void *block = take(size);
    memset(block, 3, size);
    return block;
}
static void *(*volatile hidden_take)(size_t) =
    take_without_fail; // the compiler knows better than to expect it to throw

void *hazards_caught_too_late(size_t size)
{
    try {
        return hidden_take(size);
    } catch (const std::bad_alloc &) {
        return nullptr;
    }
}

void hazards_drop(void *block)
{
    ::operator delete(block);
}
