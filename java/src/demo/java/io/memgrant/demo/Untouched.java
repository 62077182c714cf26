package io.memgrant.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4FastDecompressor;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.Trigger;

/**
 * Workloads that finish without memgrant in a certain container, each with an answer: scripts/untouched asks for the same
 * answers of the same containers with it. Nothing here knows of memgrant.
 */
public final class Untouched {
    private static final double SCALE = 0.2;
    private static final int FILES = 8;
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private final SparkSession spark;
    private final JavaSparkContext context;
    private final Path folder;
    private final List<String> files;
    private final Map<String, Workload> workloads = new LinkedHashMap<>();

    /** Its answer as a text. */
    private interface Workload {
        String answer() throws Exception;
    }

    /** What a task does; its answer is a number, and all of a workload are added. */
    private interface Body extends Serializable {
        long run(int number) throws Exception;
    }

    private Untouched(SparkSession spark, Path folder) throws Exception {
        this.spark = spark;
        this.context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        this.folder = folder;
        this.files = LineItems.parquet(spark, folder, SCALE, FILES);
        spark.read().parquet(files.toArray(String[]::new)).createOrReplaceTempView("lineitem");
        rocksDb();
        duckDb();
        sql();
        codecs();
        others();
    }

    /** Words: the folder of data; the file for the figures; the workloads, default all. */
    public static void main(String[] words) throws Exception {
        SparkSession spark = SparkSession.builder().appName("untouched").getOrCreate();
        Untouched untouched = new Untouched(spark, Path.of(words[0]));
        if (words.length > 1) {
            Set<String> wanted = Set.copyOf(Arrays.asList(words).subList(2, words.length));
            ObjectNode figures = JSON.createObjectNode();
            for (Map.Entry<String, Workload> workload : untouched.workloads.entrySet()) {
                if (wanted.isEmpty() || wanted.contains(workload.getKey())) {
                    figures.set(workload.getKey(), run(workload.getKey(), workload.getValue()));
                }
            }
            JSON.writeValue(Path.of(words[1]).toFile(), figures);
        }
        spark.stop();
    }

