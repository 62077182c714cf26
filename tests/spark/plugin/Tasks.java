package io.memgrant.tests;

import io.memgrant.Memgrant;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.memory.MemoryManager;
import org.apache.spark.memory.SparkOutOfMemoryError;

/**
 * The life of tasks under the plugin on one real executor with two cores, a pool of 128 MB,
 * spark.unsafe.exceptionOnMemoryLeak=true and two attempts: granted, denied, stopped, spilled and settled.
 */
public final class Tasks extends OnCluster {
    private static final long POOL = 128 * MB;

    /** On the executor: blocks that outlive their task. */
    private static final Queue<Long> LEFT = new ConcurrentLinkedQueue<>();
    /** On the executor: what a task that cannot return anything has seen. */
    private static final BlockingQueue<String> SEEN = new LinkedBlockingQueue<>();

    private Tasks(JavaSparkContext spark) {
        super(spark);
    }

    public static void main(String[] arguments) throws Exception {
        try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
            Tasks tasks = new Tasks(spark);
            tasks.granted();
            tasks.denied();
            tasks.swallowed();
            tasks.swallowedAndGivenBack();
            tasks.neverAtBoundary();
            tasks.givenBackToSpark();
            tasks.servedBySpills();
            tasks.leftBehind();
            tasks.startsInAFullPool();
            tasks.killed();
            tasks.contended();
            tasks.many();
            tasks.saidNothing();
            new Switched(spark).acts();
        }
    }

    private static boolean isFirst(TaskContext task) {
        return task.partitionId() == 1 && task.attemptNumber() == 0;
    }

    private void granted() {
        List<String> seen = run(4, task -> {
            List<Long> blocks = allocate(40);
            long granted = task.taskMemoryManager().getMemoryConsumptionForThisTask();
            free(blocks);
            return Long.toString(granted);
        });
        long least = seen.stream().mapToLong(Long::parseLong).min().getAsLong();
        Check.that(least >= 40 * MB, "Spark granted each task what it used", "%d of %d bytes at least", least, 40 * MB);
        thatNothingIsLeft("after grants");
    }

    private void denied() {
        List<String> seen = run(4, task -> {
            if (!isFirst(task)) {
                return SparkEnv.get().executorId() + " attempt " + task.attemptNumber();
            }
            List<Long> blocks = new ArrayList<>();
            try {
                allocate(blocks, 400);
                return "not stopped";
            } finally {
                free(blocks);
            }
        });
        Check.that(seen.get(1).equals("0 attempt 1") && seen.get(0).equals("0 attempt 0"),
                "a denied task fails, and is retried on the same executor", "%s", seen);
        thatNothingIsLeft("after a denial");
    }

    private void swallowed() {
        String failure = failure(4, task -> {
            if (task.partitionId() != 1) {
                return "";
            }
            List<Long> blocks = new ArrayList<>();
            int stopped = 0;
            for (int i = 0; i < 160; i++) {
                try {
                    allocate(blocks, 1);
                } catch (SparkOutOfMemoryError denial) {
                    stopped++;
                    checkText(denial.getMessage(), task);
                }
            }
            if (stopped < 2) {
                throw new AssertionError("stopped " + stopped + " times");
            }
            LEFT.addAll(blocks);
            return "";
        });
        Check.that(failure.contains("TaskCompletionListenerException") && failure.matches("(?s).*got \\d+ for libtarget in task.*"),
                "a task that swallows denials is stopped again, and fails in the end", "%s", first(failure));
        freeWhatIsLeft();
        thatNothingIsLeft("after swallowed denials");
    }

    /** What it was doing when it was stopped is half done, however little it has when it ends. */
    private void swallowedAndGivenBack() {
        List<String> seen = run(4, task -> {
            if (!isFirst(task)) {
                return "attempt " + task.attemptNumber();
            }
            List<Long> blocks = new ArrayList<>();
            try {
                allocate(blocks, 400);
            } catch (SparkOutOfMemoryError denial) {
                checkText(denial.getMessage(), task);
            }
            free(blocks);
            return "went on";
        });
        Check.that(seen.get(1).equals("attempt 1"), "a task that swallows a denial and gives everything back fails all the same", "%s", seen);
        thatNothingIsLeft("after a denial that was swallowed");
    }

    private static void checkText(String text, TaskContext task) {
        String account = "task " + task.taskAttemptId() + " \\(stage " + task.stageId() + ".0, partition 1, attempt "
                + task.attemptNumber() + "\\)";
        Matcher matcher = Pattern.compile("Unable to acquire (\\d+) bytes of memory, got (\\d+) for libtarget in " + account
                + ": limit \\d+ \\(its share of Spark's memory\\), granted (\\d+), used (\\d+) bytes. Of Spark's " + POOL
                + " bytes of off-heap memory, .*native memory of " + account + " has \\d+").matcher(text);
        if (!matcher.find()) {
            throw new AssertionError("not the text of a denial: " + text);
        }
        if (Long.parseLong(matcher.group(4)) <= Long.parseLong(matcher.group(3))) {
            throw new AssertionError("denied within its grant: " + text);
        }
    }

    private void neverAtBoundary() {
        List<String> seen = run(4, task -> {
            if (isFirst(task)) {
                LEFT.add(Target.allocate(200 * MB)); // it may be a handle: nothing is thrown at its end
            }
            return "attempt " + task.attemptNumber();
        });
        Check.that(seen.get(1).equals("attempt 1"), "a task beyond its grant that came to no boundary fails when it ends", "%s",
                seen);
        freeWhatIsLeft();
        thatNothingIsLeft("after a failure at the end");
    }

    private void givenBackToSpark() {
        List<String> seen = run(1, task -> {
            List<Long> blocks = allocate(60);
            free(blocks);
            Spiller other = new Spiller(task.taskMemoryManager());
            MemoryManager manager = SparkEnv.get().memoryManager();
            synchronized (task.taskMemoryManager()) { // Spark's own order; both figures are of one moment
                synchronized (manager) {
                    long got = other.take(POOL);
                    long storage = manager.offHeapStorageMemoryUsed();
                    other.spill(got, null);
                    return got + " " + storage;
                }
            }
        });
        long got = Long.parseLong(seen.get(0).split(" ")[0]);
        long free = POOL - Long.parseLong(seen.get(0).split(" ")[1]);
        // What stays is credit in the thread's lane and the anchor.
        Check.that(got > free - MB, "unused grant is Spark's again when Spark asks for it", "%d of %d bytes", got, free);
        thatNothingIsLeft("after giving grant back");
    }

    private void servedBySpills() {
        List<String> seen = run(1, task -> {
            Spiller other = new Spiller(task.taskMemoryManager());
            long before = other.take(POOL);
            List<Long> blocks = allocate(60);
            long after = other.getUsed();
            free(blocks);
            other.spill(after, null);
            return before + " " + after;
        });
        String[] held = seen.get(0).split(" ");
        long before = Long.parseLong(held[0]);
        long after = Long.parseLong(held[1]);
        // What heaps keep of earlier blocks has some of the pool, now more and now less.
        Check.that(before > POOL - 60 * MB && after < before && after <= POOL - 60 * MB, "Spark's own consumers spill for native memory",
                "%d bytes before, %d after", before, after);
        thatNothingIsLeft("after spills");
    }

    private void leftBehind() {
        run(2, task -> Boolean.toString(LEFT.addAll(allocate(12))));
        thatNothingIsLeft("after tasks that left blocks behind");
        long used = Long.parseLong(run(1, task -> Long.toString(Memgrant.root().used() - Memgrant.overhead().used())).get(0));
        Check.that(used >= 24 * MB && used < 25 * MB && storage() >= used,
                "blocks left behind are the executor's, and Spark's storage memory pays for them", "%d bytes of %d", used,
                storage());
        freeWhatIsLeft();
    }

    private void freeWhatIsLeft() {
        run(1, task -> {
            for (Long block; (block = LEFT.poll()) != null; ) {
                Target.free(block);
            }
            return "";
        });
    }

    /** The plugin must not let a task wait for memory that it may never need: one task has all, another starts. */
    private void startsInAFullPool() throws Exception {
        try (Meeting meeting = new Meeting()) {
            int port = meeting.port();
            JavaFutureAction<Void> holder = start(task -> {
                FreePages.await(); // or they would come free behind its back
                Spiller all = new Spiller(task.taskMemoryManager());
                long held = all.take(POOL);
                Meeting.arrive(port);
                all.spill(held, null);
                return "";
            });
            Socket holding = meeting.await();
            String[] seen = run(1, task -> {
                MemoryManager manager = SparkEnv.get().memoryManager();
                synchronized (manager) {
                    long own = manager.getExecutionMemoryUsageForTask(task.taskAttemptId());
                    return manager.offHeapExecutionMemoryUsed() - own + manager.offHeapStorageMemoryUsed() + " " + own;
                }
            }).get(0).split(" ");
            holding.close();
            holder.get();
            Check.that(Long.parseLong(seen[0]) >= POOL - FreePages.MOST, "a task starts and ends while another one has all memory",
                    "%s bytes, the task had %s", (Object[]) seen);
        }
        thatNothingIsLeft("after a full pool");
    }

    private static String goBeyondGrant(List<Long> blocks) {
        try {
            allocate(blocks, 150);
            return "not stopped";
        } catch (SparkOutOfMemoryError denial) {
            return "stopped";
        }
    }

    /** What Spark kills is not stopped by us as well: it may go beyond its grant, and gives everything back. */
    private void killed() throws Exception {
        try (Meeting meeting = new Meeting()) {
            int port = meeting.port();
            JavaFutureAction<Void> action = start(task -> {
                String seen = "another end";
                try {
                    List<Long> blocks = allocate(30);
                    Meeting.arrive(port);
                    while (!task.isInterrupted()) {
                        Target.boundary();
                    }
                    seen = goBeyondGrant(blocks) + (task.taskMemoryManager().getMemoryConsumptionForThisTask() >= 30 * MB ? ", granted" : ", not granted");
                    free(blocks);
                } finally {
                    SEEN.add(seen); // somebody waits for it
                }
                return "";
            });
            meeting.await().close();
            action.cancel(true);
        }
        String seen = run(1, task -> SEEN.take()).get(0);
        Check.that(seen.equals("not stopped, granted"), "a killed task is not stopped by a denial", "%s", seen);
        thatNothingIsLeft("after a kill");
    }

    /** Couriers, boundaries, spills and threads of the library, all at once, in two tasks. */
    private void contended() {
        run(4, task -> {
            Spiller other = new Spiller(task.taskMemoryManager());
            Random random = new Random(task.partitionId());
            List<Long> blocks = new ArrayList<>();
            for (int i = 0; i < 3_000; i++) {
                int choice = random.nextInt(10);
                if (choice < 4 && blocks.size() < 30) {
                    allocate(blocks, 1);
                } else if (choice < 7 && !blocks.isEmpty()) {
                    Target.freeOnOwnThread(blocks.remove(random.nextInt(blocks.size())));
                } else if (choice < 9) {
                    other.take(random.nextInt(20) * MB + 1);
                } else {
                    other.spill(other.getUsed() / 2, null);
                }
            }
            free(blocks);
            other.spill(other.getUsed(), null);
            return "";
        });
        thatNothingIsLeft("after contended memory");
    }

    private void many() {
        long begin = System.nanoTime();
        int count = 300;
        run(count, task -> {
            free(allocate(3));
            return "";
        });
        long millis = (System.nanoTime() - begin) / 1_000_000;
        thatNothingIsLeft("after " + count + " short tasks");
        System.out.println(count + " short tasks took " + millis + " ms");
    }
}
