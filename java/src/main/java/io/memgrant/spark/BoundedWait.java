package io.memgrant.spark;

import java.util.concurrent.ScheduledFuture;

/**
 * Ends the calling thread's wait in Spark's execution memory pool after a while. Spark itself waits there until other tasks
 * give memory back; a task that waits at a native method's boundary may hold a lock that those need, which Spark's own
 * operators never do. The interrupt is sent only to a thread that is in that very wait, under the monitor that it waits on,
 * so that it can end nothing else.
 */
final class BoundedWait {
    /** A thread that was not waiting at the end of its time, but spilled, may wait after it. */
    private static final long LOOK_MILLIS = 1_000;

    private final Thread thread = Thread.currentThread();
    private final Object monitor;
    private final ScheduledFuture<?> end;
    /** Both guarded by the monitor. */
    private boolean closed;
    private boolean ended;

    /** @param monitor the one that Spark's pools wait on */
    BoundedWait(Object monitor, long millis) {
        this.monitor = monitor;
        this.end = Watch.every(millis, LOOK_MILLIS, this::endWait);
    }

    /**
     * Whether the calling thread's wait could be ended. Where it runs uninterruptibly, as in a poll of Spark's Kafka consumer,
     * an interrupt would end nothing, and come when it is out of there.
     */
    static boolean isPossible() {
        return StackWalker.getInstance().walk(frames -> frames.noneMatch(frame -> frame.getMethodName().equals("runUninterruptibly")
                && frame.getClassName().equals("org.apache.spark.util.UninterruptibleThread")));
    }

    /** A thread that waits cannot go on while we have the monitor. One that spills or evicts now is left alone. */
    private void endWait() {
        synchronized (monitor) {
            if (!closed && !ended && isInPool(thread)) {
                ended = true;
                thread.interrupt();
            }
        }
    }

    /** Whether a thread waits in Spark's execution memory pool. Sure as long as the monitor is held. */
    static boolean isInPool(Thread thread) {
        if (thread.getState() != Thread.State.WAITING) {
            return false;
        }
        for (StackTraceElement frame : thread.getStackTrace()) {
            if (frame.getClassName().equals("org.apache.spark.memory.ExecutionMemoryPool")) {
                return true;
            }
        }
        return false;
    }

    /** Whether an InterruptedException that the thread got is ours. */
    boolean wasEnded() {
        synchronized (monitor) {
            return ended;
        }
    }

    void close() {
        end.cancel(false);
        synchronized (monitor) {
            closed = true;
        }
    }
}
