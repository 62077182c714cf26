package io.memgrant.tests;

import com.codahale.metrics.Gauge;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.memgrant.Memgrant;
import io.memgrant.demo.Report;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.management.ObjectName;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.memory.MemoryMode;
import org.apache.spark.storage.TestBlockId;

/** A denial and a wait, on one real executor with two cores and a pool of 128 MB, as people see them. */
public final class Shown extends OnCluster {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** On the executor. */
    private static final Recording RECORDING = new Recording();
    private static final CountDownLatch HOLDS = new CountDownLatch(1);
    private static final CountDownLatch DENIED = new CountDownLatch(1);
    private static final CountDownLatch HAS_MOST = new CountDownLatch(1);
    private static final CountDownLatch SEEN = new CountDownLatch(1);

    private Shown(JavaSparkContext spark) {
        super(spark);
    }

    public static void main(String[] arguments) throws Exception {
        try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
            Shown shown = new Shown(spark);
            shown.whoWaits();
            shown.whoWasDenied();
        }
    }

    /** More than there is, so that nobody waits for it. Nothing is thrown into a method that was given a handle, not for some boundaries. */
    private static long large() {
        return Target.allocate(200 * MB);
    }

    /** Five that hold memory: a denied task, another one, what outlived its task, Spark's own execution and its storage. */
    private void whoWasDenied() throws Exception {
        long left = Long.parseLong(run(1, task -> {
            RECORDING.start();
            SparkEnv.get().memoryManager().acquireStorageMemory(new TestBlockId("cached"), 3 * MB, MemoryMode.OFF_HEAP);
            return Long.toString(Target.allocate(2 * MB));
        }).get(0));
        List<String> ends = run(2, task -> {
            List<Long> blocks = new ArrayList<>();
            if (task.attemptNumber() > 0) {
                return "";
            }
            Spiller sort = new Spiller(task.taskMemoryManager());
            try {
                if (task.partitionId() == 0) {
                    allocate(blocks, 10);
                    sort.take(4 * MB);
                    HOLDS.countDown();
                    DENIED.await();
                    return "";
                }
                HOLDS.await();
                blocks.add(large());
                allocate(blocks, 20);
                return "not denied";
            } finally {
                free(blocks);
                DENIED.countDown();
                sort.spill(sort.getUsed(), null);
            }
        });
        Check.that(ends.equals(List.of("", "")), "the task that was denied is tried again", "%s", ends);
        JsonNode failed = failedTask();
        String text = failed.get("errorMessage").asText();
        Matcher denial = Pattern.compile("SparkOutOfMemoryError: .*Unable to acquire (\\d+) bytes of memory, got \\d+ for libtarget in"
                + " task (\\d+) \\(stage \\d+\\.0, partition 1, attempt 0\\): limit \\d+ .*, granted \\d+, used (\\d+) bytes\\."
                + " Of Spark's " + 128 * MB + " bytes of off-heap memory, (.*); all native memory used in this executor is \\d+",
                Pattern.DOTALL).matcher(text);
        boolean found = denial.find();
        Check.that(found && failed.get("taskId").asText().equals(denial.group(2)),
                "Spark's UI says of a denied task which library it was, for how many bytes, and whose account", "%s", first(text));
        Check.that(Long.parseLong(denial.group(3)) >= 200 * MB, "and how much it used", "%s bytes", denial.group(3));
        String[] holders = denial.group(4).split(", (?=native|what|Spark)");
        long last = Long.MAX_VALUE;
        for (String holder : holders) {
            long bytes = Long.parseLong(holder.replaceAll(".* has ", ""));
            Check.that(bytes > 0 && bytes <= last, "a holder, the largest first", "%s", holder);
            last = bytes;
        }
        Check.that(holders.length == 5, "and the five largest holders", "%d", holders.length);
        String recorded = run(1, task -> toolsOfTheJvm()).get(0);
        Check.that(recorded.equals("task " + denial.group(2) + " libtarget, granted true"),
                "JMX, Spark's metrics and Flight Recorder on the executor have the denial", "%s", recorded);
        run(1, task -> {
            Target.free(left);
            SparkEnv.get().memoryManager().releaseStorageMemory(3 * MB, MemoryMode.OFF_HEAP);
            return "";
        });
        thatNothingIsLeft("after a denial");
    }

    /** On the executor: what was recorded, once JMX and the metrics know of a denial as well. */
    private static String toolsOfTheJvm() throws Exception {
        ObjectName bean = new ObjectName("io.memgrant:type=NativeMemory");
        Gauge<?> denials = SparkEnv.get().metricsSystem().getSourcesByName("plugin.io.memgrant.spark.MemgrantPlugin").head()
                .metricRegistry().getGauges().get("denials");
        while ((Long) denials.getValue() == 0 || (Long) ManagementFactory.getPlatformMBeanServer().getAttribute(bean, "Denials") == 0) {
            Thread.onSpinWait(); // each second the metrics are new
        }
        Path file = Path.of("shown.jfr").toAbsolutePath();
        RECORDING.dump(file);
        List<RecordedEvent> events = RecordingFile.readAllEvents(file);
        RECORDING.close();
        return events.stream().filter(event -> event.getEventType().getName().equals("memgrant.Denial"))
                .map(event -> event.getString("account").replaceAll(" \\(.*", "") + " " + event.getString("library"))
                .distinct().collect(Collectors.joining("; "))
                + ", granted " + events.stream().anyMatch(event -> event.getEventType().getName().equals("memgrant.Grant")
                        && event.getLong("granted") > 0 && event.getString("account").startsWith("task "));
    }

    private JsonNode get(String what) throws Exception {
        String url = spark.sc().uiWebUrl().get() + "/api/v1/applications/" + spark.sc().applicationId() + what;
        HttpResponse<String> answer = HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create(url)).build(),
                HttpResponse.BodyHandlers.ofString());
        return JSON.readTree(answer.body());
    }

    /** The UI gets to know of it by Spark's events. */
    private JsonNode failedTask() throws Exception {
        spark.sc().listenerBus().waitUntilEmpty();
        for (JsonNode stage : get("/stages")) {
            for (JsonNode task : get("/stages/" + stage.get("stageId").asText() + "/0/taskList?length=1000")) {
                if (task.get("status").asText().equals("FAILED")) {
                    return task;
                }
            }
        }
        throw new AssertionError("no task failed");
    }

    /** One task has most of the pool; another one waits for it, longer than goes without saying. */
    private void whoWaits() throws Exception {
        JavaFutureAction<Void> holder = start(task -> {
            List<Long> blocks = allocate(50);
            HAS_MOST.countDown();
            String seen;
            do {
                seen = waiting();
            } while (seen == null);
            if (!seen.matches("\\d+ bytes for \\d+ ns")) {
                throw new AssertionError(seen);
            }
            System.setProperty("seen", seen);
            while (!log().contains("waits for")) {
                Thread.onSpinWait();
            }
            free(blocks);
            SEEN.countDown();
            return "";
        });
        String end = run(1, task -> {
            HAS_MOST.await();
            List<Long> blocks = allocate(70);
            free(blocks);
            SEEN.await();
            return "attempt " + task.attemptNumber() + ", seen were " + System.getProperty("seen");
        }).get(0);
        holder.get();
        Check.that(end.startsWith("attempt 0, seen were "), "the report shows who waits, how long and for how much", "%s", end);
        String said = run(1, task -> log()).get(0);
        Check.that(Pattern.compile("memgrant: task \\d+ \\(.*\\) waits for \\d+ bytes of native memory, since \\d+ ms. Of Spark's")
                .matcher(said).find(), "the executor's log says it after some seconds", "%s", said);
        String after = String.valueOf(run(1, task -> String.valueOf(waiting())).get(0));
        Check.that(after.equals("null"), "nobody waits any more in the report", "%s", after);
        thatNothingIsLeft("after a wait");
    }

    private static String waiting() throws Exception {
        for (JsonNode account : new Report(Memgrant.report()).accounts()) {
            long nanos = Report.figure(account, "waiting_ns");
            if (nanos > 100_000_000) {
                return Report.figure(account, "waiting_bytes") + " bytes for " + nanos + " ns";
            }
        }
        return null;
    }

    private static String log() throws Exception {
        return Files.readString(Path.of("stderr")).lines().filter(line -> line.contains("memgrant: "))
                .collect(Collectors.joining("; "));
    }
}
