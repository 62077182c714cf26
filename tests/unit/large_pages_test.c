/* On a kernel whose pages have 64 KB, as many for aarch64 are: what is no multiple of them is refused, and less than a whole one not given. It
 * is played here by what stands in for syscall(2), for each machine. */
#include "mapped.h"

#include "os.h"
#include "passed.h"
#include "window.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/auxv.h>
#include <sys/syscall.h>

#define KB ((size_t)1 << 10)
#define PAGE (64 * KB)
enum { SMALL = 4096 };

/* ---- The kernel ---- */

static _Atomic(int) refused; /* calls that would have been in order with pages of 4 KB */

unsigned long getauxval(unsigned long type)
{
    return type == AT_PAGESZ ? PAGE : 0;
}

/* -errno on failure. */
static long enter(long number, const long *a)
{
#ifdef __x86_64__
    register long r10 __asm__("r10") = a[3], r8 __asm__("r8") = a[4], r9 __asm__("r9") = a[5];
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#else
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a[0], x1 __asm__("x1") = a[1];
    register long x2 __asm__("x2") = a[2], x3 __asm__("x3") = a[3], x4 __asm__("x4") = a[4];
    register long x5 __asm__("x5") = a[5];
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
#endif
}

static long call(long number, long a, long b, long c)
{
    return enter(number, (long[]){ a, b, c, 0, 0, 0 });
}

/* Without an address that was asked for: there where a large page begins. */
static long map_anywhere(const long *a)
{
    long more[] = { 0, a[1] + (long)PAGE, a[2], a[3], a[4], a[5] };
    long from = enter(SYS_mmap, more);
    if (from < 0 && from >= -4095)
        return from;
    long at = (from + (long)PAGE - 1) & ~((long)PAGE - 1);
    if (at > from)
        call(SYS_munmap, from, at - from, 0);
    if (from + (long)PAGE > at)
        call(SYS_munmap, at + a[1], from + (long)PAGE - at, 0);
    return at;
}

static long resident(uintptr_t from, size_t size, unsigned char *pages)
{
    for (size_t i = 0; i < size / PAGE; i++) {
        unsigned char parts[PAGE / SMALL] = { 0 };
        long result = call(SYS_mincore, (long)(from + i * PAGE), PAGE, (long)parts);
        if (result)
            return result;
        pages[i] = memchr(parts, 1, sizeof parts) != NULL;
    }
    return 0;
}

static long with_large_pages(long number, long *a)
{
    bool anywhere = number == SYS_mmap && !(a[3] & MAP_FIXED);
    if (!anywhere && a[0] % (long)PAGE) {
        refused += number != SYS_madvise; /* jemalloc's, where it was built for pages of 4 KB */
        return -EINVAL;
    }
    a[1] = (a[1] + (long)PAGE - 1) & ~((long)PAGE - 1);
    if (number == SYS_mincore)
        return resident((uintptr_t)a[0], (size_t)a[1], (void *)a[2]);
    return anywhere && (int)a[4] == -1 ? map_anywhere(a) : enter(number, a);
}

long syscall(long number, ...)
{
    long a[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    bool of_pages = number == SYS_mmap || number == SYS_munmap || number == SYS_mprotect ||
                    number == SYS_madvise || number == SYS_mincore;
    long result = of_pages ? with_large_pages(number, a) : enter(number, a);
    if (result >= 0 || result < -4095)
        return result;
    errno = (int)-result;
    return -1;
}

/* ---- What is done with it ---- */

static void blocks_of_all_sizes_are_served(void)
{
    int64_t expected = 0, written = 0;
    void *blocks[40];
    int count = 0;
    for (size_t size = 1; size <= 8 * MB; size += size / 2 + 1) {
        void *block = unit_allocate(size);
        CHECK(block && mg_owns(block));
        memset(block, 1, size);
        expected += (int64_t)mg_usable_size(block);
        written += (int64_t)size;
        blocks[count++] = block;
    }
    CHECK_EQ(used(), expected);
    CHECK(mg_window_touched() >= (size_t)written && mg_window_tables_resident() > 0);
    while (count)
        mg_free(blocks[--count]);
    CHECK_EQ(used(), 0);
}

static void *free_it(void *block)
{
    mg_free(block);
    return NULL;
}

/* Whose first page alone stays until its owner comes by. */
static void a_stranger_gives_a_blocks_pages_back(void)
{
    pthread_t stranger;
    char *block = unit_allocate(4 * MB);
    memset(block, 1, 4 * MB);
    CHECK_EQ(mg_os_resident((uintptr_t)block, 4 * MB), 4 * MB);
    CHECK(!pthread_create(&stranger, NULL, free_it, block) && !pthread_join(stranger, NULL));
    size_t stays = mg_os_resident((uintptr_t)block, 4 * MB);
    CHECK(stays <= 2 * PAGE);
    CHECK_EQ(used(), 0);
}

static void mappings_are_charged_by_whole_pages(void)
{
    char *at = map(5 * KB, RW);
    CHECK_EQ(used(), PAGE);
    CHECK_EQ(mg_unmap(at, 5 * KB), 0);
    CHECK_EQ(used(), 0);
    at = map(10 * PAGE, PROT_NONE);
    CHECK_EQ(mg_protect(at + PAGE, PAGE + 1, RW), 0);
    CHECK_EQ(used(), 2 * PAGE);
    memset(at + PAGE, 1, 2 * PAGE);
    CHECK_EQ(mg_advise(at + PAGE, 2 * PAGE, MADV_DONTNEED), 0);
    CHECK_EQ(used(), 0);
    at[PAGE] = 1;
    CHECK_EQ(used(), PAGE);
    CHECK_EQ(mg_unmap(at, 10 * PAGE), 0);
    CHECK_EQ(used(), 0);
}

/* More ranges than the table begins with, which no two pages of the process's are between. */
static void the_table_of_mappings_grows(void)
{
    enum { RANGES = 5000 };
    int64_t passed = MG_LOAD(mg_passed.bytes);
    char *comb = map(2 * RANGES * PAGE, PROT_NONE);
    for (size_t i = 0; i < RANGES; i++)
        CHECK_EQ(mg_protect(comb + 2 * i * PAGE, PAGE, RW), 0);
    CHECK_EQ(used(), RANGES * PAGE);
    CHECK_EQ(MG_LOAD(mg_passed.bytes), passed);
    CHECK_EQ(mg_unmap(comb, 2 * RANGES * PAGE), 0);
    CHECK_EQ(used(), 0);
}

int main(void)
{
#ifdef __SANITIZE_THREAD__
    puts("ThreadSanitizer has the calls for memory go elsewhere");
    return 77;
#endif
    unit_start("observe", NULL);
    CHECK_EQ(mg_os_page(), PAGE);
    blocks_of_all_sizes_are_served();
    a_stranger_gives_a_blocks_pages_back();
    mappings_are_charged_by_whole_pages();
    the_table_of_mappings_grows();
    CHECK_EQ(refused, 0);
    CHECK_EQ(MG_LOAD(mg_invariants_broken), 0);
    return 0;
}
