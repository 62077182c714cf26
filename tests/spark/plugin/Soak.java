package io.memgrant.tests;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.ExceptionFailure;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkException;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskEndReason;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.memory.SparkOutOfMemoryError;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;

/**
 * Thousands of tasks with real libraries on two executors, denied at random, killed at random, their jobs cancelled at random; some
 * catch what stops them and go on. Afterwards the executors are the same ones, and nothing is left in them.
 */
public final class Soak extends OnCluster {
    private static final int SLOTS = 4;
    private static final int TASKS_OF_A_JOB = 8;
    private static final int JOBS_AT_ONCE = 2;
    /** One job in so many is cancelled. */
    private static final int CANCELLED = 5;
    private static final long SAY_NANOS = TimeUnit.SECONDS.toNanos(15);
    private static final Path FOLDER = Path.of(System.getProperty("soak.folder"));

    // On the driver.
    private final int wanted = Integer.getInteger("soak.tasks");
    private final long seed = Long.getLong("soak.seed", System.nanoTime());
    private final Deque<Long> started = new ConcurrentLinkedDeque<>();
    private final Set<Long> succeeded = ConcurrentHashMap.newKeySet();
    private final Set<String> removed = ConcurrentHashMap.newKeySet();
    private final ConcurrentMap<String, AtomicInteger> ends = new ConcurrentHashMap<>();
    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicInteger jobs = new AtomicInteger();
    private final AtomicInteger kills = new AtomicInteger();
    private final AtomicInteger cancels = new AtomicInteger();
    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
    private long said = System.nanoTime();

    private Soak(JavaSparkContext spark) {
        super(spark);
        spark.sc().addSparkListener(new SparkListener() {
            @Override
            public void onTaskStart(SparkListenerTaskStart start) {
                started.add(start.taskInfo().taskId());
                begun.incrementAndGet();
            }

            @Override
            public void onTaskEnd(SparkListenerTaskEnd end) {
                if (end.taskInfo().successful()) {
                    succeeded.add(end.taskInfo().taskId());
                }
                ends.computeIfAbsent(kind(end.reason()), kind -> new AtomicInteger()).incrementAndGet();
            }

            @Override
            public void onExecutorRemoved(SparkListenerExecutorRemoved executor) {
                removed.add(executor.executorId() + ": " + executor.reason());
            }
        });
    }

