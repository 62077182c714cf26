package io.memgrant.demo;

import java.util.List;
import org.apache.spark.sql.SparkSession;

/** Act 1: what each task's RocksDB took, beside what Spark believed. Nothing is granted, nothing denied. */
final class Observed extends Act {
    private static final int PARTS = 8;

    Observed(Arguments arguments, SparkSession spark) throws InterruptedException {
        super(arguments, spark);
    }

    @Override
    void play() throws Exception {
        Say.progress("loading TPC-H lineitem (scale %s) into RocksDB, in %d tasks", arguments.scale(), PARTS);
        List<Work.Done> done = load(PARTS);
        List<Census.Executor> executors = cluster.census(arguments.armed());
        Table table = new Table("executor", "task", "rows", "Spark believed");
        for (Work.Done task : done) {
            table.row(task.executor(), Long.toString(task.task()), Say.count(task.rows()),
                    Say.megabytes(task.sparkPeak()));
        }
        table.print("Act 1, observed: what each task's RocksDB took");
        checkAnswer(done, PARTS);
        for (Census.Executor executor : executors) {
            Say.line("%s", executor);
        }
    }
}
