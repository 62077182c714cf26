package io.memgrant.tests;

import java.util.Iterator;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.memory.MemoryManager;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * spark.memgrant.pool=overhead on one real executor: native memory is granted from a pool of 128 MB, while Spark sorts on
 * heap.
 */
public final class Overhead extends OnCluster {
    private static final long POOL = 128 * MB;

    private Overhead(JavaSparkContext spark) {
        super(spark);
    }

    public static void main(String[] arguments) throws Exception {
        try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
            Overhead overhead = new Overhead(spark);
            overhead.granted();
            overhead.denied();
            overhead.saidNothing();
        }
    }

    private void granted() {
        List<String> seen = SparkSession.builder().getOrCreate().range(400_000).selectExpr("hash(id) as hash")
                .repartition(2).sortWithinPartitions("hash").toJavaRDD().mapPartitions(Overhead::besideASort).collect();
        Check.that(seen.size() == 2, "Spark grants native memory from the pool while the same task sorts on heap", "%s", seen);
        thatNothingIsLeft("after a sort");
    }

    private static Iterator<String> besideASort(Iterator<Row> sorted) {
        int first = next(sorted);
        List<Long> blocks = allocate(40);
        MemoryManager manager = SparkEnv.get().memoryManager();
        long granted = manager.getExecutionMemoryUsageForTask(TaskContext.get().taskAttemptId());
        String seen = manager.tungstenMemoryMode() + ", " + manager.onHeapExecutionMemoryUsed() + " bytes on heap, "
                + manager.offHeapExecutionMemoryUsed() + " of " + manager.maxOffHeapMemory() + " native";
        boolean asItShouldBe = first <= next(sorted) && manager.tungstenMemoryMode().name().equals("ON_HEAP")
                && manager.onHeapExecutionMemoryUsed() > MB && manager.offHeapExecutionMemoryUsed() >= 40 * MB
                && manager.maxOffHeapMemory() == POOL && granted > 40 * MB;
        free(blocks);
        if (!asItShouldBe) {
            throw new AssertionError(seen);
        }
        return List.of(seen).iterator();
    }

    private static int next(Iterator<Row> sorted) {
        if (!sorted.hasNext()) { // Spark's iterators need to be asked
            throw new AssertionError("nothing to sort");
        }
        return sorted.next().getInt(0);
    }

    private void denied() {
        String attempt = run(1, task -> {
            if (task.attemptNumber() == 0) {
                free(allocate(160));
            }
            return "attempt " + task.attemptNumber();
        }).get(0);
        Check.that(attempt.equals("attempt 1"), "and denies what the pool does not have", "%s", attempt);
        thatNothingIsLeft("after a denial");
    }
}
