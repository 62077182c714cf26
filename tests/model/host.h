/* Between a program under exploration (a shared object: src/ as it is, compiled with the instrumentation of
 * -fsanitize=thread, and one NAME_test.c) and the explorer (src/main.rs), which stands where that sanitizer's runtime
 * would: it hears of every access to memory, and decides which thread goes on and what an atomic load finds. */
#ifndef MODEL_HOST_H
#define MODEL_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum model_operation { MODEL_LOAD, MODEL_STORE, MODEL_EXCHANGE, MODEL_ADD, MODEL_AND, MODEL_OR, MODEL_CAS };

/* `where` is the address in the code that does it. */
struct model_host {
    void (*plain)(const void *address, size_t size, bool writes, const void *where);
    /* An access of `size` bytes. Returns what was there; of a compare-and-exchange whether it was done. */
    uint64_t (*atomic)(enum model_operation operation, void *address, size_t size, uint64_t value,
                       void *expected, int order, int order_failed, const void *where);
    void (*fence)(int order);
    /* A futex. */
    void (*wait)(void *word, uint32_t expected, const void *where);
    void (*wake)(void *word, int threads, const void *where);
    /* membarrier: a full barrier in each other thread, somewhere meanwhile. */
    void (*order)(const void *where);
    /* Zeroed memory, taken back by itself before the next execution. */
    void *(*allocate)(size_t size);
    int (*current)(void);
    /* From now on the caller is that thread: 0, or the n-th of the case's. Only while setting up and checking. */
    void (*become)(int thread);
    void (*fail)(const char *file, int line, const char *what);
};

/* Each execution begins with what `setup` left; `check` comes after it, when all threads have ended. */
struct model_case {
    const char *name;
    void (*setup)(void);
    void (*threads[5])(void); /* four at most, and NULL */
    void (*check)(void);
    /* 0: every execution. Else those in which so many times at most a thread is interrupted that could have gone on. */
    size_t interruptions;
};

/* The one symbol that the explorer looks for. Returns the cases; the last one has no name. */
__attribute__((visibility("default"))) const struct model_case *model_attach(const struct model_host *host);

#endif
