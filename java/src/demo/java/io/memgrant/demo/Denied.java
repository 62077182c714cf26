package io.memgrant.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Comparator;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.apache.spark.sql.SparkSession;

/**
 * Act 3: one task asks for more than there is, in one record. Its first attempt fails; a neighbour in the same executor
 * and the tasks of the other one go on; the second attempt, on the same executor, asks for less.
 */
final class Denied extends Act {
    private static final int PARTS = 64;
    private static final String ERROR = "org.apache.spark.memory.SparkOutOfMemoryError";

    Denied(Arguments arguments, SparkSession spark) throws InterruptedException {
        super(arguments, spark);
    }

    @Override
    void play() throws Exception {
        List<Census.Executor> before = cluster.census(false);
        int puts = arguments.puts();
        double scale = arguments.scale();
        Say.progress("one task puts %s records at once; its neighbour and two tasks on the other executor load lineitem",
                Say.count(puts));
        List<Work.Done> done = cluster.run(List.of(0, 1, 2, 3), List.of(0, 0, 1, 1), part -> switch (part) {
            case 0 -> Greedy.load(puts);
            case 1 -> Greedy.neighbour(scale, part, PARTS);
            default -> Work.load(scale, part, PARTS);
        });
        takeCensus();
        keep(done);
        cluster.settleEvents();
        List<Events.TaskEnd> attempts = attemptsOf(done.get(0).task());
        show(attempts);
        checkNeighbours(done);
        checkSurvival(before);
        if (arguments.armed()) {
            checkFailure(attempts.get(0));
            checkRetry(attempts);
            checkBooks();
        } else {
            checks.that(attempts.size() == 1 && attempts.get(0).failure() == null, "without memgrant nobody stops it",
                    "%s puts", Say.count(puts));
        }
    }

    /** All attempts of the task of which this is one, in their order. */
    private static List<Events.TaskEnd> attemptsOf(long task) {
        List<Events.TaskEnd> ends = Events.instance().taskEnds();
        Events.TaskEnd known = ends.stream().filter(end -> end.task() == task).findFirst().orElseThrow();
        return ends.stream().filter(end -> end.stage() == known.stage() && end.index() == known.index())
                .sorted(Comparator.comparingInt(Events.TaskEnd::attempt)).toList();
    }

    private void show(List<Events.TaskEnd> attempts) {
        Table table = new Table("executor", "task", "attempt", "puts", "charged", "peak", "overdraft", "ended with");
        for (Events.TaskEnd end : attempts) {
            JsonNode account = account(end.executor(), end.task());
            long puts = executor(end.executor()).putsByTask().get(end.task());
            String ended = end.failure() == null ? "success" : end.failure().replaceAll(".*\\.", "");
            table.row(end.executor(), Long.toString(end.task()), Integer.toString(end.attempt()), Say.count(puts),
                    Say.megabytes(Report.figure(account, "charged")), Say.megabytes(Report.figure(account, "peak")),
                    Say.megabytes(Report.figure(account, "overdraft_peak")), ended);
            ObjectNode attempt = figures.withArray("attempts").addObject();
            attempt.put("executor", end.executor()).put("task", end.task()).put("attempt", end.attempt());
            attempt.put("puts", puts).put("ended", end.failure()).put("counted_by_spark", end.counted());
            attempt.put("message", end.message()).put("stack", end.stack()).set("account", account);
        }
        showPools(table);
        table.print("Act 3, denied: the attempts of the task that asks for more than there is");
        attempts.stream().filter(end -> end.failure() != null).forEach(end -> Say.line("  What Spark was told:%n    %s",
                end.message().replace("\n", "\n    ") + System.lineSeparator()));
    }

