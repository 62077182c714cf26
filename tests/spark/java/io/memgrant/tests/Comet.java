package io.memgrant.tests;

import io.airlift.tpch.TpchEntity;
import io.airlift.tpch.TpchTable;
import io.memgrant.demo.Report;
import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.memory.MemoryManager;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * A library that charges Spark itself: Comet as published joins and sorts tables of TPC-H in one task, which stops to look while
 * Comet holds what it sorted: at Spark's books, at what Comet has declared, and at what Comet was measured to use.
 */
public final class Comet {
    private static final double SCALE = 0.1;
    private static final int PARTS = 4;
    /** Not used, at most: what the task's and the executor's account keep at hand, and the byte that the task has from its start. */
    private static final long AT_HAND = (2 << 20) + 1;
    /** How often is looked, at most, until what was asked for before Comet declared it has gone back. */
    private static final int LOOKS = 1_000;
    private static final int LOOK_MILLIS = 100;
    private static final String QUERY = "select o_totalprice, o_orderkey, o_orderdate, l_quantity from orders, lineitem"
            + " where o_orderkey = l_orderkey order by o_totalprice desc, o_orderkey, l_quantity";

    private Comet() {}

    /**
     * Of one moment, in bytes.
     *
     * @param measured what Comet uses
     * @param declared what Comet has declared to Spark itself, as the report says
     * @param given what Spark has given away, to Comet and to us, but for what our heaps keep beyond Comet's blocks
     */
    private record Sample(long measured, long declared, long given) implements Serializable {
        /** On a task's thread. */
        static Sample now() {
            MemoryManager manager = SparkEnv.get().memoryManager();
            synchronized (manager) {
                Report report = Check.report();
                long overhead = report.accounts().stream().filter(account -> account.get("name").asText().equals("overhead"))
                        .mapToLong(account -> Report.figure(account, "granted")).sum();
                return new Sample(Report.figure(Report.library(report.json(), "libcomet"), "used"),
                        Report.figure(report.task(TaskContext.get().taskAttemptId()), "declared"),
                        manager.offHeapExecutionMemoryUsed() + manager.offHeapStorageMemoryUsed() - overhead);
            }
        }

        boolean isPaidOnce() {
            long needed = Math.max(measured, declared);
            return given >= needed && given <= needed + AT_HAND;
        }
    }

    public static void main(String[] words) throws Exception {
        SparkSession spark = SparkSession.builder().appName("comet").getOrCreate();
        tables(spark, words[0]);
        Dataset<Row> sorted = spark.sql(QUERY);
        String plan = sorted.queryExecution().executedPlan().toString();
        Check.that(plan.contains("CometSort ") && plan.contains("CometSortMergeJoin "), "Comet joins and sorts", "%d operators of it",
                plan.split("Comet").length - 1);
        Sample seen = sorted.javaRDD().mapPartitions(Comet::looked).collect().get(0);
        Check.that(seen.isPaidOnce(), "what Comet takes is paid for, and once", "%s", seen);
        Check.that(Math.min(seen.declared, seen.measured) > 10 * AT_HAND, "Comet declares most of it to Spark itself, and the report shows that",
                "%s", seen);
        Check.thatBooksBalance("after Comet's query");
    }

    /** Comet has sorted everything when there is a first row. */
    private static Iterator<Sample> looked(Iterator<Row> rows) throws InterruptedException {
        if (!rows.hasNext()) {
            throw new AssertionError("no rows");
        }
        Sample seen = Sample.now();
        MemoryManager manager = SparkEnv.get().memoryManager();
        synchronized (manager) {
            for (int look = 0; look < LOOKS && !seen.isPaidOnce(); look++) {
                manager.wait(LOOK_MILLIS);
                seen = Sample.now();
            }
        }
        rows.forEachRemaining(row -> {});
        return List.of(seen).iterator();
    }

    private static void tables(SparkSession spark, String folder) {
        table(spark, folder, TpchTable.CUSTOMER, "cast(f[0] as bigint) c_custkey", "f[1] c_name");
        table(spark, folder, TpchTable.ORDERS, "cast(f[0] as bigint) o_orderkey", "cast(f[1] as bigint) o_custkey",
                "cast(f[3] as decimal(12,2)) o_totalprice", "cast(f[4] as date) o_orderdate");
        table(spark, folder, TpchTable.LINE_ITEM, "cast(f[0] as bigint) l_orderkey", "cast(f[4] as decimal(12,2)) l_quantity");
    }

    private static <E extends TpchEntity> void table(SparkSession spark, String folder, TpchTable<E> table,
            String... columns) {
        String name = table.getTableName();
        String path = folder + "/" + name;
        List<Integer> parts = IntStream.rangeClosed(1, PARTS).boxed().toList();
        spark.createDataset(parts, Encoders.INT()).repartition(PARTS)
                .flatMap((FlatMapFunction<Integer, String>) part -> lines(name, part),
                        Encoders.STRING())
                .selectExpr("split(value, '[|]') as f").selectExpr(columns).write().parquet(path);
        spark.read().parquet(path).createOrReplaceTempView(name);
    }

    private static Iterator<String> lines(String table, int part) {
        Iterator<? extends TpchEntity> rows = TpchTable.getTable(table).createGenerator(SCALE, part, PARTS).iterator();
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return rows.hasNext();
            }

            @Override
            public String next() {
                return rows.next().toLine();
            }
        };
    }
}
