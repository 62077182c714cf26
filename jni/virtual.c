#include "virtual.h"

bool mg_is_virtual_thread(JNIEnv *env)
{
    bool is_virtual = false;
    if ((*env)->PushLocalFrame(env, 4) == 0) {
        jclass class = (*env)->FindClass(env, "java/lang/Thread");
        jmethodID ask = class ? (*env)->GetMethodID(env, class, "isVirtual", "()Z") : NULL;
        jmethodID current =
            ask ? (*env)->GetStaticMethodID(env, class, "currentThread", "()Ljava/lang/Thread;") : NULL;
        jobject thread = current ? (*env)->CallStaticObjectMethod(env, class, current) : NULL;
        if (thread && !(*env)->ExceptionCheck(env))
            is_virtual = (*env)->CallBooleanMethod(env, thread, ask);
        (*env)->ExceptionClear(env);
        (*env)->PopLocalFrame(env, NULL);
    }
    (*env)->ExceptionClear(env);
    return is_virtual;
}
