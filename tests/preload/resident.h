/* What the tests of resident memory share: the limit, the kernel's figure, and sizes by chance. */
#ifndef MG_TESTS_RESIDENT_H
#define MG_TESTS_RESIDENT_H

#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MB (1024L * 1024)
#define LIMIT (128 * MB) /* as in the tests' .env */
#define BEYOND (LIMIT / 20 + 16 * MB)

/* Allocates nothing. */
static inline long resident(void)
{
    char text[100] = { 0 };
    int file = open("/proc/self/statm", O_RDONLY);
    CHECK(file >= 0 && read(file, text, sizeof text - 1) > 0);
    close(file);
    return strtol(strchr(text, ' '), NULL, 10) * sysconf(_SC_PAGESIZE);
}

#define SEED 88172645463325252UL

static inline unsigned long random_number(unsigned long *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* From 16 bytes to 2^(most_power + 1), as many small as large ones. */
static inline size_t random_size(unsigned most_power, unsigned long *state)
{
    unsigned power = 4 + random_number(state) % (most_power - 3);
    return ((size_t)1 << power) + random_number(state) % ((size_t)1 << power);
}

#endif
