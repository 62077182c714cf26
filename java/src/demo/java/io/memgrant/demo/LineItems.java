package io.memgrant.demo;

import io.trino.tpch.LineItem;
import io.trino.tpch.LineItemGenerator;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.api.java.JavaRDD;

/** TPC-H's lineitem table, made where it is used: by the row, for Spark SQL, and as the keys and values of a store. */
final class LineItems {
    private static final StructType SCHEMA = new StructType()
            .add("kind", DataTypes.StringType)
            .add("shipdate", DataTypes.IntegerType)
            .add("quantity", DataTypes.LongType)
            .add("cents", DataTypes.LongType)
            .add("discount", DataTypes.LongType)
            .add("tax", DataTypes.LongType);

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

    /** The answer by Spark SQL alone, without RocksDB: what the demo's own answer has to be. */
    static PricingSummary answerOfSparkSql(SparkSession spark, JavaRDD<Integer> partNumbers, double scale, int parts) {
        JavaRDD<Row> rows = partNumbers.flatMap(part -> new Iterator<Row>() {
            private final Iterator<LineItem> items = part(scale, part, parts);

            @Override
            public boolean hasNext() {
                return items.hasNext();
            }

            @Override
            public Row next() {
                LineItem item = items.next();
                return RowFactory.create(group(item), item.getShipDate(), item.getQuantity(),
                        item.getExtendedPriceInCents(), item.getDiscountPercent(), item.getTaxPercent());
            }
        });
        Dataset<Row> table = spark.createDataFrame(rows, SCHEMA);
        table.createOrReplaceTempView("lineitem");
        PricingSummary summary = new PricingSummary();
        for (Row row : spark.sql("SELECT kind, count(*), sum(quantity), sum(cents), sum(cents * (100 - discount)), "
                + "sum(cents * (100 - discount) * (100 + tax)) FROM lineitem WHERE shipdate <= "
                + PricingSummary.LAST_SHIP_DATE + " GROUP BY kind").collectAsList()) {
            summary.addSums(row.getString(0), row.getLong(1), row.getLong(2), row.getLong(3), row.getLong(4),
                    row.getLong(5));
        }
        return summary;
    }
}
