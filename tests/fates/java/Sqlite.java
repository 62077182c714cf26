import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;

/** Fills a table in a file, indexes it, groups and sorts it. */
public final class Sqlite implements Workload {
    private static final int ROWS = 5_000;
    private final Path file;

    public Sqlite(Path folder) {
        file = folder.resolve("database.sqlite");
    }

    @Override
    public void run() throws Exception {
        Files.deleteIfExists(file);
        Files.deleteIfExists(Path.of(file + "-journal"));
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE t (i INTEGER, g INTEGER, v TEXT)");
            connection.setAutoCommit(false);
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO t VALUES (?, ?, ?)")) {
                for (int i = 0; i < ROWS; i++) {
                    insert.setInt(1, i);
                    insert.setInt(2, i % 100);
                    insert.setString(3, "value " + i * 7919L % ROWS);
                    insert.addBatch();
                }
                insert.executeBatch();
            }
            connection.commit();
            statement.execute("CREATE INDEX by_group ON t (g, v)");
            connection.commit();
            long sum = 0;
            int groups = 0;
            try (ResultSet rows = statement.executeQuery("SELECT g, sum(i), max(v) FROM t GROUP BY g ORDER BY 3")) {
                for (; rows.next(); groups++) {
                    sum += rows.getLong(2);
                }
            }
            Workload.check(100, groups, "groups");
            Workload.check((long) ROWS * (ROWS - 1) / 2, sum, "sum of groups");
        }
    }
}
