package io.memgrant.tests;

import java.lang.management.ManagementFactory;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.memory.SparkOutOfMemoryError;
import org.apache.spark.util.UninterruptibleThread;

/**
 * Who waits for whom: on one real executor with two cores, a pool of 128 MB and two attempts. A task would wait for an hour: where
 * this program ends before, it was seen that waiting is in vain.
 */
public final class Waits extends OnCluster {
    /** Most of the pool, of which the executor and what heaps keep have some: two of them find no room, one does. */
    private static final int LARGE = 80;
    /** Less than the half that each of two tasks may have. */
    private static final int HALF = 40;

    /** On the executor. */
    private static final CountDownLatch[] STEP = Stream.generate(() -> new CountDownLatch(1)).limit(9)
            .toArray(CountDownLatch[]::new);
    private static final CountDownLatch BOTH = new CountDownLatch(2);
    private static final Object LOCK = new Object();

    private Waits(JavaSparkContext spark) {
        super(spark);
    }

    public static void main(String[] arguments) throws Exception {
        try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
            Waits waits = new Waits(spark);
            waits.forAnotherTask();
            waits.forWhatAnotherThreadFrees();
            waits.notForWhatAnotherTaskDoesNotUse();
            waits.untilOneIsStopped();
            waits.retriesConverge();
            waits.notForATaskThatItLocksOut();
            waits.notForATaskThatWaitsForIt();
            waits.notAtItsStartForATaskThatWaitsForIt();
            waits.withoutAnInterruptThatComesLater();
            waits.notForMoreThanThereIs();
            waits.saidNothing();
        }
    }

    /** Whether a thread of this executor waits in a method of that name. */
    private static boolean isAnyoneIn(String method) {
        return Stream.of(ManagementFactory.getThreadMXBean().dumpAllThreads(false, false)) // state and stack of one moment
                .filter(thread -> thread.getThreadState() == Thread.State.WAITING || thread.getThreadState() == Thread.State.TIMED_WAITING)
                .flatMap(thread -> Stream.of(thread.getStackTrace())).anyMatch(frame -> frame.getMethodName().equals(method));
    }

    private static void awaitSomebodyIn(String method) {
        while (!isAnyoneIn(method)) {
            Thread.onSpinWait();
        }
    }

    /** A task's work: blocks of 1 MB, freed in the end as a library that is closed would. */
    private static String use(int count) {
        List<Long> blocks = new ArrayList<>();
        try {
            allocate(blocks, count);
            return "attempt " + TaskContext.get().attemptNumber();
        } finally {
            free(blocks);
        }
    }

    private void forAnotherTask() {
        List<String> seen = run(2, task -> {
            if (task.partitionId() == 0) {
                List<Long> blocks = allocate(40);
                STEP[0].countDown();
                awaitSomebodyIn("awaitMissing");
                free(blocks);
                return "attempt " + task.attemptNumber();
            }
            STEP[0].await();
            return use(LARGE);
        });
        Check.that(seen.equals(List.of("attempt 0", "attempt 0")), "a task waits for what a smaller one will leave, and none is denied",
                "%s", seen);
        thatNothingIsLeft("after a wait");
    }

    /** As a pool of the library's would, that flushes in the background. */
    private void forWhatAnotherThreadFrees() {
        List<String> seen = run(2, task -> {
            if (task.attemptNumber() > 0) {
                return "attempt 1";
            }
            if (task.partitionId() == 0) {
                List<Long> blocks = allocate(40);
                STEP[4].countDown();
                STEP[5].await();
                free(blocks);
                return "attempt 0";
            }
            STEP[4].await();
            List<Long> flushed = allocate(30);
            Thread flush = new Thread(() -> {
                awaitSomebodyIn("awaitMissing");
                free(flushed);
            });
            flush.start();
            String end = use(HALF);
            flush.join();
            STEP[5].countDown();
            return end;
        });
        Check.that(seen.equals(List.of("attempt 0", "attempt 0")), "a task that waits sees what other threads free for it", "%s", seen);
        thatNothingIsLeft("after other threads' frees");
    }

    /** One that was alone has more than the half of two, and has freed it. */
    private void notForWhatAnotherTaskDoesNotUse() throws Exception {
        try (Meeting meeting = new Meeting()) {
            int port = meeting.port();
            JavaFutureAction<Void> idle = start(task -> {
                free(allocate(LARGE));
                Meeting.arrive(port);
                return "";
            });
            Socket arrived = meeting.await();
            List<String> seen = run(1, task -> {
                AtomicBoolean isOver = new AtomicBoolean();
                FutureTask<Boolean> waited = endWait(Thread.currentThread(), isOver);
                String end;
                try {
                    end = use(HALF);
                } finally {
                    isOver.set(true);
                }
                return waited.get() ? "waits for the idle one" : end;
            });
            arrived.close();
            idle.get();
            Check.that(seen.equals(List.of("attempt 0")), "what a task was granted and does not use another one gets at once", "%s", seen);
        }
        thatNothingIsLeft("after a grant went from one task to another");
    }

    /** Wakes the thread should it wait for other tasks; whether it did. */
    private static FutureTask<Boolean> endWait(Thread thread, AtomicBoolean isOver) {
        FutureTask<Boolean> watch = new FutureTask<>(() -> {
            while (!isOver.get()) {
                if (isAnyoneIn("awaitMissing") || isAnyoneIn("acquireMemory")) { // here, or in Spark's pool
                    thread.interrupt();
                    return true;
                }
            }
            return false;
        });
        new Thread(watch).start();
        return watch;
    }

    /** Each has half of the pool, and needs more. */
    private static String together(TaskContext task) throws InterruptedException {
        List<Long> blocks = new ArrayList<>();
        try {
            allocate(blocks, 40);
            BOTH.countDown();
            BOTH.await();
            allocate(blocks, LARGE - 40);
            return "attempt " + task.attemptNumber();
        } finally {
            free(blocks);
        }
    }

    private void untilOneIsStopped() {
        List<String> seen = run(2, Waits::together);
        Check.that(seen.equals(List.of("attempt 0", "attempt 1")), "of two that wait for each other the younger one is stopped, once",
                "%s", seen);
        thatNothingIsLeft("after one was stopped");
    }

    private void retriesConverge() {
        List<String> seen = run(12, task -> use(task.partitionId() % 3 == 0 ? 10 : LARGE));
        Check.that(seen.size() == 12 && seen.stream().allMatch(end -> end.equals("attempt 0") || end.equals("attempt 1")),
                "tasks of which no two fit together all succeed, though each may fail only once", "%s", seen);
        thatNothingIsLeft("after retries");
    }

    private void notForATaskThatItLocksOut() {
        List<String> seen = run(2, task -> {
            if (task.attemptNumber() > 0) {
                return "attempt 1";
            }
            if (task.partitionId() == 0) {
                List<Long> blocks = allocate(40);
                STEP[8].countDown();
                STEP[1].await();
                synchronized (LOCK) {
                    free(blocks);
                }
                return "attempt 0";
            }
            STEP[8].await(); // or it would find all of the pool free
            synchronized (LOCK) {
                STEP[1].countDown();
                return use(LARGE);
            }
        });
        Check.that(seen.equals(List.of("attempt 0", "attempt 1")), "a task does not wait for one that waits for its lock", "%s", seen);
        thatNothingIsLeft("after a lock");
    }

    private void notForATaskThatWaitsForIt() throws Exception {
        try (Meeting meeting = new Meeting()) {
            int port = meeting.port();
            JavaFutureAction<Void> holder = start(task -> {
                if (task.attemptNumber() > 0) {
                    return "";
                }
                List<Long> blocks = allocate(LARGE);
                Meeting.arrive(port);
                awaitSomebodyIn("acquireMemory");
                try {
                    allocate(blocks, LARGE);
                    return "";
                } catch (SparkOutOfMemoryError denied) {
                    STEP[2].countDown();
                    throw denied;
                } finally {
                    free(blocks);
                }
            });
            meeting.await().close();
            String seen = run(1, task -> {
                Spiller sort = new Spiller(task.taskMemoryManager());
                long got = sort.take(50 * MB);
                sort.spill(got, null);
                STEP[2].await();
                return "attempt " + task.attemptNumber() + " had " + got / MB;
            }).get(0);
            holder.get();
            Check.that(seen.startsWith("attempt 0 had"), "a task does not wait for one that waits for its memory in Spark", "%s", seen);
        }
        thatNothingIsLeft("after a wait in Spark");
    }

    /** Tasks that meet, and of which one has to be tried again: it needs half of the pool and more, while the other one has as much. */
    private void notAtItsStartForATaskThatWaitsForIt() {
        List<String> seen = run(2, task -> {
            if (task.partitionId() == 0) {
                List<Long> blocks = allocate(40);
                STEP[6].countDown();
                STEP[7].await();
                free(blocks);
                return "attempt " + task.attemptNumber();
            }
            if (task.attemptNumber() > 0) {
                STEP[7].countDown();
                return "attempt 1";
            }
            STEP[6].await();
            long block = large();
            try {
                return use(20);
            } finally {
                Target.free(block);
            }
        });
        Check.that(seen.equals(List.of("attempt 0", "attempt 1")), "a task that is tried again does not wait at its start for one that"
                + " waits for it", "%s", seen);
        thatNothingIsLeft("after a meeting");
    }

    /** As in a poll of Spark's Kafka consumer, where no wait in Spark's pool could be ended. */
    private void withoutAnInterruptThatComesLater() throws Exception {
        try (Meeting meeting = new Meeting()) {
            int port = meeting.port();
            JavaFutureAction<Void> holder = start(task -> {
                List<Long> blocks = allocate(LARGE);
                Meeting.arrive(port);
                awaitSomebodyIn("awaitMissing");
                free(blocks);
                return "";
            });
            meeting.await().close();
            String seen = run(1, task -> {
                String end = ((UninterruptibleThread) Thread.currentThread()).runUninterruptibly(() -> use(HALF));
                return end + (Thread.currentThread().isInterrupted() ? ", interrupted" : "");
            }).get(0);
            holder.get();
            Check.that(seen.equals("attempt 0"), "a task that runs uninterruptibly does not wait in Spark, where nothing ends a wait",
                    "%s", seen);
        }
        thatNothingIsLeft("after an uninterruptible wait");
    }

    /** Nothing is thrown into a method that was given a handle, not for some boundaries. */
    private static long large() {
        return Target.allocate(200 * MB);
    }

    private void notForMoreThanThereIs() {
        List<String> seen = run(2, task -> {
            if (task.attemptNumber() > 0) {
                return "attempt 1";
            }
            if (task.partitionId() == 0) {
                STEP[3].await();
                return "attempt 0";
            }
            long block = large();
            try {
                return use(20);
            } catch (SparkOutOfMemoryError denied) {
                STEP[3].countDown();
                throw denied;
            } finally {
                Target.free(block);
            }
        });
        Check.that(seen.equals(List.of("attempt 0", "attempt 1")), "a task does not wait for more than it could have alone", "%s", seen);
        thatNothingIsLeft("at the end");
    }
}
