/* Makes the JVM one without JVMTI: its JavaVM answers GetEnv for JVMTI's versions as a JVM that has none. */
#include <jni.h>

static struct JNIInvokeInterface_ functions;
static const struct JNIInvokeInterface_ *real;

static jint JNICALL get_env(JavaVM *vm, void **env, jint version)
{
    if ((version & 0x70000000) == 0x30000000) {
        *env = NULL;
        return JNI_EVERSION;
    }
    return real->GetEnv(vm, env, version);
}

JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM *vm, void *reserved)
{
    (void)reserved;
    real = *vm;
    functions = *real;
    functions.GetEnv = get_env;
    *vm = &functions;
    return JNI_VERSION_1_8;
}
