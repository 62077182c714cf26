package io.memgrant;

/** Natives of every shape; target.c is their other half. */
final class Target {
    static native long byThunk();
    static native long directly();

    static native int i0();
    static native int i1(int a);
    static native int i4(int a, int b, int c, int d);
    static native int i5(int a, int b, int c, int d, int e);
    static native int i6(int a, int b, int c, int d, int e, int f);
    static native long l14(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j, long k,
            long l, long m, long n);
    static native float f9(float a, float b, float c, float d, float e, float f, float g, float h, float i);
    static native double d10(double a, double b, double c, double d, double e, double f, double g, double h, double i,
            double j);
    static native double mixed(int a, double b, long c, float d, byte e, double f, short g, float h, char i, double j,
            boolean k, double l, long m, double n, float o, double p, int q, float r, String s);
    static native long odd(int a, int b, int c, int d, double e, byte f);
    static native int arrays(int[] a, String[] b, long[][] c);
    native long ofInstance(long a);
    synchronized native long ofInstanceSynchronized(long a);

    static native void nothing();
    static native boolean truth(boolean a);
    static native byte octet(byte a);
    static native char character(char a);
    static native short brief(short a);
    static native int integer(int a);
    static native float single(float a);
    static native double twice(double a);
    static native long handle(long a);
    static native Object object(Object a);
    static native String text();
    static native Object list();
    static native byte[] bytes(int length);

    static native long take(long size);
    static native void put(long size);
    static native void release0(long block);
    static native void target_close_all();
    static native void delete_handle(long block);
    static native void deleteKey(long handle, byte[] key);
    static native int isClosed();
    static native void call(Runnable runnable);
    static native long fail(Throwable throwable);
    static native int initialise(int a);
    static native void callOnOwnThread(Runnable runnable);

    static native int shell(String command);

    static native int unwinds();
    static native int unwindsFromStack(long a, long b, long c, long d, long e);
    static native void stopHere(long a, long b, long c, long d, long e);

    static native void bindWhich(int i);
    static native int which();
}
