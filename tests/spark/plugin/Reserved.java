package io.memgrant.tests;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.memory.MemoryManager;
import org.apache.spark.network.util.JavaUtils;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Spark's own sort, after a library in the same task has taken what it could get of the pool of 128 MB; it is only counted beyond
 * that. Property ends: whether the sort ends well or badly.
 */
public final class Reserved extends OnCluster {
    private static final int ROWS = 400_000;
    private static final long LITTLE = 64 << 10;
    /** On the executor. */
    private static final List<Long> TAKEN = new ArrayList<>();

    private Reserved(JavaSparkContext spark) {
        super(spark);
    }

    public static void main(String[] arguments) throws Exception {
        try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
            Reserved reserved = new Reserved(spark);
            String end = reserved.sort();
            boolean well = System.getProperty("ends").equals("well");
            Check.that(end.equals("sorted") == well && (well || end.contains("UNABLE_TO_ACQUIRE_MEMORY")),
                    well ? "with a reserve Spark's sort finishes beside a library that takes all it can"
                            : "without a reserve Spark's sort fails beside a library that has taken all",
                    "%s", first(end));
        }
    }

    private String sort() {
        try {
            long rows = SparkSession.builder().getOrCreate().range(0, ROWS, 1, 1).selectExpr("hash(id) as hash", "id")
                    .mapPartitions((org.apache.spark.api.java.function.MapPartitionsFunction<Row, String>) Reserved::hog,
                            org.apache.spark.sql.Encoders.STRING())
                    .sortWithinPartitions("value").toJavaRDD().count(); // of rows that were sorted, or Spark leaves it out
            return rows == ROWS ? "sorted" : rows + " rows";
        } catch (Exception failed) {
            return String.valueOf(failed.getMessage());
        }
    }

    private static Iterator<String> hog(Iterator<Row> rows) {
        free(TAKEN);
        TAKEN.clear();
        allocate(TAKEN, 160);
        MemoryManager manager = SparkEnv.get().memoryManager();
        long most = manager.maxOffHeapMemory() - JavaUtils.byteStringAsBytes(SparkEnv.get().conf().get("spark.memgrant.sparkReserve"));
        while (manager.offHeapExecutionMemoryUsed() + manager.offHeapStorageMemoryUsed() < most - LITTLE) {
            allocate(TAKEN, 1); // its courier is on the way
        }
        allocate(TAKEN, 32); // or Spark would get what was granted and is not used
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return rows.hasNext();
            }

            @Override
            public String next() {
                return String.valueOf(rows.next().getInt(0));
            }
        };
    }
}
