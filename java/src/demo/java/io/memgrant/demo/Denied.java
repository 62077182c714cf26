package io.memgrant.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.Serializable;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.apache.spark.sql.SparkSession;

/**
 * Act 3: one task asks for more than there is, in one record. Its first attempt fails; a neighbour in the same executor
 * and the tasks of the other one go on; the second attempt asks for less. It is played with each
 * library.
 */
final class Denied extends Act {
    private static final int PARTS = 64;
    private static final String ERROR = "org.apache.spark.memory.SparkOutOfMemoryError";
    private static final String SQL_ERROR = "java.sql.SQLException";
    private static final Pattern NO_MEMORY = Pattern.compile("Out of Memory|Failed to allocate|Allocation failure|bad_alloc|bad allocation");

    /** The part that the greedy task copies into DuckDB; the others are its neighbours'. */
    private static final int COPIED = 4;

    private final List<String> files;
    private List<Census.Executor> before;

    Denied(Arguments arguments, SparkSession spark) throws InterruptedException, IOException {
        super(arguments, spark);
        files = LineItems.parquet(spark, arguments.folder(), arguments.scale(), PARTS);
    }

    @Override
    void play() throws Exception {
        before = cluster.census(false);
        int puts = arguments.puts();
        int rows = arguments.rows();
        String copied = files.get(COPIED - 1);
        if (!arguments.duckDbFails()) {
            Say.progress("one task puts %s records into RocksDB at once; its neighbour and two tasks on the other executor"
                    + " use RocksDB and DuckDB", Say.count(puts));
            play(ROCKSDB, "puts", puts, () -> Greedy.put(ROCKSDB, puts));
        }
        Say.progress("one task copies %s rows into DuckDB at once; its neighbour and two tasks on the other executor"
                + " use RocksDB and DuckDB", Say.count(rows));
        play(DUCKDB, "rows", rows, () -> Greedy.copy(DUCKDB, copied, rows));
        if (arguments.armed()) {
            checkBooks();
        }
    }

    /** Work that is sent to an executor. */
    private interface Task extends Callable<Work.Done>, Serializable {}

    private void play(String library, String unit, long wanted, Task greedy) throws Exception {
        double scale = arguments.scale();
        List<String> files = this.files;
        List<Work.Done> done = cluster.run(List.of(0, 1, 2, 3), List.of(0, 0, 1, 1), part -> switch (part) {
            case 0 -> greedy.call();
            case 1 -> Greedy.neighbour(library, scale, part, PARTS, files.get(part - 1));
            default -> Work.loadAndQuery(scale, part, PARTS, files.get(part - 1));
        });
        takeCensus();
        keep(done);
        List<Events.TaskEnd> attempts = attemptsOf(done.get(0).task());
        show(library, unit, attempts);
        checkNeighbours(done);
        checkSurvival(before);
        if (arguments.armed()) {
            Events.TaskEnd first = attempts.get(0);
            if (arguments.duckDbFails()) {
                checkLibrarysOwnFailure(first);
            } else {
                checkStopped(first, library);
            }
            checkFailure(first, unit, wanted);
            checkRetry(attempts);
            checkGivenBack();
        } else {
            checks.that(attempts.size() == 1 && attempts.get(0).failure() == null, "without memgrant nobody stops it",
                    "%s %s", Say.count(wanted), unit);
        }
    }

    /** All attempts of the task of which this is one, in their order. */
    private static List<Events.TaskEnd> attemptsOf(long task) {
        List<Events.TaskEnd> ends = Events.instance().taskEnds();
        Events.TaskEnd known = ends.stream().filter(end -> end.task() == task).findFirst().orElseThrow();
        return ends.stream().filter(end -> end.stage() == known.stage() && end.index() == known.index())
                .sorted(Comparator.comparingInt(Events.TaskEnd::attempt)).toList();
    }

    private void show(String library, String unit, List<Events.TaskEnd> attempts) {
        Table table = new Table("executor", "task", "attempt", unit, "charged", "peak", "overdraft", "ended with");
        for (Events.TaskEnd end : attempts) {
            JsonNode account = account(end.executor(), end.task());
            long puts = executor(end.executor()).putsByTask().get(end.task());
            String ended = end.failure() == null ? "success" : end.failure().replaceAll(".*\\.", "");
            table.row(end.executor(), Long.toString(end.task()), Integer.toString(end.attempt()), Say.count(puts),
                    Say.megabytes(Report.figure(account, "charged")), Say.megabytes(Report.figure(account, "peak")),
                    Say.megabytes(Report.figure(account, "overdraft_peak")), ended);
            ObjectNode attempt = figures.withArray("attempts").addObject();
            attempt.put("executor", end.executor()).put("task", end.task()).put("attempt", end.attempt());
            attempt.put("library", library).put(unit, puts).put("ended", end.failure()).put("counted_by_spark", end.counted());
            attempt.put("message", end.message()).put("stack", end.stack()).set("account", account);
        }
        showPools(table);
        table.print("Act 3, denied: the attempts of the task that wants more for " + library + " than there is");
        attempts.stream().filter(end -> end.failure() != null).forEach(end -> Say.line("  What Spark was told:%n    %s",
                end.message().replace("\n", "\n    ") + System.lineSeparator()));
    }

