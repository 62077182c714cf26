package mgtarget;

/**
 * Natives of every shape, and what a library's Java half makes of them; target.c is their other half. In a package of its
 * own, as libraries are.
 */
public final class Target {
    public static native long byThunk();
    public static native long directly();

    public static native int i0();
    public static native int i1(int a);
    public static native int i4(int a, int b, int c, int d);
    public static native int i5(int a, int b, int c, int d, int e);
    public static native int i6(int a, int b, int c, int d, int e, int f);
    public static native long l14(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j, long k,
            long l, long m, long n);
    public static native float f9(float a, float b, float c, float d, float e, float f, float g, float h, float i);
    public static native double d10(double a, double b, double c, double d, double e, double f, double g, double h, double i,
            double j);
    public static native double mixed(int a, double b, long c, float d, byte e, double f, short g, float h, char i, double j,
            boolean k, double l, long m, double n, float o, double p, int q, float r, String s);
    public static native long odd(int a, int b, int c, int d, double e, byte f);
    public static native int arrays(int[] a, String[] b, long[][] c);
    public native long ofInstance(long a);
    public synchronized native long ofInstanceSynchronized(long a);

    public static native void nothing();
    public static native boolean truth(boolean a);
    public static native byte octet(byte a);
    public static native char character(char a);
    public static native short brief(short a);
    public static native int integer(int a);
    public static native float single(float a);
    public static native double twice(double a);
    public static native long handle(long a);
    public static native Object object(Object a);
    public static native String text();
    public static native Object list();
    public static native byte[] bytes(int length);

    public static native long take(long size);
    public static native void put(long size);
    public static native void release0(long block);
    public static native void target_close_all();
    public static native void delete_handle(long block);
    public static native void deleteKey(long handle, byte[] key);
    public static native int isClosed();
    public static native void call(Runnable runnable);
    public static native long fail(Throwable throwable);
    public static native int initialise(int a);
    public static native void callOnOwnThread(Runnable runnable);

    public static native int shell(String command);

    public static native int unwinds();
    public static native int unwindsFromStack(long a, long b, long c, long d, long e);
    public static native void stopHere(long a, long b, long c, long d, long e);

    public static native void crash(long a, long b, long c, long d, long e);
    public static native int spin(long rounds, long b, long c, long d, long e);

    public static native void bindWhich(int i);
    public static native int which();

    private long first;
    private long second;

    public Target() {}

    /** Nobody could release what `first` holds if one of the others threw. */
    public Target(long size) {
        first = take(size);
        prepare();
        second = handle(2);
    }

    /** As RocksDB.open(): a handle is there before the object that owns it reaches anybody. */
    public static Target open(long size) {
        Target target = new Target();
        target.first = take(size);
        target.prepare();
        target.askSecond();
        return target;
    }

    /** As open(), and something else happens in the middle. */
    public static boolean openSlowly(Runnable between) {
        long first = handle(1);
        between.run();
        nothing();
        return handle(2) == 2 && first == 1;
    }

    /** Loaders ask their library too, in the middle of a state of their own. */
    public static int loadLibrary() {
        nothing();
        return integer(3);
    }

    private void prepare() {
        nothing();
        text();
    }

    private void askSecond() {
        second = handle(2);
    }

    /** As a statement's execute(): the result of one native is what the next ones work on. */
    public int execute(int natives) {
        Object result = list();
        int sum = 0;
        for (int i = 0; i < natives; i++)
            sum += object(result) == result ? integer(1) : 0;
        return sum;
    }

    /** As execute(), and then on and on without another handle. */
    public int scan(int natives) {
        Object result = list();
        int sum = 0;
        for (int i = 0; i < natives; i++)
            sum += integer(1);
        return result == null ? 0 : sum;
    }

    public boolean isWhole() {
        return first != 0 && second == 2;
    }

    public void close() {
        release0(first);
    }
}
