/* Keeps this library out of the processes that this one starts: its entry is taken out of LD_PRELOAD,
 * others stay. What a child gets is either libc's `environ` (C's system(), a ProcessBuilder left as it is)
 * or a copy of what Java remembers of it (ProcessBuilder.environment()), so both are changed. Runs once,
 * when the library is armed. */
#ifndef MG_CHILDREN_H
#define MG_CHILDREN_H

#include <jni.h>

void mg_children_go_without(JNIEnv *env);

#endif
