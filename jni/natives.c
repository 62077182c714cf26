/* Thin: arguments in, one call of memgrant.h, result out. A handle that is 0, or
 * whose account has closed, does nothing rather than harm. */
#include "natives.h"

#include "arming.h"
#include "caches.h"
#include "memgrant.h"
#include "reading.h"
#include "say.h"
#include "text.h"
#include "unsafe.h"
#include "virtual.h"

#include <stdatomic.h>
#include <stdlib.h>

static struct mg_account *account_of(jlong handle)
{
    return mg_account_of(handle);
}

static jlong handle_of(struct mg_account *account)
{
    return mg_account_handle(account);
}

/* The methods of io.memgrant.Native one by one, from 0 on; NULL behind the last one. */
static const JNINativeMethod *own_method(unsigned index);

static jstring arm(JNIEnv *env, jclass class, jobjectArray settings)
{
    (void)class;
    return mg_arming_arm(env, own_method, settings);
}

static jlong root(JNIEnv *env, jclass class)
{
    (void)env, (void)class;
    return handle_of(mg_root());
}

static jlong overhead(JNIEnv *env, jclass class)
{
    (void)env, (void)class;
    return handle_of(mg_overhead());
}

static void measure_overhead(JNIEnv *env, jclass class)
{
    (void)env, (void)class;
    mg_measure_overhead();
}

static jlong open_account(JNIEnv *env, jclass class, jstring name, jlong parent, jlong limit)
{
    (void)class;
    struct mg_account *above = account_of(parent);
    char *text = above ? mg_text_from_java(env, name) : NULL;
    struct mg_account *account = text ? mg_account_open(text, above, limit) : NULL;
    free(text);
    return handle_of(account);
}

static void bind_thread(JNIEnv *env, jclass class, jlong account)
{
    (void)class;
    struct mg_account *known = account_of(account);
    if (!known)
        return;
    if (!mg_is_virtual_thread(env)) {
        mg_bind(known);
        return;
    }
    if (mg_unsafe_bind_virtual(env, account))
        return;
    static atomic_flag said = ATOMIC_FLAG_INIT;
    if (!atomic_flag_test_and_set(&said))
        mg_say("a virtual thread was not bound to its task: what it takes is charged to nobody");
}

static void unbind(JNIEnv *env, jclass class)
{
    (void)class;
    if (!mg_is_virtual_thread(env))
        mg_unbind();
    else
        (void)mg_unsafe_bind_virtual(env, 0);
}

static void bind_unsafe(JNIEnv *env, jobject binding)
{
    (void)binding;
    mg_unsafe_bind(env);
}

static jlong await_request(JNIEnv *env, jclass class, jlong account)
{
    (void)env, (void)class;
    struct mg_account *known = account_of(account);
    return known ? mg_await_request(known) : -1;
}

static void answer(JNIEnv *env, jclass class, jlong account, jlong asked, jlong granted, jlong wait_ns)
{
    (void)env, (void)class;
    struct mg_account *known = account_of(account);
    if (known)
        mg_answer(known, asked, granted, wait_ns);
}

static void grant(JNIEnv *env, jclass class, jlong account, jlong bytes)
{
    (void)env, (void)class;
    struct mg_account *known = account_of(account);
    if (known)
        mg_grant(known, bytes);
}

/* Of slot 0, which stands for no library, mode stop has none. */
static jstring culprit(JNIEnv *env, jclass class, jlong account)
{
    (void)class;
    struct mg_account *known = account_of(account);
    const char *name = known ? mg_account_culprit(known) : NULL;
    return name && name != mg_library_name(0) ? mg_text_to_java(env, name) : NULL;
}

static jlong take_back(JNIEnv *env, jclass class, jlong account, jlong bytes)
{
    (void)env, (void)class;
    struct mg_account *known = account_of(account);
    return known ? mg_take_back(known, bytes) : 0;
}

static jlong overdraft(JNIEnv *env, jclass class, jlong account)
{
    (void)env, (void)class;
    struct mg_account *known = account_of(account);
    return known ? mg_overdraft(known) : 0;
}

