package io.memgrant.spark;

import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.memory.MemoryConsumer;
import org.apache.spark.memory.MemoryManager;
import org.apache.spark.memory.MemoryMode;
import org.apache.spark.memory.TaskMemoryManager;
import org.apache.spark.storage.BlockId;

/**
 * Spark's off-heap memory in this process, through {@link MemoryManager}: the part that is shared by all tasks. Its
 * methods are {@code private[memory]} in Scala and public in bytecode, the same in Spark 3.5.9 and 4.3.0. Thread-safe.
 */
final class SparkMemory {
    private static final MemoryMode MODE = MemoryMode.OFF_HEAP;

    private final MemoryManager manager;
    private final long boundaryWaitMillis;
    private final boolean mayAlwaysWait;
    private final long nativeAtMost;
    /** What native memory has here, or is being asked for, in bytes. */
    private final AtomicLong ofNative = new AtomicLong();

    /**
     * @param boundaryWaitMillis the longest that a task's own request may wait in Spark's pool
     * @param mayAlwaysWait whether {@link #acquireWithoutWaiting} may wait all the same
     * @param sparkReserve what native memory can't have, in bytes
     */
    SparkMemory(MemoryManager manager, long boundaryWaitMillis, boolean mayAlwaysWait, long sparkReserve) {
        this.manager = manager;
        this.boundaryWaitMillis = boundaryWaitMillis;
        this.mayAlwaysWait = mayAlwaysWait;
        this.nativeAtMost = Math.max(0, manager.maxOffHeapMemory() - sparkReserve);
    }

    /** The most that native memory may have here. */
    long nativeAtMost() {
        return nativeAtMost;
    }

    /**
     * Before native memory is asked for: how much of it may be, with what others have and ask for now. What is not granted
     * then is to be {@link #unclaim unclaimed}, and what is released later, under the monitor: it is always free, or claimed.
     */
    long claim(long bytes) {
        long before = ofNative.getAndUpdate(has -> has + claimable(bytes, has));
        return claimable(bytes, before);
    }

    private long claimable(long bytes, long has) {
        return Math.max(0, Math.min(bytes, nativeAtMost - has));
    }

    void unclaim(long bytes) {
        ofNative.addAndGet(-bytes);
    }

    /** Whether even a request for what is free may wait: only those who end such a wait may make one. */
    boolean mayAlwaysWait() {
        return mayAlwaysWait;
    }

    /** Around a request of the calling thread's. */
    BoundedWait boundWait() {
        return new BoundedWait(manager, boundaryWaitMillis);
    }

    /**
     * Execution memory for a task, as much of it as Spark gives without waiting, evicting or spilling.
     *
     * <p>Why it does not wait. {@code ExecutionMemoryPool.acquireMemory} waits only while it can grant less than asked
     * <em>and</em> the task would stay below 1/2N of the pool. We ask for no more than is free in both pools, and
     * nobody can change that while we hold the manager's monitor: so the pool grows out of free storage memory, and what
     * is asked for is free. Then less can only be granted because the task reached 1/N of the pool, and that is not below
     * 1/2N. The exception is memory that others report to Spark
     * ({@code spark.memory.unmanagedMemoryPollingInterval}, off by default): it lowers 1/N, but not 1/2N. Couriers are
     * safe from that too, see {@link TaskMemory#acquireMemory}.
     *
     * @param bytes above 0
     */
    long acquireWithoutWaiting(long bytes, long taskAttemptId) {
        synchronized (manager) {
            long request = claim(Math.min(bytes, free()));
            long got = 0;
            try {
                got = request > 0 ? manager.acquireExecutionMemory(request, taskAttemptId, MODE) : 0;
            } finally {
                unclaim(request - got);
            }
            return got;
        }
    }

    /** What of that native memory could have. */
    long freeForNative() {
        return claimable(free(), ofNative.get());
    }

    /** Free in the execution pool and in the storage pool, from which it may grow. Holds only as long as the monitor is held. */
    long free() {
        return manager.offHeapExecutionMemoryPool().memoryFree() + manager.offHeapStorageMemoryPool().memoryFree();
    }

    /**
     * What of Spark's memory may be used next without a question, at one moment: nothing is between the two.
     *
     * @param free as {@link #free}
     * @param granted to native memory, and what Spark may be granting it just now
     * @param ofSpark what Spark has for itself
     */
    record Promise(long free, long granted, long ofSpark) {}

    Promise promise() {
        synchronized (manager) {
            long free = free();
            long granted = ofNative.get();
            return new Promise(free, granted, Math.max(0, size() - free - granted));
        }
    }

    /** What Spark's operators allocate at once and then fill, in bytes; 0 where they do that on the heap. */
    long page() {
        return manager.tungstenMemoryMode() == MODE ? manager.pageSizeBytes() : 0;
    }

    void release(long bytes, long taskAttemptId) {
        synchronized (manager) {
            manager.releaseExecutionMemory(bytes, taskAttemptId, MODE);
            unclaim(bytes);
        }
    }

    /** What was granted through the task's own manager. */
    void release(long bytes, TaskMemoryManager task, MemoryConsumer consumer) {
        synchronized (manager) {
            task.releaseExecutionMemory(bytes, consumer);
            unclaim(bytes);
        }
    }

    /** Storage memory, all or nothing. May evict cached blocks, never running tasks' memory. */
    boolean acquireStorage(BlockId owner, long bytes) {
        long claimed = claim(bytes);
        boolean acquired = false;
        try {
            acquired = claimed == bytes && manager.acquireStorageMemory(owner, bytes, MODE);
        } finally {
            unclaim(acquired ? 0 : claimed); // also where an eviction throws: its disk is full, or its thread was interrupted
        }
        return acquired;
    }

    /** Spark wakes nobody for it, since it always expects storage memory to be evicted instead. */
    void releaseStorage(long bytes) {
        if (bytes > 0) {
            synchronized (manager) {
                manager.releaseStorageMemory(bytes, MODE);
                unclaim(bytes);
                manager.notifyAll();
            }
        }
    }

    /** The most that storage could have now: what execution does not use. */
    long storageAtMost() {
        return manager.maxOffHeapStorageMemory();
    }

    /** The most that Spark lets one of so many tasks have now: 1/N of what execution can have. */
    long shareAmong(int tasks) {
        return (size() - Math.min(storageUsed(), manager.offHeapStorageMemory())) / Math.max(1, tasks);
    }

    long size() {
        return manager.maxOffHeapMemory();
    }

    long executionUsed() {
        return manager.offHeapExecutionMemoryUsed();
    }

    long storageUsed() {
        return manager.offHeapStorageMemoryUsed();
    }

    /** Whether the calling thread is inside Spark's memory manager, for example in the eviction of a block. */
    boolean isHeldByThisThread() {
        return Thread.holdsLock(manager);
    }

    /** The monitor under which all of Spark's acquisitions happen. */
    Object monitor() {
        return manager;
    }
}
