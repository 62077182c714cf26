package io.memgrant.demo;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.SparkSession;

/** Act 2: enough memory, every byte of it granted by Spark, and all of it given back. */
final class Granted extends Act {
    private static final long ALLOCATIONS_PER_CROSSING = 10_000;

    Granted(Arguments arguments, SparkSession spark) throws InterruptedException {
        super(arguments, spark);
    }

    @Override
    void play() throws Exception {
        Say.progress("loading TPC-H lineitem (scale %s) into RocksDB and querying it by DuckDB, in %d tasks, on memory that"
                + " Spark grants",
                arguments.scale(), arguments.parts());
        List<Work.Done> done = loadAndQuery(arguments.parts());
        takeCensus();
        keep(done);
        show(done);
        checkAnswers(done, arguments.parts());
        checkNobodyLost();
        if (!arguments.armed()) {
            return;
        }
        checkBooks();
        for (Work.Done task : done) {
            long peak = Report.figure(account(task), "peak");
            long overdraft = Report.figure(account(task), "overdraft_peak");
            checks.quietly(task.sparkPeak() > 0 && peak <= task.sparkPeak() + overdraft,
                    "Spark had granted what each task used", "task %d: peak %s, Spark %s, overdraft %s", task.task(),
                    Say.megabytes(peak), Say.megabytes(task.sparkPeak()), Say.megabytes(overdraft));
        }
        checkSeen(done);
        checkShares(done);
        checkPools();
        checkGivenBack();
        checkNobodyFailed();
        checkCrossings();
    }

    private void show(List<Work.Done> done) {
        Table table = new Table("executor", "task", "rows", "RocksDB", "DuckDB", "charged", "refunded", "peak", "Spark granted", "overdraft",
                "Spark shows at the end");
        for (Work.Done task : done) {
            JsonNode account = account(task);
            table.row(task.executor(), Long.toString(task.task()), Say.count(task.rows()),
                    Say.megabytes(Report.figure(rocksDb(account), "charged")),
                    Say.megabytes(Report.figure(duckDb(account), "charged")),
                    Say.megabytes(Report.figure(account, "charged")), Say.megabytes(Report.figure(account, "refunded")),
                    Say.megabytes(Report.figure(account, "peak")), Say.megabytes(task.sparkPeak()),
                    Say.megabytes(Report.figure(account, "overdraft_peak")),
                    Say.megabytes(executor(task.executor()).memoryByTask().get(task.task())));
        }
        showPools(table);
        table.print("Act 2, granted: RocksDB's and DuckDB's memory by task, and what Spark granted for it");
    }

    /** Every put costs the same, so the bytes of a row must be the same in every task. */
    private void checkShares(List<Work.Done> done) {
        List<Double> bytesPerRow = new ArrayList<>();
        for (Work.Done task : done) {
            bytesPerRow.add(Report.figure(rocksDb(account(task)), "charged") / (double) task.rows());
        }
        double least = bytesPerRow.stream().mapToDouble(d -> d).min().orElse(0);
        double most = bytesPerRow.stream().mapToDouble(d -> d).max().orElse(0);
        checks.that(least > 0 && most <= 1.1 * least, "tasks that do the same in RocksDB are charged the same",
                "%.0f to %.0f bytes a row", least, most);
    }

    private void checkCrossings() {
        long allocations = 0;
        long crossings = 0;
        for (Census.Executor executor : census) {
            Report report = report(executor);
            allocations += report.libraries().stream().mapToLong(library -> Report.figure(library, "allocations")).sum();
            crossings += Report.figure(report.json().get("grants"), "crossings");
        }
        long ratio = allocations / Math.max(1, crossings);
        figures.put("allocations", allocations).put("crossings", crossings).put("allocations_per_crossing", ratio);
        checks.that(crossings > 0 && ratio >= ALLOCATIONS_PER_CROSSING,
                "at least " + Say.count(ALLOCATIONS_PER_CROSSING) + " allocations for each crossing into Spark",
                "%s allocations, %s crossings: %s for each", Say.count(allocations), Say.count(crossings),
                Say.count(ratio));
    }
}
