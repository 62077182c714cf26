/* What the private jemalloc asks of the system: memory by raw calls, and none of the user's own jemalloc's settings
 * (MALLOC_CONF, /etc/malloc.conf). The Makefile renames its imports to these. Runs inside malloc. */
#include "je_system.h"

#include "base.h"
#include "jemalloc.h"
#include "os.h"
#include "say.h"
#include "self.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Thread caches up to 64 KB and garbage collection of them every 4 MB were worth 3x (measured on pairs of 16 to 64 KB);
 * no dss: brk belongs to the host; one automatic arena: accounts have arenas of their own. Threads take small blocks
 * in turn out of four sets of slabs of an account (swim lanes): 4 KB and 3 us of a fresh account. */
const char *mgje_malloc_conf =
    "narenas:1,dss:disabled,percpu_arena:disabled,background_thread:false,bin_shards:1-128:4,"
    "lg_tcache_max:16,tcache_nslots_small_max:32,tcache_gc_incr_bytes:4194304,dirty_decay_ms:1000,muzzy_decay_ms:0,"
    "metadata_thp:disabled,thp:default,abort_conf:false";

/* jemalloc's option of that name, which 5.3.0 knows but does not read: a page more for each large block, so that their first
 * bytes fall into different cache sets. It makes a block of 16 KB cost 20. */
extern bool je_opt_cache_oblivious;

/* The kernel refused us something. */
static _Atomic(bool) short_of_memory;

/* What it was built to take for a page: the largest that a kernel of the machine has (release/release.mk, and Debian). */
#ifdef __aarch64__
#define JE_PAGE ((size_t)64 << 10)
#else
#define JE_PAGE MG_PAGE
#endif

/* The first page that jemalloc asks for is one on which it tries madvise out, and it writes to it even if there was none to be had
 * (up to 5.3.1): then it is this one. */
static _Alignas(JE_PAGE) char first_page[JE_PAGE];
static _Atomic(bool) first_page_given;

/* For a thread that begins (see below) when the kernel refuses for the first time: pieces for what jemalloc grows by, and for its records.
 * Nobody else has any. */
#define PIECES 3
#define PIECE ((size_t)2 << 20)
static char *pieces;
static _Atomic(unsigned) pieces_given;

static void set_pieces_aside(void)
{
    char *memory = mg_os_allocate((PIECES + 1) * PIECE);
    MG_STORE(short_of_memory, !memory);
    pieces = (char *)(((uintptr_t)memory + PIECE - 1) & ~(PIECE - 1));
}

static void *instead(const void *address, size_t size)
{
    if (!address && size == JE_PAGE &&
        !atomic_exchange_explicit(&first_page_given, true, memory_order_relaxed))
        return first_page;
    MG_STORE(short_of_memory, true);
    if (!mg_self.begins || !pieces || address || size > PIECE || MG_LOAD(pieces_given) == PIECES)
        return MAP_FAILED;
    return pieces + PIECE * MG_ADD(pieces_given, 1);
}

void *mg_os_mmap(void *address, size_t size, int protection, int flags, int file, long offset)
{
    int before = errno;
    long result = syscall(SYS_mmap, address, size, protection, flags, file, offset);
    errno = before;
    return result == -1 ? instead(address, size) : (void *)result;
}

static int quietly(long number, void *address, size_t size, long argument)
{
    int before = errno;
    long result = syscall(number, address, size, argument);
    errno = before;
    return result == 0 ? 0 : -1;
}

int mg_os_munmap(void *address, size_t size)
{
    if (address == first_page) {
        MG_STORE(first_page_given, false);
        return 0;
    }
    return quietly(SYS_munmap, address, size, 0);
}

int mg_os_madvise(void *address, size_t size, int advice)
{
    return quietly(SYS_madvise, address, size, advice);
}

int mg_os_mprotect(void *address, size_t size, int protection)
{
    return quietly(SYS_mprotect, address, size, protection);
}

/* It sets errno when it has nothing; but the next allocator may have something, and then nothing happened. */
int *mg_je_errno(void)
{
    static MG_PER_THREAD int error;
    return &error;
}

/* What it complains of, mostly that the kernel did not unmap what it need not have: once, and as ours. "<jemalloc>: Error in munmap():
 * Cannot allocate memory\n"; the reason is errno's, which it need not find. */
extern void (*mgje_malloc_message)(void *, const char *);

static void complain(void *unused, const char *text)
{
    static _Atomic(bool) said;
    (void)unused;
    char line[80];
    static const char name[] = "<jemalloc>: ";
    text += strncmp(text, name, sizeof name - 1) ? 0 : sizeof name - 1;
    mg_print(line, sizeof line, "%s", text);
    line[strcspn(line, ":\n")] = '\0';
    if (!atomic_exchange_explicit(&said, true, memory_order_relaxed))
        mg_say("the kernel refused something that the allocator inside can do without: %s", line);
}

char *mg_je_getenv(const char *name)
{
    (void)name;
    if (!pieces)
        set_pieces_aside();
    mgje_malloc_message = complain;
    je_opt_cache_oblivious = false; /* it reads its options now, and has not used them yet */
    return NULL;
}

/* ---- A thread's cache ---- */

/* jemalloc 5.3.0 and older go on with a thread whose cache found no memory as if it had one, and the thread's first malloc crashes
 * (5.3.1 knows how to do without). So its function that begins a thread is called with the option off where there is none: such
 * a thread has no cache. The lock keeps the option ours meanwhile: nobody else reads it. To try each time whether there is memory would
 * make a thread's life 7 % dearer: until the kernel first refuses something there is, and for that first time pieces are set aside. */
extern bool je_opt_tcache;
extern bool je_tsd_tcache_enabled_data_init(void *thread);
extern void *je_a0malloc(size_t size);
extern void je_a0dalloc(void *block);

#define CACHE_BYTES ((size_t)64 << 10) /* of its stacks: 34 KB, by lg_tcache_max and jemalloc's classes */

/* What was to be had a moment ago still is: this arena serves nothing but caches, these one by one, and what is freed goes back to
 * what it was cut from. */
static bool has_memory_for_cache(void)
{
    void *block = je_a0malloc(CACHE_BYTES);
    if (block)
        je_a0dalloc(block);
    return block;
}

static struct mg_lock beginning;

bool mg_je_thread_begins(void *thread)
{
    mg_lock(&beginning);
    je_opt_tcache = !MG_LOAD(short_of_memory) || has_memory_for_cache();
    mg_self.begins = je_opt_tcache;
    bool wrong = je_tsd_tcache_enabled_data_init(thread);
    mg_self.begins = false;
    je_opt_tcache = true;
    mg_unlock(&beginning);
    return wrong;
}

void mg_je_before_fork(void)
{
    /* jemalloc's own handler comes next, and may be the first of it that this thread meets: it begins here, before the lock is taken. */
    mgje_nallocx(16, 0);
    mg_lock(&beginning);
}

void mg_je_after_fork(void)
{
    mg_unlock(&beginning);
}

long mg_je_readlink(const char *path, char *buffer, size_t size)
{
    (void)path;
    (void)buffer;
    (void)size;
    return -1;
}

void *mg_je_sbrk(intptr_t growth)
{
    (void)growth;
    return (void *)-1;
}
