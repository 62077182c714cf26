package io.memgrant.demo;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.desc;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Act 4: Spark's own sort and a native library share one task and one pool. Spark has sorted; while the library is given the
 * rows it asks for more than is free, and Spark's sort gives its memory up for it.
 */
final class Spilled extends Act {
    /** Enough for Spark's sort and enough for the library, not for both: see `memgrant spark-conf --limit` in scripts/demo. */
    private static final int ROWS = 480_000;

    /** From the spill file outwards to the library's own method: who caused the spill. */
    private static final List<String> CAUSES = List.of("UnsafeExternalSorter$SpillableIterator.spill",
            "TaskMemoryManager.acquireExecutionMemory", "io.memgrant.spark.TaskMemory.ask",
            "io.memgrant.spark.EnforcedTask.reached", "(Native Method)");

    Spilled(Arguments arguments, SparkSession spark) throws InterruptedException {
        super(arguments, spark);
    }

    @Override
    void play() throws Exception {
        Table table = new Table("executor", "task", "library", "rows", "Spark's sort had", "library's peak",
                "Spark spilled", "overdraft", "denials");
        Sorting.Seen rocksDb = give("RocksDB", false);
        Sorting.Seen duckDb = give("DuckDB", true);
        takeCensus();
        show(table, "RocksDB", rocksDb);
        show(table, "DuckDB", duckDb);
        table.print("Act 4, spilled: Spark's sort made room for the library in its own task");
        Say.line("  Why Spark opened the spill file in task %d:", rocksDb.task());
        rocksDb.spills().stream().limit(1).flatMap(spill -> causes(spill).stream()).forEach(c -> Say.line("    %s", c));
        Say.line("");
        check("RocksDB", rocksDb);
        check("DuckDB", duckDb);
        checkNobodyLost();
        if (arguments.armed()) {
            checkBooks();
            checkGivenBack();
            checkNobodyFailed();
        }
    }

    /** Sorts in one task, and gives the sorted rows to the library in the same task. */
    private Sorting.Seen give(String library, boolean toDuckDb) throws IOException {
        Say.progress("Spark sorts %s rows and gives them to %s in the same task", Say.count(ROWS), library);
        MapPartitionsFunction<Row, Sorting.Seen> giving = rows -> List.of(Sorting.giveAll(rows, toDuckDb)).iterator();
        return rows().sortWithinPartitions(desc("cents"),
                col("orderkey"), col("linenumber"))
                .mapPartitions(giving, Encoders.javaSerialization(Sorting.Seen.class)).collectAsList().get(0);
    }

    /** About so many rows of lineitem in one partition. */
    private Dataset<Row> rows() throws IOException {
        List<String> files = LineItems.parquet(spark, arguments.folder(), arguments.scale(), arguments.parts());
        long all = Math.round(6_000_000 * arguments.scale());
        long copies = Math.max(1, ROWS / all);
        int needed = (int) Math.min(files.size(), Math.ceil(files.size() * (ROWS / (double) (all * copies))));
        return spark.read().parquet(files.subList(0, needed).toArray(String[]::new))
                .selectExpr("cents", "orderkey", "linenumber", "comment", "explode(sequence(1, " + copies + ")) AS copy")
                .drop("copy").coalesce(1);
    }

    private void show(Table table, String library, Sorting.Seen seen) {
        JsonNode account = account(seen.executor(), seen.task());
        table.row(seen.executor(), Long.toString(seen.task()), library, Say.count(seen.given().rows()),
                Say.megabytes(seen.sparkBefore()), Say.megabytes(Report.figure(account, "peak")),
                Say.megabytes(seen.spilled()), Say.megabytes(Report.figure(account, "overdraft_peak")),
                Long.toString(Report.figure(account, "denials")));
        ObjectNode task = figures.withArray("tasks").addObject();
        task.put("task", seen.task()).put("executor", seen.executor()).put("library", library)
                .put("rows", seen.given().rows()).put("spark_before", seen.sparkBefore())
                .put("spilled_before", seen.spilledBefore()).put("spilled", seen.spilled()).set("account", account);
        seen.spills().forEach(spill -> task.withArray("spills").addObject().put("thread", spill.thread())
                .put("own_thread", spill.ownThread()).put("task", spill.task())
                .put("stack", String.join("\n", spill.stack())));
    }

    private void check(String library, Sorting.Seen seen) throws IOException {
        Row sums = rows().selectExpr("count(*)", "sum(cents)", "sum(orderkey * linenumber)", "sum(length(comment))").first();
        Warehouse.Sorted expected = new Warehouse.Sorted(true, sums.getLong(0), sums.getLong(1), sums.getLong(2),
                sums.getLong(3));
        checks.that(expected.equals(seen.given()) && expected.equals(seen.readBack()),
                library + " got and gave back the rows that Spark has, in order", "%s", seen.readBack());
        Events.TaskEnd end = Events.instance().taskEnds().stream().filter(e -> e.task() == seen.task()).findFirst()
                .orElseThrow();
        checks.that(end.failure() == null && end.attempt() == 0, "its task succeeded at the first attempt", "task %d",
                seen.task());
        if (!arguments.armed()) {
            return;
        }
        JsonNode account = account(seen.executor(), seen.task());
        checks.that(seen.spilledBefore() == 0 && seen.sparkBefore() > 0,
                "Spark had sorted without spilling before the library was touched", "%s sorted, %d bytes spilled",
                Say.megabytes(seen.sparkBefore()), seen.spilledBefore());
        checks.that(seen.spilled() > 0 && end.spilled() == seen.spilled(),
                "then Spark's sort gave memory up: memoryBytesSpilled of the task", "%s", Say.megabytes(end.spilled()));
        checks.that(!seen.spills().isEmpty() && seen.spills().stream().allMatch(Spilled::isCausedByLibrary),
                "because the library asked: the calls lead from its native method through Spark's memory manager to the spill",
                "%d spill files", seen.spills().size());
        checks.that(!seen.spills().isEmpty()
                && seen.spills().stream().allMatch(spill -> spill.ownThread() && spill.task() == seen.task()),
                "on the task's own thread, with its TaskContext", "%s", seen.spills().stream()
                        .map(spill -> spill.thread() + ", task " + spill.task()).collect(Collectors.joining("; ")));
        checks.that(account != null && Report.figure(account, "denials") == 0, "and nobody was denied",
                "%d denials, overdraft at most %s", Report.figure(account, "denials"),
                Say.megabytes(Report.figure(account, "overdraft_peak")));
    }

    /** All of the causes, one outside the other. */
    private static boolean isCausedByLibrary(Sorting.Spill spill) {
        List<String> causes = causes(spill);
        return causes.size() == CAUSES.size() && causes.get(CAUSES.size() - 1).matches("(app//)?org\\.(rocksdb|duckdb)\\..*");
    }

    /** The frames that name the causes, in their order; fewer when one is missing. */
    private static List<String> causes(Sorting.Spill spill) {
        List<String> found = new ArrayList<>();
        for (String frame : spill.stack()) {
            if (found.size() < CAUSES.size() && frame.contains(CAUSES.get(found.size()))) {
                found.add(frame);
            }
        }
        return found;
    }
}
