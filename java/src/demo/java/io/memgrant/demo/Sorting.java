package io.memgrant.demo;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;

/** A task that reads what Spark sorted in it and gives every row to a native library, while Spark's sort is still there. */
public final class Sorting {
    /** Never full: RocksDB keeps everything in memory until it is closed. */
    private static final long WRITE_BUFFER = 2L << 30;

    private Sorting() {}

    /**
     * What was seen in one task.
     *
     * @param given what Spark's sort gave, and whether in order
     * @param readBack what the library gave back
     * @param spilledBefore TaskMetrics.memoryBytesSpilled when the first row was there, before the library was touched
     * @param spilled the same when the library had every row
     * @param sparkBefore what Spark's books had for the task, as it was before the library was touched
     * @param spills one for each spill file that was opened in this process meanwhile
     */
    public record Seen(long task, String executor, String thread, Warehouse.Sorted given, Warehouse.Sorted readBack,
            long spilledBefore, long spilled, long sparkBefore, List<Spill> spills) implements Serializable {}

    /**
     * A spill file that was opened.
     *
     * @param ownThread whether the task's own thread did it
     * @param task the attempt of the TaskContext that the thread had; -1 when it had none
     * @param stack the calls that led there, the innermost first
     */
    record Spill(boolean ownThread, String thread, long task, List<String> stack) implements Serializable {}

    /** Takes rows one by one, in order, and tells in the end what it has. */
    private interface Taker extends AutoCloseable {
        void take(long position, Row row) throws Exception;

        Warehouse.Sorted readBack() throws Exception;

        @Override
        void close() throws SQLException;
    }

    static Seen giveAll(Iterator<Row> rows, boolean toDuckDb) throws Exception {
        TaskContext task = TaskContext.get();
        Census.remember(task);
        boolean any = rows.hasNext(); // Spark has sorted now
        long spilledBefore = task.taskMetrics().memoryBytesSpilled();
        long sparkBefore = Census.memoryBySpark(task);
        int spillsBefore = WatchedCodec.spills().size();
        Warehouse.Sums given = new Warehouse.Sums();
        try (Taker taker = toDuckDb ? new IntoDuckDb() : new IntoRocksDb()) {
            for (long position = 0; any && rows.hasNext(); position++) {
                Row row = rows.next();
                given.add(row.getLong(0), row.getLong(1), row.getInt(2), row.getString(3));
                taker.take(position, row);
            }
            long spilled = task.taskMetrics().memoryBytesSpilled();
            List<Spill> spills = new ArrayList<>();
            for (WatchedCodec.Opened opened : WatchedCodec.spills().subList(spillsBefore, WatchedCodec.spills().size())) {
                spills.add(new Spill(opened.thread() == Thread.currentThread(), opened.thread().getName(), opened.task(),
                        opened.stack().stream().map(StackTraceElement::toString).toList()));
            }
            return new Seen(task.taskAttemptId(), SparkEnv.get().executorId(), Thread.currentThread().getName(),
                    given.sorted(), taker.readBack(), spilledBefore, spilled, sparkBefore, spills);
        }
    }

    private static final class IntoRocksDb implements Taker {
        private final Store store = new Store(WRITE_BUFFER);

        private IntoRocksDb() throws Exception {}

        @Override
        public void take(long position, Row row) throws Exception {
            byte[] comment = row.getString(3).getBytes(StandardCharsets.UTF_8);
            store.put(ByteBuffer.allocate(8).putLong(position).array(), ByteBuffer.allocate(20 + comment.length)
                    .putLong(row.getLong(0)).putLong(row.getLong(1)).putInt(row.getInt(2)).put(comment).array());
        }

        @Override
        public Warehouse.Sorted readBack() throws Exception {
            Warehouse.Sums sums = new Warehouse.Sums();
            store.forEachValue(value -> {
                ByteBuffer bytes = ByteBuffer.wrap(value);
                sums.add(bytes.getLong(), bytes.getLong(), bytes.getInt(),
                        new String(value, 20, value.length - 20, StandardCharsets.UTF_8));
            });
            return sums.sorted();
        }

        @Override
        public void close() {
            store.close();
        }
    }

    private static final class IntoDuckDb implements Taker {
        private final Warehouse warehouse = new Warehouse(Work.DUCKDB_THREADS);

        private IntoDuckDb() throws Exception {}

        @Override
        public void take(long position, Row row) throws Exception {
            warehouse.append(row.getLong(0), row.getLong(1), row.getInt(2), row.getString(3));
        }

        @Override
        public Warehouse.Sorted readBack() throws Exception {
            return warehouse.appended();
        }

        @Override
        public void close() throws SQLException {
            warehouse.close();
        }
    }
}
