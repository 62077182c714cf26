package io.memgrant.tests;

import com.fasterxml.jackson.databind.JsonNode;
import io.airlift.tpch.TpchEntity;
import io.airlift.tpch.TpchTable;
import io.memgrant.Memgrant;
import io.memgrant.demo.Report;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.apache.spark.SparkEnv;
import org.apache.spark.memory.MemoryManager;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;

/**
 * A library that charges Spark itself: Comet as published runs TPC-H's query 18, while Spark's books are compared with what
 * Comet was measured to use. Run by spark-submit on a pool of 1 GB.
 */
public final class Comet {
    private static final double SCALE = 0.3;
    private static final int PARTS = 4;
    private static final String QUERY_18 = "select c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice, sum(l_quantity)"
            + " from customer, orders, lineitem where o_orderkey in (select l_orderkey from lineitem group by l_orderkey"
            + " having sum(l_quantity) > 300) and c_custkey = o_custkey and o_orderkey = l_orderkey group by c_name, c_custkey,"
            + " o_orderkey, o_orderdate, o_totalprice order by o_totalprice desc, o_orderdate limit 100";

    private Comet() {}

    /** Of one moment, in bytes: what Comet uses and has declared, and what Spark has given away for it and for us. */
    private record Sample(long measured, long declared, long books) {
        static Sample now() {
            MemoryManager manager = SparkEnv.get().memoryManager();
            synchronized (manager) {
                long books = manager.offHeapExecutionMemoryUsed() + manager.offHeapStorageMemoryUsed();
                Report report = Check.report();
                long declared = 0;
                for (JsonNode account : report.accounts()) {
                    declared += Report.figure(account, "declared");
                }
                long measured = Report.figure(Report.library(report.json(), "libcomet"), "used");
                return new Sample(measured, declared, books);
            }
        }
    }

    public static void main(String[] words) throws Exception {
        SparkSession spark = SparkSession.builder().appName("comet").getOrCreate();
        tables(spark, words[0]);
        List<Sample> samples = new ArrayList<>();
        Thread sampler = new Thread(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                samples.add(Sample.now());
            }
        });
        sampler.start();
        long rows = spark.sql(QUERY_18).collectAsList().size();
        sampler.interrupt();
        sampler.join();
        System.out.println(spark.sql(QUERY_18).queryExecution().executedPlan());
        for (Sample sample : samples) {
            System.out.printf(Locale.ROOT, "sample %d %d %d%n", sample.measured >> 10, sample.declared >> 10, sample.books >> 10);
        }
        System.out.println(rows + " rows");
        System.out.println(Memgrant.report());
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
                .flatMap((org.apache.spark.api.java.function.FlatMapFunction<Integer, String>) part -> lines(name, part),
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
