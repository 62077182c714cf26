package io.memgrant;

import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import sun.misc.Unsafe;

/** What is in use was asked for by Java's own code, small and large, by a library that no Java code calls, and by one while it was loaded. */
final class BuffersMain {
    private static final int MB = 1 << 20;
    private static final List<Object> KEPT = new ArrayList<>();

    private BuffersMain() {}

    private static native void leak(long bytes);

    private static native void callBack(Runnable work, long bytes);

    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0) {
            System.load(System.getenv("LIB"));
            String wrong = Native.arm(arguments);
            if (wrong != null)
                throw new AssertionError(wrong);
        }
        Field field = Unsafe.class.getDeclaredField("theUnsafe");
        field.setAccessible(true);
        Unsafe unsafe = (Unsafe) field.get(null);
        System.load(System.getenv("WORK") + "/libmgouter.so");
        for (int i = 0; i < 8; i++)
            KEPT.add(ByteBuffer.allocateDirect(MB));
        for (int i = 0; i < 200; i++)
            unsafe.allocateMemory(5000);
        long moved = unsafe.allocateMemory(16);
        for (int size = 1; size <= 4; size++)
            moved = unsafe.reallocateMemory(moved, (long) size * MB);
        leak(5 * MB);
        callBack(() -> inside(unsafe), 6 * MB);
        try {
            callBack(() -> thrown(unsafe), MB);
        } catch (IllegalStateException expected) {
            KEPT.add(expected);
        }
        Thread other = new Thread(() -> unsafe.allocateMemory(10 * MB), "other");
        other.start();
        other.join();
        for (int i = 0; i < 1000; i++)
            unsafe.freeMemory(unsafe.allocateMemory(7 * MB));
        System.out.println("kept " + KEPT.size());
    }

    private static void inside(Unsafe unsafe) {
        unsafe.allocateMemory(7 * MB);
    }

    private static void thrown(Unsafe unsafe) {
        unsafe.allocateMemory(14 * MB);
        throw new IllegalStateException();
    }
}
