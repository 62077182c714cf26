import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** DuckDB's own work in memory: a table is made, grouped, joined, sorted, its text taken apart. */
final class DuckDbWork {
    public static void main(String[] args) throws Exception {
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:"); Statement statement = connection.createStatement()) {
            statement.execute("SET threads = 2");
            statement.execute("CREATE TABLE item AS SELECT i AS id, i * 7919 % 10007 AS grp, "
                    + "'item ' || (i * 48271 % 65537) AS name, (i * 31 % 1009) / 10.0 AS price FROM range(1000000) t(i)");
            ask(statement, "SELECT count(*) FROM (SELECT grp, sum(price) AS total, count(DISTINCT name) AS names FROM item "
                    + "GROUP BY grp)", 10007);
            ask(statement, "SELECT count(*) FROM item a JOIN item b ON a.id = b.id + 1 WHERE a.price > b.price", -1);
            ask(statement, "SELECT count(*) FROM (SELECT *, row_number() OVER (PARTITION BY grp ORDER BY price DESC, id) AS place "
                    + "FROM item) WHERE place = 1", 10007);
            ask(statement, "SELECT count(*) FROM (SELECT unnest(string_split(name, ' ')) AS word FROM item ORDER BY word)", 2000000);
        }
    }

    private static void ask(Statement statement, String question, long expected) throws SQLException {
        try (ResultSet rows = statement.executeQuery(question)) {
            rows.next();
            long answer = rows.getLong(1);
            if (expected >= 0 ? answer != expected : answer <= 0)
                throw new AssertionError(question + " is " + answer);
        }
    }
}
