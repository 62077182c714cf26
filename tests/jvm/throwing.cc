// The native half of mgtarget.Throwing, the target libmgthrowing.so.
#include <cstdlib>
#include <jni.h>
#include <new>
#include <stdexcept>
#include <string>

#define NATIVE(type, name, ...) \
    extern "C" JNIEXPORT type JNICALL Java_mgtarget_Throwing_##name(JNIEnv *, jclass, ##__VA_ARGS__); \
    extern "C" JNIEXPORT type JNICALL Java_mgtarget_Throwing_##name(JNIEnv *, jclass, ##__VA_ARGS__)

static void *volatile kept;

NATIVE(jint, useUp)
{
    jint megabytes = 0;
    while ((kept = malloc(1 << 20)))
        megabytes++;
    return megabytes;
}

NATIVE(jboolean, malloc, jlong bytes)
{
    kept = malloc(size_t(bytes));
    bool got = kept != nullptr;
    free(kept);
    return got;
}

NATIVE(jboolean, caught, jlong bytes)
{
    try {
        kept = ::operator new(size_t(bytes));
        ::operator delete(kept);
        return true;
    } catch (const std::exception &) {
        return false;
    }
}

NATIVE(jboolean, uncaught, jlong bytes)
{
    kept = ::operator new(size_t(bytes));
    ::operator delete(kept);
    return true;
}

__attribute__((noinline)) static void *take(size_t bytes, const std::string &what)
{
    void *block = malloc(bytes);
    if (!block)
        throw std::runtime_error(what + " could not be had");
    return block;
}

NATIVE(jboolean, ofItsOwn, jlong bytes)
{
    std::string what =
        "a block with a name that is longer than a short string is, of " + std::to_string(bytes);
    kept = take(size_t(bytes), what);
    free(kept);
    return true;
}
