/* The kernel, by raw system calls: libc's wrappers set errno, and mmap and its family are interposed. */
#include "os.h"

#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifdef __SANITIZE_THREAD__ /* watches libc's calls: what is mapped anew is not what another thread had at its address */
#define syscall(number, a, b, c, d, e, f) \
    ((number) == SYS_mmap     ? (long)mmap((void *)(a), (size_t)(b), (int)(c), (int)(d), (int)(e), f) \
     : (number) == SYS_munmap ? munmap((void *)(a), (size_t)(b)) \
                              : syscall(number, a, b, c, d, e, f))
#endif

/* Like the kernel's own entry: -errno on failure. syscall(2) sets errno; everybody in here wants it as it was. */
long mg_kernel(long number, long a, long b, long c, long d, long e, long f)
{
    int before = errno;
    long result = syscall(number, a, b, c, d, e, f);
    if (result == -1)
        result = -errno;
    errno = before;
    return result;
}

static void *map(size_t size, int protection, int flags)
{
    long address = mg_kernel(SYS_mmap, 0, (long)size, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    return address < 0 && address > -(long)MG_PAGE ? NULL : (void *)address;
}

/* ---- What is ours, for those who ask whose the pages are. What finds no place here is just not told ---- */

static struct {
    _Atomic(uintptr_t) from;
    _Atomic(size_t) size;
} own[MG_OS_OWN];

static void *note(void *memory, size_t size)
{
    for (unsigned i = 0; memory && i < MG_OS_OWN; i++) {
        uintptr_t none = 0;
        if (MG_LOAD(own[i].from) ||
            !atomic_compare_exchange_strong_explicit(&own[i].from, &none, (uintptr_t)memory,
                                                     memory_order_relaxed, memory_order_relaxed))
            continue;
        MG_STORE(own[i].size, size);
        break;
    }
    return memory;
}

static void forget(const void *memory)
{
    for (unsigned i = 0; i < MG_OS_OWN; i++) {
        if (MG_LOAD(own[i].from) != (uintptr_t)memory)
            continue;
        MG_STORE(own[i].size, 0);
        MG_STORE(own[i].from, 0);
        return;
    }
}

uintptr_t mg_os_own(unsigned index, size_t *size)
{
    *size = MG_LOAD(own[index].size);
    return MG_LOAD(own[index].from);
}

void *mg_os_allocate(size_t size)
{
    return note(map(size, PROT_READ | PROT_WRITE, 0), size);
}

void mg_os_release(void *memory, size_t size)
{
    forget(memory);
    mg_kernel(SYS_munmap, (long)memory, (long)size, 0, 0, 0, 0);
}

static size_t limit_on(int resource)
{
    struct rlimit limit;
    if (mg_kernel(SYS_prlimit64, 0, resource, 0, (long)&limit, 0, 0) || limit.rlim_cur == RLIM_INFINITY)
        return SIZE_MAX;
    return limit.rlim_cur;
}

size_t mg_os_address_limit(void)
{
    return limit_on(RLIMIT_AS);
}

size_t mg_os_file_limit(void)
{
    return limit_on(RLIMIT_FSIZE);
}

size_t mg_os_affordable(size_t count, size_t size)
{
    size_t affordable = mg_os_address_limit() / 64 / size;
    return affordable < count ? affordable + 1 : count;
}

void *mg_os_allocate_affordable(size_t most, size_t size, unsigned *count)
{
    *count = (unsigned)mg_os_affordable(most, size);
    return mg_os_allocate(*count * size);
}

void *mg_os_reserve(size_t size)
{
    return note(map(size, PROT_NONE, MAP_NORESERVE), size);
}

size_t mg_os_page(void)
{
    size_t page = getauxval(AT_PAGESZ);
    return page ? page : MG_PAGE;
}

bool mg_os_protect(void *address, size_t size, bool writable)
{
    uintptr_t from = mg_os_page_of((uintptr_t)address);
    int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    return mg_os_call_mprotect((void *)from, (uintptr_t)address + size - from, protection) == 0;
}

bool mg_os_discard(void *address, size_t size)
{
    return mg_kernel(SYS_madvise, (long)address, (long)size, MADV_DONTNEED, 0, 0, 0) == 0;
}

size_t mg_os_resident(uintptr_t from, size_t size)
{
    unsigned char pages[1024];
    const size_t page = mg_os_page();
    size_t resident = 0;
    for (uintptr_t at = mg_os_page_of(from), to = mg_os_whole_pages(from + size); at < to;) {
        size_t part = to - at < sizeof pages * MG_PAGE ? to - at : sizeof pages * MG_PAGE;
        if (mg_kernel(SYS_mincore, (long)at, (long)part, (long)pages, 0, 0, 0))
            return resident;
        for (size_t i = 0; i < part / page; i++)
            resident += pages[i] & 1 ? page : 0;
        at += part;
    }
    return resident < size ? resident : size;
}

bool mg_os_peek(uintptr_t from, void *to, size_t size)
{
    struct iovec here = { to, size };
    struct iovec there = { (void *)from, size };
    return mg_kernel(SYS_process_vm_readv, mg_os_process(), (long)&here, 1, (long)&there, 1, 0) == (long)size;
}

long mg_os_call_mmap(void *address, size_t size, int protection, int flags, int file, long offset)
{
    return mg_kernel(SYS_mmap, (long)address, (long)size, protection, flags, file, offset);
}

long mg_os_call_munmap(void *address, size_t size)
{
    return mg_kernel(SYS_munmap, (long)address, (long)size, 0, 0, 0, 0);
}

long mg_os_call_mremap(void *address, size_t size, size_t new_size, int flags, void *new_address)
{
    return mg_kernel(SYS_mremap, (long)address, (long)size, (long)new_size, flags, (long)new_address, 0);
}

long mg_os_call_mprotect(void *address, size_t size, int protection)
{
    return mg_kernel(SYS_mprotect, (long)address, (long)size, protection, 0, 0, 0);
}

long mg_os_call_madvise(void *address, size_t size, int advice)
{
    return mg_kernel(SYS_madvise, (long)address, (long)size, advice, 0, 0, 0);
}

bool mg_kernel_moves(long number, int file, const void *bytes, size_t size, int flags)
{
    const char *at = bytes;
    while (size) {
        long done = mg_kernel(number, file, (long)at, (long)size, flags, 0, 0);
        if (done == -EINTR)
            continue;
        if (done <= 0)
            return false;
        at += done;
        size -= (size_t)done;
    }
    return true;
}

bool mg_os_write(int file, const void *bytes, size_t size)
{
    return mg_kernel_moves(SYS_write, file, bytes, size, 0);
}

int mg_os_create(const char *path)
{
    return (int)mg_kernel(SYS_openat, AT_FDCWD, (long)path,
                          O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600, 0, 0);
}

int mg_os_open(const char *path)
{
    return (int)mg_kernel(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
}

int mg_os_append(const char *path)
{
    long flags = O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    return (int)mg_kernel(SYS_openat, AT_FDCWD, (long)path, flags, 0, 0, 0);
}

bool mg_os_is_special(const char *path)
{
    struct stat found;
    return mg_kernel(SYS_newfstatat, AT_FDCWD, (long)path, (long)&found, AT_SYMLINK_NOFOLLOW, 0, 0) == 0 &&
           !S_ISREG(found.st_mode) && !S_ISLNK(found.st_mode);
}

int64_t mg_os_read(int file, void *buffer, size_t size)
{
    return mg_kernel(SYS_read, file, (long)buffer, (long)size, 0, 0, 0);
}

void mg_os_close(int file)
{
    mg_kernel(SYS_close, file, 0, 0, 0, 0, 0);
}

bool mg_os_rename(const char *from, const char *to)
{
    return mg_kernel(SYS_renameat2, AT_FDCWD, (long)from, AT_FDCWD, (long)to, 0, 0) == 0;
}

void mg_os_unlink(const char *path)
{
    mg_kernel(SYS_unlinkat, AT_FDCWD, (long)path, 0, 0, 0, 0);
}

bool mg_os_readlink(const char *path, char *buffer, size_t size)
{
    long length = mg_kernel(SYS_readlinkat, AT_FDCWD, (long)path, (long)buffer, (long)size - 1, 0, 0);
    buffer[length > 0 ? length : 0] = '\0';
    return length > 0;
}

void mg_os_program(char *buffer, size_t size)
{
    const char *started = (const char *)getauxval(AT_EXECFN);
    if (mg_os_readlink("/proc/self/exe", buffer, size))
        return;
    size_t length = started ? strnlen(started, size - 1) : 0; /* there may be no /proc */
    if (length)
        memcpy(buffer, started, length);
    buffer[length] = '\0';
}

int mg_os_process(void)
{
    return (int)mg_kernel(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

bool mg_os_is_main_thread(void)
{
    return mg_kernel(SYS_gettid, 0, 0, 0, 0, 0, 0) == mg_os_process();
}

int mg_os_processors(void)
{
    unsigned long mask[128] = { 0 };
    long bytes = mg_kernel(SYS_sched_getaffinity, 0, sizeof mask, (long)mask, 0, 0, 0);
    int count = 0;
    for (long i = 0; i < bytes / (long)sizeof mask[0]; i++)
        count += __builtin_popcountl(mask[i]);
    return count > 0 ? count : 1;
}

void mg_os_thread_name(char name[16])
{
    name[0] = '\0';
    mg_kernel(SYS_prctl, PR_GET_NAME, (long)name, 0, 0, 0, 0);
    name[15] = '\0';
}

int64_t mg_os_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t mg_os_thread_cpu_ns(void)
{
    struct timespec run = { 0 };
    mg_kernel(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, (long)&run, 0, 0, 0, 0);
    return (int64_t)run.tv_sec * 1000000000 + run.tv_nsec;
}

void mg_os_wait(_Atomic(uint32_t) *word, uint32_t expected)
{
    mg_kernel(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, expected, 0, 0, 0);
}

void mg_os_wait_briefly(_Atomic(uint32_t) *word, uint32_t expected, int64_t ns)
{
    struct timespec most = { ns / 1000000000, ns % 1000000000 };
    mg_kernel(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, expected, (long)&most, 0, 0);
}

void mg_os_wake(_Atomic(uint32_t) *word, int threads)
{
    mg_kernel(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, threads, 0, 0, 0);
}

/* membarrier(2): of <linux/membarrier.h>, which older distributions lack. */
enum { REGISTER_PRIVATE_EXPEDITED = 1 << 4, PRIVATE_EXPEDITED = 1 << 3 };

void mg_os_order_threads_start(void)
{
    mg_kernel(SYS_membarrier, REGISTER_PRIVATE_EXPEDITED, 0, 0, 0, 0, 0);
}

bool mg_os_order_threads(void)
{
    return mg_kernel(SYS_membarrier, PRIVATE_EXPEDITED, 0, 0, 0, 0, 0) == 0;
}

/* Drepper's "Futexes are tricky", mutex 2: 0 free, 1 held, 2 held and somebody waits. */
void mg_lock(struct mg_lock *lock)
{
    uint32_t was = 0;
    if (atomic_compare_exchange_strong_explicit(&lock->word, &was, 1, memory_order_acquire,
                                                memory_order_relaxed))
        return;
    while (atomic_exchange_explicit(&lock->word, 2, memory_order_acquire) != 0)
        mg_os_wait(&lock->word, 2);
}

bool mg_try_lock(struct mg_lock *lock)
{
    uint32_t was = 0;
    return atomic_compare_exchange_strong_explicit(&lock->word, &was, 1, memory_order_acquire,
                                                   memory_order_relaxed);
}

void mg_unlock(struct mg_lock *lock)
{
    if (atomic_exchange_explicit(&lock->word, 0, memory_order_release) == 2)
        mg_os_wake(&lock->word, 1);
}
