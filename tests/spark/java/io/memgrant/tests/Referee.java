package io.memgrant.tests;

import com.fasterxml.jackson.databind.JsonNode;
import io.memgrant.demo.Report;
import io.memgrant.demo.Work;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** RocksDB's bytes as charged, against those of a referee that walks the stack of every allocation of the same run. */
public final class Referee {
    private static final double SCALE = 0.01;
    private static final double TOLERANCE = 0.02;

    private Referee() {}

    /** Run by spark-submit with spark.memgrant.referee=true. */
    public static void main(String[] words) throws Exception {
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(
                SparkSession.builder().appName("referee").getOrCreate().sparkContext());
        long rows = spark.parallelize(List.of(1, 2), 2).map(part -> Work.load(SCALE, part, 2).rows()).reduce(Long::sum);
        Report report = Check.report();
        JsonNode library = Report.library(report.json(), "librocksdbjni");
        Check.that(library != null && library.has("referee_bytes"), "the referee looked at RocksDB", "%s", library);
        agree("bytes", Report.figure(library, "charged"), Report.figure(library, "referee_bytes"), rows);
        agree("allocations", Report.figure(library, "allocations"), Report.figure(library, "referee_allocations"), rows);
        Check.thatBooksBalance("under the referee");
        spark.stop();
    }

    private static void agree(String what, long charged, long referee, long rows) {
        double off = Math.abs(charged - referee) / (double) referee;
        Check.that(referee > rows && off <= TOLERANCE, "RocksDB's " + what + " are the referee's within 2 %",
                "%,d charged, %,d by the referee: %.2f %% off", charged, referee, off * 100);
    }
}
