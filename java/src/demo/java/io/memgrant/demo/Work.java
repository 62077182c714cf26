package io.memgrant.demo;

import io.trino.tpch.LineItem;
import java.io.Serializable;
import java.util.Iterator;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;

/** What the demo's tasks do: load a store, read it back. It is a user's code: it knows of Spark and RocksDB only. */
public final class Work {
    private static final long WRITE_BUFFER = 64L << 20;
    private static final int ROWS_BETWEEN_LOOKS = 4096;

    private Work() {}

    /**
     * What one task did and what Spark knew of its memory meanwhile.
     *
     * @param sparkPeak the most that Spark's TaskMemoryManager said of this task
     */
    public record Done(int part, long task, String executor, long rows, PricingSummary answer, long sparkPeak)
            implements Serializable {}

    /** Loads a part of lineitem into RocksDB, flushes it, and answers query 1 from what RocksDB gives back. */
    public static Done load(double scale, int part, int parts) throws Exception {
        return load(scale, part, parts, () -> { });
    }

    /** The same; {@code loaded} runs between loading and reading. */
    static Done load(double scale, int part, int parts, Pause loaded) throws Exception {
        TaskContext task = TaskContext.get();
        AtomicLong puts = Census.remember(task);
        PricingSummary answer = new PricingSummary();
        long sparkPeak = 0;
        try (Store store = new Store(WRITE_BUFFER)) {
            for (Iterator<LineItem> items = LineItems.part(scale, part, parts); items.hasNext();) {
                LineItem item = items.next();
                store.put(LineItems.key(item), LineItems.value(item));
                if (puts.incrementAndGet() % ROWS_BETWEEN_LOOKS == 0) {
                    sparkPeak = Math.max(sparkPeak, Census.memoryBySpark(task));
                }
            }
            sparkPeak = Math.max(sparkPeak, Census.memoryBySpark(task));
            loaded.run();
            store.flush();
            store.forEachValue(value -> LineItems.sumUp(value, answer));
            sparkPeak = Math.max(sparkPeak, Census.memoryBySpark(task));
        }
        return new Done(part, task.taskAttemptId(), SparkEnv.get().executorId(), puts.get(), answer, sparkPeak);
    }

    /** Something to do that may throw. */
    interface Pause {
        void run() throws Exception;
    }
}
