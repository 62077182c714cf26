package io.memgrant.demo;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;

/** The task that asks for more than there is, and its neighbour in the same executor, who holds some of it. */
final class Greedy {
    /** Never full: RocksDB keeps everything in memory until it is closed. */
    private static final long WRITE_BUFFER = 2L << 30;
    private static final int RETRY_ASKS_FOR_LESS = 20;

    private static final CountDownLatch NEIGHBOUR_HOLDS_SOME = new CountDownLatch(1);
    private static final CountDownLatch FIRST_ATTEMPT_ENDED = new CountDownLatch(1);

    private Greedy() {}

    /** One record, a million puts. A second attempt is content with fewer. */
    static Work.Done load(int puts) throws Exception {
        TaskContext task = TaskContext.get();
        AtomicLong done = Census.remember(task);
        task.addTaskCompletionListener((TaskCompletionListener) ended -> FIRST_ATTEMPT_ENDED.countDown());
        NEIGHBOUR_HOLDS_SOME.await();
        long wanted = task.attemptNumber() == 0 ? puts : puts / RETRY_ASKS_FOR_LESS;
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
        return new Work.Done(0, task.taskAttemptId(), SparkEnv.get().executorId(), read[0], new PricingSummary(),
                sparkPeak);
    }

    /** Loads its part, waits until the greedy one has failed, and reads its part back. */
    static Work.Done neighbour(double scale, int part, int parts) throws Exception {
        TaskContext.get().addTaskCompletionListener((TaskCompletionListener) ended -> NEIGHBOUR_HOLDS_SOME.countDown());
        return Work.load(scale, part, parts, () -> {
            NEIGHBOUR_HOLDS_SOME.countDown();
            FIRST_ATTEMPT_ENDED.await();
        });
    }
}
