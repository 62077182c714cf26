package io.memgrant.demo;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a task of act 5 does: it takes in a batch of files. DuckDB holds the batch's rows as a table, of which many
 * questions are asked, and RocksDB the documents that the rows' texts make. It is a user's code: it knows of RocksDB and
 * DuckDB only.
 */
final class Batch {
    private static final long WRITE_BUFFER = 64L << 20;
    /** Spark gives a task one core. */
    private static final int DUCKDB_THREADS = 1;

    private Batch() {}

    /**
     * What came of it.
     *
     * @param documents how many of them RocksDB gave back, and how many characters
     * @param queries query 1 for each of {@link #lastShipDates}, by DuckDB
     */
    record Done(long documents, long characters, List<PricingSummary> queries) implements Serializable {
        static Done nothing() {
            return new Done(0, 0, lastShipDates().stream().map(date -> new PricingSummary()).toList());
        }

        /** What the two come to together. */
        Done and(Done other) {
            List<PricingSummary> sums = new ArrayList<>();
            for (int i = 0; i < queries.size(); i++) {
                sums.add(new PricingSummary().add(queries.get(i)).add(other.queries.get(i)));
            }
            return new Done(documents + other.documents, characters + other.characters, sums);
        }
    }

    /** Query 1's day, and the same of the months before: three years of them. */
    static List<Integer> lastShipDates() {
        return IntStream.range(0, 36).mapToObj(month -> PricingSummary.LAST_SHIP_DATE - 30 * month).toList();
    }

    static Done take(List<String> files) throws Exception {
        long[] documents = new long[1];
        long[] characters = new long[1];
        List<PricingSummary> queries = new ArrayList<>();
        try (Store store = new Store(Path.of(""), WRITE_BUFFER); Warehouse warehouse = new Warehouse(DUCKDB_THREADS)) {
            for (String file : files) {
                warehouse.copy(file);
            }
            warehouse.documents((order, text) -> store.put(ByteBuffer.allocate(8).putLong(order).array(),
                    text.getBytes(StandardCharsets.UTF_8)));
            for (int date : lastShipDates()) {
                queries.add(warehouse.pricingSummaryOfCopies(date));
            }
            store.flush();
            store.forEachValue(text -> {
                documents[0]++;
                characters[0] += text.length;
            });
        }
        return new Done(documents[0], characters[0], queries);
    }
}
