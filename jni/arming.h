/* Arming by Java: settings out of a Java array, the boundaries in place before the first account exists. */
#ifndef MG_ARMING_H
#define MG_ARMING_H

#include "rebind.h"

#include <jni.h>

/* Arms with the NAME=VALUE texts of the array; null ones are left out. Our own natives are told to mg_rebind. Returns NULL, or what is
 * wrong; an exception may be pending. On a thread of Java. */
jstring mg_arming_arm(JNIEnv *env, mg_own_method *own_method, jobjectArray settings);

#endif
