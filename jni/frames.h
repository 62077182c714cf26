/* Whose a block is that Java's code takes: asked of the Java stack, newest frame first. The first class that a target's package
 * holds, or that asks Spark itself for its memory, says. Runs on JVM threads. */
#ifndef MG_FRAMES_H
#define MG_FRAMES_H

#include "jvm.h"

#include <stdbool.h>
#include <stddef.h>

/* From now on there are Java frames to look at: not before the JVM is initialised. */
void mg_frames_start(void);
/* A library slot; `otherwise` where no class says anything; 0 where it is nobody's business. */
unsigned mg_frames_library(JNIEnv *env, jvmtiEnv *jvmti, unsigned otherwise);
/* The newest class on the stack that is none of the JDK's, with dots. False: there is none. */
bool mg_frames_caller(JNIEnv *env, jvmtiEnv *jvmti, char *name, size_t size);

#endif
