package io.memgrant.tests;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
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

    /** When each attempt of the next job's tasks began and ended, counted in beginnings and ends. */
    private static final class Turns extends SparkListener {
        private final Map<Long, Integer> begun = new TreeMap<>();
        private final Map<Long, Integer> ended = new TreeMap<>();
        private final Set<Long> well = new TreeSet<>();
        private final List<String> failures = new ArrayList<>();

        @Override
        public synchronized void onTaskStart(SparkListenerTaskStart start) {
            begun.put(start.taskInfo().taskId(), begun.size() + ended.size());
        }

        @Override
        public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
            if (!begun.containsKey(end.taskInfo().taskId())) {
                return; // of an earlier job
            }
            ended.put(end.taskInfo().taskId(), begun.size() + ended.size());
            if (end.reason() instanceof TaskFailedReason) {
                failures.add(first(((TaskFailedReason) end.reason()).toErrorString()));
            } else {
                well.add(end.taskInfo().taskId());
            }
        }

        /** How many attempts that began later than that one ended earlier, and well. Where one fails, Spark's driver may start others before it is tried again. */
        synchronized List<Integer> overtook() {
            return ended.keySet().stream().map(attempt -> (int) well.stream().filter(other -> begun.get(other) > begun.get(attempt)
                    && ended.get(other) < ended.get(attempt)).count()).toList();
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
        List<Integer> overtook = turns.overtook();
        Check.that(overtook.stream().allMatch(others -> others <= AT_ONCE),
                "none is starved: of those that began later no more end earlier than run at once", "%s", overtook);
        thatNothingIsLeft("after a competition");
    }
}
