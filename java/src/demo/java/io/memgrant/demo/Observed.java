package io.memgrant.demo;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.apache.spark.sql.SparkSession;

/** Act 1: what each task's RocksDB and DuckDB took, beside what Spark believed. Nothing is granted, nothing denied. */
final class Observed extends Act {
    Observed(Arguments arguments, SparkSession spark) throws InterruptedException {
        super(arguments, spark);
    }

    @Override
    void play() throws Exception {
        Say.progress("loading TPC-H lineitem (scale %s) into RocksDB and querying it by DuckDB, in %d tasks, observed only", arguments.scale(),
                arguments.parts());
        List<Work.Done> done = loadAndQuery(arguments.parts());
        takeCensus();
        keep(done);
        Table table = new Table("executor", "task", "rows", "RocksDB", "DuckDB", "charged", "refunded", "peak",
                "Spark believed");
        for (Work.Done task : done) {
            JsonNode account = account(task);
            table.row(task.executor(), Long.toString(task.task()), Say.count(task.rows()),
                    Say.megabytes(Report.figure(rocksDb(account), "charged")),
                    Say.megabytes(Report.figure(duckDb(account), "charged")),
                    Say.megabytes(Report.figure(account, "charged")), Say.megabytes(Report.figure(account, "refunded")),
                    Say.megabytes(Report.figure(account, "peak")), Say.megabytes(task.sparkPeak()));
        }
        showPools(table);
        table.print("Act 1, observed: what each task's RocksDB and DuckDB took, and what Spark believed");
        checkAnswers(done, arguments.parts());
        checkNobodyLost();
        checks.that(done.stream().allMatch(task -> task.sparkPeak() == 0),
                "Spark believed that no task used any of this memory", "%d tasks, 0 bytes", done.size());
        if (arguments.armed()) {
            checkBooks();
            checkPools();
            checkSeen(done);
            checkClosed();
            for (Census.Executor executor : census) {
                JsonNode grants = report(executor).json().get("grants");
                checks.quietly(Report.figure(grants, "crossings") == 0 && Report.figure(grants, "bytes_acquired") == 0,
                        "observing asked Spark for nothing", "executor %s: %s", executor.id(), grants);
            }
        }
    }
}
