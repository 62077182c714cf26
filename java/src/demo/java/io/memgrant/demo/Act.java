package io.memgrant.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** One act of the demo: a Spark application, what it shows and what has to hold. */
abstract class Act {
    static final int EXECUTORS = 2;
    /** What the libraries' files are called once unpacked: this and a random number. */
    static final String ROCKSDB = "librocksdbjni";
    static final String DUCKDB = "libduckdb_java";

    final Arguments arguments;
    final SparkSession spark;
    final JavaSparkContext context;
    final Cluster cluster;
    final ObjectNode figures = new ObjectMapper().createObjectNode();
    final Checks checks;
    List<Census.Executor> census = List.of();
    private final Map<String, Report> reports = new TreeMap<>();

    Act(Arguments arguments, SparkSession spark) throws InterruptedException {
        this.arguments = arguments;
        this.spark = spark;
        context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        cluster = new Cluster(context, EXECUTORS);
        figures.put("act", arguments.act()).put("spark", spark.version()).put("java", Runtime.version().toString())
                .put("pool", arguments.pool()).put("scale", arguments.scale()).put("armed", arguments.armed());
        checks = new Checks(figures.putArray("checks"));
    }

    /** Runs the jobs, prints the table, checks. */
    abstract void play() throws Exception;

    /** Asks every executor, once the jobs have ended. */
    void takeCensus() throws JsonProcessingException {
        census = cluster.census(arguments.armed());
        for (Census.Executor executor : census) {
            ObjectNode node = figures.withArray("executors").addObject();
            node.put("id", executor.id()).put("pid", executor.pid()).put("other_memory_by_spark", executor.otherMemory());
            executor.memoryByTask().forEach((task, bytes) -> node.withObject("/memory_by_spark").put("task " + task, bytes));
            if (executor.report() != null) {
                reports.put(executor.id(), new Report(executor.report()));
                node.set("report", reports.get(executor.id()).json());
            } else if (arguments.armed()) {
                throw new IllegalStateException("memgrant counts nothing in executor " + executor.id()
                        + "; its log says why");
            }
        }
        cluster.settleEvents();
    }

    /** Puts what the table shows of each task into the figures. */
    void keep(List<Work.Done> done) {
        for (Work.Done task : done) {
            figures.withArray("tasks").addObject().put("task", task.task()).put("executor", task.executor())
                    .put("part", task.part()).put("rows", task.rows()).put("peak_by_spark", task.sparkPeak())
                    .set("account", account(task));
        }
    }

    Census.Executor executor(String id) {
        return census.stream().filter(executor -> executor.id().equals(id)).findFirst().orElseThrow();
    }

    Report report(Census.Executor executor) {
        return reports.get(executor.id());
    }

    /** The account of a task; null when memgrant is not there. */
    JsonNode account(String executor, long task) {
        return reports.containsKey(executor) ? reports.get(executor).task(task) : null;
    }

    JsonNode account(Work.Done task) {
        return account(task.executor(), task.task());
    }

    static JsonNode rocksDb(JsonNode account) {
        return Report.library(account, ROCKSDB);
    }

    static JsonNode duckDb(JsonNode account) {
        return Report.library(account, DUCKDB);
    }

    /** A row for each executor: what no task owns, that is thread pools, and what outlived its task. */
    void showPools(Table table) {
        reports.forEach((id, report) -> {
            JsonNode own = report.own();
            table.sparseRow("executor", id, "task", "none", "charged", Say.megabytes(Report.figure(own, "charged")),
                    "refunded", Say.megabytes(Report.figure(own, "refunded")));
            figures.withObject("/pools").set(id, own);
        });
    }

    /** The books of every executor balance. */
    void checkBooks() {
        for (Census.Executor executor : census) {
            checkBooks(executor.id(), report(executor));
        }
    }

    private void checkBooks(String executor, Report report) {
        List<JsonNode> books = new ArrayList<>(report.accounts());
        books.addAll(report.libraries());
        report.accounts().forEach(account -> books.addAll(Report.list(account.get("libraries"))));
        long unbalanced = books.stream().filter(book -> Report.figure(book, "used")
                != Report.figure(book, "charged") - Report.figure(book, "refunded")).count();
        checks.quietly(unbalanced == 0, "used = charged - refunded in every account and library",
                "executor %s: %d accounts and libraries, %d off", executor, books.size(), unbalanced);
        checks.quietly(report.brokenInvariants() == 0, "no invariant was broken", "executor %s", executor);
    }

    /** Both libraries were seen in every task: RocksDB by what it holds of each row, DuckDB also by what it maps. */
    void checkSeen(List<Work.Done> done) {
        for (Work.Done task : done) {
            long charged = Report.figure(rocksDb(account(task)), "charged");
            checks.quietly(charged > task.rows() * 100, "every task's RocksDB was seen", "task %d: %s for %s rows",
                    task.task(), Say.megabytes(charged), Say.count(task.rows()));
            charged = Report.figure(duckDb(account(task)), "charged");
            checks.quietly(charged > task.rows() * 100, "and every task's DuckDB", "task %d: %s for %s rows", task.task(),
                    Say.megabytes(charged), Say.count(task.rows()));
        }
    }

    /** RocksDB's thread pools serve every task: no task pays for them, also not the one that came first. */
    void checkPools() {
        reports.forEach((id, report) -> {
            JsonNode own = report.own();
            checks.quietly(Report.figure(own, "charged") > 1 << 20, "RocksDB's thread pools are charged to the executor",
                    "executor %s: %s in %s allocations", id, Say.megabytes(Report.figure(own, "charged")),
                    Say.count(Report.figure(own, "allocations")));
        });
    }

