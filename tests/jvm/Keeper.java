package mgkeeper;

import java.lang.ref.Cleaner;
import java.util.concurrent.locks.ReentrantLock;

/** The Java half of a library that keeps things, as libraries are written: none of it expects an exception from its natives. */
public final class Keeper implements AutoCloseable {
    public static native long open0();
    public static native long openWith0(long size);
    public static native int openHandles();
    public static native void free0(long handle);
    public static native int flush0(long handle);
    public static native void write0(long handle, long size);
    public static native void writeOnOwnThread0(long handle, long size);
    public static native int writeCritical0(long handle, byte[] bytes);
    public static native void writeAndFail0(long handle, long size, Throwable why);
    public static native void callBack0(long handle, Runnable runnable);
    public static native boolean isLocked0(long handle);
    public static native int writeAtThreadsEnd0(long handle, long size);
    public static native long sizeOf(long handle);
    public static native void letGo(long handle);

    private static final Cleaner CLEANER = Cleaner.create();

    private final ReentrantLock lock = new ReentrantLock();
    private final long handle;

    public Keeper() {
        handle = open0();
    }

    public long handle() {
        return handle;
    }

    /** With two locks held. */
    public synchronized void write(long size) {
        lock.lock();
        try {
            write0(handle, size);
        } finally {
            lock.unlock();
        }
    }

    public boolean isLocked() {
        return lock.isLocked();
    }

    /** What is not flushed is not freed. */
    @Override
    public void close() {
        flushAll(handle);
        free0(handle);
    }

    /** More natives than a handle puts a stop off. */
    static void flushAll(long handle) {
        for (int i = 0; i < 20; i++)
            flush0(handle);
    }

    /** One whose handle the JDK's Cleaner gives back: when it is closed, or when nobody has it any more. */
    public static final class Cleaned implements AutoCloseable {
        private final Cleaner.Cleanable cleanable;

        public Cleaned(long size) {
            long handle = open0();
            cleanable = CLEANER.register(this, () -> {
                write0(handle, size);
                flushAll(handle);
                free0(handle);
            });
        }

        @Override
        public void close() {
            cleanable.clean();
        }
    }

    /** One whose handle its finalizer gives back. */
    public static final class Finalized {
        private final long handle = open0();

        @SuppressWarnings({"deprecation", "removal"})
        @Override
        protected void finalize() {
            write0(handle, 1 << 20);
            flushAll(handle);
            free0(handle);
        }
    }
}
