package io.memgrant.tests;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.spark.SparkConf;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Executors with one core each in one memory cgroup that has room for all that they ask. Spark's pool has 128 MB in each; a task
 * that wants more is lent the rest exactly where the log says so.
 */
public final class Together extends OnCluster {
    private Together(JavaSparkContext spark) {
        super(spark);
    }

    /** Property {@code says}: what the log of each executor says of its policy. */
    public static void main(String[] arguments) throws Exception {
        SparkConf conf = new SparkConf();
        int executors = Integer.parseInt(conf.get("spark.master").replaceAll("\\D*(\\d+).*", "$1"));
        String says = System.getProperty("says");
        try (JavaSparkContext spark = new JavaSparkContext(conf)) {
            Together together = new Together(spark);
            while (spark.sc().getExecutorMemoryStatus().size() <= executors) { // the driver is one of them
                Thread.onSpinWait();
            }
            together.wantsMore(says.contains("headroom"));
            String said = together.said();
            Check.that(said.contains(says), "the log says which policy it is and why", "%s", said);
        }
    }

    private static String use() {
        List<Long> blocks = allocate(200);
        free(blocks);
        return "attempt " + TaskContext.get().attemptNumber();
    }

    private void wantsMore(boolean isLent) {
        if (isLent) {
            List<String> seen = run(1, task -> use());
            Check.that(seen.equals(List.of("attempt 0")), "a task that wants more than the pool has is lent it", "%s", seen);
        } else {
            String seen = failure(1, task -> use());
            Check.that(seen.contains("SparkOutOfMemoryError"), "a task that wants more than the pool has is denied it", "%s",
                    first(seen));
        }
    }

    /** By an executor on which a task was denied or lent something: what it said, it said then. */
    private String said() {
        return run(16, task -> Files.readString(Path.of("stderr")).lines().filter(line -> line.contains("memgrant: "))
                .collect(Collectors.joining("; "))).stream().distinct().collect(Collectors.joining("; "));
    }
}
