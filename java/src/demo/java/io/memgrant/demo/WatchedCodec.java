package io.memgrant.demo;

import java.io.OutputStream;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.spark.SparkConf;
import org.apache.spark.TaskContext;
import org.apache.spark.io.LZ4CompressionCodec;

/**
 * Spark's LZ4, which notes who compresses: Spark asks its codec for a stream whenever it opens a spill file. A codec of
 * one's own is a public setting of Spark's, spark.io.compression.codec.
 */
public final class WatchedCodec extends LZ4CompressionCodec {
    private static final List<Opened> OPENED = new CopyOnWriteArrayList<>();

    /**
     * A stream was opened.
     *
     * @param task the attempt whose TaskContext the thread had; -1 when it had none
     * @param stack from the codec outwards
     */
    record Opened(Thread thread, long task, List<StackTraceElement> stack) {}

    /** Called by Spark. */
    public WatchedCodec(SparkConf conf) {
        super(conf);
    }

    @Override
    public OutputStream compressedOutputStream(OutputStream out) {
        TaskContext task = TaskContext.get();
        OPENED.add(new Opened(Thread.currentThread(), task == null ? -1 : task.taskAttemptId(),
                List.of(new Throwable().getStackTrace())));
        return super.compressedOutputStream(out);
    }

    /** The streams for spilled sorts that were opened in this process so far, in their order. */
    static List<Opened> spills() {
        return OPENED.stream().filter(opened -> opened.stack().stream()
                .anyMatch(frame -> frame.getClassName().contains("UnsafeSorterSpillWriter"))).toList();
    }
}