    private void checkNeighbours(List<Work.Done> done) {
        Work.Done greedy = done.get(0);
        checkAnswers(done.subList(1, done.size()), PARTS);
        checks.that(greedy.rows() == executor(greedy.executor()).putsByTask().get(greedy.task()) && greedy.rows() > 0,
                "its last attempt read back every record that it had put", "%s records", Say.count(greedy.rows()));
        if (greedy.sorted() != null) {
            Warehouse.Sorted once = LineItems.sortsOfSparkSql(
                    LineItems.table(spark, List.of(COPIED), arguments.scale(), PARTS)).get(COPIED);
            checks.that(once.times(greedy.rows() / once.rows()).equals(greedy.sorted()),
                    "and sorted them as Spark SQL has them", "%s", greedy.sorted());
        }
    }

    private void checkSurvival(List<Census.Executor> before) {
        for (int i = 0; i < census.size(); i++) {
            checks.quietly(before.get(i).id().equals(census.get(i).id()) && before.get(i).pid() == census.get(i).pid(),
                    "the same executors and processes before and after", "executor %s, process %d",
                    census.get(i).id(), census.get(i).pid());
        }
        checkNobodyLost();
    }

    /** What {@code stop} does: the task's thread throws what Spark throws. */
    private void checkStopped(Events.TaskEnd first, String library) {
        String message = String.valueOf(first.message());
        String stack = String.valueOf(first.stack());
        checks.that(ERROR.equals(first.failure()), "the first attempt failed with SparkOutOfMemoryError", "%s",
                first.failure());
        JsonNode account = account(first.executor(), first.task());
        checks.that(message.contains(library) && message.contains(account.get("name").asText()),
                "its text names the library and the account", "%s, %s", library, account.get("name").asText());
        checks.that(Pattern.compile("acquire [1-9]\\d* bytes of memory, got \\d+").matcher(message).find()
                && Pattern.compile("limit [1-9]\\d*").matcher(message).find(), "and the bytes asked for and the limit",
                "printed above");
        List<String> holders = Pattern.compile("(native memory of [^,;(]*(\\([^)]*\\))?|Spark's [\\w ]*) has [1-9]\\d*")
                .matcher(message).results().map(MatchResult::group).toList();
        checks.that(holders.size() >= 2, "and who holds the rest", "%s", holders);
        Pattern inLibrary = Pattern.compile("at org\\.(rocksdb|duckdb)\\.\\w+\\.\\w+\\(Native Method\\)");
        checks.that(inLibrary.matcher(stack).find() && !stack.contains("TaskCompletionListener"),
                "it was stopped at one of the library's own methods, not by the completion listener", "%s",
                inLibrary.matcher(stack).results().map(MatchResult::group).findFirst().orElse("no such frame"));
    }

    /** What {@code fail} does: the library gets NULL, and says so in its own way. */
    private void checkLibrarysOwnFailure(Events.TaskEnd first) {
        String text = String.valueOf(first.message());
        checks.that(SQL_ERROR.equals(first.failure()) && NO_MEMORY.matcher(text).find(),
                "the first attempt failed with DuckDB's own SQLException", "%s: %s", first.failure(),
                text.lines().findFirst().orElse(""));
    }

    private void checkFailure(Events.TaskEnd first, String unit, long wanted) {
        JsonNode account = account(first.executor(), first.task());
        checks.that(first.counted(), "Spark counts it as a failed attempt", "attempt %d", first.attempt());
        long done = executor(first.executor()).putsByTask().get(first.task());
        checks.that(done < wanted, "it ended inside its one record", "after %s of %s %s", Say.count(done),
                Say.count(wanted), unit);
        long overdraft = Report.figure(account, "overdraft_peak");
        long cap = arguments.overdraftCap();
        checks.that((overdraft > 0 || arguments.duckDbFails()) && overdraft <= cap, "within the overdraft cap",
                "%s of %s", Say.megabytes(overdraft), Say.megabytes(cap));
        checks.that(Report.figure(account, "denials") > 0, "the report counts the denial", "%d",
                Report.figure(account, "denials"));
    }

    private void checkRetry(List<Events.TaskEnd> attempts) {
        Events.TaskEnd last = attempts.get(attempts.size() - 1);
        checks.that(attempts.size() == 2 && last.attempt() == 1 && last.failure() == null, "Spark ran it again, and it succeeded",
                "attempt %d on executor %s", last.attempt(), last.executor());
    }
}
