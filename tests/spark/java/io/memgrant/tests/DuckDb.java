package io.memgrant.tests;

import com.fasterxml.jackson.databind.JsonNode;
import io.memgrant.demo.Report;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.stream.IntStream;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * DuckDB's own jemalloc maps most of its memory, and what it keeps after a task the next task uses: so here it is 200
 * tasks of one executor that do the same.
 */
public final class DuckDb {
    /** The least that such a task takes: the table's 300,000 rows of 16 bytes, and them sorted. */
    private static final long AT_LEAST = 2 * 300_000 * 16;
    /** A block of DuckDB's jemalloc for its index of addresses, which it keeps. */
    private static final long NODE = 8 << 20;
    /** More than was seen of what else is left once, or for 200 ms: 12 KB allocated, 324 KB mapped. */
    private static final long CHANCE = 512 << 10;
    /** A block has as many bytes at least. */
    private static final long SMALLEST = 8;
    private static final String AGGREGATE = "select count(*), sum(total) from (select range % 50000 as key,"
            + " sum(range) as total, max(hash(range)) from range(500000) group by 1)";

    private DuckDb() {}

    /** Memory left to the executor by tasks that are over. */
    private record Left(long allocated, long mapped) {
        /** By less than a block a task, of the smallest. */
        boolean isNoMoreThan(Left before) {
            return allocated - before.allocated < 20 * SMALLEST && mapped <= before.mapped;
        }

        static Left now() {
            Report report = Check.report();
            long mapped = Report.figure(Report.library(report.json(), "libduckdb_java"), "mapped");
            return new Left(Report.figure(report.own(), "used") - mapped, mapped);
        }
    }

