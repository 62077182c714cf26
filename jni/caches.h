/* RocksDB's block caches, made smaller when memory is short and larger again later, without any change to the Java that made
 * them: the methods that make and dispose of one are observed (the thunk around them calls a function of ours in between),
 * and what a cache holds is limited by a function of RocksDB's C API, rocksdb_cache_set_capacity, that librocksdbjni exports.
 * Java's handle of a cache is what the C API takes: both are a std::shared_ptr<Cache>* (rocksdb_cache_t has nothing else).
 *
 * Left alone are caches with a strict limit: what does not fit there any more fails to be read. Not seen are caches that
 * RocksDB makes for itself, because no one was given to it.
 *
 * A cache is told under a lock that its disposer takes first, so it can't go meanwhile; where a disposer can't be observed none
 * of its caches is known any more. Telling one evicts, which frees: nothing that waits for the JVM, for Spark, or for this lock again.
 * Runs on JVM threads. */
#ifndef MG_CACHES_H
#define MG_CACHES_H

#include <stdbool.h>
#include <stdint.h>

/* Whether caches are looked for from now on. Off at first. */
void mg_caches_watch(bool on);
/* What to call in place of a native method's function: the function itself, or an observer that calls it. */
void *mg_caches_observed(void *function);
/* The method stays bound to the function itself: what it disposes of goes unseen, if that is what it does. */
void mg_caches_unobserved(void *function);
/* Frees so many bytes, if there are as many, of each cache its share. What the caches hold less now. */
int64_t mg_caches_shrink(int64_t bytes);
/* Caches that were made smaller may grow by so many bytes, at most to what they were made with. */
void mg_caches_ease(int64_t bytes);

#endif