    private static ObjectNode run(String name, Workload workload) throws Exception {
        Events events = Events.instance();
        long lost = events.removed().size();
        long failed = failed(events);
        long start = System.nanoTime();
        ObjectNode figures = JSON.createObjectNode();
        try {
            figures.put("answer", workload.answer());
        } catch (Exception e) {
            figures.put("failure", String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
        }
        Say.progress("%s: %s", name, figures);
        return figures.put("seconds", (System.nanoTime() - start) / 1e9).put("executors_lost", events.removed().size() - lost)
                .put("attempts_failed", failed(events) - failed);
    }

    private static long failed(Events events) {
        return events.taskEnds().stream().filter(end -> end.failure() != null).count();
    }

    private String tasks(int count, Body body) {
        List<Integer> numbers = IntStream.range(0, count).boxed().toList();
        return Long.toString(context.parallelize(numbers, count).map(body::run).reduce(Long::sum));
    }

    private void rocksDb() {
        workloads.put("RocksDB, small write buffers", () -> tasks(8, number -> store(4 << 20, 20_000, 200)));
        workloads.put("RocksDB, 64 MB of memory table", () -> tasks(8, number -> store(256 << 20, 60_000, 1_000)));
        workloads.put("RocksDB, 200 MB in one of many", () -> tasks(8, number -> store(512 << 20, number == 0 ? 190_000 : 5_000, 1_000)));
        workloads.put("RocksDB, large values", () -> tasks(4, number -> store(256 << 20, 100, 1 << 20)));
        workloads.put("RocksDB, TPC-H rows", () -> Long.toString(context.parallelize(List.of(1, 2, 3, 4), 4)
                .map(part -> Work.load(0.1, part, 4)).map(done -> done.answer().rows()).reduce(Long::sum)));
    }

    private static long store(long writeBuffer, int puts, int bytes) throws Exception {
        long[] sum = new long[1];
        byte[] value = new byte[bytes];
        try (Store store = new Store(Path.of(""), writeBuffer)) { // on the disk: the folder for temporary files is memory
            for (int put = 0; put < puts; put++) {
                store.put(ByteBuffer.allocate(4).putInt(put).array(), value);
            }
            store.forEachValue(read -> sum[0] += read.length);
        }
        return sum[0];
    }

    private void duckDb() {
        List<String> all = files;
        workloads.put("DuckDB, TPC-H query 1", () -> tasks(4, number -> duck(all.subList(number, number + 1), false)));
        workloads.put("DuckDB, sort of one file", () -> tasks(8, number -> duck(all.subList(number, number + 1), true)));
        workloads.put("DuckDB, sort of four files in one of many", () -> tasks(4,
                number -> duck(number == 0 ? all.subList(0, 4) : all.subList(number, number + 1), true)));
        workloads.put("DuckDB, a table in memory", () -> tasks(4, number -> {
            try (Warehouse warehouse = new Warehouse(Work.DUCKDB_THREADS)) {
                warehouse.copy(all.get(number));
                warehouse.copy(all.get(number + 1));
                return warehouse.sortCopies().cents();
            }
        }));
        workloads.put("RocksDB and DuckDB in one task", () -> tasks(4, number -> {
            Batch.Done done = Batch.take(all.subList(number, number + 2));
            return done.documents() + done.characters();
        }));
    }

    private static long duck(List<String> files, boolean sorts) throws Exception {
        try (Warehouse warehouse = new Warehouse(Work.DUCKDB_THREADS)) {
            return sorts ? warehouse.sort(files).cents() : warehouse.pricingSummary(files).rows();
        }
    }

    private String query(String text) {
        return spark.sql(text).collectAsList().toString();
    }

    private void sql() {
        workloads.put("SQL, TPC-H query 1", () -> query("SELECT kind, count(*), sum(quantity), sum(cents),"
                + " sum(cents * (100 - discount)) FROM lineitem WHERE shipdate <= 10471 GROUP BY kind ORDER BY kind"));
        workloads.put("SQL, a sort", () -> query("SELECT sum(place * cents) FROM (SELECT cents, row_number() OVER (PARTITION BY part"
                + " ORDER BY cents DESC, orderkey, linenumber) AS place FROM lineitem)"));
        workloads.put("SQL, a join and an aggregate", () -> query("SELECT count(*), sum(a.cents - b.cents) FROM lineitem a JOIN lineitem b"
                + " ON a.orderkey = b.orderkey AND a.linenumber < b.linenumber"));
    }

    /** Whose compression is native: zstd for shuffles, by spark.io.compression.codec; others where they are asked for. */
    private void codecs() {
        workloads.put("zstd, a shuffle of everything", () -> query("SELECT sum(hash(orderkey, comment)) FROM (SELECT /*+ REPARTITION(16) */"
                + " orderkey, comment FROM lineitem)"));
        workloads.put("zstd, a parquet file", () -> parquet("zstd"));
        workloads.put("snappy, a parquet file", () -> parquet("snappy"));
        workloads.put("lz4, blocks of 4 MB", () -> tasks(8, number -> {
            byte[] text = "lines that repeat themselves now and then; ".repeat(100_000).getBytes(StandardCharsets.US_ASCII);
            byte[] packed = LZ4Factory.nativeInstance().highCompressor().compress(text);
            LZ4FastDecompressor unpacker = LZ4Factory.nativeInstance().fastDecompressor();
            return unpacker.decompress(packed, text.length).length;
        }));
    }

    private String parquet(String codec) {
        String file = folder.resolve("untouched-" + codec + ".parquet").toAbsolutePath().toString();
        spark.table("lineitem").write().mode(SaveMode.Overwrite).option("compression", codec).parquet(file);
        return spark.read().parquet(file).selectExpr("sum(cents * linenumber)", "count(comment)").collectAsList().toString();
    }

    private void others() {
        workloads.put("streaming, state in RocksDB", this::stream);
        workloads.put("children, rows through a program", () -> Long.toString(context.parallelize(IntStream.range(0, 100_000).boxed()
                .toList(), 4).pipe("sort -rn").mapToDouble(Double::parseDouble).sum().longValue()));
        workloads.put("cached rows", () -> {
            Dataset<Row> cached = spark.table("lineitem").select("cents", "orderkey").cache();
            String first = cached.selectExpr("sum(cents)").collectAsList().toString();
            String again = cached.selectExpr("sum(cents)", "count(DISTINCT orderkey)").collectAsList().toString();
            cached.unpersist(true);
            return first + again;
        });
    }

    private String stream() throws Exception {
        spark.conf().set("spark.sql.streaming.stateStore.providerClass",
                "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider");
        spark.conf().set("spark.sql.shuffle.partitions", "4");
        Path checkpoint = Files.createTempDirectory("untouched");
        spark.readStream().schema(spark.table("lineitem").schema()).option("maxFilesPerTrigger", 2)
                .parquet(Path.of(files.get(0)).getParent().toString()).groupBy("orderkey").count().writeStream()
                .queryName("counts").outputMode("complete").format("memory").option("checkpointLocation", checkpoint.toString())
                .trigger(Trigger.AvailableNow()).start().awaitTermination();
        spark.conf().unset("spark.sql.shuffle.partitions");
        return spark.sql("SELECT count(*), sum(count) FROM counts").as(Encoders.tuple(Encoders.LONG(), Encoders.LONG()))
                .collectAsList().toString();
    }
}