    public static void main(String[] arguments) throws Exception {
        Files.createDirectories(FOLDER);
        try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
            Soak soak = new Soak(spark);
            System.out.println("seed " + soak.seed);
            soak.run();
        }
    }

    /** How an attempt ended, without what differs from one to the next. */
    private static String kind(TaskEndReason reason) {
        if (reason instanceof ExceptionFailure failure) {
            String what = failure.className().substring(failure.className().lastIndexOf('.') + 1);
            String why = failure.description().lines().findFirst().orElse("");
            return what.equals("SparkOutOfMemoryError") ? "stopped"
                    : failure.toErrorString().contains("SparkOutOfMemoryError") ? "failed at its end (" + what + ")" : what + ": " + why;
        }
        return reason.getClass().getSimpleName().replace("$", "");
    }

    private void run() throws Exception {
        long begin = System.nanoTime();
        Map<String, Footprint> before = warmUp();
        AtomicInteger left = new AtomicInteger(wanted);
        List<Thread> drivers = IntStream.range(0, JOBS_AT_ONCE).mapToObj(i -> new Thread(() -> {
            Random random = new Random(seed + i);
            while (left.getAndAdd(-TASKS_OF_A_JOB) > 0 && wrong.isEmpty()) {
                oneJob(random);
                say();
            }
        })).toList();
        drivers.forEach(Thread::start);
        for (Thread driver : drivers) {
            driver.join();
        }
        Map<String, Footprint> after = footprints(before);
        System.out.println(summary(after, begin));
        compare(before, after);
    }

    private String summary(Map<String, Footprint> after, long begin) {
        long injected = after.values().stream().mapToLong(Footprint::injected).sum();
        long denied = after.values().stream().mapToLong(executor -> executor.denied().size()).sum();
        return String.format(Locale.ROOT, "soak: %d tasks with real libraries on %d executors in %d s: %d attempts, %d charges denied at random,"
                + " %d attempts denied, %d killed, %d of %d jobs cancelled; ends of attempts: %s", wanted, after.size(),
                TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin), begun.get(), injected, denied, kills.get(), cancels.get(), jobs.get(),
                new TreeMap<>(ends));
    }

    private synchronized void say() {
        if (System.nanoTime() - said > SAY_NANOS) {
            said = System.nanoTime();
            System.out.printf("  job %d, %d attempts begun; ends: %s%n", jobs.get(), begun.get(), new TreeMap<>(ends));
        }
    }

    // ---- Jobs ----

    /** Until each executor has used each library: they load themselves, and keep for ever what they need once. */
    private Map<String, Footprint> warmUp() throws Exception {
        int kinds = SoakWork.values().length;
        Map<String, Footprint> seen;
        do {
            run(SLOTS * kinds, task -> {
                SoakWork.values()[task.partitionId() % kinds].runIn(FOLDER, new Random(task.taskAttemptId()));
                return "";
            });
            seen = footprints(Map.of());
        } while (!seen.values().stream().allMatch(Footprint::knowsAll));
        return footprints(seen);
    }

    private void oneJob(Random random) {
        long jobSeed = random.nextLong();
        boolean interrupts = random.nextBoolean();
        int number = jobs.incrementAndGet();
        boolean isCancelled = number % CANCELLED == 0;
        String group = "job " + number;
        Thread job = new Thread(() -> {
            spark.setJobGroup(group, group, interrupts);
            try {
                run(TASKS_OF_A_JOB, task -> anything(task, jobSeed));
            } catch (Exception failed) {
                if (!isCancelled || !(failed instanceof SparkException)) {
                    wrong.add(group + " failed: " + first(String.valueOf(failed.getMessage())));
                }
            }
        });
        job.start();
        for (int kill = 1 + random.nextInt(4); kill > 0; kill--) {
            LockSupport.parkNanos(random.nextInt(400_000_000)); // a random moment
            Long task = started.pollLast();
            if (task != null && spark.sc().killTaskAttempt(task, random.nextBoolean(), "at random")) {
                kills.incrementAndGet();
            }
        }
        if (isCancelled) {
            LockSupport.parkNanos(random.nextInt(1_000_000_000));
            spark.cancelJobGroup(group);
            cancels.incrementAndGet();
        }
        try {
            job.join();
        } catch (InterruptedException ended) {
            wrong.add(group + " was not awaited");
        }
    }

    /** A task's work; some have memory of Spark's own meanwhile, some go on when they are stopped. */
    private static String anything(TaskContext task, long jobSeed) throws Exception {
        if (task.taskAttemptId() % 10 == 0) {
            Footprint.noteDenied(); // the report forgets what ended long ago
        }
        Random random = new Random(jobSeed + 1_000 * task.partitionId() + task.attemptNumber());
        SoakWork work = SoakWork.values()[random.nextInt(SoakWork.values().length)];
        boolean swallows = random.nextInt(6) == 0;
        Spiller sort = new Spiller(task.taskMemoryManager());
        try {
            sort.take(random.nextInt(4) == 0 ? random.nextInt(30) * MB + 1 : 1);
            work.runIn(FOLDER, random);
        } catch (SparkOutOfMemoryError stopped) {
            if (!swallows) {
                throw stopped;
            }
        } finally {
            sort.spill(sort.getUsed(), null);
        }
        return "";
    }

    // ---- What is left ----

    /** Of each executor, when all of them do nothing else: every core has a task that looks. */
    private Map<String, Footprint> footprints(Map<String, Footprint> before) throws Exception {
        int tasks = wanted;
        try (Meeting meeting = new Meeting()) {
            int port = meeting.port();
            JavaFutureAction<List<Footprint>> looks = spark.parallelize(IntStream.range(0, SLOTS).boxed().toList(), SLOTS).map(number -> {
                Meeting.arrive(port);
                return Footprint.here(TaskContext.get(), before, tasks);
            }).collectAsync();
            List<Socket> all = new ArrayList<>();
            while (all.size() < SLOTS) {
                all.add(meeting.await());
            }
            for (Socket one : all) {
                one.close();
            }
            return looks.get().stream().collect(Collectors.toMap(Footprint::executor, look -> look, (one, same) -> same, TreeMap::new));
        }
    }

    private void compare(Map<String, Footprint> before, Map<String, Footprint> after) throws IOException {
        Check.that(wrong.isEmpty(), "every job that was not cancelled came to its end", "%s", wrong);
        Check.that(after.keySet().equals(before.keySet()) && removed.isEmpty(), "no executor was lost", "%s, removed %s", after.keySet(), removed);
        List<String> answers = ends.keySet().stream().filter(end -> end.contains("WrongAnswer")).toList();
        Check.that(answers.isEmpty(), "no library gave a wrong answer", "%s", answers);
        Set<Long> denied = after.values().stream().flatMap(executor -> executor.denied().stream()).collect(Collectors.toSet());
        Set<Long> both = denied.stream().filter(succeeded::contains).collect(Collectors.toSet());
        Check.that(both.isEmpty() && !denied.isEmpty(), "none of the attempts that were denied reported success", "%d denied; %s did", denied.size(),
                both);
        Check.that(kills.get() > 0 && cancels.get() > 0, "tasks were killed and jobs cancelled", "%d, %d", kills.get(), cancels.get());
        for (Footprint executor : after.values()) {
            executor.comparedWith(before.get(executor.executor()), wanted);
        }
        try (Stream<Path> files = Files.list(FOLDER)) {
            List<Path> left = files.toList();
            Check.that(left.isEmpty(), "no folder of a task is left", "%s", left);
        }
    }
}
