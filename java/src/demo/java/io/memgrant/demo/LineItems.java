package io.memgrant.demo;

import static org.apache.spark.sql.functions.expr;

import io.airlift.tpch.LineItem;
import io.airlift.tpch.LineItemGenerator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** TPC-H's lineitem table: by the row, for Spark SQL, as the keys and values of a store, and as parquet files. */
final class LineItems {
    private static final StructType SCHEMA = new StructType()
            .add("part", DataTypes.IntegerType)
            .add("orderkey", DataTypes.LongType)
            .add("linenumber", DataTypes.IntegerType)
            .add("kind", DataTypes.StringType)
            .add("shipdate", DataTypes.IntegerType)
            .add("quantity", DataTypes.LongType)
            .add("cents", DataTypes.LongType)
            .add("discount", DataTypes.LongType)
            .add("tax", DataTypes.LongType)
            .add("comment", DataTypes.StringType);

    private LineItems() {}

    /** Part {@code part} (from 1) of {@code parts} of the table at that scale. */
    static Iterator<LineItem> part(double scale, int part, int parts) {
        return new LineItemGenerator(scale, part, parts).iterator();
    }

    /** What query 1 groups by. */
    static String group(LineItem item) {
        return item.getReturnFlag() + item.getStatus();
    }

    static byte[] key(LineItem item) {
        return ByteBuffer.allocate(12).putLong(item.getOrderKey()).putInt(item.getLineNumber()).array();
    }

    /** Every column that is not in the key. */
    static byte[] value(LineItem item) {
        byte[] text = (group(item) + item.getShipInstructions() + '|' + item.getShipMode() + '|' + item.getComment())
                .getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(60 + text.length).putInt(item.getShipDate()).putLong(item.getQuantity())
                .putLong(item.getExtendedPriceInCents()).putLong(item.getDiscountPercent()).putLong(item.getTaxPercent())
                .putLong(item.getPartKey()).putLong(item.getSupplierKey()).putInt(item.getCommitDate())
                .putInt(item.getReceiptDate()).put(text).array();
    }

    /** Adds what {@link #value} made to the summary. */
    static void sumUp(byte[] value, PricingSummary summary) {
        ByteBuffer bytes = ByteBuffer.wrap(value);
        summary.add(new String(value, 60, 2, StandardCharsets.UTF_8), bytes.getInt(), bytes.getLong(), bytes.getLong(),
                bytes.getLong(), bytes.getLong());
    }

    /** The table as Spark's, made where it is used, with the number of the part that a row is of. */
    static Dataset<Row> table(SparkSession spark, List<Integer> partNumbers, double scale, int parts) {
        JavaRDD<Row> rows = JavaSparkContext.fromSparkContext(spark.sparkContext())
                .parallelize(partNumbers, partNumbers.size()).flatMap(part -> new Iterator<Row>() {
                    private final Iterator<LineItem> items = part(scale, part, parts);

                    @Override
                    public boolean hasNext() {
                        return items.hasNext();
                    }

                    @Override
                    public Row next() {
                        LineItem item = items.next();
                        return RowFactory.create(part, item.getOrderKey(), item.getLineNumber(), group(item),
                                item.getShipDate(), item.getQuantity(), item.getExtendedPriceInCents(),
                                item.getDiscountPercent(), item.getTaxPercent(), item.getComment());
                    }
                });
        return spark.createDataFrame(rows, SCHEMA);
    }

    /** The table as parquet files, one for each part, in their order. Spark writes them when they are not there yet. */
    static List<String> parquet(SparkSession spark, Path folder, double scale, int parts) throws IOException {
        Path table = folder.toAbsolutePath().resolve("lineitem-" + scale + "-" + parts + ".parquet");
        if (!Files.exists(table.resolve("_SUCCESS"))) {
            Say.progress("writing TPC-H lineitem (scale %s) as parquet, once: %s", scale, table);
            List<Integer> numbers = IntStream.rangeClosed(1, parts).boxed().toList();
            table(spark, numbers, scale, parts).write().mode(SaveMode.Overwrite).parquet(table.toString());
        }
        try (Stream<Path> files = Files.list(table)) {
            List<String> found = files.map(Path::toString).filter(file -> file.endsWith(".parquet")).sorted().toList();
            if (found.size() != parts) {
                throw new IOException(table + " holds " + found.size() + " files, not " + parts + "; remove it");
            }
            return found;
        }
    }

    /** Query 1 by Spark SQL alone, part by part: what the libraries' answers have to be. */
    static Map<Integer, PricingSummary> summariesOfSparkSql(Dataset<Row> table) {
        Map<Integer, PricingSummary> summaries = new TreeMap<>();
        summariesOfSparkSql(table, List.of(PricingSummary.LAST_SHIP_DATE))
                .forEach((part, byDate) -> summaries.put(part, byDate.get(0)));
        return summaries;
    }

    /** The same for each of these last ship dates, which fall. */
    static Map<Integer, List<PricingSummary>> summariesOfSparkSql(Dataset<Row> table, List<Integer> lastShipDates) {
        String dates = lastShipDates.stream().map(String::valueOf).collect(Collectors.joining(", ", "array(", ")"));
        Map<Integer, List<PricingSummary>> summaries = new TreeMap<>();
        for (Row row : table.withColumn("asked", expr("size(filter(" + dates + ", date -> shipdate <= date))"))
                .groupBy("part", "kind", "asked")
                .agg(expr("count(*)"), expr("sum(quantity)"), expr("sum(cents)"), expr("sum(cents * (100 - discount))"),
                        expr("sum(cents * (100 - discount) * (100 + tax))")).collectAsList()) {
            List<PricingSummary> ofPart = summaries.computeIfAbsent(row.getInt(0),
                    part -> Stream.generate(PricingSummary::new).limit(lastShipDates.size()).toList());
            for (PricingSummary summary : ofPart.subList(0, row.getInt(2))) {
                summary.addSums(row.getString(1), row.getLong(3), row.getLong(4), row.getLong(5), row.getLong(6),
                        row.getLong(7));
            }
        }
        return summaries;
    }

    /** What sorting a part comes to, by Spark SQL alone. */
    static Map<Integer, Warehouse.Sorted> sortsOfSparkSql(Dataset<Row> table) {
        Map<Integer, Warehouse.Sorted> sorts = new TreeMap<>();
        for (Row row : table.groupBy("part").agg(expr("count(*)"), expr("sum(cents)"), expr("sum(orderkey * linenumber)"),
                expr("sum(length(comment))")).collectAsList()) {
            sorts.put(row.getInt(0), new Warehouse.Sorted(true, row.getLong(1), row.getLong(2), row.getLong(3),
                    row.getLong(4)));
        }
        return sorts;
    }
}
