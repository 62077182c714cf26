package io.memgrant.tests;

import com.fasterxml.jackson.databind.JsonNode;
import io.memgrant.Memgrant;
import io.memgrant.demo.Report;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.memory.SparkOutOfMemoryError;

/**
 * Policy headroom, the default, on one real executor in a memory cgroup: of 1,280 MB the heap may take 512 and Spark's pool has 128.
 * Two tasks at once, two attempts each.
 */
public final class Rooms extends OnCluster {
    /** On the executor. */
    private static final CountDownLatch BOTH = new CountDownLatch(2);
    private static final CountDownLatch TWO = new CountDownLatch(2);

    private Rooms(JavaSparkContext spark) {
        super(spark);
    }

    public static void main(String[] arguments) throws Exception {
        try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
            Rooms rooms = new Rooms(spark);
            if (System.getProperty("act").equals("untouched")) {
                rooms.notTheHeaps();
            } else {
                rooms.lent();
                rooms.asTheReportSays();
                rooms.denied();
                rooms.once();
                rooms.calledIn();
            }
            rooms.thatNobodyWasLost();
        }
    }

    /** Blocks of 1 MB; they are freed in the end. */
    private static String use(int count) {
        List<Long> blocks = new ArrayList<>();
        try {
            allocate(blocks, count);
            return "attempt " + TaskContext.get().attemptNumber();
        } finally {
            free(blocks);
        }
    }

    /** So many of them once two tasks have the first ones: then neither has all of the pool. */
    private static String useTogether(int first, int count) throws InterruptedException {
        List<Long> blocks = new ArrayList<>();
        try {
            allocate(blocks, first);
            TWO.countDown();
            TWO.await();
            allocate(blocks, count - first);
            return "attempt " + TaskContext.get().attemptNumber();
        } finally {
            free(blocks);
        }
    }

    private void lent() {
        List<String> seen = run(4, task -> useTogether(40, 150));
        Check.that(seen.stream().allMatch("attempt 0"::equals),
                "two tasks at once use 150 MB each of a pool of 128 MB, because their container has room", "%s", seen);
        thatNothingIsLeft("after loans");
    }

    private void asTheReportSays() {
        String seen = run(1, task -> {
            JsonNode done = new Report(Memgrant.report()).accounts().stream()
                    .max(Comparator.comparingLong(account -> Report.figure(account, "lent_peak"))).orElseThrow();
            long lent = Report.figure(done, "lent_peak");
            long overdraft = Report.figure(done, "overdraft_peak");
            boolean counted = lent >= 60 * MB && overdraft >= 60 * MB && overdraft <= lent && Report.figure(done, "denials") == 0;
            return counted + ": " + lent + " bytes were lent, the overdraft was " + overdraft;
        }).get(0);
        Check.that(seen.startsWith("true"), "the report counts it as overdraft, and no denial", "%s", seen);
        String said = run(1, task -> Files.readString(Path.of("stderr")).lines()
                .filter(line -> line.contains("memgrant: ")).collect(Collectors.joining("; "))).get(0);
        Check.that(said.split("memgrant: ").length == 3 && said.contains("counted as overdraft") && said.contains("is headroom, since no other"),
                "the log says once which policy it is and why, and once that something was lent", "%s", said);
    }

    private void denied() {
        List<String> seen = run(1, task -> use(task.attemptNumber() == 0 ? 2_000 : 20));
        Check.that(seen.equals(List.of("attempt 1")), "who wants more than the container has is denied", "%s", seen);
        thatNothingIsLeft("after a denial");
    }

    /** Each of two alone would find the room: 500 MB and more with the pool's. */
    private void once() {
        List<String> seen = run(2, task -> {
            List<Long> blocks = new ArrayList<>();
            try {
                allocate(blocks, 60);
                if (task.attemptNumber() == 0) {
                    BOTH.countDown();
                    BOTH.await();
                }
                allocate(blocks, 340);
                return "attempt " + task.attemptNumber();
            } finally {
                free(blocks);
            }
        });
        Check.that(seen.stream().allMatch(end -> end.equals("attempt 0") || end.equals("attempt 1")),
                "two that look at the same room do not both use it: they wait for each other, or one is tried again", "%s", seen);
        thatNothingIsLeft("after a race for room");
    }

    private static final String CHILD = "import sys\nheld = []\n"
            + "while sys.stdin.buffer.read(1):\n held.append(bytearray(b'x') * (10 << 20))\n sys.stdout.buffer.write(b'.')\n"
            + " sys.stdout.buffer.flush()\n";

    /** A child of the executor's, as a Python worker: it is promised nothing and takes the room; the loan has to come back. */
    private void calledIn() {
        List<String> seen = run(1, task -> {
            if (task.attemptNumber() > 0) {
                return "attempt 1";
            }
            Process child = new ProcessBuilder("python3", "-c", CHILD).redirectError(ProcessBuilder.Redirect.INHERIT).start();
            List<Long> blocks = new ArrayList<>();
            try (OutputStream asks = child.getOutputStream(); InputStream answers = child.getInputStream()) {
                allocate(blocks, 300);
                for (int taken = 0; taken < 1_000; taken += 10) {
                    asks.write('.');
                    asks.flush();
                    answers.read();
                    long end = System.nanoTime() + 250_000_000; // the executor looks every 200 ms
                    while (System.nanoTime() < end) {
                        Target.boundary();
                    }
                }
                return "not stopped";
            } finally {
                free(blocks);
                child.destroyForcibly().waitFor();
            }
        });
        Check.that(seen.equals(List.of("attempt 1")), "what was lent is called in when somebody else takes the room", "%s", seen);
        thatNothingIsLeft("after a loan that was called in");
    }

    /** The heap was promised 512 MB and has touched few: one task takes what it can get of native memory, then fills the heap. */
    private void notTheHeaps() {
        List<String> seen = run(1, task -> {
            List<Long> blocks = new ArrayList<>();
            try {
                allocate(blocks, 2_000);
                return "not denied";
            } catch (SparkOutOfMemoryError denied) {
                List<byte[]> heap = new ArrayList<>();
                while (Runtime.getRuntime().maxMemory() - Runtime.getRuntime().totalMemory()
                        + Runtime.getRuntime().freeMemory() > 150 * MB) {
                    heap.add(new byte[(int) MB / 2]);
                }
                return "denied after " + blocks.size() + " MB, then " + heap.size() / 2 + " MB of heap";
            } finally {
                free(blocks);
            }
        }, true);
        Check.that(seen.get(0).startsWith("denied after"), "native memory leaves the heap what it was promised", "%s", seen);
    }

    /** With a failure that the body swallowed. */
    private List<String> run(int count, Body body, boolean mayFail) {
        try {
            return run(count, body);
        } catch (Exception failed) {
            return List.of(mayFail ? "denied after all: " + first(String.valueOf(failed.getMessage())) : failed.toString());
        }
    }

    private void thatNobodyWasLost() {
        String executor = run(1, task -> SparkEnv.get().executorId()).get(0);
        Check.that(executor.equals("0"), "the executor is the same from first to last", "executor %s", executor);
    }
}
