package io.memgrant.tests;

import com.fasterxml.jackson.databind.JsonNode;
import io.memgrant.Memgrant;
import io.memgrant.demo.Report;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.memory.MemoryManager;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskStart;

/**
 * Tasks that together want three times the pool of 64 MB of a real executor with four cores wait for it: at their start, at
 * boundaries and in Spark's own pool. Jobs are cancelled and tasks killed meanwhile, at random moments. A wait would last an hour.
 */
public final class Cancelled extends OnCluster {
    private static final int ROUNDS = 40;
    private static final int TASKS = 8;

    /** On the executor: how many attempts began. */
    private static final AtomicInteger BEGUN = new AtomicInteger();

    /** On the driver. */
    private final Queue<Long> started = new ConcurrentLinkedQueue<>();

    private Cancelled(JavaSparkContext spark) {
        super(spark);
        spark.sc().addSparkListener(new SparkListener() {
            @Override
            public void onTaskStart(SparkListenerTaskStart start) {
                started.add(start.taskInfo().taskId());
            }
        });
    }

    public static void main(String[] arguments) throws Exception {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("seed " + seed);
        try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
            Cancelled cancelled = new Cancelled(spark);
            cancelled.run(8, task -> use());
            String before = cancelled.state();
            cancelled.rounds(new Random(seed));
            String after = cancelled.state();
            Check.that(after.equals(before), "accounts, Spark's pools and threads are as before", "%s; before: %s", after, before);
            cancelled.saidNothing();
        }
    }

    /** A task's work: blocks of 1 MB, up to 24, twice; and memory of Spark's own meanwhile. */
    private static String use() {
        BEGUN.incrementAndGet();
        TaskContext task = TaskContext.get();
        Spiller sort = new Spiller(task.taskMemoryManager());
        for (int round = 0; round < 2 && !task.isInterrupted(); round++) {
            List<Long> blocks = new ArrayList<>();
            try {
                for (int i = ThreadLocalRandom.current().nextInt(4, 24); i > 0 && !task.isInterrupted(); i--) {
                    allocate(blocks, 1);
                    if (i % 8 == 0) {
                        sort.take(2 * MB);
                    }
                }
            } finally {
                free(blocks);
                sort.spill(sort.getUsed(), null);
            }
        }
        return "";
    }

    private void rounds(Random random) throws InterruptedException {
        int cancels = 0;
        int kills = 0;
        for (int round = 0; round < ROUNDS; round++) {
            String group = "round " + round;
            CountDownLatch ended = new CountDownLatch(1);
            Thread job = new Thread(() -> {
                spark.setJobGroup(group, group, true);
                failure(TASKS, task -> use());
                ended.countDown();
            });
            started.clear();
            job.start();
            boolean cancels1 = round % 2 == 0;
            for (int kill = 0; kill < 4; kill++) {
                LockSupport.parkNanos(random.nextInt(60_000_000)); // a random moment
                Long task = started.poll();
                if (!cancels1 && task != null && spark.sc().killTaskAttempt(task, random.nextBoolean(), "at random")) {
                    kills++;
                }
            }
            if (cancels1) {
                spark.cancelJobGroup(group);
                cancels++;
            }
            job.join();
        }
        String waited = run(1, task -> new Report(Memgrant.report()).accounts().stream()
                .filter(account -> Report.figure(account, "waited_ns") > 1_000_000).count() + " of " + BEGUN.get()).get(0);
        Check.that(kills > 0 && cancels > 0 && !waited.startsWith("0 "), "jobs were cancelled and tasks killed that waited for memory",
                "%d jobs, %d tasks; %s attempts waited", cancels, kills, waited);
    }

    /** Once every other task has ended: a task that was killed ends a little later than its job. */
    private String state() {
        return run(1, task -> {
            String state;
            String last = null;
            do {
                Thread.onSpinWait();
                state = last;
                last = lookAt(task);
            } while (!last.equals(state) || last.startsWith("busy"));
            return last;
        }).get(0);
    }

    private static String lookAt(TaskContext task) throws Exception {
        MemoryManager manager = SparkEnv.get().memoryManager();
        long execution;
        synchronized (manager) {
            execution = manager.offHeapExecutionMemoryUsed() - manager.getExecutionMemoryUsageForTask(task.taskAttemptId());
        }
        List<JsonNode> open = new Report(Memgrant.report()).accounts().stream()
                .filter(account -> account.get("name").asText().startsWith("task ") && !account.get("state").asText().equals("closed"))
                .toList();
        long left = new Report(Memgrant.report()).accounts().stream()
                .filter(account -> account.get("name").asText().startsWith("task ") && Report.figure(account, "used") > 0).count();
        Set<String> threads = new TreeSet<>(Thread.getAllStackTraces().keySet().stream().map(Thread::getName)
                .filter(name -> name.startsWith("memgrant courier: task ") && !name.contains("task " + task.taskAttemptId() + " "))
                .collect(Collectors.toList()));
        return (open.size() > 1 || !threads.isEmpty() ? "busy: " : "") + execution + " bytes of execution memory, " + (open.size() - 1)
                + " open accounts, " + left + " with memory, couriers of " + threads;
    }
}
