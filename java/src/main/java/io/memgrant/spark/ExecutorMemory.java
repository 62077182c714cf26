package io.memgrant.spark;

import io.memgrant.Account;
import io.memgrant.Memgrant;

/**
 * Native memory that no task owns. There are two accounts of it, which live as long as the process, longer than a
 * SparkContext: the executor's own (blocks of process-wide thread pools, and what outlives its task), and the overhead (what
 * heaps keep resident beyond their blocks). Thread-safe.
 */
final class ExecutorMemory {
    /** Overhead is asked for when it is measured, and given back a second later: little need be kept at hand. */
    private static final long OVERHEAD_KEPT = 2 << 20;

    private static ExecutorMemory only;

    private final ExecutorAccountant own = new ExecutorAccountant(Memgrant.root());
    private final ExecutorAccountant overhead = new ExecutorAccountant(Memgrant.overhead());
    private volatile SparkMemory memory;
    /** What others have paid for of what the executor's own account uses. */
    private volatile long covered;

    private ExecutorMemory() {}

    /** From now on from there. */
    static synchronized ExecutorMemory from(SparkMemory memory, Settings settings) {
        boolean isFirst = only == null;
        if (isFirst) {
            only = new ExecutorMemory();
        }
        only.memory = memory;
        only.own.moveTo(memory, settings.executorReserve(memory.size()), settings.grantBatch(memory.size()));
        only.overhead.moveTo(memory, 0, OVERHEAD_KEPT);
        if (isFirst) {
            Memgrant.root().startCourier(only.own);
            Memgrant.overhead().startCourier(only.overhead);
        }
        return only;
    }

    /**
     * Pays for what a task leaves behind, as far as Spark has room.
     *
     * @param end gives back what Spark granted the task; nobody gets what the task left in between
     */
    void inherit(Runnable end) {
        synchronized (own) {
            synchronized (memory.monitor()) {
                try {
                    end.run();
                } finally {
                    own.askForMissing();
                }
            }
        }
    }

    /**
     * A library that charges Spark itself has declared so much for tasks, beyond what it uses in their accounts, and uses so
     * much of it in the executor's own.
     */
    void cover(long declared, long covered) {
        Memgrant.root().cover(declared, covered, 0);
        this.covered = covered;
    }

    void askForMissing() {
        own.askForMissing();
        overhead.askForMissing();
    }

    /**
     * @param usedByTasks what the accounts of tasks use
     * @param keeps whether some of it stays, so that it need not come and go
     */
    void giveBackSurplus(long usedByTasks, boolean keeps) {
        long usedByOverhead = Memgrant.overhead().used();
        own.giveBackSurplus(Memgrant.root().used() - usedByTasks - usedByOverhead - covered, keeps);
        overhead.giveBackSurplus(usedByOverhead, keeps);
    }

    ExecutorAccountant own() {
        return own;
    }

    ExecutorAccountant overhead() {
        return overhead;
    }
}
