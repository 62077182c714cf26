package io.memgrant.tests;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.apache.spark.SparkConf;
import org.apache.spark.io.CompressionCodec;
import org.apache.spark.io.LZ4CompressionCodec;

/** Spark's codec for what it spills; where it reads that again, a test does something: a codec is a native library, and has boundaries there. */
public final class ReadInsideSpark implements CompressionCodec {
    private static volatile Runnable next;

    private final CompressionCodec codec;

    public ReadInsideSpark(SparkConf conf) {
        codec = new LZ4CompressionCodec(conf);
    }

    /** Once, when next something is read. */
    static void doThen(Runnable what) {
        next = what;
    }

    static boolean isDone() {
        return next == null;
    }

    @Override
    public OutputStream compressedOutputStream(OutputStream stream) {
        return codec.compressedOutputStream(stream);
    }

    @Override
    public InputStream compressedInputStream(InputStream stream) {
        return new FilterInputStream(codec.compressedInputStream(stream)) {
            @Override
            public int read() throws IOException {
                act();
                return super.read();
            }

            @Override
            public int read(byte[] bytes, int from, int length) throws IOException {
                act();
                return super.read(bytes, from, length);
            }
        };
    }

    private static void act() {
        Runnable what = next;
        next = null;
        if (what != null) {
            what.run();
        }
    }
}
