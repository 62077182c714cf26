/* In front of jdk.internal.misc.Unsafe: allocateMemory0 and reallocateMemory0, by which direct buffers, foreign arenas, Arrow, Netty and
 * their kin take memory. The thread is marked and the JVM's own function called; freeMemory0 is left alone, since a block is known
 * by its address. Where a task lacks memory it asks here, and a denial is thrown here, before there is a block. Runs on
 * JVM threads. */
#ifndef MG_UNSAFE_H
#define MG_UNSAFE_H

#include "bound.h"
#include "jvm.h"

#include <stdbool.h>

/* From Agent_OnLoad: when the JVM binds its natives. Nothing happens unless targets are named by Java package. */
void mg_unsafe_watch(JavaVM *vm);
/* In a JVM that runs, for who is armed by Java. NULL when done or nothing is to be done, else why it can't be. */
const char *mg_unsafe_wrap(JNIEnv *env, mg_own_method *own);
/* Has work done by a native method that a method of the JDK's calls: the JVM warns of who binds its natives out of other code. By one thread
 * at a time, while arming. */
void mg_unsafe_call_from_jdk(JNIEnv *env, void (*work)(JNIEnv *env, void *argument), void *argument);
/* For io.memgrant.UnsafeBinding, which is that method. */
void mg_unsafe_bind(JNIEnv *env);
/* What a virtual thread takes by Unsafe is that account's, whatever carries it; 0 is nobody's. False: it can't be. */
bool mg_unsafe_bind_virtual(JNIEnv *env, jlong account);

#endif
