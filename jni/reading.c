#include "reading.h"

#include "memgrant.h"
#include "text.h"

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
