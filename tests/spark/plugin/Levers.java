package io.memgrant.tests;

import io.memgrant.Account;
import io.memgrant.Memgrant;
import io.memgrant.SpillLever;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Spill levers: on one real executor with two cores, a pool of 128 MB and two attempts. A task would wait for an hour, and a
 * lever may take two seconds.
 */
public final class Levers extends OnCluster {
    private static final int MUCH = 300;
    /** With 80 more it is more than the pool; by itself it fits, whatever heaps keep. */
    private static final int CACHED = 80;

    /** On the executor: blocks that no task owns, and what its lever was told. */
    private static final Queue<Long> CACHE = new ConcurrentLinkedQueue<>();
    private static final CountDownLatch EASED = new CountDownLatch(1);
    private static final CountDownLatch NEVER = new CountDownLatch(1);
    private static final AtomicInteger HUNG = new AtomicInteger();
    private static volatile SpillLever.Registration ofExecutor;
    private static volatile String pulledOn = "nowhere";

    private Levers(JavaSparkContext spark) {
        super(spark);
    }

    public static void main(String[] arguments) throws Exception {
        try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
            Levers levers = new Levers(spark);
            levers.beforeADenial();
            levers.whateverALeverDoes();
            levers.notBelievedButMeasured();
            levers.ofAPartOfATask();
            levers.endWithTheirTask();
            levers.ofAnEarlierTask();
            levers.ofTheExecutor();
            levers.whenMemoryIsThereAgain();
            levers.thatHangCostABoundedWait();
            levers.areInTheReport();
            levers.eachFailureIsSaidOnce();
        }
    }

    private static long freeAll(List<Long> blocks) {
        long bytes = blocks.size() * MB;
        free(blocks);
        blocks.clear();
        return bytes;
    }

    /** Takes more than twice the pool, of which its lever frees what it has. */
    private static String useMuch(List<Long> blocks) {
        allocate(blocks, MUCH);
        freeAll(blocks);
        return "attempt " + TaskContext.get().attemptNumber();
    }

    private void beforeADenial() {
        List<String> seen = run(1, task -> {
            List<Long> blocks = new ArrayList<>();
            List<Thread> on = new ArrayList<>();
            Memgrant.addLever(bytes -> {
                on.add(Thread.currentThread());
                return freeAll(blocks);
            });
            String end = useMuch(blocks);
            long peak = Memgrant.currentAccount().peak();
            boolean onItsOwn = on.stream().allMatch(thread -> thread == Thread.currentThread());
            return end + ", " + (on.size() >= 2 && onItsOwn ? "on its thread" : on) + ", "
                    + (peak < 136 * MB ? "within the pool" : "peak " + peak);
        });
        Check.that(seen.equals(List.of("attempt 0, on its thread, within the pool")),
                "a task whose lever frees enough is not denied, and takes no more than there is", "%s", seen);
        thatNothingIsLeft("after a lever");
    }

    /** The levers of the next one: it throws, hangs, allocates and crosses boundaries, each in front of one that helps. */
    private void whateverALeverDoes() {
        List<String> seen = run(1, task -> {
            List<Long> blocks = new ArrayList<>();
            AtomicInteger depth = new AtomicInteger();
            AtomicInteger hung = new AtomicInteger();
            List<String> wrong = new ArrayList<>();
            Memgrant.addLever(bytes -> {
                throw new IllegalStateException("of the test");
            });
            Memgrant.addLever(bytes -> {
                hung.incrementAndGet();
                NEVER.await();
                return 0;
            });
            Memgrant.addLever(bytes -> {
                if (depth.incrementAndGet() != 1) {
                    wrong.add("called out of itself");
                }
                free(allocate(8));
                depth.decrementAndGet();
                return 0;
            });
            Memgrant.addLever(bytes -> freeAll(blocks));
            String end = useMuch(blocks);
            if (hung.get() != 1) {
                wrong.add("one that hangs was called " + hung + " times");
            }
            if (Thread.currentThread().isInterrupted()) {
                wrong.add("interrupted");
            }
            return end + " " + wrong;
        });
        Check.that(seen.equals(List.of("attempt 0 []")),
                "one that throws, one that hangs and one that allocates and crosses boundaries do no harm", "%s", seen);
        thatNothingIsLeft("after such levers");
    }

    private void notBelievedButMeasured() {
        List<String> seen = run(1, task -> {
            List<Long> blocks = new ArrayList<>();
            Memgrant.addLever(bytes -> bytes); // says so, and frees nothing
            Memgrant.addLever(bytes -> freeAll(blocks));
            return useMuch(blocks);
        });
        Check.that(seen.equals(List.of("attempt 0")), "where a lever says that it freed enough, and did not, the next one is pulled",
                "%s", seen);
    }

    /** Whose own limit refuses, of which its task knows nothing. */
    private void ofAPartOfATask() {
        List<String> seen = run(1, task -> {
            List<Long> blocks = new ArrayList<>();
            AtomicInteger ofTask = new AtomicInteger();
            Account account = Memgrant.currentAccount();
            SpillLever.Registration other = account.addLever(bytes -> ofTask.incrementAndGet());
            Account part = account.child("part", 16 * MB);
            AtomicInteger calls = new AtomicInteger();
            part.addLever(bytes -> {
                calls.incrementAndGet();
                return freeAll(blocks);
            });
            allocate(blocks, 60);
            long peak = part.peak();
            freeAll(blocks);
            part.close();
            other.close();
            return "attempt " + task.attemptNumber() + (calls.get() >= 3 ? "" : ", called " + calls) + (peak < 20 * MB ? "" : ", peak " + peak)
                    + ", task's " + ofTask + ", left " + part.hasLevers() + account.hasLevers();
        });
        Check.that(seen.equals(List.of("attempt 0, task's 0, left falsefalse")),
                "where the limit of an account inside a task refuses, that account's own lever is pulled, and ends with it", "%s", seen);
        thatNothingIsLeft("after a part's lever");
    }

    private void endWithTheirTask() {
        run(1, task -> {
            Account account = Memgrant.currentAccount();
            account.addLever(bytes -> 0);
            List<Account> elsewhere = new ArrayList<>();
            Thread other = new Thread(() -> elsewhere.add(Memgrant.currentAccount()));
            other.start();
            other.join();
            boolean has = account.hasLevers();
            SpillLever.Registration closed = account.addLever(bytes -> 0);
            closed.close();
            closed.close();
            ENDED.add(account);
            return has + " " + elsewhere;
        }).forEach(seen -> Check.that(seen.equals("true [null]"), "the current account is the task's, on its own thread", "%s",
                seen));
        String left = run(1, task -> ENDED.size() + " " + ENDED.stream().anyMatch(Account::hasLevers)
                + (Memgrant.currentAccount() == ENDED.peek())).get(0);
        Check.that(left.equals("1 falsefalse"), "levers end with their task", "%s", left);
    }

    private static final Queue<Account> ENDED = new ConcurrentLinkedQueue<>();

    /** Takes so many blocks and frees them again, even when it is denied. */
    private static String use(int count) {
        List<Long> blocks = new ArrayList<>();
        try {
            allocate(blocks, count);
            return "attempt " + TaskContext.get().attemptNumber();
        } finally {
            free(blocks);
        }
    }

    private static long freeCache(long bytes) {
        long freed = 0;
        for (Long block; freed < bytes && (block = CACHE.poll()) != null; freed += MB) {
            Target.free(block);
        }
        return freed;
    }

    private void leave(int blocks) {
        run(1, task -> Boolean.toString(CACHE.addAll(allocate(blocks))));
    }

    /** What the lever frees is the executor's, and Spark has to get it back before it can give it to the task. */
    private void ofAnEarlierTask() {
        leave(CACHED);
        List<String> seen = run(1, task -> {
            Memgrant.addLever(Levers::freeCache);
            return use(80);
        });
        Check.that(seen.equals(List.of("attempt 0")), "a task's lever may free what an earlier task left", "%s", seen);
        run(1, task -> Long.toString(freeCache(Long.MAX_VALUE)));
    }

    private static final class CacheLever implements SpillLever {
        @Override
        public long spill(long bytes) {
            pulledOn = Thread.currentThread().getName();
            return freeCache(bytes);
        }

        @Override
        public void ease(long bytes) {
            if (bytes > 0 && bytes < 128 * MB) {
                EASED.countDown();
            }
        }
    }

    private void ofTheExecutor() {
        run(1, task -> {
            ofExecutor = Memgrant.root().addLever(new CacheLever());
            return "";
        });
        leave(CACHED);
        List<String> seen = run(1, task -> {
            return use(80) + " " + pulledOn;
        });
        Check.that(seen.equals(List.of("attempt 0 memgrant-levers")),
                "the executor's levers make room for a task, on a thread of memgrant's", "%s", seen);
        thatNothingIsLeft("after the executor's lever");
        String left = run(1, task -> {
            Thread pool = new Thread(() -> {
                for (int i = 0; i < MUCH; i++) {
                    CACHE.add(Target.allocate(MB));
                }
            });
            pool.start();
            pool.join();
            synchronized (SparkEnv.get().memoryManager()) {
                while (Memgrant.root().overdraft() > 0) {
                    SparkEnv.get().memoryManager().wait(100);
                }
            }
            return CACHE.size() + "";
        }).get(0);
        Check.that(Integer.parseInt(left) < 128, "and free what the executor has beyond its grant, without any task that asks",
                "%s MB of 300 are left", left);
        run(1, task -> Long.toString(freeCache(Long.MAX_VALUE)));
    }

    private void whenMemoryIsThereAgain() {
        run(1, task -> {
            EASED.await();
            return "";
        });
        Check.that(true, "a lever that was pulled is told when memory is not short any more", "10 s later");
        run(1, task -> {
            ofExecutor.close();
            return "";
        });
    }

    /** Deaf to interrupts. */
    private static long hang() {
        HUNG.incrementAndGet();
        while (NEVER.getCount() > 0) {
            try {
                NEVER.await();
            } catch (InterruptedException goesOn) {
                continue;
            }
        }
        return 0;
    }

    private void thatHangCostABoundedWait() {
        List<String> seen = run(1, task -> {
            if (task.attemptNumber() > 0) {
                freeCache(Long.MAX_VALUE);
                return "attempt 1, called " + HUNG;
            }
            Memgrant.root().addLever(bytes -> hang());
            List<Long> blocks = new ArrayList<>();
            try {
                return useMuch(blocks);
            } finally {
                freeAll(blocks);
            }
        });
        Check.that(seen.equals(List.of("attempt 1, called 1")), "an executor's lever that hangs is waited for once, and not for long",
                "%s", seen);
        thatNothingIsLeft("at the end");
    }

    private void areInTheReport() {
        String report = run(1, task -> Check.report().json().get("levers").toString()).get(0);
        Check.that(report.matches("\\{\"pulled\":[1-9]\\d*,\"bytes_claimed\":[1-9]\\d*,\"bytes_freed\":[1-9]\\d*\\}"),
                "the report says how often levers were pulled, what they claimed and what they freed", "%s", report);
    }

    private void eachFailureIsSaidOnce() {
        List<String> said = run(1, task -> {
            List<String> lines = complaints();
            return lines.size() + " lines, " + lines.stream().filter(line -> line.contains("a lever freed nothing")
                    && line.contains("of the test")).count() + " thrown, " + lines.stream().filter(line ->
                            line.contains("a lever takes longer")).count() + " hung";
        });
        Check.that(said.equals(List.of("2 lines, 1 thrown, 1 hung")), "each is said once", "%s", said);
    }
}