static jlong unmet(JNIEnv *env, jclass class, jlong account)
{
    (void)env, (void)class;
    struct mg_account *known = account_of(account);
    return known ? mg_unmet(known) : 0;
}

static void tolerate(JNIEnv *env, jclass class, jlong account, jlong further_bytes)
{
    (void)env, (void)class;
    struct mg_account *known = account_of(account);
    if (known)
        mg_tolerate(known, further_bytes);
}

static void enforce(JNIEnv *env, jclass class, jboolean enforces)
{
    (void)env, (void)class;
    mg_enforce(enforces);
}

static void observe(JNIEnv *env, jclass class, jlong account)
{
    (void)env, (void)class;
    struct mg_account *known = account_of(account);
    if (known)
        mg_observe(known);
}

static void deny(JNIEnv *env, jclass class, jlong account)
{
    (void)env, (void)class;
    struct mg_account *known = account_of(account);
    if (known)
        mg_deny(known);
}

static jboolean take_injected(JNIEnv *env, jclass class, jlong account)
{
    (void)env, (void)class;
    struct mg_account *known = account_of(account);
    return known && mg_take_injected(known) ? JNI_TRUE : JNI_FALSE;
}

static void stop_requests(JNIEnv *env, jclass class, jlong account)
{
    (void)env, (void)class;
    struct mg_account *known = account_of(account);
    if (known)
        mg_stop_requests(known);
}

static jlong settle(JNIEnv *env, jclass class, jlong account)
{
    (void)env, (void)class;
    struct mg_account *known = account_of(account);
    return known ? mg_settle(known) : 0;
}

static jlong wait_begins(JNIEnv *env, jclass class, jlong account, jlong bytes)
{
    (void)env, (void)class;
    struct mg_account *known = account_of(account);
    return known ? mg_wait_begins(known, bytes) : 0;
}

static void wait_ends(JNIEnv *env, jclass class, jlong account, jlong bytes, jlong begun_ns)
{
    (void)env, (void)class;
    struct mg_account *known = account_of(account);
    if (known)
        mg_wait_ends(known, bytes, begun_ns);
}

static void wait_no_more(JNIEnv *env, jclass class, jlong account)
{
    (void)env, (void)class;
    struct mg_account *known = account_of(account);
    if (known)
        mg_wait_no_more(known);
}

static jlongArray look(JNIEnv *env, jclass class)
{
    (void)class;
    struct mg_look begun = mg_headroom_look();
    jlong values[] = { begun.lent_ever, begun.begun_ns };
    jlongArray array = (*env)->NewLongArray(env, 2);
    if (array)
        (*env)->SetLongArrayRegion(env, array, 0, 2, values);
    return array;
}

static void room_seen(JNIEnv *env, jclass class, jlong lent_before, jlong begun_ns, jlong room)
{
    (void)env, (void)class;
    mg_headroom_looked((struct mg_look){ lent_before, begun_ns }, room);
}

static jlong promised(JNIEnv *env, jclass class, jlong by_spark)
{
    (void)env, (void)class;
    return mg_headroom_promised(by_spark);
}

static jlong lent(JNIEnv *env, jclass class)
{
    (void)env, (void)class;
    return mg_headroom_lent();
}

static jboolean lend(JNIEnv *env, jclass class, jlong account, jlong bytes)
{
    (void)env, (void)class;
    struct mg_account *known = account_of(account);
    return known && mg_lend(known, bytes);
}

static void call_in(JNIEnv *env, jclass class, jlong account)
{
    (void)env, (void)class;
    mg_headroom_call_in(account);
}

static jlong shrink_caches(JNIEnv *env, jclass class, jlong bytes)
{
    (void)env, (void)class;
    return mg_caches_shrink(bytes);
}

static void ease_caches(JNIEnv *env, jclass class, jlong bytes)
{
    (void)env, (void)class;
    mg_caches_ease(bytes);
}

static jlong measured(JNIEnv *env, jclass class, jlong account)
{
    (void)env, (void)class;
    return mg_measured(account);
}

