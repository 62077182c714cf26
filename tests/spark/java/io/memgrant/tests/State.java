package io.memgrant.tests;

import io.memgrant.Memgrant;
import io.memgrant.demo.Report;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.spark.TaskFailedReason;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryListener;
import org.apache.spark.sql.streaming.Trigger;

/**
 * Structured Streaming with state in RocksDB: texts are counted, in many small batches. What its state stores hold
 * outlives the tasks. Prints figures, one a line, and fails only when the query does.
 */
public final class State {
    private static final String TEXT = "repeat(md5(cast(KEY as string)), 8)"; // 256 bytes, in an order of no meaning to the store

    private State() {}

    /** Run by spark-submit; partitions, batches, rows in a batch, and keys of the whole state. */
    public static void main(String[] words) throws Exception {
        int batches = Integer.parseInt(words[1]);
        SparkSession spark = SparkSession.builder().appName("state").config("spark.sql.shuffle.partitions", words[0])
                .config("spark.sql.streaming.stateStore.providerClass",
                        "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider")
                .config("spark.sql.streaming.numRecentProgressUpdates", "10").getOrCreate();
        startNoProcesses(spark);
        AtomicInteger failed = countFailedTasks(spark);
        Batches seen = new Batches(batches);
        spark.streams().addListener(seen);
        StreamingQuery query = start(spark, words[2], words[3]);
        seen.await(query);
        figure("state", seen.stateRows);
        figure("batches", seen.millis.size());
        figure("p50", seen.percentile(50));
        figure("p95", seen.percentile(95));
        figure("longest", seen.percentile(100));
        figure("failed_tasks", failed.get());
        Report report = Check.report();
        figure("peak", Report.figure(Report.library(report.json(), "librocksdbjni"), "peak"));
        figure("used", Report.figure(Report.library(report.json(), "librocksdbjni"), "used"));
        figure("levers_pulled", report.json().get("levers").get("pulled").asLong());
        figure("levers_freed", report.json().get("levers").get("bytes_freed").asLong());
        query.stop();
        spark.stop();
        Check.thatBooksBalance("after " + batches + " batches");
    }

    private static void figure(String name, long value) {
        System.out.println("figure " + name + " " + value);
    }

    /**
     * Hadoop starts the program chmod for each file on a local disk, some twenty times in a task, which takes most of a batch's
     * time and is nothing that a cluster's file system does.
     */
    private static void startNoProcesses(SparkSession spark) throws Exception {
        FileSystem.closeAll(); // else the one that submitted the program is used on
        spark.sparkContext().hadoopConfiguration().setClass("fs.file.impl", Disk.class, FileSystem.class);
        String streaming = "org.apache.spark.sql.execution.streaming.";
        spark.conf().set("spark.sql.streaming.checkpointFileManagerClass",
                streaming + (spark.version().startsWith("3.") ? "" : "checkpointing.") + "FileSystemBasedCheckpointFileManager");
    }

    /** Hadoop's, without permissions and checksums; used by name. */
    public static final class Disk extends LocalFileSystem {
        public Disk() {
            super(new RawLocalFileSystem() {
                @Override
                public void setPermission(org.apache.hadoop.fs.Path path, FsPermission permission) {}
            });
            setWriteChecksum(false);
        }
    }

    private static AtomicInteger countFailedTasks(SparkSession spark) {
        AtomicInteger failed = new AtomicInteger();
        spark.sparkContext().addSparkListener(new SparkListener() {
            @Override
            public void onTaskEnd(SparkListenerTaskEnd end) {
                if (end.reason() instanceof TaskFailedReason && failed.incrementAndGet() <= 3) {
                    System.err.println("failed task: " + ((TaskFailedReason) end.reason()).toErrorString());
                }
            }
        });
        return failed;
    }

    private static StreamingQuery start(SparkSession spark, String rows, String keys) throws Exception {
        Path checkpoint = Files.createTempDirectory(Path.of(System.getenv("WORK")), "checkpoint");
        return spark.readStream().format("rate-micro-batch").option("rowsPerBatch", rows).option("numPartitions", "2").load()
                .selectExpr(TEXT.replace("KEY", "value % " + keys) + " as text").groupBy("text").count()
                .writeStream().format("noop").outputMode("update").option("checkpointLocation", checkpoint.toString())
                .trigger(Trigger.ProcessingTime(0)).start();
    }

    /** How long each batch took, up to so many. */
    private static final class Batches extends StreamingQueryListener {
        private static final long serialVersionUID = 1;

        private final transient List<Long> millis = Collections.synchronizedList(new ArrayList<>());
        private final int wanted;
        private final transient CountDownLatch end = new CountDownLatch(1);
        private volatile long stateRows;
        private volatile String failure;

        Batches(int wanted) {
            this.wanted = wanted;
        }

        @Override
        public void onQueryProgress(QueryProgressEvent event) {
            if (event.progress().numInputRows() == 0 || millis.size() >= wanted) {
                return;
            }
            stateRows = event.progress().stateOperators()[0].numRowsTotal();
            long took = event.progress().durationMs().get("triggerExecution");
            millis.add(took);
            System.out.printf(Locale.ROOT, "batch %d %d ms, %d rows, %,d bytes%n", millis.size(), took, stateRows,
                    Memgrant.root().used());
            if (millis.size() >= wanted) {
                end.countDown();
            }
        }

        @Override
        public void onQueryStarted(QueryStartedEvent event) {}

        @Override
        public void onQueryTerminated(QueryTerminatedEvent event) {
            failure = event.exception().isDefined() ? event.exception().get() : "it stopped";
            end.countDown();
        }

        void await(StreamingQuery query) throws Exception {
            end.await();
            if (millis.size() < wanted) {
                throw new AssertionError("after " + millis.size() + " batches: " + failure);
            }
        }

        long percentile(int part) {
            List<Long> sorted = new ArrayList<>(millis);
            Collections.sort(sorted);
            return sorted.get(Math.min(sorted.size() - 1, sorted.size() * part / 100));
        }
    }
}
