import io.memgrant.Memgrant;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.spark.TaskFailedReason;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * As {@link Fate}, for a library that only Spark can drive (DataFusion Comet): a query in local Spark, with memgrant's plugin. A
 * task that was stopped is tried again by Spark, so the query's answer is right all the same. A "task" is a query here.
 */
public final class SparkFate {
    private static final int ROWS = 100_000;
    private static final String QUERY = "SELECT g, sum(i), max(v) FROM t GROUP BY g ORDER BY 2 DESC, 3";
    private static final AtomicReference<String> FAILURE = new AtomicReference<>();
    /** Of the query that runs: tasks of one that failed may end while the next one runs, and are none of its own. */
    private static final Set<Integer> STAGES = ConcurrentHashMap.newKeySet();
    private static volatile String now = "";
    private static int queries;

    private SparkFate() {}

    public static void main(String[] arguments) throws Exception {
        SparkSession spark = start(arguments);
        String file = Path.of("rows.parquet").toAbsolutePath().toString();
        spark.conf().set("spark.comet.enabled", false); // nothing is denied to what only prepares
        spark.range(ROWS).selectExpr("id AS i", "id % 1000 AS g", "concat('value ', id) AS v").repartition(2).write().parquet(file);
        spark.conf().set("spark.comet.enabled", true);
        spark.read().parquet(file).createOrReplaceTempView("t");
        if (!Memgrant.isActive()) {
            throw new IllegalStateException("memgrant's plugin is not active");
        }
        int mostDenials = Integer.parseInt(arguments[1]);
        Threads threads = Threads.watch();
        long end = System.nanoTime() + Integer.parseInt(arguments[3]) * 1_000_000_000L;
        for (int i = 0; i < Integer.parseInt(arguments[2]) && System.nanoTime() < end; i++) {
            tell(spark, "task");
            if (mostDenials > 0 && Fate.denials() >= mostDenials) {
                break;
            }
        }
        boolean isDisturbed = true;
        for (int i = 0; i < Integer.parseInt(arguments[4]) && isDisturbed; i++) {
            isDisturbed = tell(spark, "after");
        }
        threads.say();
        Fate.say("report " + Memgrant.report().replace('\n', ' '));
        spark.stop();
        Fate.say("done");
    }

    private static SparkSession start(String[] arguments) {
        SparkSession.Builder builder = SparkSession.builder().master("local[2,4]").appName("fate")
                .config("spark.plugins", "org.apache.spark.CometPlugin,io.memgrant.spark.MemgrantPlugin")
                .config("spark.ui.enabled", false).config("spark.sql.shuffle.partitions", 2)
                .config("spark.memory.offHeap.enabled", true).config("spark.memory.offHeap.size", "1g")
                .config("spark.comet.enabled", true).config("spark.comet.exec.enabled", true)
                .config("spark.comet.explainFallback.enabled", false)
                .config("spark.shuffle.manager", "org.apache.spark.sql.comet.execution.shuffle.CometShuffleManager")
                .config("spark.comet.exec.shuffle.enabled", true);
        for (String setting : Arrays.asList(arguments).subList(5, arguments.length)) {
            int equals = setting.indexOf('=');
            builder.config("spark.memgrant." + camel(setting.substring(0, equals)), setting.substring(equals + 1));
        }
        SparkSession spark = builder.getOrCreate();
        spark.sparkContext().setLogLevel("ERROR");
        spark.sparkContext().addSparkListener(new SparkListener() {
            @Override
            public void onStageSubmitted(SparkListenerStageSubmitted submitted) {
                if (now.equals(submitted.properties().getProperty("spark.jobGroup.id"))) {
                    STAGES.add(submitted.stageInfo().stageId());
                }
            }

            @Override
            public void onTaskEnd(SparkListenerTaskEnd ended) {
                if (STAGES.contains(ended.stageId()) && ended.reason() instanceof TaskFailedReason) {
                    FAILURE.compareAndSet(null, ((TaskFailedReason) ended.reason()).toErrorString().lines().findFirst().orElse(""));
                }
            }
        });
        return spark;
    }

    private static String camel(String name) {
        StringBuilder camel = new StringBuilder();
        for (String word : name.split("_")) {
            camel.append(camel.length() == 0 ? word : Character.toUpperCase(word.charAt(0)) + word.substring(1));
        }
        return camel.toString();
    }

    /** Runs the query once and says what became of it. Whether it met a denial: then it was no quiet one. */
    private static boolean tell(SparkSession spark, String word) {
        now = "query " + queries++;
        STAGES.clear();
        FAILURE.set(null);
        spark.sparkContext().setJobGroup(now, now, false);
        Fate.Denials before = new Fate.Denials();
        String outcome = query(spark);
        boolean isDisturbed = !before.areAll();
        Fate.say(word.equals("after") && !isDisturbed ? "after " + outcome : "task " + before.since() + " " + outcome);
        return isDisturbed;
    }

    private static String query(SparkSession spark) {
        try {
            List<Row> rows = spark.sql(QUERY).collectAsList();
            long sum = rows.stream().mapToLong(row -> row.getLong(1)).sum();
            if (rows.size() != 1000 || sum != (long) ROWS * (ROWS - 1) / 2) {
                return "wrong / " + rows.size() + " rows, sum " + sum;
            }
            spark.sparkContext().listenerBus().waitUntilEmpty(60_000);
            String failure = FAILURE.get();
            return failure == null ? "right / " : failure.contains("SparkOutOfMemoryError") ? "stopped / " + failure : "exception / " + failure;
        } catch (Exception failed) {
            return "exception / " + failed.toString().lines().findFirst().orElse("");
        }
    }
}
