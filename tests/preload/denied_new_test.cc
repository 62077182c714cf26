// A denied new asks the new_handler, then throws std::bad_alloc through frames that have destructors; nothrow is NULL.
#include "test.h"

#include <cstring>
#include <new>
#include <string>
#include <vector>

static const size_t too_much = 48u << 20;
static void *reserve;
static int handler_calls;

static void give_up_the_reserve()
{
    handler_calls++;
    if (!reserve)
        throw std::bad_alloc();
    ::operator delete(reserve);
    reserve = nullptr;
}

struct counter {
    int *count;
    ~counter()
    {
        ++*count;
    }
};

static int destroyed;

__attribute__((noinline)) static void *deep(int depth)
{
    counter c{ &destroyed };
    KEEP(depth);
    return depth ? deep(depth - 1) : ::operator new(too_much);
}

static void throws_through_destructors()
{
    bool caught = false;
    try {
        void *block = deep(10);
        KEEP(block);
    } catch (const std::bad_alloc &) {
        caught = true;
    }
    CHECK(caught);
    CHECK_EQ(destroyed, 11);
    CHECK(!::operator new(too_much, std::nothrow));
    CHECK(!::operator new[](too_much, std::align_val_t(128), std::nothrow));
}

static void containers_stay_whole()
{
    std::vector<std::string> lines(1000, std::string(100, 'x'));
    bool caught = false;
    try {
        for (;;)
            lines.emplace_back(100000, 'y');
    } catch (const std::bad_alloc &) {
        caught = true;
    }
    CHECK(caught && lines.size() > 1000 && lines[999] == std::string(100, 'x'));
}

static void handler_is_asked()
{
    reserve = ::operator new(24u << 20);
    std::set_new_handler(give_up_the_reserve);
    void *block = ::operator new(20u << 20);
    CHECK(block != nullptr && reserve == nullptr);
    CHECK_EQ(handler_calls, 1);
    CHECK(!::operator new(20u << 20, std::nothrow)); // the handler throws now; nothrow keeps it in
    CHECK_EQ(handler_calls, 2);
    ::operator delete(block);
    std::set_new_handler(nullptr);
}

int main()
{
    throws_through_destructors();
    containers_stay_whole();
    handler_is_asked();
    return 0;
}
