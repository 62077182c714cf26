package io.memgrant.demo;

import java.io.Serializable;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;
import org.duckdb.DuckDBDriver;

/** A DuckDB as published, in memory, on parquet files of lineitem. Nothing here knows of Spark or of memgrant. */
final class Warehouse implements AutoCloseable {
    private final Connection connection;

    /** @param threads how many of them DuckDB uses, the calling one included */
    Warehouse(int threads) throws SQLException {
        connection = new DuckDBDriver().connect("jdbc:duckdb:", new Properties());
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET threads = " + threads);
        } catch (Throwable e) {
            connection.close();
            throw e;
        }
    }

    /** TPC-H's query 1. */
    PricingSummary pricingSummary(List<String> files) throws SQLException {
        PricingSummary summary = new PricingSummary();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT kind, count(*), sum(quantity)::BIGINT, "
                        + "sum(cents)::BIGINT, sum(cents * (100 - discount))::BIGINT, "
                        + "sum(cents * (100 - discount) * (100 + tax))::BIGINT FROM " + table(files)
                        + " WHERE shipdate <= " + PricingSummary.LAST_SHIP_DATE + " GROUP BY kind")) {
            while (rows.next()) {
                summary.addSums(rows.getString(1), rows.getLong(2), rows.getLong(3), rows.getLong(4), rows.getLong(5),
                        rows.getLong(6));
            }
        }
        return summary;
    }

    /** All rows, the dearest first; every one of them is looked at. */
    Sorted sort(List<String> files) throws SQLException {
        return sort(table(files));
    }

    /** Copies a file's rows into a table of its own; how many there are. */
    long copy(String file) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS copies AS FROM " + table(List.of(file)) + " LIMIT 0");
            return statement.executeUpdate("INSERT INTO copies FROM " + table(List.of(file)));
        }
    }

    /** All that was copied, the dearest first. */
    Sorted sortCopies() throws SQLException {
        return sort("copies");
    }

    private Sorted sort(String table) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT cents, orderkey, linenumber, comment FROM " + table
                        + " ORDER BY cents DESC, orderkey, linenumber")) {
            long count = 0, cents = 0, keys = 0, text = 0;
            boolean ordered = true;
            for (long last = Long.MAX_VALUE; rows.next(); count++) {
                ordered &= rows.getLong(1) <= last;
                last = rows.getLong(1);
                cents += last;
                keys += rows.getLong(2) * rows.getInt(3);
                text += rows.getString(4).length();
            }
            return new Sorted(ordered, count, cents, keys, text);
        }
    }

    /**
     * What a sort's result comes to.
     *
     * @param ordered whether the prices came in their order
     * @param cents the sum of all prices
     * @param keys the sum of order key times line number
     * @param text the characters of all comments
     */
    record Sorted(boolean ordered, long rows, long cents, long keys, long text) implements Serializable {
        /** What the same rows come to, so many times each. */
        Sorted times(long copies) {
            return new Sorted(ordered, rows * copies, cents * copies, keys * copies, text * copies);
        }
    }

    private static String table(List<String> files) {
        return files.stream().map(file -> "'" + file.replace("'", "''") + "'")
                .collect(Collectors.joining(", ", "read_parquet([", "])"));
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
