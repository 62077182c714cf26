/* The program's side of host.h: the names that the compiler's instrumentation calls, and what stands below src/ instead
 * of the kernel: a futex, memory, a clock that stands still. Not instrumented itself. */
#include "host.h"

#include "model.h"
#include "self.h"

#include <string.h>

static const struct model_host *host;

const struct model_case *model_attach(const struct model_host *with)
{
    host = with;
    return model_cases;
}

/* Where the thread's mg_self is: nothing else in src/ is per thread. */
void *model_tls_get_addr(void *variable);
void *model_tls_get_addr(void *variable)
{
    static struct mg_self selves[5];
    (void)variable;
    return &selves[host->current()];
}

int model_thread(void)
{
    return host->current();
}

void model_become(int thread)
{
    host->become(thread);
}

void model_fail(const char *file, int line, const char *what)
{
    host->fail(file, line, what);
    __builtin_unreachable();
}

#define HERE __builtin_return_address(0)

/* ---- Plain accesses ---- */

void __tsan_init(void);
void __tsan_init(void)
{
}

#define PLAIN(bytes) \
    void __tsan_read##bytes(void *address); \
    void __tsan_read##bytes(void *address) \
    { \
        host->plain(address, bytes, false, HERE); \
    } \
    void __tsan_write##bytes(void *address); \
    void __tsan_write##bytes(void *address) \
    { \
        host->plain(address, bytes, true, HERE); \
    } \
    void __tsan_unaligned_read##bytes(void *address); \
    void __tsan_unaligned_read##bytes(void *address) \
    { \
        host->plain(address, bytes, false, HERE); \
    } \
    void __tsan_unaligned_write##bytes(void *address); \
    void __tsan_unaligned_write##bytes(void *address) \
    { \
        host->plain(address, bytes, true, HERE); \
    }
PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)

void __tsan_read_range(void *address, size_t size);
void __tsan_read_range(void *address, size_t size)
{
    host->plain(address, size, false, HERE);
}

void __tsan_write_range(void *address, size_t size);
void __tsan_write_range(void *address, size_t size)
{
    host->plain(address, size, true, HERE);
}

/* objcopy makes these of src/'s memset, memcpy and memmove: the compiler's own included. */
void *model_memset(void *to, int byte, size_t size);
void *model_memset(void *to, int byte, size_t size)
{
    host->plain(to, size, true, HERE);
    return memset(to, byte, size);
}

void *model_memmove(void *to, const void *from, size_t size);
void *model_memmove(void *to, const void *from, size_t size)
{
    host->plain(from, size, false, HERE);
    host->plain(to, size, true, HERE);
    return memmove(to, from, size);
}

void *model_memcpy(void *to, const void *from, size_t size);
void *model_memcpy(void *to, const void *from, size_t size)
{
    host->plain(from, size, false, HERE);
    host->plain(to, size, true, HERE);
    return memcpy(to, from, size);
}

/* ---- Atomic accesses ---- */

#define VALUED(bits, name, operation) \
    uint##bits##_t __tsan_atomic##bits##_##name(void *address, uint##bits##_t value, int order); \
    uint##bits##_t __tsan_atomic##bits##_##name(void *address, uint##bits##_t value, int order) \
    { \
        return (uint##bits##_t)host->atomic(operation, address, bits / 8, value, NULL, order, order, HERE); \
    }
#define SUBTRACTED(bits) \
    uint##bits##_t __tsan_atomic##bits##_fetch_sub(void *address, uint##bits##_t value, int order); \
    uint##bits##_t __tsan_atomic##bits##_fetch_sub(void *address, uint##bits##_t value, int order) \
    { \
        return (uint##bits##_t)host->atomic(MODEL_ADD, address, bits / 8, (uint##bits##_t) - value, NULL, \
                                            order, order, HERE); \
    }
#define COMPARED(bits, name) \
    int __tsan_atomic##bits##_##name(void *address, void *expected, uint##bits##_t value, int order, \
                                     int failed); \
    int __tsan_atomic##bits##_##name(void *address, void *expected, uint##bits##_t value, int order, \
                                     int failed) \
    { \
        return (int)host->atomic(MODEL_CAS, address, bits / 8, value, expected, order, failed, HERE); \
    }
#define ATOMIC(bits) \
    uint##bits##_t __tsan_atomic##bits##_load(void *address, int order); \
    uint##bits##_t __tsan_atomic##bits##_load(void *address, int order) \
    { \
        return (uint##bits##_t)host->atomic(MODEL_LOAD, address, bits / 8, 0, NULL, order, order, HERE); \
    } \
    void __tsan_atomic##bits##_store(void *address, uint##bits##_t value, int order); \
    void __tsan_atomic##bits##_store(void *address, uint##bits##_t value, int order) \
    { \
        host->atomic(MODEL_STORE, address, bits / 8, value, NULL, order, order, HERE); \
    } \
    VALUED(bits, exchange, MODEL_EXCHANGE) \
    VALUED(bits, fetch_add, MODEL_ADD) \
    SUBTRACTED(bits) \
    VALUED(bits, fetch_and, MODEL_AND) \
    VALUED(bits, fetch_or, MODEL_OR) \
    COMPARED(bits, compare_exchange_strong) \
    COMPARED(bits, compare_exchange_weak)
ATOMIC(8)
ATOMIC(16)
ATOMIC(32)
ATOMIC(64)

/* What a thread's own signal handlers see is not explored. */
void __tsan_atomic_signal_fence(int order);
void __tsan_atomic_signal_fence(int order)
{
    (void)order;
}

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
    host->fence(order);
}

/* ---- Below src/: os.c's own are weak in this program ---- */

void mg_os_wait(_Atomic(uint32_t) *word, uint32_t expected)
{
    host->wait(word, expected, HERE);
}

void mg_os_wake(_Atomic(uint32_t) *word, int threads)
{
    host->wake(word, threads, HERE);
}

bool mg_os_order_threads(void)
{
    host->order(HERE);
    return true;
}

void *mg_os_allocate(size_t size)
{
    return host->allocate(size);
}

void *mg_os_reserve(size_t size)
{
    return host->allocate(size);
}

/* The window takes a quarter of it at most: 64 MB, its least. */
size_t mg_os_address_limit(void)
{
    return (size_t)256 << 20;
}

void mg_os_release(void *memory, size_t size)
{
    (void)memory, (void)size;
}

bool mg_os_protect(void *address, size_t size, bool writable)
{
    (void)address, (void)size, (void)writable;
    return true;
}

int64_t mg_os_now_ns(void)
{
    return 1;
}
