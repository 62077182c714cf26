package io.memgrant.tests;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorAdded;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;

/**
 * Executors that work are sent SIGKILL, each at a random moment of its life, some before the driver has heard of them; the cluster replaces them. A line
 * for each: executor, when it was killed, how long the driver had known it (-1: not at all), in milliseconds.
 */
final class Kills {
    private static final long LOOK_MILLIS = 50;
    private static final int LONGEST_MILLIS = 10_000;
    /** One in so many is killed while it starts. */
    private static final int EARLY = 20;
    private static final int EARLY_MILLIS = 4_000;
    private static final Pattern ID = Pattern.compile("--executor-id\0([0-9]+)\0");

    private final Random random = new Random(Long.getLong("seed", 1));
    private final Map<String, Long> known = new ConcurrentHashMap<>();
    private final Map<String, Long> removed = new ConcurrentHashMap<>();
    private final Map<String, Long> due = new ConcurrentHashMap<>();
    private final Map<String, Long> killed = new ConcurrentHashMap<>();

    private static String work(int number) throws Exception {
        Random random = new Random(number * 7919L);
        long block = Target.allocate((1 + random.nextInt(20)) * OnCluster.MB);
        Thread.sleep(random.nextInt(2_000));
        Target.free(block);
        return "";
    }

    /** Null: no executor, or one that has ended meanwhile. */
    private static String executorOf(ProcessHandle child) {
        try {
            Matcher id = ID.matcher(Files.readString(Path.of("/proc/" + child.pid() + "/cmdline"), StandardCharsets.ISO_8859_1));
            return id.find() ? id.group(1) : null;
        } catch (IOException gone) {
            return null;
        }
    }

    private void listen(JavaSparkContext spark) {
        spark.sc().addSparkListener(new SparkListener() {
            @Override
            public void onExecutorAdded(SparkListenerExecutorAdded event) {
                known.put(event.executorId(), System.currentTimeMillis());
                due.put(event.executorId(), System.currentTimeMillis() + random.nextInt(LONGEST_MILLIS));
            }

            @Override
            public void onExecutorRemoved(SparkListenerExecutorRemoved event) {
                removed.put(event.executorId(), System.currentTimeMillis());
            }
        });
    }

    private void look(PrintWriter list, Map<String, Boolean> seen) {
        long now = System.currentTimeMillis();
        ProcessHandle.current().children().forEach(child -> {
            String executor = executorOf(child);
            if (executor == null || killed.containsKey(executor)) {
                return;
            }
            if (seen.put(executor, true) == null && random.nextInt(EARLY) == 0) {
                due.put(executor, now + random.nextInt(EARLY_MILLIS));
            }
            if (due.getOrDefault(executor, Long.MAX_VALUE) > now || !child.destroyForcibly()) {
                return;
            }
            killed.put(executor, now);
            list.printf("%s\t%d\t%d%n", executor, now, known.containsKey(executor) ? now - known.get(executor) : -1);
        });
    }

    public static void main(String[] words) throws Exception {
        int wanted = Integer.getInteger("kills");
        long until = System.currentTimeMillis() + Long.getLong("seconds") * 1000;
        Kills kills = new Kills();
        try (JavaSparkContext spark = new JavaSparkContext(); PrintWriter list = new PrintWriter(System.getProperty("list"))) {
            kills.listen(spark);
            List<Integer> numbers = IntStream.range(0, 100_000).boxed().toList();
            JavaFutureAction<Void> job = spark.parallelize(numbers, numbers.size()).foreachAsync(Kills::work);
            Map<String, Boolean> seen = new ConcurrentHashMap<>();
            while (kills.killed.size() < wanted && System.currentTimeMillis() < until && !job.isDone()) {
                kills.look(list, seen);
                Thread.sleep(LOOK_MILLIS);
            }
            System.out.println(kills.killed.size() + " executors were killed, " + (job.isDone() ? "and the job ended" : "and the job goes on"));
            long patience = System.currentTimeMillis() + 60_000;
            while (System.currentTimeMillis() < patience && !kills.killed.keySet().stream()
                    .allMatch(executor -> kills.removed.containsKey(executor) || !kills.known.containsKey(executor))) {
                Thread.sleep(LOOK_MILLIS);
            }
            job.cancel(true);
        }
    }
}
