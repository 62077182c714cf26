/* The kernel: nobody else enters it but by these, shared.c and socket.c by the first. No function touches errno: the host's errno is not ours to change.
 * Runs inside malloc. */
#ifndef MG_OS_H
#define MG_OS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Any call: its result, or -errno. */
long mg_kernel(long number, long a, long b, long c, long d, long e, long f);
/* Memory of our own, zeroed, page by page; NULL when there is none. */
void *mg_os_allocate(size_t size);
void mg_os_release(void *memory, size_t size);
/* The limit on the process's addresses (ulimit -v); SIZE_MAX when there is none. */
size_t mg_os_address_limit(void);
/* How many of so many things of that size there can be: all, or under such a limit what fits into a 64th of it. */
size_t mg_os_affordable(size_t count, size_t size);
/* Memory for so many of them, zeroed; NULL when there is none. */
void *mg_os_allocate_affordable(size_t most, size_t size, unsigned *count);
/* Zeroed memory of that size, all of it there at once, that others who may see our open files can read: it is one of them, and ends with
 * the process. NULL where there is none. */
void *mg_os_share(const char *name, size_t size);
/* Addresses without memory behind them. */
void *mg_os_reserve(size_t size);
/* The index-th of what these gave out and is not released: where, and how much; size 0 is none. */
#define MG_OS_OWN 1024u
uintptr_t mg_os_own(unsigned index, size_t *size);
/* The size of a page as the kernel has it: 4 KB on x86-64; on aarch64 what the kernel was built for, 4, 16 or 64 KB. (MG_PAGE is what one
 * word of the window tells of, and never more.) */
size_t mg_os_page(void);
static inline uintptr_t mg_os_page_of(uintptr_t address)
{
    return address & ~(uintptr_t)(mg_os_page() - 1);
}
/* The first page's address from there on; a size in whole pages. */
static inline uintptr_t mg_os_whole_pages(uintptr_t to)
{
    return mg_os_page_of(to + mg_os_page() - 1);
}
/* Makes all pages on which the range lies writable or read-only. False when the kernel refuses. */
bool mg_os_protect(void *address, size_t size, bool writable);
/* The pages' content and memory are given back; they read as zero. */
bool mg_os_discard(void *address, size_t size);

/* Bytes of the pages on which the range lies that have memory behind them now; at most its size. */
size_t mg_os_resident(uintptr_t from, size_t size);
/* Copies memory of this process that may not be there (any more); false then, or where the kernel lets nobody. */
bool mg_os_peek(uintptr_t from, void *to, size_t size);
/* The raw calls: an address or 0, or -errno. */
long mg_os_call_mmap(void *address, size_t size, int protection, int flags, int file, long offset);
long mg_os_call_munmap(void *address, size_t size);
long mg_os_call_mremap(void *address, size_t size, size_t new_size, int flags, void *new_address);
long mg_os_call_mprotect(void *address, size_t size, int protection);
long mg_os_call_madvise(void *address, size_t size, int advice);

/* write, sendto or recvfrom until all of it has gone, or come; false when no more will. */
bool mg_kernel_moves(long number, int file, const void *bytes, size_t size, int flags);
bool mg_os_write(int file, const void *bytes, size_t size);
/* Creates or empties a file for its owner only, and not one that a symbolic link leads to; negative when it can't be. */
int mg_os_create(const char *path);
int mg_os_open(const char *path);
/* Opens what is there already, to write behind its end; never waits for a pipe's reader. */
int mg_os_append(const char *path);
/* Whether something is there that is neither a file nor a link. */
bool mg_os_is_special(const char *path);
/* The largest file that the process may write (ulimit -f); SIZE_MAX when there is no limit. */
size_t mg_os_file_limit(void);
/* Bytes read, 0 at the end, negative on error. */
int64_t mg_os_read(int file, void *buffer, size_t size);
void mg_os_close(int file);
bool mg_os_rename(const char *from, const char *to);
void mg_os_unlink(const char *path);
/* The link's text, terminated; false when there is none. */
bool mg_os_readlink(const char *path, char *buffer, size_t size);

/* The path by which the program was started, or as the kernel knows it. */
void mg_os_program(char *buffer, size_t size);
int mg_os_process(void);
bool mg_os_is_main_thread(void);
int mg_os_processors(void);
/* The calling thread's name, at most 16 bytes with its end. */
void mg_os_thread_name(char name[16]);
int64_t mg_os_now_ns(void);
/* What the calling thread has run, so that a thread that is kept from running takes no time. */
int64_t mg_os_thread_cpu_ns(void);

/* Waits until the word is no longer `expected`, or somebody wakes. Signals may end the wait early. */
void mg_os_wait(_Atomic(uint32_t) *word, uint32_t expected);
/* The same, but so many nanoseconds at most. */
void mg_os_wait_briefly(_Atomic(uint32_t) *word, uint32_t expected, int64_t ns);
void mg_os_wake(_Atomic(uint32_t) *word, int threads);

/* Whether mg_os_order_threads can work: kernels before 4.14 and strict sandboxes don't let it. Runs at startup, and in a
 * fork child. */
void mg_os_order_threads_start(void);
/* A full memory barrier in every running thread of the process. False: there was none. */
bool mg_os_order_threads(void);

/* A lock that fork can take and reset, and that never allocates. Free when zero. */
struct mg_lock {
    _Atomic(uint32_t) word;
};
void mg_lock(struct mg_lock *lock);
bool mg_try_lock(struct mg_lock *lock);
void mg_unlock(struct mg_lock *lock);

#endif
