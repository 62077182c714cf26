package io.memgrant.tests;

import io.memgrant.demo.Work;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** A user's job with RocksDB, submitted to a cluster manager. */
public final class Submitted {
    private static final double SCALE = 0.01;
    private static final int PARTS = 4;

    private Submitted() {}

    /** Run by `memgrant submit --limit`. */
    public static void main(String[] words) {
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(
                SparkSession.builder().appName("submitted").getOrCreate().sparkContext());
        List<Work.Done> tasks = spark.parallelize(List.of(1, 2, 3, 4), PARTS)
                .map(part -> Work.load(SCALE, part, PARTS)).collect();
        for (Work.Done task : tasks) {
            Check.that(task.rows() > 0 && task.sparkPeak() > 0, "Spark granted what RocksDB took in task " + task.task(),
                    "%,d rows, %,d bytes on executor %s", task.rows(), task.sparkPeak(), task.executor());
        }
        spark.stop();
    }
}
