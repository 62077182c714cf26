/* Virtual threads, since JDK 21. What one is bound to would stay with its carrier, and serve whoever runs there next. Runs on JVM
 * threads. */
#ifndef MG_VIRTUAL_H
#define MG_VIRTUAL_H

#include <jni.h>
#include <stdbool.h>

/* Whether the calling thread is one. */
bool mg_is_virtual_thread(JNIEnv *env);

#endif
