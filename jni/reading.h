/* The natives of io.memgrant.Native that read, an account's figures and the report; and those for processes that work for this one. Run on JVM
 * threads. */
#ifndef MG_READING_H
#define MG_READING_H

#include <jni.h>

/* The figures of memgrant.h, in its order; of an account long closed all are 0. */
jlongArray mg_java_read(JNIEnv *env, jclass class, jlong account);
/* JSON; an object without members where there is no memory for it. */
jstring mg_java_report(JNIEnv *env, jclass class);
/* used, peak, denials of each library by slot; and a slot's name. */
jlongArray mg_java_libraries(JNIEnv *env, jclass class);
jstring mg_java_library_name(JNIEnv *env, jclass class, jint slot);
/* The live page is filled. */
void mg_java_publish(JNIEnv *env, jclass class);
void mg_java_write_report(JNIEnv *env, jclass class);
/* What such a process asks for, and has (mg_workers_ask, mg_workers_charge). */
jboolean mg_java_worker_asks(JNIEnv *env, jclass class, jlong account, jlong bytes);
jboolean mg_java_worker_takes(JNIEnv *env, jclass class, jlong account, jlong bytes, jlong asked);
jlong mg_java_worker_lacks(JNIEnv *env, jclass class, jlong account);
void mg_java_worker_denied(JNIEnv *env, jclass class, jlong account);
void mg_java_workers_seen(JNIEnv *env, jclass class, jlong resident);
/* The report holds that JSON array from now on. */
void mg_java_say_workers(JNIEnv *env, jclass class, jstring json);

#endif
