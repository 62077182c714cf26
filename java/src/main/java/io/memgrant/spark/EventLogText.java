package io.memgrant.spark;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.URI;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.apache.spark.deploy.history.EventLogFileReader;

/**
 * For {@code memgrant why}: what it can't read of event logs without Spark, by Spark's own codecs and from whatever file system Hadoop
 * knows. Exit code 1: one line on the error stream says why.
 */
final class EventLogText {
    private static final Pattern CODECS = Pattern.compile("com\\.ning\\.compress|org\\.xerial\\.snappy|net\\.jpountz|com\\.github\\.luben");

    private EventLogText() {}

    /** {@code text URI}: a log's lines. {@code list URI}: the names in a folder, each behind "d" or "f". */
    public static void main(String[] words) {
        try {
            Path place = new Path(URI.create(words[1]));
            FileSystem files = place.getFileSystem(SparkHadoopUtil.get().conf());
            if (words[0].equals("list")) {
                for (FileStatus one : files.listStatus(place)) {
                    System.out.println((one.isDirectory() ? "d" : "f") + one.getPath().getName());
                }
            } else {
                copy(place, files, System.out);
            }
            System.out.flush();
        } catch (Exception unreadable) {
            System.err.println("memgrant: can't read " + words[1] + ": " + String.valueOf(unreadable.getMessage()).lines().findFirst().orElse(""));
            System.exit(1);
        }
    }

    private static void copy(Path log, FileSystem files, PrintStream out) throws IOException {
        try (InputStream text = EventLogFileReader.openEventLog(log, files)) {
            text.transferTo(out);
        } catch (IOException broken) {
            if (!isCut(broken)) {
                throw broken;
            }
            if (!log.getName().endsWith(".inprogress")) { // its application has not flushed the rest yet
                throw new IOException("it is damaged, and can be read only in part", broken);
            }
        }
    }

    /** Whether it is the codec that misses something: each says so in its own way. */
    private static boolean isCut(IOException broken) {
        StackTraceElement[] thrown = broken.getStackTrace();
        return broken instanceof EOFException || thrown.length > 0 && CODECS.matcher(thrown[0].getClassName()).lookingAt();
    }
}
