package io.memgrant.tests;

import com.fasterxml.jackson.databind.JsonNode;
import io.memgrant.Memgrant;
import io.memgrant.SpillLever;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.duckdb.DuckDBConnection;

/**
 * The recipe of docs/levers.md: a task whose table in DuckDB is larger than all that Spark has. Run by spark-submit with a pool of
 * 256 MB; with the word {@code recipe} the task has the lever.
 */
public final class DuckDbLever {
    private static final int STEPS = 40;
    /** 16 bytes each, that do not get smaller: 320 MB in all. */
    private static final long ROWS = 500_000;
    private static final String SAME = "select (select bit_xor(h) from rows) = (select bit_xor(hash(range)) from range("
            + STEPS * ROWS + ")), count(*) from rows";

    private DuckDbLever() {}

    public static void main(String[] words) {
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(
                SparkSession.builder().appName("duckdb lever").getOrCreate().sparkContext());
        boolean pulls = words[0].equals("recipe");
        String end;
        try {
            end = spark.parallelize(List.of(0), 1).map(nothing -> fill(pulls)).collect().get(0);
        } catch (Exception denied) {
            end = denied.getMessage().lines().findFirst().orElse("");
        }
        JsonNode levers = Check.report().json().get("levers");
        if (!pulls) {
            Check.that(end.contains("SparkOutOfMemoryError"), "without a lever the task is denied", "%s", end);
            return;
        }
        Check.that(end.equals("true, " + STEPS * ROWS + " rows, attempt 0"), "with it the task finishes, and reads what it wrote", "%s", end);
        Check.that(levers.get("pulled").asLong() > 0 && levers.get("bytes_freed").asLong() > 0, "because the lever frees", "%s", levers);
        Check.thatBooksBalance("after the task");
    }

    private static String fill(boolean pulls) throws SQLException {
        try (Connection duck = DriverManager.getConnection("jdbc:duckdb:"); Statement sql = duck.createStatement();
                Connection knob = ((DuckDBConnection) duck).duplicate()) {
            sql.execute("set threads = 1");
            sql.execute("set temp_directory = '" + System.getenv("WORK") + "/duckdb'");
            sql.execute("create table rows (h ubigint, r ubigint)");
            SpillLever.Registration lever = pulls ? Memgrant.addLever(bytes -> evict(knob, bytes)) : () -> {};
            for (int step = 0; step < STEPS; step++) {
                sql.execute("insert into rows select hash(range), hash(range + 1) from range(" + step * ROWS + ", "
                        + (step + 1) * ROWS + ")");
            }
            try (ResultSet rows = sql.executeQuery(SAME)) {
                rows.next();
                lever.close(); // before its connection
                return rows.getBoolean(1) + ", " + rows.getLong(2) + " rows, attempt " + TaskContext.get().attemptNumber();
            }
        }
    }

    private static long evict(Connection knob, long bytes) throws SQLException {
        try (Statement sql = knob.createStatement()) {
            long used = used(sql);
            sql.execute("set memory_limit = '" + Math.max(used - bytes, used / 2) + "B'"); // fails where so much is in use
            return used - used(sql);
        }
    }

    private static long used(Statement sql) throws SQLException {
        try (ResultSet rows = sql.executeQuery("select sum(memory_usage_bytes)::bigint from duckdb_memory()")) {
            rows.next();
            return rows.getLong(1);
        }
    }
}
