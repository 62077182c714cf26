package io.memgrant;

import static io.memgrant.Armed.check;
import static io.memgrant.Armed.equal;

import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.function.IntConsumer;

/** What Java's own code takes by Unsafe, in a JVM that is armed while it runs: whose it is, who gives it back, what a no becomes. */
final class UnsafeMain {
    private static final int MB = 1 << 20;
    private static final Object UNSAFE;
    private static final Method ALLOCATE, REALLOCATE, FREE;

    static {
        try {
            Class<?> type = Class.forName("sun.misc.Unsafe");
            Field field = type.getDeclaredField("theUnsafe");
            field.setAccessible(true);
            UNSAFE = field.get(null);
            ALLOCATE = type.getMethod("allocateMemory", long.class);
            REALLOCATE = type.getMethod("reallocateMemory", long.class, long.class);
            FREE = type.getMethod("freeMemory", long.class);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    private UnsafeMain() {}

    public static void main(String[] args) throws Exception {
        long early = allocate(64 * MB);
        for (int i = 0; i < 100_000; i++) {
            free(allocate(16)); // the JVM has compiled its way to Unsafe before we come
        }
        Armed.arm("mode=enforce", "targets=java:*;java:io.memgrant.UnsafeMain$Named");
        free(early);
        equal(0L, figure(Native.root(), Native.ALLOCATIONS), "blocks charged before");
        if (args.length > 0) {
            registeredAgain();
            return;
        }
        blocksAreTheThreads();
        blocksMove();
        whoeverFrees();
        packages();
        denials();
        twoOfOneAccount();
        boundElsewhereMeanwhile();
        moreThanThereIs();
        virtualThreads();
        System.out.println("unsafe: ok");
    }

    private static void blocksAreTheThreads() {
        long account = open(1 << 30);
        Native.bind(account);
        List<Long> blocks = new ArrayList<>();
        for (int size = 16; size <= 16 * MB; size *= 2) {
            blocks.add(allocate(size));
        }
        equal(32L * MB - 16, figure(account, Native.USED), "bytes of 16, 32, ... 16 MB");
        equal((long) blocks.size(), figure(account, Native.ALLOCATIONS), "blocks");
        blocks.forEach(UnsafeMain::free);
        Native.unbind();
        equal(0L, figure(account, Native.USED), "bytes after they were freed");
        equal((long) blocks.size(), figure(account, Native.FREES), "frees");
        settle(account);
    }

    private static void blocksMove() {
        long account = open(1 << 30);
        Native.bind(account);
        long block = reallocate(allocate(1024), 4 * MB);
        equal(4L * MB, figure(account, Native.USED), "bytes of what grew");
        block = reallocate(block, 2048);
        equal(2048L, figure(account, Native.USED), "bytes of what shrank");
        Native.unbind();
        long other = open(1 << 30);
        Native.bind(other);
        block = reallocate(block, MB);
        equal(0L, figure(account, Native.USED), "bytes of what moved to another account");
        equal((long) MB, figure(other, Native.USED), "bytes where it went");
        free(block);
        Native.unbind();
        equal(0L, figure(other, Native.USED), "bytes in the end");
        settle(account);
        settle(other);
    }

    /** A buffer is freed by the JDK's Cleaner, on a thread that is nobody's, after its task has ended. */
    private static void whoeverFrees() throws Exception {
        long account = open(1 << 30);
        Native.bind(account);
        ByteBuffer buffer = ByteBuffer.allocateDirect(8 * MB - 16);
        check(buffer.isDirect() && figure(account, Native.USED) == 8 * MB, "a direct buffer is its task's");
        long block = allocate(2 * MB);
        Native.unbind();
        Thread other = new Thread(() -> free(block));
        other.start();
        other.join();
        equal(8L * MB, figure(account, Native.USED), "bytes after another thread freed");
        settle(account);
        equal(8L * MB, usedBy("java:*"), "bytes that outlive their task");
        buffer = null;
        while (usedBy("java:*") > 0) {
            System.gc(); // the test's own limit of time is the only one: when the Cleaner comes is the JVM's to say
        }
    }

    static final class Named {
        static long take(int bytes) {
            return allocate(bytes);
        }
    }

    private static void packages() {
        long account = open(1 << 30);
        Native.bind(account);
        long named = Named.take(MB);
        long other = allocate(4 * MB);
        equal(5L * MB, figure(account, Native.USED), "bytes of both");
        equal((long) MB, usedBy("java:io.memgrant.UnsafeMain$Named"), "bytes of the class that is named");
        equal(4L * MB, usedBy("java:*"), "bytes of all others");
        free(named);
        free(other);
        equal(0L, usedBy("java:io.memgrant.UnsafeMain$Named") + usedBy("java:*"), "bytes in the end");
        Native.unbind();
        settle(account);
    }

    private static long usedBy(String library) {
        return ofLibrary(library, "used");
    }

    private static long ofLibrary(String library, String figure) {
        String report = Native.report();
        int at = report.indexOf("{\"name\":\"" + library + "\",\"role\":");
        check(at > 0, library + " is in the report: " + report);
        int from = report.indexOf("\"" + figure + "\":", at) + figure.length() + 3;
        return Long.parseLong(report.substring(from, report.indexOf(',', from)));
    }

    private static final class No extends OutOfMemoryError {
        private static final long serialVersionUID = 1;
    }

    /** The accountant is asked before there is a block; its no is thrown as it is, and nothing was taken. */
    private static void denials() {
        long account = open(4 * MB);
        List<String> asked = new ArrayList<>();
        Boundary.handle(account, (library, mayThrow) -> {
            long missing = Native.overdraft(account);
            asked.add(library + " " + missing + " " + mayThrow);
            if (missing > 64 * MB) {
                return new No();
            }
            Native.grant(account, missing);
            return null;
        });
        Native.bind(account);
        long first = allocate(4 * MB);
        equal(List.of(), asked, "what was granted");
        long second = allocate(8 * MB);
        equal(List.of("java:* " + 8 * MB + " true"), asked, "what was missing");
        long overdraft = figure(account, Native.OVERDRAFT_PEAK);
        thrown(() -> allocate(128 * MB));
        thrown(() -> reallocate(second, 256 * MB));
        thrown(() -> ByteBuffer.allocateDirect(100 * MB));
        equal(4, asked.size(), "times that the accountant was asked: " + asked);
        equal(12L * MB, figure(account, Native.USED), "bytes after three denials");
        equal(overdraft, figure(account, Native.OVERDRAFT_PEAK), "overdraft");
        free(first);
        free(second);
        Native.unbind();
        Boundary.handle(account, null);
        equal(0L, figure(account, Native.USED), "bytes in the end");
        settle(account);
    }

    /** What one thread of an account is about to take is not forgotten when another one's question has been answered. */
    private static void twoOfOneAccount() throws Exception {
        long account = open(4 * MB);
        CountDownLatch firstAsks = new CountDownLatch(1);
        Semaphore secondWasTold = new Semaphore(0);
        List<Long> missing = java.util.Collections.synchronizedList(new ArrayList<>());
        Boundary.handle(account, (library, mayThrow) -> {
            if (Thread.currentThread().getName().equals("first")) {
                firstAsks.countDown();
                secondWasTold.acquireUninterruptibly();
                missing.add(Native.overdraft(account));
            }
            return new No();
        });
        Thread first = new Thread(() -> deniedTo(account, 64 * MB), "first");
        first.start();
        firstAsks.await();
        Thread second = new Thread(() -> deniedTo(account, 16 * MB), "second");
        second.start();
        second.join();
        secondWasTold.release();
        first.join();
        equal(List.of(60L * MB), missing, "what the first one misses");
        equal(0L, Native.overdraft(account), "overdraft in the end");
        Boundary.handle(account, null);
        settle(account);
    }

    private static void deniedTo(long account, long bytes) {
        Native.bind(account);
        thrown(() -> allocate(bytes));
        Native.unbind();
    }

    /** Whoever is asked may bind the thread elsewhere, or nowhere: the block is whose the thread is then. */
    private static void boundElsewhereMeanwhile() {
        long account = open(4 * MB);
        long other = open(64 * MB);
        Boundary.handle(account, (library, mayThrow) -> {
            Native.unbind();
            return null;
        });
        Native.bind(account);
        free(allocate(32 * MB));
        equal(0L, Native.overdraft(account), "overdraft of whom the thread left");
        Boundary.handle(account, (library, mayThrow) -> {
            Native.bind(other);
            return null;
        });
        Native.bind(account);
        long block = allocate(32 * MB);
        equal(32L * MB, figure(other, Native.USED), "bytes where the thread is now");
        equal(0L, Native.overdraft(account), "overdraft of whom the thread left for another");
        free(block);
        Native.unbind();
        Boundary.handle(account, null);
        settle(account);
        settle(other);
    }

    /** Sizes that no process has: denied, and no sum of them comes out below nothing. */
    private static void moreThanThereIs() {
        long account = open(4 * MB);
        List<Long> missing = new ArrayList<>();
        Boundary.handle(account, (library, mayThrow) -> {
            missing.add(Native.overdraft(account));
            return new No();
        });
        Native.bind(account);
        long block = allocate(4 * MB);
        for (long bytes : new long[] {Long.MAX_VALUE - 7, Long.MAX_VALUE / 2, 1L << 50, 1L << 46}) {
            thrown(() -> allocate(bytes));
        }
        equal(List.of(1L << 47, 1L << 47, 1L << 47, 1L << 46), missing, "what was missing");
        equal(4L * MB, figure(account, Native.USED), "bytes after all these");
        free(block);
        Native.unbind();
        Boundary.handle(account, null);
        settle(account);
    }

    /** Somebody has Unsafe register its natives again, as profilers do to learn the JVM's own functions. */
    private static void registeredAgain() throws Exception {
        Method register = Class.forName("jdk.internal.misc.Unsafe").getDeclaredMethod("registerNatives");
        register.setAccessible(true);
        register.invoke(null);
        long account = open(1 << 30);
        Native.bind(account);
        long block = allocate(MB);
        equal((long) MB, figure(account, Native.USED), "bytes after the JVM's own functions were bound again");
        free(block);
        Native.unbind();
        settle(account);
        System.out.println("registered again");
    }

    private static void thrown(Runnable what) {
        try {
            what.run();
        } catch (No expected) {
            return;
        }
        throw new AssertionError("nothing was thrown");
    }

    /** Two accounts, eight virtual threads each, on the same carriers: none takes anything in the other's name. */
    private static void virtualThreads() throws Exception {
        if (Runtime.version().feature() < 21) {
            return;
        }
        Method start = Thread.class.getMethod("startVirtualThread", Runnable.class);
        long[] accounts = {open(1 << 30), open(1 << 30), 0};
        List<Thread> threads = new ArrayList<>();
        List<Throwable> wrong = java.util.Collections.synchronizedList(new ArrayList<>());
        long before = ofLibrary("java:*", "allocations");
        IntConsumer body = i -> {
            try {
                int which = i % 3;
                if (which < 2) {
                    Native.bind(accounts[which]);
                }
                for (int n = 0; n < 100; n++) {
                    long block = allocate(4096 << which);
                    Thread.yield();
                    free(block);
                }
                if (which < 2) {
                    Native.unbind();
                }
            } catch (Throwable e) {
                wrong.add(e);
            }
        };
        for (int i = 0; i < 24; i++) {
            int number = i;
            threads.add((Thread) start.invoke(null, (Runnable) () -> body.accept(number)));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        equal(List.of(), wrong, "what was thrown");
        for (int which = 0; which < 2; which++) {
            equal(800L * (4096 << which), figure(accounts[which], Native.CHARGED), "charged to account " + which);
            equal(0L, figure(accounts[which], Native.USED), "used by account " + which);
            settle(accounts[which]);
        }
        equal(before + 2400, ofLibrary("java:*", "allocations"), "blocks of all");
        System.out.println("on virtual threads");
    }

    private static long open(long grant) {
        long account = Native.open("task of a test", Native.root(), -1);
        Native.grant(account, grant);
        return account;
    }

    private static void settle(long account) {
        Native.stopRequests(account);
        Native.settle(account);
    }

    private static long figure(long account, int index) {
        return Native.read(account)[index];
    }

    private static long allocate(long bytes) {
        return (Long) call(ALLOCATE, bytes);
    }

    private static long reallocate(long block, long bytes) {
        return (Long) call(REALLOCATE, block, bytes);
    }

    private static void free(long block) {
        call(FREE, block);
    }

    private static Object call(Method method, Object... arguments) {
        try {
            return method.invoke(UNSAFE, arguments);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw new AssertionError(e);
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }
}
