package io.memgrant.tests;

import com.fasterxml.jackson.databind.JsonNode;
import io.memgrant.demo.Report;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** Blocks that are freed by somebody else: another thread, another task, or anybody after the task's end. */
public final class Frees {
    private static final long MB = 1 << 20;
    private static final int BLOCKS = 10;
    private static final int SMALL_TASKS = 300;

    private static final long[] BLOCK = new long[BLOCKS];
    private static final AtomicLong OWNER = new AtomicLong();
    private static final CountDownLatch ALLOCATED = new CountDownLatch(1);
    private static final CountDownLatch FREED_BY_OTHERS = new CountDownLatch(1);
    private static final ConcurrentHashMap<Integer, Long> SURVIVORS = new ConcurrentHashMap<>();

    private Frees() {}

    /** Run by spark-submit with a pool of 256 MB and three cores. */
    public static void main(String[] words) throws Exception {
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(
                SparkSession.builder().appName("frees").getOrCreate().sparkContext());
        Target.boundary();
        long atRest = usedByExecutor();
        JavaFutureAction<Void> owner = allocateInATask(spark);
        ALLOCATED.await();
        freeElsewhere(spark);
        FREED_BY_OTHERS.countDown();
        owner.get();
        afterTheEnd(atRest);
        manySmallSurvivors(spark, atRest);
        Check.thatBooksBalance("at the end");
        spark.stop();
    }

    private static long used(JsonNode account) {
        return Report.figure(account, "used");
    }

    private static JsonNode owner() {
        return Check.report().task(OWNER.get());
    }

    private static JavaFutureAction<Void> allocateInATask(JavaSparkContext spark) {
        return spark.parallelize(List.of(0), 1).foreachAsync(nothing -> {
            OWNER.set(TaskContext.get().taskAttemptId());
            for (int i = 0; i < BLOCKS; i++) {
                BLOCK[i] = Target.allocate(MB);
            }
            Check.that(used(owner()) == BLOCKS * MB, "a task's account holds what its thread allocated", "%d bytes",
                    used(owner()));
            ALLOCATED.countDown();
            FREED_BY_OTHERS.await();
        });
    }

    private static void freeElsewhere(JavaSparkContext spark) throws Exception {
        Thread thread = new Thread(() -> Target.free(BLOCK[0]));
        thread.start();
        thread.join();
        Check.that(used(owner()) == 9 * MB, "a thread without an account frees for the owner", "%d bytes left",
                used(owner()));
        Check.that(Target.freeOnOwnThread(BLOCK[1]) && used(owner()) == 8 * MB, "so does a thread of the library's own",
                "%d bytes left", used(owner()));
        long other = spark.parallelize(List.of(0), 1).map(nothing -> {
            Target.free(BLOCK[2]);
            Target.freeOnOwnThread(BLOCK[3]);
            return TaskContext.get().taskAttemptId();
        }).collect().get(0);
        JsonNode account = Check.report().task(other);
        Check.that(used(owner()) == 6 * MB && Report.figure(account, "refunded") == Report.figure(account, "charged"),
                "and so does another task, whose own account has nothing to do with it", "%d bytes left, the other: %s",
                used(owner()), account);
        Check.thatBooksBalance("while blocks go");
    }

    private static long usedByExecutor() {
        return used(Check.report().own());
    }

    private static void afterTheEnd(long atRest) {
        JsonNode closed = owner();
        Check.that(used(closed) == 0 && closed.get("state").asText().equals("closed"), "an ended task has nothing",
                "%s", closed);
        Check.that(usedByExecutor() - atRest == 6 * MB, "its survivors are the executor's", "%d bytes more than before",
                usedByExecutor() - atRest);
        for (int i = 4; i < BLOCKS; i++) {
            Target.free(BLOCK[i]);
        }
        Check.that(usedByExecutor() == atRest, "they are freed after the task's end",
                "%d bytes more than before", usedByExecutor() - atRest);
        Check.thatBooksBalance("after the task's end");
    }

    /** More tasks than arenas in use at a time, each of which leaves a block behind. */
    private static void manySmallSurvivors(JavaSparkContext spark, long atRest) {
        spark.parallelize(IntStream.range(0, SMALL_TASKS).boxed().toList(), SMALL_TASKS)
                .foreach(i -> SURVIVORS.put(i, Target.allocate(64)));
        long left = usedByExecutor() - atRest;
        Check.that(SURVIVORS.size() == SMALL_TASKS && left == 64L * SMALL_TASKS,
                SMALL_TASKS + " tasks leave a block of 64 bytes each to the executor", "%d bytes", left);
        SURVIVORS.values().forEach(Target::free);
        Check.that(usedByExecutor() == atRest, "which is freed when the blocks are", "%d bytes left",
                usedByExecutor() - atRest);
    }
}
