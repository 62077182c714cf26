/* String's own decoder does the work: it is right about everything that NewStringUTF is not. */
#include "text.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_ascii(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((signed char)text[i] <= 0)
            return false;
    return true;
}

static jstring decode(JNIEnv *env, const char *text, jsize length)
{
    jbyteArray bytes = (*env)->NewByteArray(env, length);
    if (!bytes)
        return NULL;
    (*env)->SetByteArrayRegion(env, bytes, 0, length, (const jbyte *)text);
    jstring decoded = NULL;
    jclass class = (*env)->FindClass(env, "java/lang/String");
    jmethodID create = class ? (*env)->GetMethodID(env, class, "<init>", "([BLjava/lang/String;)V") : NULL;
    jstring charset = create ? (*env)->NewStringUTF(env, "UTF-8") : NULL;
    if (charset)
        decoded = (*env)->NewObject(env, class, create, bytes, charset);
    (*env)->DeleteLocalRef(env, charset);
    (*env)->DeleteLocalRef(env, class);
    (*env)->DeleteLocalRef(env, bytes);
    return decoded;
}

jstring mg_text_to_java_sized(JNIEnv *env, const char *text, size_t length)
{
    return decode(env, text, length > INT_MAX ? INT_MAX : (jsize)length);
}

jstring mg_text_to_java(JNIEnv *env, const char *text)
{
    size_t length = strlen(text);
    return is_ascii(text, length) ? (*env)->NewStringUTF(env, text)
                                  : mg_text_to_java_sized(env, text, length);
}

char *mg_text_from_java(JNIEnv *env, jstring text)
{
    if (!text || (*env)->PushLocalFrame(env, 4) != 0)
        return NULL;
    char *copy = NULL;
    jmethodID encode =
        (*env)->GetMethodID(env, (*env)->GetObjectClass(env, text), "getBytes", "(Ljava/lang/String;)[B");
    jstring charset = encode ? (*env)->NewStringUTF(env, "UTF-8") : NULL;
    jbyteArray bytes = charset ? (*env)->CallObjectMethod(env, text, encode, charset) : NULL;
    if (bytes && !(*env)->ExceptionCheck(env)) {
        jsize length = (*env)->GetArrayLength(env, bytes);
        copy = calloc((size_t)length + 1, 1);
        if (copy)
            (*env)->GetByteArrayRegion(env, bytes, 0, length, (jbyte *)copy);
    }
    (*env)->PopLocalFrame(env, NULL);
    return copy;
}
