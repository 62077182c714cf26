package io.memgrant.spark;

import java.util.Random;
import org.apache.spark.SparkConf;
import org.apache.spark.memory.MemoryMode;
import org.apache.spark.memory.UnifiedMemoryManager;
import org.apache.spark.storage.BlockId;
import org.apache.spark.storage.TestBlockId;

/**
 * SparkMemory.acquireWithoutWaiting never waits, evicts or spills, in random states of Spark's real memory manager.
 *
 * <p>The oracle is the interrupt flag: with the flag up, Object.wait() throws before it waits, so a wait is seen and
 * nothing can hang. Evicting is seen too: no memory store is set, and Spark throws where it would ask it. The same
 * requests made to Spark plainly do wait and evict in many of the states; otherwise the test would prove nothing.
 */
final class WithoutWaiting {
    private static final int STATES = 20_000;
    private static final int LOOKS = 1_000_000;
    private static final long POOL = 64 << 20;

    private static int waits;
    private static int evictions;
    private static int partial;

    public static void main(String[] arguments) {
        Random random = new Random(7);
        for (int state = 0; state < STATES; state++) {
            oneState(random);
        }
        check(waits > STATES / 20, "plain acquisitions waited in " + waits + " states only");
        check(evictions > STATES / 100, "plain acquisitions wanted to evict in " + evictions + " states only");
        check(partial > STATES / 20, "partial grants in " + partial + " states only");
        endsAtOnce();
        freeOrGranted();
        afterAnEvictionThatFailed();
        System.out.println(STATES + " states, 0 waits; plain requests waited in " + waits + " and wanted to evict in "
                + evictions + "; " + partial + " partial grants");
    }

    /** The shortest bound is one too. */
    private static void endsAtOnce() {
        UnifiedMemoryManager manager = manager(0);
        SparkMemory memory = new SparkMemory(manager, 0, false, 0);
        memory.acquireWithoutWaiting(POOL, 1);
        BoundedWait wait = memory.boundWait();
        try {
            manager.acquireExecutionMemory(POOL, 2, MemoryMode.OFF_HEAP);
            check(false, "granted what there is not");
        } catch (Exception ended) { // Scala does not declare it
            check(ended instanceof InterruptedException && wait.wasEnded(), "unexpected " + ended);
        } finally {
            wait.close();
        }
    }

    /** While another thread takes and gives back, no byte of the pool is ever neither free nor granted. */
    private static void freeOrGranted() {
        SparkMemory memory = new SparkMemory(manager(0.5), 0, false, 0);
        Thread other = new Thread(() -> {
            BlockId owner = new TestBlockId("native");
            while (!Thread.currentThread().isInterrupted()) {
                memory.release(memory.acquireWithoutWaiting(POOL / 2, 1), 1);
                memory.releaseStorage(memory.acquireStorage(owner, POOL / 4) ? POOL / 4 : 0);
            }
        });
        other.start();
        try {
            for (int i = 0; i < LOOKS; i++) {
                SparkMemory.Promise promise = memory.promise();
                check(promise.free() + promise.granted() >= POOL, "missing: " + promise);
            }
        } finally {
            other.interrupt();
        }
    }

    /** What was asked for then native memory may have later. */
    private static void afterAnEvictionThatFailed() {
        UnifiedMemoryManager manager = manager(0.5);
        SparkMemory memory = new SparkMemory(manager, 0, false, 0);
        BlockId owner = new TestBlockId("native");
        check(manager.acquireStorageMemory(new TestBlockId("cached"), POOL * 3 / 4, MemoryMode.OFF_HEAP), "a block is cached");
        try {
            memory.acquireStorage(owner, POOL / 2);
            check(false, "an eviction without a memory store");
        } catch (Exception failed) {
            check(failed.getMessage().contains("memory store not initialized"), "unexpected " + failed);
            manager.releaseStorageMemory(POOL * 3 / 4, MemoryMode.OFF_HEAP);
        }
        check(memory.acquireStorage(owner, POOL), "all of the pool is native memory's after an eviction failed");
    }

    private static void oneState(Random random) {
        UnifiedMemoryManager manager = manager(random.nextInt(10) / 10.0);
        SparkMemory memory = new SparkMemory(manager, 60_000, false, 0);
        int tasks = 1 + random.nextInt(8);
        boolean storageFirst = random.nextBoolean();
        if (storageFirst) {
            store(manager, random);
        }
        for (int task = 0; task < tasks; task++) {
            // As the first ones of few tasks do, which get more than their share once there are more.
            memory.acquireWithoutWaiting(1 + (random.nextLong() >>> 1) % (random.nextBoolean() ? POOL : 1 << 20), task);
        }
        if (!storageFirst) {
            store(manager, random);
        }
        long task = random.nextInt(tasks + 1);
        long bytes = 1 + (random.nextLong() >>> 1) % (random.nextBoolean() ? 2 * POOL : POOL / 16);
        long before = manager.getExecutionMemoryUsageForTask(task);
        Thread.currentThread().interrupt();
        long got = memory.acquireWithoutWaiting(bytes, task);
        check(Thread.interrupted(), "a wait began and was ended by the interrupt");
        check(got >= 0 && got <= bytes, "granted " + got + " of " + bytes);
        check(manager.getExecutionMemoryUsageForTask(task) == before + got, "Spark counted something else");
        if (got > 0 && got < bytes) {
            partial++;
        }
        memory.release(got, task);
        plainly(manager, bytes, task);
    }

    private static void plainly(UnifiedMemoryManager manager, long bytes, long task) {
        Thread.currentThread().interrupt();
        try {
            manager.acquireExecutionMemory(bytes, task, MemoryMode.OFF_HEAP);
        } catch (Exception ended) { // an InterruptedException may be one of them, which Scala does not declare
            boolean waited = ended instanceof InterruptedException;
            check(waited || ended.getMessage().contains("memory store not initialized"), "unexpected " + ended);
            waits += waited ? 1 : 0;
            evictions += waited ? 0 : 1;
        } finally {
            Thread.interrupted();
        }
    }

    /** Spark's cache takes what it can without evicting. */
    private static void store(UnifiedMemoryManager manager, Random random) {
        long free = POOL - manager.offHeapExecutionMemoryUsed() - manager.offHeapStorageMemoryUsed();
        if (free > 0) {
            manager.acquireStorageMemory(new TestBlockId("cached"), (random.nextLong() >>> 1) % free, MemoryMode.OFF_HEAP);
        }
    }

    private static UnifiedMemoryManager manager(double storageFraction) {
        SparkConf conf = new SparkConf(false)
                .set("spark.memory.offHeap.enabled", "true")
                .set("spark.memory.offHeap.size", Long.toString(POOL))
                .set("spark.memory.storageFraction", Double.toString(storageFraction));
        return new UnifiedMemoryManager(conf, POOL, POOL / 2, 4);
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
