package io.memgrant.demo;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;

/** The task that asks for more than there is, and its neighbour in the same executor, who holds some of it. */
final class Greedy {
    /** Never full: RocksDB keeps everything in memory until it is closed. */
    private static final long WRITE_BUFFER = 2L << 30;
    private static final int RETRY_ASKS_FOR_LESS = 40;
    private static final Map<String, Greedy> JOBS = new ConcurrentHashMap<>();

    private final CountDownLatch neighbourHoldsSome = new CountDownLatch(1);
    private final CountDownLatch firstAttemptEnded = new CountDownLatch(1);

    private Greedy() {}

    /** What the tasks of one job share in their executor. */
    private static Greedy of(String job) {
        return JOBS.computeIfAbsent(job, name -> new Greedy());
    }

    /**
     * Waits until the neighbour holds some; how much the greedy task wants then. A second attempt wants less, and waits for nobody:
     * once no other task is left to be placed, Spark may start it on either executor.
     */
    private static long start(String job, TaskContext task, long wanted) throws InterruptedException {
        if (task.attemptNumber() > 0) {
            return wanted / RETRY_ASKS_FOR_LESS;
        }
        Greedy meeting = of(job);
        task.addTaskCompletionListener((TaskCompletionListener) ended -> meeting.firstAttemptEnded.countDown());
        meeting.neighbourHoldsSome.await();
        return wanted;
    }

    /** One record, a million puts into RocksDB. */
    static Work.Done put(String job, int puts) throws Exception {
        TaskContext task = TaskContext.get();
        AtomicLong done = Census.remember(task);
        long wanted = start(job, task, puts);
        long[] read = new long[1];
        long sparkPeak = 0;
        try (Store store = new Store(WRITE_BUFFER)) {
            byte[] value = "a record that looks like any other; ".repeat(4).getBytes(StandardCharsets.US_ASCII);
            while (done.get() < wanted) {
                store.put(ByteBuffer.allocate(8).putLong(done.get()).array(), value);
                done.incrementAndGet();
            }
            sparkPeak = Census.memoryBySpark(task);
            store.forEachValue(bytes -> read[0]++);
        }
        return new Work.Done(0, task.taskAttemptId(), SparkEnv.get().executorId(), read[0], null, null, null, sparkPeak);
    }

    /** One record: a file is copied into a table of DuckDB's until that has so many rows; then the table is sorted. */
    static Work.Done copy(String job, String file, int rows) throws Exception {
        TaskContext task = TaskContext.get();
        AtomicLong done = Census.remember(task);
        long wanted = start(job, task, rows);
        try (Warehouse warehouse = new Warehouse(Work.DUCKDB_THREADS)) {
            while (done.get() < wanted) {
                done.addAndGet(warehouse.copy(file));
            }
            long sparkPeak = Census.memoryBySpark(task);
            Warehouse.Sorted sorted = warehouse.sortCopies();
            return new Work.Done(0, task.taskAttemptId(), SparkEnv.get().executorId(), done.get(), null, null, sorted,
                    sparkPeak);
        }
    }

    /** Loads its part, waits until the greedy one has failed, reads its part back and asks DuckDB. */
    static Work.Done neighbour(String job, double scale, int part, int parts, String file) throws Exception {
        Greedy meeting = of(job);
        TaskContext.get()
                .addTaskCompletionListener((TaskCompletionListener) ended -> meeting.neighbourHoldsSome.countDown());
        return Work.loadAndQuery(scale, part, parts, file, () -> {
            meeting.neighbourHoldsSome.countDown();
            meeting.firstAttemptEnded.await();
        });
    }
}
