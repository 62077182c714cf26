// Every form of operator new and delete, called by its symbol as compilers do.
#include "test.h"

#include <cstdint>
#include <cstring>
#include <new>

static const std::align_val_t wide{ 256 };

static void *checked(void *block, size_t alignment)
{
    CHECK(block != nullptr);
    CHECK_EQ(uintptr_t(block) % alignment, 0);
    memset(block, 1, 100);
    return block;
}

static void plain()
{
    ::operator delete(checked(::operator new(100), 16));
    ::operator delete(checked(::operator new(100), 16), size_t(100));
    ::operator delete(checked(::operator new(100, std::nothrow), 16), std::nothrow);
    ::operator delete[](checked(::operator new[](100), 16));
    ::operator delete[](checked(::operator new[](100), 16), size_t(100));
    ::operator delete[](checked(::operator new[](100, std::nothrow), 16), std::nothrow);
}

static void aligned()
{
    ::operator delete(checked(::operator new(100, wide), 256), wide);
    ::operator delete(checked(::operator new(100, wide), 256), size_t(100), wide);
    ::operator delete(checked(::operator new(100, wide, std::nothrow), 256), wide, std::nothrow);
    ::operator delete[](checked(::operator new[](100, wide), 256), wide);
    ::operator delete[](checked(::operator new[](100, wide), 256), size_t(100), wide);
    ::operator delete[](checked(::operator new[](100, wide, std::nothrow), 256), wide, std::nothrow);
}

static void nothing()
{
    void *a = ::operator new(0), *b = ::operator new(0);
    CHECK(a && b && a != b);
    ::operator delete(a), ::operator delete(b);
    ::operator delete(nullptr), ::operator delete[](nullptr), ::operator delete(nullptr, wide);
}

template <typename Allocate> static int throws(Allocate allocate)
{
    try {
        void *block = allocate();
        KEEP(block);
    } catch (const std::bad_alloc &) {
        return 1;
    }
    return 0;
}

static void too_much()
{
    const size_t far_too_much = size_t(PTRDIFF_MAX) - 4096;
    int caught = 0;
    caught += throws([&] { return ::operator new(far_too_much); });
    caught += throws([&] { return ::operator new[](far_too_much); });
    caught += throws([&] { return ::operator new(far_too_much, wide); });
    caught += throws([&] { return ::operator new[](far_too_much, wide); });
    CHECK_EQ(caught, 4);
    CHECK(!::operator new(far_too_much, std::nothrow));
    CHECK(!::operator new[](far_too_much, std::nothrow));
    CHECK(!::operator new(far_too_much, wide, std::nothrow));
    CHECK(!::operator new[](far_too_much, wide, std::nothrow));
}

int main()
{
    plain();
    aligned();
    nothing();
    too_much();
    return 0;
}
