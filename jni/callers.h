/* Where a native method ends in which samples of blocks were taken (src/stacks.h): they get the Java stack above it, by JVMTI, which can be asked
 * there. Runs on JVM threads. */
#ifndef MG_JNI_CALLERS_H
#define MG_JNI_CALLERS_H

#include "jvm.h"

/* Before the first native method is wrapped. */
void mg_callers_use(jvmtiEnv *jvmti);
/* Of the samples that the thread took since it had so many. */
void mg_callers_note(JNIEnv *env, unsigned before);

#endif
