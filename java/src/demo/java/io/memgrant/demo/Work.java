package io.memgrant.demo;

import io.airlift.tpch.LineItem;
import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;

/**
 * What the demo's tasks do: load a store and read it back; query and sort a parquet file. It is a user's code: it knows of
 * Spark, RocksDB and DuckDB only.
 */
public final class Work {
    private static final long WRITE_BUFFER = 64L << 20;
    private static final int ROWS_BETWEEN_LOOKS = 4096;
    static final int DUCKDB_THREADS = 2;

    private Work() {}

    /**
     * What one task did and what Spark knew of its memory meanwhile.
     *
     * @param rows how many rows it gave to RocksDB
     * @param answer query 1 from what RocksDB gave back; null when it was not asked
     * @param query query 1 by DuckDB; null when it was not asked
     * @param sorted the sort by DuckDB; null when it was not asked
     * @param sparkPeak the most that Spark's TaskMemoryManager said of this task
     */
    public record Done(int part, long task, String executor, long rows, PricingSummary answer, PricingSummary query,
            Warehouse.Sorted sorted, long sparkPeak) implements Serializable {
        /** The same task's, with what it did after that. */
        private Done and(Done next) {
            return new Done(part, task, executor, rows, answer, next.query, next.sorted,
                    Math.max(sparkPeak, next.sparkPeak));
        }
    }

    /** Both libraries' work on one part, one after the other. */
    static Done loadAndQuery(double scale, int part, int parts, String file) throws Exception {
        return loadAndQuery(scale, part, parts, file, () -> { });
    }

    /** The same; {@code loaded} runs between loading RocksDB and reading it. */
    static Done loadAndQuery(double scale, int part, int parts, String file, Pause loaded) throws Exception {
        return load(scale, part, parts, loaded).and(query(part, List.of(file)));
    }

    /** Query 1 and a sort by DuckDB. */
    static Done query(int part, List<String> files) throws Exception {
        TaskContext task = TaskContext.get();
        Census.remember(task);
        try (Warehouse warehouse = new Warehouse(DUCKDB_THREADS)) {
            PricingSummary query = warehouse.pricingSummary(files);
            long sparkPeak = Census.memoryBySpark(task);
            Warehouse.Sorted sorted = warehouse.sort(files);
            sparkPeak = Math.max(sparkPeak, Census.memoryBySpark(task));
            return new Done(part, task.taskAttemptId(), SparkEnv.get().executorId(), 0, null, query, sorted, sparkPeak);
        }
    }

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
        return new Done(part, task.taskAttemptId(), SparkEnv.get().executorId(), puts.get(), answer, null, null,
                sparkPeak);
    }

    /** Something to do that may throw. */
    interface Pause {
        void run() throws Exception;
    }
}
