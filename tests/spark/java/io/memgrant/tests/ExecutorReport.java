package io.memgrant.tests;

import io.memgrant.Memgrant;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;

/** For drivers in other languages. */
public final class ExecutorReport {
    private ExecutorReport() {}

    /** The report of the one executor as it is now, after all tasks that the driver knows to have ended. */
    public static String read(JavaSparkContext spark) {
        return spark.parallelize(List.of(0), 1).map(nothing -> Memgrant.report()).collect().get(0);
    }
}
