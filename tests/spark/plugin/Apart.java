package io.memgrant.tests;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;

/** Two executors with two cores each; Spark runs the next attempt of a task on another one than the last. */
public final class Apart extends OnCluster {
    /** On each executor. */
    private static volatile boolean isDeniedHere;
    private static final AtomicInteger RUNNING = new AtomicInteger();

    private Apart(JavaSparkContext spark) {
        super(spark);
    }

    public static void main(String[] arguments) throws Exception {
        try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
            Apart apart = new Apart(spark);
            while (spark.sc().getExecutorMemoryStatus().size() < 3) { // the driver is one of them
                Thread.onSpinWait();
            }
            apart.theNeedGoesAlong();
        }
    }

    private static boolean isAnyoneWaitingToStart() {
        return Thread.getAllStackTraces().entrySet().stream()
                .filter(thread -> thread.getKey().getState() == Thread.State.TIMED_WAITING)
                .flatMap(thread -> Stream.of(thread.getValue())).anyMatch(frame -> frame.getMethodName().equals("waitUntil"));
    }

    /** Nothing is thrown into a method that was given a handle, not for some boundaries. */
    private static long large() {
        return Target.allocate(200 * MB);
    }

    private static String overfill() {
        long block = large();
        try {
            for (int i = 0; i < 20; i++) {
                Target.free(Target.allocate(MB));
                Target.boundary();
            }
            return "not denied";
        } finally {
            Target.free(block);
        }
    }

    private static String runBeside(TaskContext task) {
        if (task.attemptNumber() > 0) {
            return "attempt " + task.attemptNumber() + " beside " + (RUNNING.get() - 1) + " others";
        }
        if (task.partitionId() == 0) {
            isDeniedHere = true;
            return overfill();
        }
        List<Long> blocks = allocate(20);
        while (!isDeniedHere && !isAnyoneWaitingToStart()) {
            Thread.onSpinWait();
        }
        free(blocks);
        return "attempt 0";
    }

    private void theNeedGoesAlong() {
        List<String> seen = run(3, task -> { // and one core is free
            RUNNING.incrementAndGet();
            try {
                return SparkEnv.get().executorId() + ": " + runBeside(task);
            } finally {
                RUNNING.decrementAndGet();
            }
        });
        long elsewhere = seen.stream().filter(end -> end.startsWith(seen.get(0).substring(0, 2) + " attempt 0")).count();
        Check.that(seen.get(0).endsWith("attempt 1 beside 0 others") && elsewhere > 0,
                "a task that was denied costs one attempt, and starts on another executor when it can have what it needs", "%s", seen);
    }
}
