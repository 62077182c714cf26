/* The natives of io.memgrant.NativeTree. Runs on JVM threads. */
#ifndef MG_JNI_TREE_H
#define MG_JNI_TREE_H

#include <jni.h>

jint mg_tree_register(JNIEnv *env);

#endif
