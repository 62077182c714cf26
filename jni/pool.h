/* The pool of thunks: which entry calls what. An entry belongs to the class whose method it was taken for, and serves
 * another one only when that class is gone: then nobody can be in a call of it, nor ever begin one. What lies at the
 * function's address meanwhile plays no part. Runs on JVM threads. */
#ifndef MG_POOL_H
#define MG_POOL_H

#include "boundary.h"

/* Whether this processor has one. */
#if defined(__x86_64__) || defined(__aarch64__)
#define MG_HAS_POOL 1
#else
#define MG_HAS_POOL 0
#endif

/* The code of an entry for that call, the same again for the same call of the same class. NULL when the pool is used up. */
void *mg_pool_entry(JNIEnv *env, jclass class, const struct mg_thunk *wanted);

#endif
