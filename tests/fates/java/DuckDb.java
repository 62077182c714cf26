import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** Fills a table, groups, joins and sorts it, on two threads of its own beside the task's. */
public final class DuckDb implements Workload {
    private static final int ROWS = 200_000;
    private static final int GROUPS = 1_000;

    public DuckDb(Path folder) {}

    @Override
    public void run() throws Exception {
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement()) {
            statement.execute("SET threads=3");
            statement.execute("CREATE TABLE t AS SELECT i, i % " + GROUPS + " AS g, 'value ' || i AS v FROM range(" + ROWS + ") r(i)");
            long sum = (long) ROWS * (ROWS - 1) / 2;
            Workload.check(sum, number(statement, "SELECT sum(s) FROM (SELECT g, sum(i) AS s, max(v) FROM t GROUP BY g)"), "sum of groups");
            Workload.check((long) ROWS, number(statement, "SELECT count(*) FROM t a JOIN t b USING (i)"), "rows of a join");
            Workload.check((long) ROWS, number(statement, "SELECT count(*) FROM (SELECT i, row_number() OVER (ORDER BY i DESC) AS n FROM t) "
                    + "WHERE i + n = " + ROWS), "rows in their order");
        }
    }

    private static long number(Statement statement, String query) throws SQLException {
        try (ResultSet rows = statement.executeQuery(query)) {
            rows.next();
            return rows.getLong(1);
        }
    }
}
