package io.memgrant.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** One act of the demo: a Spark application, what it shows and what has to hold. */
abstract class Act {
    static final int EXECUTORS = 2;
    /** What RocksDB's files are called once unpacked: librocksdbjni and a random number. */
    static final String ROCKSDB = "librocksdbjni";

    final Arguments arguments;
    final SparkSession spark;
    final JavaSparkContext context;
    final Cluster cluster;
    final ObjectNode figures = new ObjectMapper().createObjectNode();
    final Checks checks;

    Act(Arguments arguments, SparkSession spark) throws InterruptedException {
        this.arguments = arguments;
        this.spark = spark;
        context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        cluster = new Cluster(context, EXECUTORS);
        figures.put("act", arguments.act()).put("spark", spark.version()).put("java", Runtime.version().toString())
                .put("scale", arguments.scale()).put("armed", arguments.armed());
        checks = new Checks(figures.putArray("checks"));
    }

    /** Runs the jobs, prints the table, checks. */
    abstract void play() throws Exception;

    /** Part numbers 1 to count. */
    static List<Integer> parts(int count) {
        List<Integer> parts = new ArrayList<>();
        for (int part = 1; part <= count; part++) {
            parts.add(part);
        }
        return parts;
    }

    /** Loads lineitem in so many parts, spread evenly over the executors. */
    List<Work.Done> load(int parts) {
        double scale = arguments.scale();
        List<Integer> executors = new ArrayList<>();
        for (int part = 1; part <= parts; part++) {
            executors.add(part % EXECUTORS);
        }
        return cluster.run(parts(parts), executors, part -> Work.load(scale, part, parts));
    }

    /** Checks that RocksDB gave back what Spark SQL says without RocksDB. */
    void checkAnswer(List<Work.Done> done, int parts) {
        Say.progress("asking Spark SQL for the same sums, without RocksDB");
        PricingSummary expected = LineItems.answerOfSparkSql(spark, context.parallelize(parts(parts), parts),
                arguments.scale(), parts);
        PricingSummary answer = new PricingSummary();
        done.forEach(task -> answer.add(task.answer()));
        ObjectNode sums = figures.putObject("answer");
        answer.sums().forEach((group, values) -> {
            ArrayNode array = sums.putArray(group);
            for (long value : values) {
                array.add(value);
            }
        });
        checks.that(answer.equals(expected) && answer.rows() > 0, "the job's answer is that of plain Spark SQL",
                "%d groups, %s rows, every sum equal", expected.sums().size(), Say.count(answer.rows()));
    }

    void write(Path file) throws IOException {
        Files.createDirectories(file.getParent());
        new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValue(file.toFile(), figures);
    }
}
