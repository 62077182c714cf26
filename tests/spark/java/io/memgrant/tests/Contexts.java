package io.memgrant.tests;

import io.memgrant.Memgrant;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BooleanSupplier;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.memory.MemoryManager;

/** One SparkContext after another in a process: each has a memory manager of its own, and the survivors are the same. */
public final class Contexts {
    private static final long MB = 1 << 20;
    private static final int SURVIVORS = 40;
    private static final long MUCH = 40 * MB;
    private static final Queue<Long> LEFT = new ConcurrentLinkedQueue<>();

    private Contexts() {}

    /** Run by spark-submit with a pool of 64 MB. */
    public static void main(String[] words) throws Exception {
        try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
            spark.parallelize(List.of(1), 1).foreach(one -> leave());
            Check.that(storage() >= SURVIVORS * MB, "the first SparkContext pays for what a task left", "%d bytes", storage());
        }
        try (JavaSparkContext spark = new JavaSparkContext(new SparkConf().set("spark.memory.offHeap.size", "24m"))) {
            Check.that(storage() == 24 * MB, "one with a smaller pool pays with all of it", "%d bytes", storage());
            spark.parallelize(List.of(1), 1).foreach(one -> freeOne());
        }
        try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
            await(() -> storage() >= used() + overhead()); // what was measured just now its courier asks for
            Check.that(used() == (SURVIVORS - 1) * MB && granted() >= used(),
                    "the next one with room pays for all that is left", "%d used, %d overhead, %d storage", used(),
                    overhead(), storage());
            spark.parallelize(List.of(1), 1).foreach(one -> LEFT.forEach(Target::free));
            awaitGranted(8 * MB);
            Check.that(granted() == 8 * MB && used() == 0, "when it is freed, the reserve stays", "%d bytes granted",
                    granted());
            spark.parallelize(List.of(1), 1).foreach(one -> all());
        }
        Check.thatBooksBalance("at the end");
    }

    private static MemoryManager manager() {
        return SparkEnv.get().memoryManager();
    }

    private static long storage() {
        return manager().offHeapStorageMemoryUsed();
    }

    private static void leave() {
        for (int i = 0; i < SURVIVORS; i++) {
            LEFT.add(Target.allocate(MB));
        }
    }

    private static void freeOne() {
        Target.free(LEFT.remove());
    }

    private static long overhead() {
        return Memgrant.overhead().used();
    }

    private static long used() {
        return Memgrant.root().used() - overhead();
    }

    private static long granted() {
        return Memgrant.root().granted();
    }

    /** Returns when this process has as little of Spark's storage memory for what no task owns. */
    static void awaitGranted(long atMost) throws InterruptedException {
        await(() -> granted() <= atMost);
    }

    private static void await(BooleanSupplier holds) throws InterruptedException {
        synchronized (manager()) {
            while (!holds.getAsBoolean()) {
                manager().wait(100); // what is acquired notifies nobody
            }
        }
    }

    /** What the reserve leaves can be had, but for what heaps keep; with the survivors there would not be so much. */
    private static void all() {
        long block = Target.allocate(MUCH);
        Target.boundary();
        Target.free(block);
    }
}
