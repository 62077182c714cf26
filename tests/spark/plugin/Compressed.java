package io.memgrant.tests;

import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.io.CompressionCodec;

/** An event log once more in each of Spark's codecs, beside it, as Spark names such files. */
final class Compressed {
    private Compressed() {}

    public static void main(String[] words) throws Exception {
        Path log = Path.of(words[0]);
        for (String name : List.of("lz4", "lzf", "snappy", "zstd")) {
            CompressionCodec codec = CompressionCodec.createCodec(new SparkConf(false), name);
            try (InputStream text = Files.newInputStream(log);
                    OutputStream out = codec.compressedOutputStream(Files.newOutputStream(Path.of(log + "." + name)))) {
                text.transferTo(out);
            }
        }
    }
}
