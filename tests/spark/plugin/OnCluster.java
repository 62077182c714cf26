package io.memgrant.tests;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.apache.spark.ExceptionFailure;
import org.apache.spark.SparkEnv;
import org.apache.spark.SparkException;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.memory.MemoryManager;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.TaskSchedulerImpl;

/** Tasks on the executors of a real cluster, and what is seen there when they are over. */
abstract class OnCluster {
    static final long MB = 1 << 20;

    final JavaSparkContext spark;

    OnCluster(JavaSparkContext spark) {
        this.spark = spark;
        spark.sc().addSparkListener(new SparkListener() {
            @Override
            public void onTaskEnd(SparkListenerTaskEnd end) {
                if (end.reason() instanceof ExceptionFailure failure && failure.className().equals(AssertionError.class.getName())) {
                    endAtOnce(failure.description());
                }
            }
        });
    }

    /** What a task found wrong: others may wait for it for ever, and so may the driver. */
    private static void endAtOnce(String why) {
        System.out.println("FAILED - in a task: " + why);
        System.out.flush();
        Runtime.getRuntime().halt(1);
    }

    /** What a task does: a line of text, or an exception. */
    interface Body extends Serializable {
        String run(TaskContext task) throws Exception;
    }

    /** Runs that many tasks, and then looks at the executor when all are over. */
    List<String> run(int count, Body body) {
        List<Integer> numbers = IntStream.range(0, count).boxed().toList();
        return spark.parallelize(numbers, count).map(number -> body.run(TaskContext.get())).collect();
    }

    /** A task that was killed, or whose job failed without it, ends later than its job. */
    void awaitAllTasks() {
        TaskSchedulerImpl scheduler = (TaskSchedulerImpl) spark.sc().taskScheduler();
        while (scheduler.runningTasksByExecutors().values().exists(running -> (Integer) running > 0)) {
            Thread.onSpinWait();
        }
    }

    /** Execution memory on the executor without what the looking task itself has: after every act it is 0. */
    long left() {
        awaitAllTasks();
        return Long.parseLong(run(1, task -> {
            MemoryManager manager = SparkEnv.get().memoryManager();
            synchronized (manager) {
                long all = manager.offHeapExecutionMemoryUsed();
                return Long.toString(all - manager.getExecutionMemoryUsageForTask(task.taskAttemptId()));
            }
        }).get(0));
    }

    void thatNothingIsLeft(String when) {
        long left = left();
        Check.that(left == 0, "Spark shows no execution memory for tasks that are over, " + when, "%d bytes", left);
    }

    /** Allocates blocks of 1 MB, each followed by a boundary; what there is when it ends in a denial is in the list too. */
    static List<Long> allocate(List<Long> blocks, int count) {
        for (int i = 0; i < count; i++) {
            blocks.add(Target.allocate(MB));
            Target.boundary();
        }
        return blocks;
    }

    static List<Long> allocate(int count) {
        return allocate(new ArrayList<>(), count);
    }

    static void free(List<Long> blocks) {
        blocks.forEach(Target::free);
    }

    long storage() {
        return Long.parseLong(run(1, task -> Long.toString(SparkEnv.get().memoryManager().offHeapStorageMemoryUsed())).get(0));
    }

    /** Others wait for what it does: where it fails, nobody waits on. */
    JavaFutureAction<Void> start(Body body) {
        JavaFutureAction<Void> job = spark.parallelize(List.of(0), 1).foreachAsync(nothing -> body.run(TaskContext.get()));
        Thread watch = new Thread(() -> {
            try {
                job.get();
            } catch (ExecutionException failed) {
                if (!spark.sc().isStopped()) { // by a failure elsewhere
                    endAtOnce(String.valueOf(failed.getCause()));
                }
            } catch (InterruptedException | CancellationException cancelled) {
                return; // by the test itself
            }
        });
        watch.setDaemon(true);
        watch.start();
        return job;
    }

    /** On the executor: what the plugin and Spark complain of in its log, for example of books that differ. That a task waits for long is no complaint. */
    static List<String> complaints() throws IOException {
        return Files.readString(Path.of("stderr")).lines().filter(line ->
                line.contains("memgrant: ") && !line.contains(" waits for ") || line.contains("Managed memory leak")).toList();
    }

    void saidNothing() {
        String said = run(1, task -> String.join("; ", complaints())).get(0);
        Check.that(said.isEmpty(), "nobody had anything to say", "%s", said);
    }

    String failure(int count, Body body) {
        try {
            run(count, body);
            return "the job succeeded";
        } catch (Exception failed) {
            return failed instanceof SparkException ? failed.getMessage() : failed.toString();
        }
    }

    static String first(String text) {
        return text.lines().findFirst().orElse("");
    }
}
