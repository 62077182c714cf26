package io.memgrant.demo;

import static org.apache.spark.sql.functions.expr;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Act 5's job, which scripts/demo-kill runs many times: batches of files for RocksDB and DuckDB. They are unequal, as
 * partitions are: most are small. The largest come first, as one orders them so that none of them is what the others wait
 * for; with two executors of two cores, two of the three largest are in the same executor then.
 */
public final class Crowd {
    private static final double SCALE = 0.6;
    private static final int FILES = 36;
    private static final int BATCHES = 12, LARGE_BATCHES = 3;
    private static final int FILES_OF_LARGE = 28, FILES_OF_SMALL = 2;

    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private Crowd() {}

    /** Words: the folder of data; a file for the figures of the run, without which only the data is made. */
    public static void main(String[] words) throws Exception {
        Path folder = Path.of(words[0]);
        SparkSession spark = SparkSession.builder().appName("memgrant demo, act 5").getOrCreate();
        List<String> files = LineItems.parquet(spark, folder, SCALE, FILES);
        List<Batch.Done> expected = expected(spark, folder.resolve("act5").resolve("answers"), files);
        if (words.length > 1) {
            ObjectNode figures = run(JavaSparkContext.fromSparkContext(spark.sparkContext()), files, expected);
            spark.stop(); // all events have come then
            JSON.writeValue(Path.of(words[1]).toFile(), addEvents(figures, Events.instance()));
        } else {
            spark.stop();
        }
    }

    /** Which files, by their numbers, a batch is of. */
    private static List<Integer> filesOf(int batch) {
        int count = batch < LARGE_BATCHES ? FILES_OF_LARGE : FILES_OF_SMALL;
        return IntStream.range(0, count).mapToObj(i -> (batch * 5 + i) % FILES).toList();
    }

    private static ObjectNode run(JavaSparkContext context, List<String> files, List<Batch.Done> expected) {
        ObjectNode figures = JSON.createObjectNode().put("finished", false).put("right", false);
        List<Integer> numbers = IntStream.range(0, BATCHES).boxed().toList();
        long start = System.nanoTime();
        try {
            List<Batch.Done> done = context.parallelize(numbers, BATCHES)
                    .map(batch -> Batch.take(filesOf(batch).stream().map(files::get).toList())).collect();
            figures.put("finished", true).put("right", done.equals(numbers.stream().map(batch -> filesOf(batch).stream()
                    .map(expected::get).reduce(Batch.Done.nothing(), Batch.Done::and)).toList()));
        } catch (Exception e) {
            figures.put("failure", String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
        }
        return figures.put("seconds", (System.nanoTime() - start) / 1e9);
    }

    private static ObjectNode addEvents(ObjectNode figures, Events events) {
        ArrayNode lost = figures.putArray("executors_lost");
        events.removed().forEach(lost::add);
        ArrayNode failed = figures.putArray("attempts_failed");
        for (Events.TaskEnd end : events.taskEnds()) {
            if (end.failure() != null) {
                failed.addObject().put("task", end.index()).put("attempt", end.attempt())
                        .put("executor", end.executor()).put("failure", end.failure()).put("message", end.message());
            }
        }
        return figures;
    }

    /** What each file comes to, by Spark SQL alone, which is asked once. */
    @SuppressWarnings("unchecked")
    private static List<Batch.Done> expected(SparkSession spark, Path kept, List<String> files)
            throws IOException, ClassNotFoundException {
        if (Files.exists(kept)) {
            try (ObjectInputStream in = new ObjectInputStream(Files.newInputStream(kept))) {
                return (List<Batch.Done>) in.readObject();
            }
        }
        Say.progress("asking Spark SQL for the right answers, once: %s", kept);
        Dataset<Row> rows = spark.read().parquet(files.toArray(new String[0]));
        Map<Integer, List<PricingSummary>> summaries = LineItems.summariesOfSparkSql(rows, Batch.lastShipDates());
        List<Batch.Done> done = new ArrayList<>();
        for (Row row : rows.groupBy("part").agg(expr("count(distinct orderkey)"), expr("sum(length(comment) + 1)"))
                .orderBy("part").collectAsList()) {
            done.add(new Batch.Done(row.getLong(1), row.getLong(2), summaries.get(row.getInt(0))));
        }
        Path made = Files.createTempFile(kept.getParent(), "expected", null);
        try (ObjectOutputStream out = new ObjectOutputStream(Files.newOutputStream(made))) {
            out.writeObject(done);
        }
        Files.move(made, kept, StandardCopyOption.REPLACE_EXISTING);
        return done;
    }
}
