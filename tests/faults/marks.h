/* Where a program wants its system calls to be counted: before the library's constructor, and where it is done. */
#ifndef MG_FAULTS_MARKS_H
#define MG_FAULTS_MARKS_H

#include <sys/prctl.h>

/* Of prctl's first argument: the kernel knows no such options. */
enum { MARK_BEGIN = 0x6d670001, MARK_END = 0x6d670002 };

static inline void mark(int which)
{
    prctl(which, 0, 0, 0, 0);
}

/* Runs before the constructors of every library. */
static inline void mark_beginning(int count, char **words, char **environment)
{
    (void)count, (void)words, (void)environment;
    mark(MARK_BEGIN);
}
#define MARK_BEFORE_CONSTRUCTORS \
    __attribute__((section(".preinit_array"), used)) static void (*const beginning)(int, char **, char **) = \
        mark_beginning

#endif
