package io.memgrant;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Carries one account's requests to its accountant, on a daemon thread that waits in native code until the account runs
 * low. One thread for each open account, because an accountant that keeps one account waiting must not keep the others
 * waiting. The threads themselves serve one account after the other: a task may be shorter than the start of a thread.
 */
final class Courier implements Runnable {
    private static final long END_MILLIS = 2_000;
    private static final long IDLE_SECONDS = 30;
    private static final String IDLE = "memgrant courier";

    private static final ExecutorService THREADS = new ThreadPoolExecutor(0, Integer.MAX_VALUE, IDLE_SECONDS,
            TimeUnit.SECONDS, new SynchronousQueue<>(), Courier::newThread);

    /** Those that wait for their accountant's answer. */
    private static final Set<Courier> ASKING = ConcurrentHashMap.newKeySet();
    private static volatile boolean oneBroke;

    private final long account;
    private final String accountName;
    private final NativeMemoryAccountant accountant;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile Thread thread;
    private volatile long askedNanos;

    private Courier(long account, String accountName, NativeMemoryAccountant accountant) {
        this.account = account;
        this.accountName = accountName;
        this.accountant = accountant;
    }

    static Courier start(long account, String accountName, NativeMemoryAccountant accountant) {
        Courier courier = new Courier(account, accountName, accountant);
        THREADS.execute(courier);
        return courier;
    }

    private static Thread newThread(Runnable work) {
        // No inherited thread locals: Spark's local properties of a task would live as long as the thread.
        Thread thread = new Thread(null, work, IDLE, 0, false);
        thread.setDaemon(true);
        thread.setContextClassLoader(null);
        return thread;
    }

    /** Never lets anything out: an uncaught exception in any thread ends a Spark executor. */
    @Override
    public void run() {
        thread = Thread.currentThread();
        try {
            thread.setName(IDLE + ": " + accountName);
            carry();
        } catch (Throwable broken) {
            oneBroke = true;
            Say.once("no more memory is asked for", accountName + ": " + broken);
        } finally {
            thread.setName(IDLE);
            ended.countDown();
        }
    }

    private void carry() {
        long asked;
        while ((asked = Native.awaitRequest(account)) > 0) {
            askedNanos = System.nanoTime();
            ASKING.add(this);
            long granted = acquire(asked);
            ASKING.remove(this);
            long waited = System.nanoTime() - askedNanos;
            Native.answer(account, asked, granted, waited);
            Recorder.granted(accountName, asked, granted, waited);
        }
    }

    /** See {@link Mode#longestRequestNanos}. */
    static long longestRequestNanos() {
        long now = System.nanoTime();
        long longest = oneBroke ? Long.MAX_VALUE : 0;
        for (Courier asking : ASKING) {
            longest = Math.max(longest, now - asking.askedNanos);
        }
        return longest;
    }

    private long acquire(long asked) {
        Thread.interrupted(); // an old interrupt, meant for an earlier request
        try {
            return Math.max(0, Math.min(asked, accountant.acquireMemory(asked)));
        } catch (Throwable refused) {
            Say.once("a request for memory ended as a denial", refused);
            return 0;
        }
    }

    /**
     * Waits for its end after {@link Native#stopRequests}, which comes at once unless an accountant breaks its promise
     * not to wait; such a one is interrupted. The caller's own interrupt is kept.
     *
     * @return whether it has ended
     */
    boolean awaitEnd() {
        boolean interrupted = Thread.interrupted();
        interrupted |= awaitUninterrupted();
        if (ended.getCount() > 0 && thread != null) {
            thread.interrupt();
            interrupted |= awaitUninterrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return ended.getCount() == 0;
    }

    /** Whether the caller was interrupted meanwhile. */
    private boolean awaitUninterrupted() {
        boolean interrupted = false;
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(END_MILLIS);
        for (long left = end - System.nanoTime(); left > 0 && ended.getCount() > 0; left = end - System.nanoTime()) {
            try {
                ended.await(left, TimeUnit.NANOSECONDS);
            } catch (InterruptedException meanwhile) {
                interrupted = true;
            }
        }
        return interrupted;
    }
}
