/* The JVM's own headers: jvmti.h declares a function without a prototype, and our warnings are errors. */
#ifndef MG_JVM_H
#define MG_JVM_H

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include <jni.h>
#include <jvmti.h>
#pragma GCC diagnostic pop

#endif
