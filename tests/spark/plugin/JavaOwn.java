package io.memgrant.tests;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.memory.MemoryConsumer;
import org.apache.spark.memory.MemoryMode;
import org.apache.spark.memory.TaskMemoryManager;
import org.apache.spark.unsafe.memory.MemoryBlock;

/** Java's own memory in tasks of a real executor: Arrow's buffers, which Spark grants, and Spark's pages, which it has already. */
public final class JavaOwn extends OnCluster {
    private static final int PIECE = 8 << 20;

    private JavaOwn(JavaSparkContext spark) {
        super(spark);
    }

    public static void main(String[] arguments) {
        try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
            JavaOwn java = new JavaOwn(spark);
            java.run(1, task -> arrow(PIECE)); // its statics, Netty's among them
            String executor = java.executor();
            java.isGranted();
            java.pagesAreSparksAlready();
            java.isDenied();
            java.isDeniedAndCaught();
            java.isTriedAgainWhenItFits();
            Check.that(executor.equals(java.executor()), "the executor lives", "%s, was %s", java.executor(), executor);
            java.thatNothingIsLeft("in the end");
            java.saidNothing();
            java.checkedJniSaidNothing();
        }
    }

    private String executor() {
        return run(1, task -> SparkEnv.get().executorId() + " " + ProcessHandle.current().pid()).get(0);
    }

    /** What -Xcheck:jni finds is on the executor's standard output, each with the Java stack below it: of ours, other libraries have theirs. */
    private void checkedJniSaidNothing() {
        String said = run(1, task -> !ManagementFactory.getRuntimeMXBean().getInputArguments().contains("-Xcheck:jni") ? "it checked nothing"
                : Stream.of(Files.readString(Path.of("stdout")).split("(?m)^(?=WARNING|FATAL)"))
                        .filter(found -> found.contains("in native method") || found.contains("JNI call"))
                        .filter(found -> found.contains("io.memgrant") || found.contains("Unsafe.") || found.contains("findEntry0"))
                        .collect(Collectors.joining("; "))).get(0);
        Check.that(said.isEmpty(), "JNI was used by its rules", "%s", said);
    }

    /** What Spark's books have for this task. */
    private static long granted() {
        return SparkEnv.get().memoryManager().getExecutionMemoryUsageForTask(TaskContext.get().taskAttemptId());
    }

    private static String arrow(long bytes) {
        List<ArrowBuf> buffers = new ArrayList<>();
        try (BufferAllocator root = new RootAllocator()) {
            try {
                for (long taken = 0; taken < bytes; taken += PIECE) {
                    buffers.add(root.buffer(PIECE));
                    buffers.get(buffers.size() - 1).setZero(0, PIECE);
                }
                return root.getAllocatedMemory() + " " + granted();
            } finally {
                buffers.forEach(ArrowBuf::close);
            }
        }
    }

    private void isGranted() {
        String[] seen = run(1, task -> arrow(64 * MB)).get(0).split(" ");
        long taken = Long.parseLong(seen[0]), granted = Long.parseLong(seen[1]);
        Check.that(taken == 64 * MB && granted >= taken && granted < taken + 32 * MB, "Spark grants what Arrow takes",
                "%d bytes taken, %d granted", taken, granted);
        thatNothingIsLeft("after Arrow");
    }

    private static final class Pages extends MemoryConsumer {
        Pages(TaskMemoryManager memory) {
            super(memory, PIECE, MemoryMode.OFF_HEAP);
        }

        @Override
        public long spill(long size, MemoryConsumer trigger) {
            return 0;
        }
    }

    private void pagesAreSparksAlready() {
        String seen = run(1, task -> {
            TaskMemoryManager memory = task.taskMemoryManager();
            Pages consumer = new Pages(memory);
            long before = granted();
            List<MemoryBlock> pages = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                pages.add(memory.allocatePage(PIECE, consumer));
            }
            long more = granted() - before;
            pages.forEach(page -> memory.freePage(page, consumer));
            return Long.toString(more);
        }).get(0);
        Check.that(seen.equals(Long.toString(4L * PIECE)), "Tungsten's pages are charged once", "%s bytes more for 4 of 8 MB", seen);
        thatNothingIsLeft("after pages");
    }

    private void isDenied() {
        String why = failure(1, task -> arrow(512 * MB));
        Check.that(why.contains("SparkOutOfMemoryError") && why.contains("java:*"), "a task that asks for too much fails as Spark's own do",
                "%s", first(why));
        thatNothingIsLeft("after a denial");
    }

    /** Arrow's allocator closes clean: nothing was taken by what was denied. */
    private void isDeniedAndCaught() {
        String seen = run(1, task -> {
            try {
                return arrow(512 * MB);
            } catch (OutOfMemoryError denied) {
                return denied.getClass().getSimpleName() + ", then " + arrow(64 * MB);
            }
        }).get(0);
        Check.that(seen.startsWith("SparkOutOfMemoryError, then " + 64 * MB), "a task that catches it goes on", "%s", seen);
    }

    /** On the executor. */
    private static final CountDownLatch HAS_SOME = new CountDownLatch(1);
    private static volatile boolean isDenied;

    /** Asks at once for what has no room beside the other one, of which it has used nothing yet when it is denied. */
    private static String takeMuch(TaskContext task) throws InterruptedException {
        HAS_SOME.await();
        try {
            ByteBuffer much = ByteBuffer.allocateDirect((int) (80 * MB));
            return "attempt " + task.attemptNumber() + ": " + much.capacity();
        } finally {
            isDenied = true;
        }
    }

    private static boolean isAnyoneWaitingToStart() {
        return Thread.getAllStackTraces().values().stream().flatMap(Stream::of)
                .anyMatch(frame -> frame.getClassName().endsWith("Admission") && frame.getMethodName().equals("start"));
    }

    private void isTriedAgainWhenItFits() {
        List<String> seen = run(2, task -> {
            if (task.partitionId() == 0) {
                return takeMuch(task);
            }
            try (BufferAllocator root = new RootAllocator(); ArrowBuf some = root.buffer(32 * MB)) {
                HAS_SOME.countDown();
                while (!isDenied || !isAnyoneWaitingToStart()) {
                    Thread.onSpinWait();
                }
                return some.capacity() / MB + " MB";
            }
        });
        Check.that(seen.get(0).equals("attempt 1: " + 80 * MB), "what was denied before anything of it was used, is tried again when it fits",
                "%s", seen);
    }
}
