/* The functions that stand behind ours: libc's, or another preloaded allocator's. Each pointer first leads to a function
 * that looks all of them up; calls that the lookup itself makes are served from a small pool. Runs inside malloc. */
#ifndef MG_NEXT_H
#define MG_NEXT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mg_next {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void *(*memalign)(size_t, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*valloc)(size_t);
    void *(*pvalloc)(size_t);
    void (*free)(void *);
    size_t (*malloc_usable_size)(void *);
    int (*pthread_create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    void *(*dlopen)(const char *, int);
    int (*dlclose)(void *);
    void (*exit_now)(int);
    void *(*sbrk)(intptr_t);
};
extern struct mg_next mg_next;

/* Whether a block is from the pool of the lookup; such a block is never given back. */
bool mg_next_from_pool(const void *block);

#endif