static void cover(JNIEnv *env, jclass class, jlong account, jlong declared, jlong covered, jlong by_answer)
{
    (void)env, (void)class;
    struct mg_account *known = account_of(account);
    if (known)
        mg_cover(known, declared, covered, by_answer);
}

static void pulled(JNIEnv *env, jclass class, jlong claimed, jlong freed)
{
    (void)env, (void)class;
    mg_lever_pulled(claimed, freed);
}

_Static_assert(sizeof(struct mg_native) == sizeof(JNINativeMethod), "the JVM reads one as the other");

static const struct mg_native methods[] = {
    { "arm", "([Ljava/lang/String;)Ljava/lang/String;", arm },
    { "root", "()J", root },
    { "overhead", "()J", overhead },
    { "measureOverhead", "()V", measure_overhead },
    { "open", "(Ljava/lang/String;JJ)J", open_account },
    { "bind", "(J)V", bind_thread },
    { "unbind", "()V", unbind },
    { "awaitRequest", "(J)J", await_request },
    { "answer", "(JJJJ)V", answer },
    { "grant", "(JJ)V", grant },
    { "culprit", "(J)Ljava/lang/String;", culprit },
    { "takeBack", "(JJ)J", take_back },
    { "overdraft", "(J)J", overdraft },
    { "unmet", "(J)J", unmet },
    { "tolerate", "(JJ)V", tolerate },
    { "enforce", "(Z)V", enforce },
    { "observe", "(J)V", observe },
    { "deny", "(J)V", deny },
    { "takeInjected", "(J)Z", take_injected },
    { "stopRequests", "(J)V", stop_requests },
    { "settle", "(J)J", settle },
    { "waitBegins", "(JJ)J", wait_begins },
    { "waitEnds", "(JJJ)V", wait_ends },
    { "waitNoMore", "(J)V", wait_no_more },
    { "look", "()[J", look },
    { "roomSeen", "(JJJ)V", room_seen },
    { "promised", "(J)J", promised },
    { "lend", "(JJ)Z", lend },
    { "lent", "()J", lent },
    { "callIn", "(J)V", call_in },
    { "measured", "(J)J", measured },
    { "cover", "(JJJJ)V", cover },
    { "shrinkCaches", "(J)J", shrink_caches },
    { "easeCaches", "(J)V", ease_caches },
    { "pulled", "(JJ)V", pulled },
    { "read", "(J)[J", mg_java_read },
    { "libraries", "()[J", mg_java_libraries },
    { "libraryName", "(I)Ljava/lang/String;", mg_java_library_name },
    { "publish", "()V", mg_java_publish },
    { "report", "()Ljava/lang/String;", mg_java_report },
    { "writeReport", "()V", mg_java_write_report },
    { "workerAsks", "(JJ)Z", mg_java_worker_asks },
    { "workerTakes", "(JJJ)Z", mg_java_worker_takes },
    { "workerLacks", "(J)J", mg_java_worker_lacks },
    { "workerDenied", "(J)V", mg_java_worker_denied },
    { "workersSeen", "(J)V", mg_java_workers_seen },
    { "sayWorkers", "(Ljava/lang/String;)V", mg_java_say_workers },
};

static const JNINativeMethod *own_method(unsigned index)
{
    return index < sizeof methods / sizeof methods[0] ? (const JNINativeMethod *)&methods[index] : NULL;
}

jint mg_natives_bind(JNIEnv *env, const char *class_name, const struct mg_native *natives, unsigned count)
{
    jclass class = (*env)->FindClass(env, class_name);
    if (!class)
        return JNI_ERR;
    jint result = (*env)->RegisterNatives(env, class, (const JNINativeMethod *)natives, (jint)count);
    (*env)->DeleteLocalRef(env, class);
    return result;
}

jint mg_natives_register(JNIEnv *env)
{
    static const struct mg_native run = { "run", "()V", bind_unsafe };
    jint result = mg_natives_bind(env, "io/memgrant/Native", methods, sizeof methods / sizeof methods[0]);
    return result == JNI_OK ? mg_natives_bind(env, "io/memgrant/UnsafeBinding", &run, 1) : result;
}
