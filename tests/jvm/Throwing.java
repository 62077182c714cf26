package mgtarget;

/** Natives of a C++ library that allocate, some of them where nobody catches anything; throwing.cc is their other half. */
public final class Throwing {
    /** Megabytes that malloc gave until it had no more; they are kept. */
    public static native int useUp();
    /** Whether malloc gave a block. */
    public static native boolean malloc(long bytes);
    /** Whether operator new gave a block; std::bad_alloc is caught. */
    public static native boolean caught(long bytes);
    /** The same, but nobody would catch it: true, or the end of the process. */
    public static native boolean uncaught(long bytes);
    /** The same again, where the library throws an exception of its own for want of a block of malloc's. */
    public static native boolean ofItsOwn(long bytes);
}
