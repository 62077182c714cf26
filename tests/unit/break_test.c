/* Where the kernel refuses memory, the heaps have none: they never take it from the program's break. */
#include "unit.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* For good: the kernel says ENOMEM to everything but the break. */
static void refuse_mappings(void)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mremap, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOMEM),
    };
    struct sock_fprog filter = { sizeof program / sizeof *program, program };
    CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0))
        SKIP("the kernel, or what emulates it, takes no filters of system calls");
}

/* Takes blocks of 64 KB, which stay, until there are no more; returns how many it got. */
static int take_all(void)
{
    void *block = NULL;
    int count = 0;
    while (count < 100000 && mg_allocate(UNIT_LIBRARY, 64 << 10, 0, false, &block) && block)
        count++;
    return count;
}

int main(void)
{
    unit_start("observe", NULL);
    unit_allocate(1);
    char *before = sbrk(0);
    refuse_mappings();
    int first = take_all();
    CHECK(first < 100000);
    void *block = NULL;
    CHECK(!mg_allocate(UNIT_LIBRARY, (size_t)1 << 30, 0, false,
                       &block)); /* passed on: the next allocator may have some */
    int64_t used = unit_read(mg_root(), MG_USED);
    CHECK(used >= first * (64 << 10) && used < (first + 1) * (64 << 10)); /* and is not charged */
    CHECK(sbrk(0) == before);
    _exit(0); /* a sanitizer would map something */
}