    private void checkNeighbours(List<Work.Done> done) {
        Say.progress("asking Spark SQL for the sums of the others");
        PricingSummary expected = LineItems.answerOfSparkSql(spark, context.parallelize(List.of(1, 2, 3), 3),
                arguments.scale(), PARTS);
        PricingSummary answer = new PricingSummary();
        done.stream().filter(task -> task.part() != 0).forEach(task -> answer.add(task.answer()));
        checks.that(answer.equals(expected) && answer.rows() > 0,
                "the tasks beside it, in its executor and in the other, gave the right answer", "%d tasks, %s rows",
                done.size() - 1, Say.count(answer.rows()));
        Work.Done greedy = done.stream().filter(task -> task.part() == 0).findFirst().orElseThrow();
        checks.that(greedy.rows() == executor(greedy.executor()).putsByTask().get(greedy.task()),
                "its last attempt read back every record that it had put", "%s records", Say.count(greedy.rows()));
    }

    private void checkSurvival(List<Census.Executor> before) {
        for (int i = 0; i < census.size(); i++) {
            checks.quietly(before.get(i).id().equals(census.get(i).id()) && before.get(i).pid() == census.get(i).pid(),
                    "the same executors and processes before and after", "executor %s, process %d",
                    census.get(i).id(), census.get(i).pid());
        }
        checkNobodyLost();
    }

    private void checkFailure(Events.TaskEnd first) {
        String message = String.valueOf(first.message());
        String stack = String.valueOf(first.stack());
        checks.that(ERROR.equals(first.failure()), "the first attempt failed with SparkOutOfMemoryError", "%s",
                first.failure());
        checks.that(first.counted(), "Spark counts it as a failed attempt", "attempt %d", first.attempt());
        JsonNode account = account(first.executor(), first.task());
        checks.that(message.contains(ROCKSDB) && message.contains(account.get("name").asText()),
                "its text names the library and the account", "%s, %s", ROCKSDB, account.get("name").asText());
        checks.that(Pattern.compile("acquire [1-9]\\d* bytes of memory, got \\d+").matcher(message).find()
                && Pattern.compile("limit [1-9]\\d*").matcher(message).find(), "and the bytes asked for and the limit",
                "printed above");
        List<String> holders = Pattern.compile("(native memory of [^,;(]*(\\([^)]*\\))?|Spark's [\\w ]*) has [1-9]\\d*")
                .matcher(message).results().map(MatchResult::group).toList();
        checks.that(holders.size() >= 2, "and who holds the rest", "%s", holders);
        Pattern inRocksDb = Pattern.compile("at org\\.rocksdb\\.\\w+\\.\\w+\\(Native Method\\)");
        checks.that(inRocksDb.matcher(stack).find() && !stack.contains("TaskCompletionListener"),
                "it was stopped at one of RocksDB's own methods, not by the completion listener", "%s",
                inRocksDb.matcher(stack).results().map(MatchResult::group).findFirst().orElse("no such frame"));
        long puts = executor(first.executor()).putsByTask().get(first.task());
        checks.that(puts < arguments.puts(), "it was stopped inside its one record", "after %s of %s puts",
                Say.count(puts), Say.count(arguments.puts()));
        long overdraft = Report.figure(account, "overdraft_peak");
        checks.that(overdraft > 0 && overdraft <= arguments.overdraftCap(), "it was stopped within the overdraft cap",
                "%s of %s", Say.megabytes(overdraft), Say.megabytes(arguments.overdraftCap()));
        checks.that(Report.figure(account, "denials") > 0, "the report counts the denial", "%d",
                Report.figure(account, "denials"));
    }

    private void checkRetry(List<Events.TaskEnd> attempts) {
        Events.TaskEnd first = attempts.get(0);
        Events.TaskEnd last = attempts.get(attempts.size() - 1);
        checks.that(attempts.size() == 2 && last.attempt() == 1 && last.failure() == null
                && last.executor().equals(first.executor()), "Spark ran it again on the same executor, where it succeeded",
                "attempt %d on executor %s", last.attempt(), last.executor());
    }
}
