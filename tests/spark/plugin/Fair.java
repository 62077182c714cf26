package io.memgrant.tests;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskFailedReason;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteOptions;

/**
 * Eight tasks at a time on one real executor, twice over, each of which keeps 64 MB and more in RocksDB's memory; Spark has
 * 256 MB.
 */
public final class Fair extends OnCluster {
    private static final int TASKS = 16;
    private static final int AT_ONCE = 8;
    private static final int VALUE = 8_192;
    private static final int PUTS = (int) (60 * MB / VALUE);

    private final Turns turns = new Turns();

    private Fair(JavaSparkContext spark) {
        super(spark);
    }

    public static void main(String[] arguments) throws Exception {
        try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
            Fair fair = new Fair(spark);
            fair.run(1, task -> Integer.toString(fill(100))); // RocksDB's own statics
            spark.sc().addSparkListener(fair.turns);
            fair.eachGetsItsTurn();
        }
    }

    /** When each task of the next job first began, and when it ended well, counted in beginnings and ends. */
    private static final class Turns extends SparkListener {
        private final List<Integer> begun = new ArrayList<>();
        private final List<Integer> ended = new ArrayList<>();
        private final List<String> failures = new ArrayList<>();

        @Override
        public synchronized void onTaskStart(SparkListenerTaskStart start) {
            if (start.taskInfo().attemptNumber() == 0) {
                begun.add(start.taskInfo().index());
            }
        }

        @Override
        public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
            if (end.reason() instanceof TaskFailedReason) {
                failures.add(first(((TaskFailedReason) end.reason()).toErrorString()));
            } else {
                ended.add(end.taskInfo().index());
            }
        }

        /** How many tasks that began later than that one ended earlier. */
        synchronized int overtook(int task) {
            List<Integer> later = begun.subList(begun.indexOf(task) + 1, begun.size());
            return (int) ended.subList(0, ended.indexOf(task)).stream().filter(later::contains).count();
        }
    }

    /** Nothing is written to a file. */
    private static int fill(int puts) throws Exception {
        Path folder = Files.createTempDirectory("fair");
        byte[] value = new byte[VALUE];
        try (Options options = new Options().setCreateIfMissing(true).setWriteBufferSize(1 << 30).setAvoidFlushDuringShutdown(true);
                WriteOptions unlogged = new WriteOptions().setDisableWAL(true);
                RocksDB store = RocksDB.open(options, folder.toString())) {
            for (int put = 0; put < puts; put++) {
                store.put(unlogged, ByteBuffer.allocate(4).putInt(put).array(), value);
            }
            return read(store, puts);
        } finally {
            try (Stream<Path> files = Files.walk(folder)) {
                files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
            }
        }
    }

    private static int read(RocksDB store, int puts) throws RocksDBException {
        int found = 0;
        for (int put = 0; put < puts; put++) {
            found += store.get(ByteBuffer.allocate(4).putInt(put).array()).length == VALUE ? 1 : 0;
        }
        return found;
    }

    private void eachGetsItsTurn() throws Exception {
        List<String> seen = run(TASKS, task -> fill(PUTS) + " " + TaskContext.get().attemptNumber());
        spark.sc().listenerBus().waitUntilEmpty();
        long right = seen.stream().filter(end -> end.startsWith(PUTS + " ")).count();
        int attempts = seen.stream().mapToInt(end -> Integer.parseInt(end.split(" ")[1])).max().orElseThrow();
        Check.that(right == TASKS, "tasks that want twice what there is all finish, with the right answers",
                "%d of %d; puts found, attempt: %s", right, TASKS, seen);
        Check.that(attempts <= 1, "none is denied twice", "%d", attempts);
        Check.that(turns.failures.stream().allMatch(failure -> failure.contains("SparkOutOfMemoryError")),
                "whose attempt fails is told that it was memory", "%s", turns.failures);
        List<Integer> overtook = IntStream.range(0, TASKS).map(turns::overtook).boxed().toList();
        Check.that(overtook.stream().allMatch(others -> others <= AT_ONCE),
                "none is starved: of those that began later no more end earlier than run at once", "%s", overtook);
        thatNothingIsLeft("after a competition");
    }
}
