package io.memgrant;

/** Binds the library's functions in front of jdk.internal.misc.Unsafe. Native code runs it, out of a method of the JDK's. */
final class UnsafeBinding implements Runnable {
    @Override
    public native void run();
}
