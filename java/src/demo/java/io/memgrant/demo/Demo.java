package io.memgrant.demo;

import java.nio.file.Path;
import org.apache.spark.sql.SparkSession;

/** The demo's driver program, for spark-submit; scripts/demo gives it its settings. */
public final class Demo {
    private Demo() {}

    /** Plays one act; the exit code is 0 when all of its checks hold. */
    public static void main(String[] words) throws Exception {
        Arguments arguments = Arguments.parse(words);
        SparkSession spark = SparkSession.builder().appName("memgrant demo, " + arguments.name()).getOrCreate();
        Act act = switch (arguments.act()) {
            case 1 -> new Observed(arguments, spark);
            case 2 -> new Granted(arguments, spark);
            case 3 -> new Denied(arguments, spark);
            case 4 -> new Spilled(arguments, spark);
            default -> throw new IllegalArgumentException("there are acts 1 to 4");
        };
        try {
            act.play();
        } finally {
            spark.stop();
        }
        act.afterExit();
        Path file = arguments.folder().resolve(arguments.name() + ".json");
        act.write(file);
        Say.line("written: %s", file);
        System.exit(act.checks.failed() == 0 ? 0 : 1);
    }
}
