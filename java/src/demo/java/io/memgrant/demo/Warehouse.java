package io.memgrant.demo;

import java.io.Serializable;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBDriver;

/** A DuckDB as published, in memory, on parquet files of lineitem. Nothing here knows of Spark or of memgrant. */
final class Warehouse implements AutoCloseable {
    private final Connection connection;
    private DuckDBAppender appender;

    /** @param threads how many of them DuckDB uses, the calling one included */
    Warehouse(int threads) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty(DuckDBDriver.JDBC_STREAM_RESULTS, "true"); // rows as they are read, not all at once
        connection = new DuckDBDriver().connect("jdbc:duckdb:", properties);
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET threads = " + threads);
        } catch (Throwable e) {
            connection.close();
            throw e;
        }
    }

    /** TPC-H's query 1. */
    PricingSummary pricingSummary(List<String> files) throws SQLException {
        return pricingSummary(table(files), PricingSummary.LAST_SHIP_DATE);
    }

    /** The same of all that was copied, as if it was asked earlier. */
    PricingSummary pricingSummaryOfCopies(int lastShipDate) throws SQLException {
        return pricingSummary("copies", lastShipDate);
    }

    private PricingSummary pricingSummary(String table, int lastShipDate) throws SQLException {
        PricingSummary summary = new PricingSummary();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT kind, count(*), sum(quantity)::BIGINT, "
                        + "sum(cents)::BIGINT, sum(cents * (100 - discount))::BIGINT, "
                        + "sum(cents * (100 - discount) * (100 + tax))::BIGINT FROM " + table
                        + " WHERE shipdate <= " + lastShipDate + " GROUP BY kind")) {
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

    /** What the comments of each order that was copied say, together. */
    void documents(Documents reader) throws Exception {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT orderkey, comment FROM copies")) {
            StringBuilder document = new StringBuilder();
            long order = -1;
            while (rows.next()) {
                if (rows.getLong(1) != order && order >= 0) {
                    reader.read(order, document.toString());
                    document.setLength(0);
                }
                order = rows.getLong(1);
                document.append(rows.getString(2)).append('\n');
            }
            if (order >= 0) {
                reader.read(order, document.toString());
            }
        }
    }

    /** Takes what {@link #documents} finds; an order's rows follow each other. */
    interface Documents {
        void read(long order, String document) throws Exception;
    }

    /** All that was copied, the dearest first. */
    Sorted sortCopies() throws SQLException {
        return sort("copies");
    }

    private Sorted sort(String table) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT cents, orderkey, linenumber, comment FROM " + table
                        + " ORDER BY cents DESC, orderkey, linenumber")) {
            return read(rows);
        }
    }

    /** Takes one row into a table of its own. */
    void append(long cents, long orderKey, int lineNumber, String comment) throws SQLException {
        if (appender == null) {
            try (Statement statement = connection.createStatement()) {
                statement.execute("CREATE TABLE appended (cents BIGINT, orderkey BIGINT, linenumber INTEGER, comment VARCHAR)");
            }
            appender = connection.unwrap(DuckDBConnection.class).createAppender("appended");
        }
        appender.beginRow();
        appender.append(cents);
        appender.append(orderKey);
        appender.append(lineNumber);
        appender.append(comment);
        appender.endRow();
    }

    /** All that was appended, as it was. */
    Sorted appended() throws SQLException {
        appender.close();
        appender = null;
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("FROM appended")) {
            return read(rows);
        }
    }

    private static Sorted read(ResultSet rows) throws SQLException {
        Sums sums = new Sums();
        while (rows.next()) {
            sums.add(rows.getLong(1), rows.getLong(2), rows.getInt(3), rows.getString(4));
        }
        return sums.sorted();
    }

    /** Adds rows up in the order in which they come. */
    static final class Sums {
        private long rows, cents, keys, text;
        private long last = Long.MAX_VALUE;
        private boolean ordered = true;

        void add(long price, long orderKey, int lineNumber, String comment) {
            ordered &= price <= last;
            last = price;
            rows++;
            cents += price;
            keys += orderKey * lineNumber;
            text += comment.length();
        }

        Sorted sorted() {
            return new Sorted(ordered, rows, cents, keys, text);
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
        if (appender != null) {
            appender.close();
        }
        connection.close();
    }
}
