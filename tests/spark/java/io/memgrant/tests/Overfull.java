package io.memgrant.tests;

import java.nio.file.Path;
import java.util.List;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;

/** A user's job whose task puts more into RocksDB's memory than its container has, and less when it is tried again. */
public final class Overfull {
    private static final long MORE_THAN_THERE_IS = 1536L << 20;
    private static final long ENOUGH = 32L << 20;
    private static final int VALUE = 8192;

    private Overfull() {}

    /** Run as it is, and by `memgrant submit`. */
    public static void main(String[] words) {
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(
                SparkSession.builder().appName("overfull").getOrCreate().sparkContext());
        List<String> ends = spark.parallelize(List.of(1), 1).map(one -> fill()).collect();
        System.out.println("the task ended in " + ends.get(0));
        spark.stop();
    }

    private static String fill() throws Exception {
        TaskContext task = TaskContext.get();
        long bytes = task.attemptNumber() == 0 ? MORE_THAN_THERE_IS : ENOUGH;
        Path folder = Path.of(System.getProperty("java.io.tmpdir"), "overfull-" + task.taskAttemptId());
        try (Options options = new Options().setCreateIfMissing(true).setWriteBufferSize(2 * MORE_THAN_THERE_IS);
                RocksDB store = RocksDB.open(options, folder.toString())) {
            for (long put = 0; put < bytes / VALUE; put++) {
                store.put(Long.toString(put).getBytes("US-ASCII"), new byte[VALUE]);
            }
        }
        return "attempt " + task.attemptNumber() + " on executor " + SparkEnv.get().executorId();
    }
}
