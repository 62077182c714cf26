/* java.lang.foreign, and jdk.incubator.foreign of Java 17, can call libc's own malloc, which nobody stands in front of there: its
 * address is looked up in libc itself, and code made at run time calls it. Such a look-up is met here, and one line names the class
 * and the setting that cures it. Runs on JVM threads. */
#ifndef MG_LOOKUPS_H
#define MG_LOOKUPS_H

#include "jvm.h"

#include <stdbool.h>

/* As a native method of the JDK is bound: ours instead of it, or NULL where it is another one. */
void *mg_lookups_replace(const char *class_name, const char *method, const char *signature, void *function);
/* In a JVM that runs, out of a method of the JDK's: binds ours. Where that can't be, nobody is warned. */
void mg_lookups_bind(JNIEnv *env);
/* Whom to ask for the stack. */
void mg_lookups_use(jvmtiEnv *jvmti);

#endif
