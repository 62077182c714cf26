package io.memgrant.tests;

import io.memgrant.Memgrant;
import io.memgrant.demo.Work;
import java.util.List;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.rocksdb.WriteBatch;

/**
 * A user's job in which Spark's memory manager does not answer a courier. With spark.memgrant.courierWaitMs=1 that is too long as soon as it is seen,
 * and enforcement is off for the application; whatever courier is seen to be late first, all that is asked for here holds from then on.
 */
public final class Stuck {
    private static final int PARTS = 4;
    /** More than a task is granted at its start, and less than it may have without a grant. */
    private static final int MORE = 48 << 20;
    /** More than the pool of 256 MB. */
    private static final int TOO_MUCH = 300 << 20;

    private Stuck() {}

    /** Run by `memgrant submit --limit 256m`. */
    public static void main(String[] words) {
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(
                SparkSession.builder().appName("stuck").getOrCreate().sparkContext());
        spark.parallelize(List.of(1, 2, 3, 4), PARTS).foreach(part -> Work.load(0.01, part, PARTS));
        spark.parallelize(List.of(1), 1).foreach(one -> withoutAnswer());
        Check.that(true, "a courier got no answer, and its executor observes", "while its task held Spark's memory manager");
        long granted = spark.parallelize(List.of(1), 1).map(one -> tooMuch()).collect().get(0);
        Check.that(granted == 0, "the next task has more than the pool, and Spark learns nothing of it", "%d bytes granted", granted);
        spark.stop();
    }

    /** The task's courier waits for the monitor that is held here until the driver's word has come. */
    private static void withoutAnswer() {
        synchronized (SparkEnv.get().memoryManager()) {
            try (WriteBatch more = new WriteBatch(MORE)) {
                while (!Memgrant.report().contains("\"mode\":\"observe\"")) {
                    Thread.onSpinWait();
                }
                more.clear();
            }
        }
    }

    private static long tooMuch() {
        try (WriteBatch much = new WriteBatch(TOO_MUCH)) {
            return much.count() + TaskContext.get().taskMemoryManager().getMemoryConsumptionForThisTask();
        }
    }
}
