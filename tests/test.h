/* What a test needs. A test is a program: CHECK ends it with the place and the reason, SKIP ends it with 77, `return 0` from
 * main is success. For C and C++, with the library in front of malloc or without it. */
#ifndef MG_TEST_H
#define MG_TEST_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(x) \
    do { \
        if (!(x)) { \
            dprintf(2, "%s:%d: not so: %s\n", __FILE__, __LINE__, #x); \
            exit(1); \
        } \
    } while (0)

/* Two numbers; prints both when they differ. */
#define CHECK_EQ(a, b) \
    do { \
        long long a_ = (long long)(a), b_ = (long long)(b); \
        if (a_ != b_) { \
            dprintf(2, "%s:%d: %s = %lld, but %s = %lld\n", __FILE__, __LINE__, #a, a_, #b, b_); \
            exit(1); \
        } \
    } while (0)

#define SKIP(why) \
    do { \
        dprintf(1, "%s\n", why); \
        exit(77); \
    } while (0)

/* The compiler may not reason about what goes through here: every call that is spelled is made. */
#define KEEP(p) __asm__ volatile("" : "+r"(p) : : "memory")

#endif
