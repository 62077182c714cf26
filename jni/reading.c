#include "reading.h"

#include "memgrant.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

jlongArray mg_java_read(JNIEnv *env, jclass class, jlong account)
{
    (void)class;
    int64_t figures[MG_FIGURES];
    mg_read(account, figures);
    jlong values[MG_FIGURES];
    for (int i = 0; i < MG_FIGURES; i++)
        values[i] = figures[i];
    jlongArray array = (*env)->NewLongArray(env, MG_FIGURES);
    if (array)
        (*env)->SetLongArrayRegion(env, array, 0, MG_FIGURES, values);
    return array;
}

jstring mg_java_report(JNIEnv *env, jclass class)
{
    (void)class;
    size_t length = 0;
    char *text = mg_report_text(&length);
    if (!text)
        return mg_text_to_java(env, "{}");
    /* Its length is that of its memory. */
    jstring string = mg_text_to_java_sized(env, text, strlen(text));
    mg_report_free(text, length);
    return string;
}

void mg_java_write_report(JNIEnv *env, jclass class)
{
    (void)env, (void)class;
    mg_write_report();
}

jlongArray mg_java_libraries(JNIEnv *env, jclass class)
{
    (void)class;
    int64_t figures[MG_SLOTS * MG_LIBRARY_FIGURES];
    jlong values[MG_SLOTS * MG_LIBRARY_FIGURES];
    jsize count = (jsize)mg_read_libraries(figures, MG_SLOTS) * MG_LIBRARY_FIGURES;
    for (jsize i = 0; i < count; i++)
        values[i] = figures[i];
    jlongArray array = (*env)->NewLongArray(env, count);
    if (array)
        (*env)->SetLongArrayRegion(env, array, 0, count, values);
    return array;
}

jstring mg_java_library_name(JNIEnv *env, jclass class, jint slot)
{
    (void)class;
    return mg_text_to_java(env, slot >= 0 && slot < MG_SLOTS ? mg_library_name((unsigned)slot) : "");
}

void mg_java_publish(JNIEnv *env, jclass class)
{
    (void)env, (void)class;
    mg_publish();
}

jboolean mg_java_worker_asks(JNIEnv *env, jclass class, jlong account, jlong bytes)
{
    (void)env, (void)class;
    return mg_workers_ask(account, bytes);
}

jboolean mg_java_worker_takes(JNIEnv *env, jclass class, jlong account, jlong bytes, jlong asked)
{
    (void)env, (void)class;
    return mg_workers_charge(account, bytes, asked);
}

jlong mg_java_worker_lacks(JNIEnv *env, jclass class, jlong account)
{
    (void)env, (void)class;
    return mg_workers_lack(account);
}

void mg_java_worker_denied(JNIEnv *env, jclass class, jlong account)
{
    (void)env, (void)class;
    mg_workers_deny(account);
}

void mg_java_workers_seen(JNIEnv *env, jclass class, jlong resident)
{
    (void)env, (void)class;
    mg_workers_seen(resident);
}

void mg_java_say_workers(JNIEnv *env, jclass class, jstring json)
{
    (void)class;
    char *text = mg_text_from_java(env, json);
    if (text)
        mg_workers_say(text);
    free(text);
}
