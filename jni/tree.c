/* Accounts nested in others, and threads that work for them. Thin, as natives.c. */
#include "tree.h"

#include "memgrant.h"
#include "natives.h"
#include "text.h"
#include "unsafe.h"
#include "virtual.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static jlong nest(JNIEnv *env, jclass class, jstring name, jlong parent, jlong limit)
{
    (void)class;
    char *text = parent ? mg_text_from_java(env, name) : NULL;
    int64_t account = text ? mg_account_nest(text, parent, limit < 0 ? -1 : limit) : 0;
    free(text);
    return account;
}

static jlong enter(JNIEnv *env, jclass class, jlong account, jlong bound)
{
    (void)class;
    if (!mg_account_of(account))
        return 0;
    if (!mg_is_virtual_thread(env))
        return mg_scopes_enter(account);
    /* Unbound it charges nobody that is known here: it goes back to that. */
    return mg_unsafe_bind_virtual(env, account) ? (bound ? bound : -1) : 0;
}

static void leave(JNIEnv *env, jclass class, jlong before)
{
    (void)class;
    if (!before)
        return;
    if (!mg_is_virtual_thread(env))
        mg_scopes_leave(before);
    else
        (void)mg_unsafe_bind_virtual(env, before > 0 ? before : 0);
}

static jlong end(JNIEnv *env, jclass class, jlong account)
{
    (void)env, (void)class;
    return mg_scopes_end(account);
}

static jlong end_into(JNIEnv *env, jclass class, jlong account, jlong heir)
{
    (void)env, (void)class;
    return mg_scopes_end_into(account, heir);
}

static jlong transfer(JNIEnv *env, jclass class, jlong block, jlong account, jlong receiver)
{
    (void)env, (void)class;
    return mg_scopes_transfer((const void *)(intptr_t)block, account, receiver);
}

static jlong hold(JNIEnv *env, jclass class, jlong above, jstring name, jlong limit)
{
    (void)class;
    char *text = mg_text_from_java(env, name);
    int64_t account = text ? mg_scopes_share(above, text, limit) : 0;
    free(text);
    return account;
}

static jlong let_go(JNIEnv *env, jclass class, jlong account)
{
    (void)env, (void)class;
    return mg_scopes_let_go(account);
}

static jlong reserve(JNIEnv *env, jclass class, jlong account, jlong bytes, jboolean in_part)
{
    (void)env, (void)class;
    return mg_account_reserve(account, bytes, in_part);
}

static jlong give_back(JNIEnv *env, jclass class, jlong account, jlong bytes)
{
    (void)env, (void)class;
    return mg_account_give_back(account, bytes);
}

static jboolean share_fairly(JNIEnv *env, jclass class, jlong account, jboolean fairly)
{
    (void)env, (void)class;
    return mg_account_share_fairly(account, fairly);
}

static jlong share(JNIEnv *env, jclass class, jlong account)
{
    (void)env, (void)class;
    return mg_account_share(account);
}

static jlongArray refusers(JNIEnv *env, jclass class, jlong account)
{
    (void)class;
    int64_t found[MG_REFUSERS];
    jlong values[MG_REFUSERS];
    jsize count = (jsize)mg_account_refusers(account, found);
    for (jsize i = 0; i < count; i++)
        values[i] = found[i];
    jlongArray array = (*env)->NewLongArray(env, count);
    if (array)
        (*env)->SetLongArrayRegion(env, array, 0, count, values);
    return array;
}

static jstring refusal(JNIEnv *env, jclass class, jlong account)
{
    (void)class;
    struct mg_account *known = mg_account_of(account);
    struct mg_refusal refusal;
    if (!known || !mg_take_refusal(known, &refusal))
        return NULL;
    char text[160];
    snprintf(text, sizeof text, "%s, limit %ld bytes", refusal.name, (long)refusal.limit);
    return mg_text_to_java(env, text);
}

static jstring text_of(JNIEnv *env, jclass class, jlong account, jboolean json)
{
    (void)class;
    size_t length = 0;
    char *text = mg_account_text(account, json, &length);
    if (!text)
        return mg_text_to_java(env, "");
    jstring string = mg_text_to_java_sized(env, text, strlen(text));
    mg_report_free(text, length);
    return string;
}

jint mg_tree_register(JNIEnv *env)
{
    static const struct mg_native methods[] = {
        { "nest", "(Ljava/lang/String;JJ)J", nest },
        { "enter", "(JJ)J", enter },
        { "leave", "(J)V", leave },
        { "end", "(J)J", end },
        { "endInto", "(JJ)J", end_into },
        { "transfer", "(JJJ)J", transfer },
        { "hold", "(JLjava/lang/String;J)J", hold },
        { "letGo", "(J)J", let_go },
        { "reserve", "(JJZ)J", reserve },
        { "giveBack", "(JJ)J", give_back },
        { "shareFairly", "(JZ)Z", share_fairly },
        { "share", "(J)J", share },
        { "text", "(JZ)Ljava/lang/String;", text_of },
        { "refusers", "(J)[J", refusers },
        { "refusal", "(J)Ljava/lang/String;", refusal },
    };
    return mg_natives_bind(env, "io/memgrant/NativeTree", methods, sizeof methods / sizeof methods[0]);
}