    /** Run by spark-submit with a pool of 1 GB and two cores. */
    public static void main(String[] words) throws Exception {
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(
                SparkSession.builder().appName("duckdb").getOrCreate().sparkContext());
        spark.parallelize(List.of(0), 1).foreach(nothing -> mappedBytesAreTheKernels());
        List<Long> together = new ArrayList<>();
        List<Long> alone = new ArrayList<>();
        List<Left> left = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            if (i % 2 == 0) {
                together.addAll(sideBySide(spark, 20));
            } else {
                alone.addAll(oneAfterAnother(spark, 20));
            }
            left.add(Left.now());
        }
        double each = areCharged(together, 1); // what the other one freed just now need not be mapped again
        double eachAlone = areCharged(alone, 0.2);
        Check.that(Math.abs(each - eachAlone) < 0.1 * eachAlone, "two at a time are charged as much as two alone within 10 %",
                "%,.0f and %,.0f bytes each", each, eachAlone);
        areNoMore(left);
        long granted = SparkEnv.get().memoryManager().executionMemoryUsed();
        Check.that(granted == 0, "Spark has all of its execution memory back", "%d bytes", granted);
        Check.thatBooksBalance("after 200 tasks");
        spark.stop();
    }

    /** With threads of DuckDB's own beside the tasks'. */
    private static List<Long> sideBySide(JavaSparkContext spark, int count) {
        return run(spark, count, 2);
    }

    /**
     * Alone and on its own thread a task takes the same each time, but for what it frees and takes again: for 200 ms DuckDB
     * keeps that, and maps it anew later. Else it depends on who is first.
     */
    private static List<Long> oneAfterAnother(JavaSparkContext spark, int count) {
        return IntStream.range(0, count).mapToObj(i -> run(spark, 1, 1).get(0)).toList();
    }

    private static List<Long> run(JavaSparkContext spark, int count, int threads) {
        return spark.parallelize(IntStream.range(0, count).boxed().toList(), count).map(i -> aggregateAndSort(threads)).collect();
    }

    private static long aggregateAndSort(int threads) throws SQLException {
        try (Connection duck = DriverManager.getConnection("jdbc:duckdb:"); Statement sql = duck.createStatement()) {
            sql.execute("set threads = " + threads);
            one(sql, AGGREGATE);
            sql.execute("create table rows as select hash(range) as h, range as r from range(300000)");
            sql.execute("create table sorted as select * from rows order by h, r");
        }
        return TaskContext.get().taskAttemptId();
    }

    private static long one(Statement sql, String query) throws SQLException {
        try (ResultSet rows = sql.executeQuery(query)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    /**
     * Tasks that leave a block each would leave twenty more each of the nine times. Chance decides now and then about more: once
     * for good, when two threads of DuckDB's are busy at once that never were before or the kernel goes on in addresses that had
     * no node yet; and back again, when what DuckDB keeps for 200 ms is not gone yet, or where the machine is busy 48 bytes of
     * a thread.
     */
    private static void areNoMore(List<Left> left) {
        long same = IntStream.range(1, left.size()).filter(i -> left.get(i).isNoMoreThan(left.get(i - 1))).count();
        LongSummaryStatistics mapped = left.stream().mapToLong(Left::mapped).summaryStatistics();
        LongSummaryStatistics allocated = left.stream().mapToLong(Left::allocated).summaryStatistics();
        Check.that(same >= 3 && mapped.getMax() - mapped.getMin() <= NODE + CHANCE
                        && allocated.getMax() - allocated.getMin() <= CHANCE,
                "what 20 tasks left to the executor 200 left, but for what chance decides", "%s", left);
    }

    /** How much a task was charged on average. */
    private static double areCharged(List<Long> tasks, double alike) {
        Report report = Check.report();
        LongSummaryStatistics charged = new LongSummaryStatistics();
        int settled = 0;
        for (long task : tasks) {
            JsonNode account = report.task(task);
            charged.accept(Report.figure(account, "charged"));
            settled += account.get("state").asText().equals("closed") && Report.figure(account, "used") == 0
                    && Report.figure(account, "granted") == 0 ? 1 : 0;
        }
        Check.that(settled == tasks.size(), "each task's account is closed, with nothing used and nothing granted",
                "%d of %d", settled, tasks.size());
        Check.that(charged.getMin() > AT_LEAST && charged.getMax() - charged.getMin() < alike * charged.getMin(),
                "such tasks are charged alike within " + Math.round(100 * alike) + " %", "%,d to %,d bytes",
                charged.getMin(), charged.getMax());
        return charged.getAverage();
    }

    /** The second time the JVM and we have what we need, and the libc the threads' stacks. */
    private static void mappedBytesAreTheKernels() throws Exception {
        holdAndClose();
        long[] bytes = holdAndClose();
        Check.that(Math.abs(bytes[0] - bytes[1]) < bytes[1] / 100, "what DuckDB maps is what the kernel shows within 1 %",
                "%,d bytes in the books, %,d in /proc/self/maps", bytes[0], bytes[1]);
        Check.that(bytes[2] <= bytes[0] && bytes[0] < 1.1 * bytes[2], "and at most 10 % more than DuckDB itself knows of",
                "%,d bytes by duckdb_memory()", bytes[2]);
    }

    /** What goes when DuckDB is closed: mapped bytes by the books, by the kernel, and the table's by DuckDB itself. */
    private static long[] holdAndClose() throws Exception {
        long known;
        Left held;
        long writable;
        try (Connection duck = DriverManager.getConnection("jdbc:duckdb:"); Statement sql = duck.createStatement()) {
            sql.execute("create table big as select hash(range) as h from range(16000000)");
            known = one(sql, "select sum(memory_usage_bytes)::bigint from duckdb_memory()");
            held = Left.now();
            writable = writableBytes();
        }
        return new long[] {held.mapped - Left.now().mapped, writable - writableBytes(), known};
    }

    /** Private anonymous memory of this process that may be written. */
    private static long writableBytes() throws Exception {
        return Files.readAllLines(Path.of("/proc/self/maps")).stream()
                .filter(line -> line.matches("\\S+ rw-p 00000000 00:00 0\\s*"))
                .mapToLong(line -> {
                    String[] range = line.split("[- ]");
                    return Long.parseLong(range[1], 16) - Long.parseLong(range[0], 16);
                }).sum();
    }
}
