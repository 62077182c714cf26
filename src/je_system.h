/* See je_system.c: the functions that the private jemalloc's imports are renamed to. Runs inside malloc. */
#ifndef MG_JE_SYSTEM_H
#define MG_JE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern const char *mgje_malloc_conf;
/* In place of jemalloc's own: see there. */
bool mg_je_thread_begins(void *thread);
/* Around jemalloc's own handlers. */
void mg_je_before_fork(void);
void mg_je_after_fork(void);
void *mg_os_mmap(void *address, size_t size, int protection, int flags, int file, long offset);
int mg_os_munmap(void *address, size_t size);
int mg_os_madvise(void *address, size_t size, int advice);
int mg_os_mprotect(void *address, size_t size, int protection);
int *mg_je_errno(void);
char *mg_je_getenv(const char *name);
long mg_je_readlink(const char *path, char *buffer, size_t size);
void *mg_je_sbrk(intptr_t growth);

#endif
