/* Text between C and Java. Bytes that are no UTF-8 (a file's name may hold any) become question marks or
 * U+FFFD instead of confusing the JVM, which takes its own "modified" UTF-8 on trust. Runs on JVM threads. */
#ifndef MG_TEXT_H
#define MG_TEXT_H

#include <jni.h>
#include <stddef.h>

/* A new local reference, or NULL with an exception pending. */
jstring mg_text_to_java(JNIEnv *env, const char *text);
jstring mg_text_to_java_sized(JNIEnv *env, const char *text, size_t length);

/* The text as real UTF-8, to be freed; NULL when the string is null or there is no memory (an exception
 * may be pending). */
char *mg_text_from_java(JNIEnv *env, jstring text);

#endif
