/* How the JVM meets the library. The plugin gives the preloaded file to System.load, which calls
 * JNI_OnLoad; -agentpath works too, but stops a JVM that lacks the file. Runs at startup, on a JVM thread. */
#include "base.h"
#include "image.h"
#include "jvm.h"
#include "memgrant.h"
#include "natives.h"
#include "say.h"
#include "thunks.h"
#include "tree.h"
#include "unsafe.h"

#define COPY_TEXT \
    "this copy of libmemgrant.so was not preloaded; name it first in LD_PRELOAD (malloc is that of %s)"

/* System.load then throws this and nothing else happens: Java has the one line to show. It also unloads
 * the library. */
static jint refuse(JNIEnv *env, const char *why)
{
    mg_image_stay();
    (*env)->ExceptionClear(env);
    jclass class = (*env)->FindClass(env, "java/lang/UnsatisfiedLinkError");
    if (class)
        (*env)->ThrowNew(env, class, why);
    return JNI_ERR;
}

JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM *vm, void *reserved)
{
    (void)reserved;
    void *env_found = NULL;
    if ((*vm)->GetEnv(vm, &env_found, JNI_VERSION_1_8) != JNI_OK)
        return JNI_ERR;
    JNIEnv *env = env_found;
    const char *other;
    if (!mg_image_is_preloaded(&other)) {
        char why[512];
        mg_print(why, sizeof why, COPY_TEXT, other);
        return refuse(env, why);
    }
    if (mg_natives_register(env) != JNI_OK || mg_tree_register(env) != JNI_OK)
        return refuse(env, "memgrant.jar is missing or of another version than libmemgrant.so");
    /* Without JVMTI the rest works: arm() says what is lost. */
    (void)mg_thunks_take_jvmti(vm);
    return JNI_VERSION_1_8;
}

/* Armed by the environment, with stacks, native methods are wrapped for their sake: nobody is asked there, nor anything thrown. */
static void start_as_agent(JavaVM *vm)
{
    if (mg_thunks_take_jvmti(vm) && mg_active && mg_samples_are_taken())
        (void)mg_thunks_watch(true);
    mg_unsafe_watch(vm);
}

/* -agentpath: JVMTI is taken early. The natives are bound when the jar calls System.load. */
JNIEXPORT jint JNICALL Agent_OnLoad(JavaVM *vm, char *options, void *reserved)
{
    (void)options, (void)reserved;
    const char *other;
    if (!mg_image_is_preloaded(&other))
        mg_say(COPY_TEXT, other);
    else
        start_as_agent(vm);
    return JNI_OK;
}
