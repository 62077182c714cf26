package io.memgrant.tests;

import io.memgrant.Memgrant;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * The mode is switched while the application runs, by the file that spark.memgrant.modeFile names, and enforcement is given up when an
 * executor ends by SIGABRT (spark.memgrant.giveUpAfter=1). The pool has 128 MB.
 */
final class Switched extends OnCluster {
    private final Path file = Path.of(spark.getConf().get("spark.memgrant.modeFile"));

    Switched(JavaSparkContext spark) {
        super(spark);
    }

    void acts() throws Exception {
        toObserve();
        toEnforce();
        givenUp();
    }

    private static void awaitMode(String mode) {
        while (!Memgrant.report().contains("\"mode\":\"" + mode + "\"")) {
            Thread.onSpinWait();
        }
    }

    /** A task that has some, waits until the executor is in that mode, and then takes more than the pool has. */
    private void switchUnderTask(int before, String mode, int after) throws Exception {
        String holds = file.resolveSibling("holds-" + mode).toString();
        JavaFutureAction<Void> task = start(context -> {
            List<Long> blocks = allocate(before);
            try {
                Files.createFile(Path.of(holds));
                awaitMode(mode);
                allocate(blocks, after);
            } finally {
                free(blocks);
            }
            return "";
        });
        while (!Files.exists(Path.of(holds)) && !task.isDone()) {
            Thread.onSpinWait();
        }
        write(mode);
        task.get();
    }

    private void write(String mode) throws Exception {
        Path whole = Files.writeString(file.resolveSibling("mode.new"), mode + "\n");
        Files.move(whole, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    }

    private void toObserve() throws Exception {
        switchUnderTask(50, "observe", 200);
        Check.that(true, "a task that was granted what it had is not denied once the mode is observe", "50 MB and 200 MB more");
        List<String> seen = run(1, task -> {
            List<Long> blocks = allocate(200);
            long granted = task.taskMemoryManager().getMemoryConsumptionForThisTask();
            free(blocks);
            return Long.toString(granted);
        });
        Check.that(seen.get(0).equals("0"), "of one that starts then Spark learns nothing", "%s bytes", seen.get(0));
        thatNothingIsLeft("after enforcing ended");
    }

    private void toEnforce() throws Exception {
        switchUnderTask(200, "enforce", 50);
        Check.that(true, "a task that was only counted is not denied once the mode is enforce", "200 MB and 50 MB more");
        String failed = failure(1, task -> {
            List<Long> blocks = new java.util.ArrayList<>();
            try {
                allocate(blocks, 400);
            } finally {
                free(blocks);
            }
            return "";
        });
        Check.that(failed.contains("SparkOutOfMemoryError"), "one that starts then is denied what Spark has not", "%s", first(failed));
        thatNothingIsLeft("after enforcing began again");
    }

    private void givenUp() throws Exception {
        run(1, task -> {
            if (task.attemptNumber() == 0) {
                Runtime.getRuntime().halt(134);
            }
            awaitMode("observe"); // of the next executor
            return "";
        });
        List<String> seen = run(1, task -> {
            List<Long> blocks = allocate(200);
            free(blocks);
            return Integer.toString(blocks.size());
        });
        Check.that(seen.get(0).equals("200"), "when an executor ended by SIGABRT, the next one denies nothing", "%s MB", seen.get(0));
    }
}
