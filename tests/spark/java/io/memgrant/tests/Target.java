package io.memgrant.tests;

/** A target library of our own: target.c. Blocks are addresses. */
final class Target {
    static {
        System.load(System.getenv("TARGET"));
    }

    private Target() {}

    /** A block whose every byte was written; 0 when there was none. */
    static native long allocate(long bytes);

    static native void free(long block);

    /** Allocates while the JVM may not collect garbage (GetPrimitiveArrayCritical). */
    static native long allocateInCritical(byte[] array, long bytes);

    /** Does nothing: a place where a denied task is stopped. */
    static native void boundary();

    /** Frees on a thread that the library makes for it. */
    static native boolean freeOnOwnThread(long block);

    /** Allocates on a thread that the library makes for it. */
    static native long allocateOnOwnThread(long bytes);

    /** Allocates, the first block for the array, while an exception of the library's own is pending; it is thrown. */
    static native void allocateAndThrow(long[] blocks, long bytes, Throwable why);

    /** Blocks that were allocated by these and not freed. */
    static native int openBlocks();
}
