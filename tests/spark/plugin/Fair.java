package io.memgrant.tests;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;

/**
 * Eight tasks at once on one real executor, each of which keeps 64 MB and more in RocksDB's memory, and does that several times
 * over; Spark has 256 MB.
 */
public final class Fair extends OnCluster {
    private static final int TASKS = 8;
    private static final int VALUE = 8_192;
    private static final int PUTS = (int) (60 * MB / VALUE);

    private Fair(JavaSparkContext spark) {
        super(spark);
    }

    public static void main(String[] arguments) throws Exception {
        try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
            Fair fair = new Fair(spark);
            fair.run(1, task -> Integer.toString(fill(100))); // RocksDB's own statics
            fair.eachGetsItsTurn();
        }
    }

    /** Nothing is written to a file before RocksDB is closed. */
    private static int fill(int puts) throws Exception {
        Path folder = Files.createTempDirectory("fair");
        byte[] value = new byte[VALUE];
        try (Options options = new Options().setCreateIfMissing(true).setWriteBufferSize(1 << 30);
                RocksDB store = RocksDB.open(options, folder.toString())) {
            for (int put = 0; put < puts; put++) {
                store.put(ByteBuffer.allocate(4).putInt(put).array(), value);
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

    private void eachGetsItsTurn() {
        long start = System.nanoTime();
        List<String> seen = run(TASKS, task -> {
            long begun = System.nanoTime();
            int found = fill(PUTS);
            return found + " " + TaskContext.get().attemptNumber() + " " + (System.nanoTime() - begun) / 1_000_000;
        });
        long millis = (System.nanoTime() - start) / 1_000_000;
        long right = seen.stream().filter(end -> end.startsWith(PUTS + " ")).count();
        long alone = seen.stream().mapToLong(end -> Long.parseLong(end.split(" ")[2])).min().orElseThrow();
        int attempts = seen.stream().mapToInt(end -> Integer.parseInt(end.split(" ")[1])).max().orElseThrow();
        Check.that(right == TASKS, "eight tasks that want twice what there is all finish, with the right answers",
                "%d of %d; puts found, attempt, ms of each: %s", right, TASKS, seen);
        Check.that(attempts <= 1, "none is denied twice", "%d", attempts);
        System.out.println("all took " + millis + " ms, the shortest " + alone);
        thatNothingIsLeft("after a competition");
    }
}