    /** Nothing is left with any task, neither in Spark's books nor in memgrant's. */
    void checkGivenBack() {
        long left = 0;
        int tasks = 0;
        for (Census.Executor executor : census) {
            left += executor.memoryByTask().values().stream().mapToLong(bytes -> bytes).sum();
            tasks += executor.memoryByTask().size();
        }
        checks.that(left == 0, "after its end Spark shows 0 bytes for every task", "%d tasks, %d bytes", tasks, left);
        long zombies = census.stream().mapToLong(Census.Executor::otherMemory).sum();
        checks.that(zombies == 0, "and no execution memory of tasks that are gone", "%d bytes", zombies);
        checkClosed();
    }

    void checkNobodyFailed() {
        checks.that(Events.instance().taskEnds().stream().allMatch(end -> end.failure() == null),
                "no task failed, with spark.unsafe.exceptionOnMemoryLeak="
                        + spark.sparkContext().conf().get("spark.unsafe.exceptionOnMemoryLeak", "false"), "%d task ends",
                Events.instance().taskEnds().size());
    }

    /** A task's account is closed with it: what a library keeps after that is the executor's. */
    void checkClosed() {
        for (Census.Executor executor : census) {
            for (long task : executor.memoryByTask().keySet()) {
                JsonNode account = account(executor.id(), task);
                checks.quietly(account.get("state").asText().equals("closed") && Report.figure(account, "used") == 0
                        && Report.figure(account, "granted") == 0, "every task's account is closed, with 0 bytes in it",
                        "%s: %s, %d used, %d granted", account.get("name").asText(), account.get("state").asText(),
                        Report.figure(account, "used"), Report.figure(account, "granted"));
            }
        }
    }

    void checkNobodyLost() {
        List<String> removed = Events.instance().removed();
        checks.that(removed.isEmpty(), "no executor was lost", "%s",
                removed.isEmpty() ? EXECUTORS + " executors" : removed.toString());
    }

    /** Part numbers 1 to count. */
    static List<Integer> parts(int count) {
        List<Integer> parts = new ArrayList<>();
        for (int part = 1; part <= count; part++) {
            parts.add(part);
        }
        return parts;
    }

    /** Both libraries' work on lineitem in so many parts, spread evenly over the executors. */
    List<Work.Done> loadAndQuery(int parts) throws IOException {
        double scale = arguments.scale();
        List<String> files = LineItems.parquet(spark, arguments.folder(), scale, parts);
        List<Integer> executors = new ArrayList<>();
        for (int part = 1; part <= parts; part++) {
            executors.add(part % EXECUTORS);
        }
        return cluster.run(parts(parts), executors,
                part -> Work.loadAndQuery(scale, part, parts, files.get(part - 1)));
    }

    /** Checks each task's answers: what RocksDB gave back and what DuckDB says, against Spark SQL without either. */
    void checkAnswers(List<Work.Done> done, int parts) {
        Say.progress("asking Spark SQL for the same, without RocksDB and DuckDB");
        List<Integer> numbers = done.stream().map(Work.Done::part).toList();
        Dataset<Row> table = LineItems.table(spark, numbers, arguments.scale(), parts).cache();
        Map<Integer, PricingSummary> summaries = LineItems.summariesOfSparkSql(table);
        Map<Integer, Warehouse.Sorted> sorts = LineItems.sortsOfSparkSql(table);
        table.unpersist(true);
        PricingSummary all = new PricingSummary();
        for (Work.Done task : done) {
            PricingSummary expected = summaries.get(task.part());
            checks.quietly(expected.equals(task.answer()) && expected.rows() > 0,
                    "what each task read back from RocksDB answers query 1 as plain Spark SQL does",
                    "part %d: %d groups, %s rows, every sum equal", task.part(), expected.sums().size(),
                    Say.count(expected.rows()));
            checks.quietly(expected.equals(task.query()), "so does each task's DuckDB, on parquet",
                    "part %d: %d groups", task.part(), expected.sums().size());
            checks.quietly(sorts.get(task.part()).equals(task.sorted()), "and sorts what Spark SQL has, in order",
                    "part %d: %s", task.part(), task.sorted());
            all.add(expected);
        }
        ObjectNode sums = figures.putObject("answer");
        all.sums().forEach((group, values) -> {
            ArrayNode array = sums.putArray(group);
            for (long value : values) {
                array.add(value);
            }
        });
    }

    /** Waits for the executors' ends and checks the reports that they leave behind. */
    void afterExit() throws Exception {
        for (Census.Executor executor : census) {
            Optional<ProcessHandle> process = ProcessHandle.of(executor.pid());
            if (process.isPresent()) {
                process.get().onExit().get();
            }
            Path file = arguments.folder().resolve(arguments.name() + "-report.json.executor-" + executor.id());
            if (arguments.armed()) {
                boolean there = Files.exists(file);
                checks.quietly(there, "every executor leaves a report at its end", "%s", file.getFileName());
                if (there) {
                    checkBooks(executor.id() + " at its end", new Report(Files.readString(file)));
                }
            }
        }
    }

    void write(Path file) throws IOException {
        Files.createDirectories(file.getParent());
        new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValue(file.toFile(), figures);
    }
}
