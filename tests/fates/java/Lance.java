import com.lancedb.lance.Dataset;
import com.lancedb.lance.WriteParams;
import com.lancedb.lance.index.DistanceType;
import com.lancedb.lance.index.IndexParams;
import com.lancedb.lance.index.IndexType;
import com.lancedb.lance.index.scalar.ScalarIndexParams;
import com.lancedb.lance.index.vector.VectorIndexParams;
import com.lancedb.lance.ipc.LanceScanner;
import com.lancedb.lance.ipc.Query;
import com.lancedb.lance.ipc.ScanOptions;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.LongPredicate;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.arrow.c.ArrowArrayStream;
import org.apache.arrow.c.Data;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.FixedSizeListVector;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.ipc.ArrowStreamReader;
import org.apache.arrow.vector.ipc.ArrowStreamWriter;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * Writes a table of texts and points, reads it, makes an index of words (tantivy's tokens) and one of neighbourhoods, and searches by
 * both: Rust, on tokio's threads.
 */
public final class Lance implements Workload {
    private static final int ROWS = 2_000;
    private static final int WORDS = 100;
    private static final Schema SCHEMA = new Schema(List.of(Field.notNullable("i", new ArrowType.Int(64, true)),
            Field.notNullable("text", new ArrowType.Utf8()), new Field("point", FieldType.notNullable(new ArrowType.FixedSizeList(2)),
                    List.of(Field.nullable("item", new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE))))));
    private static final String TOKENS = "{\"base_tokenizer\":\"simple\",\"language\":\"English\",\"with_position\":true,"
            + "\"lower_case\":true,\"stem\":false,\"remove_stop_words\":false,\"ascii_folding\":false}";
    private final Path folder;
    private final byte[] stream;

    public Lance(Path folder) throws IOException {
        this.folder = folder.resolve("rows.lance");
        stream = stream();
    }

    @Override
    public void run() throws Exception {
        clear();
        try (BufferAllocator allocator = new RootAllocator(); Dataset dataset = written(allocator)) {
            Workload.check(those(i -> true), rows(dataset, all(List.of("i"))), "rows");
            dataset.createIndex(List.of("text"), IndexType.INVERTED, Optional.empty(), IndexParams.builder()
                    .setScalarIndexParams(ScalarIndexParams.create("inverted", TOKENS)).build(), true);
            Workload.check(those(i -> i % WORDS == 7), rows(dataset, all(List.of("i")).filter("contains_tokens(text, 'word7')")),
                    "rows with a word");
            dataset.createIndex(List.of("point"), IndexType.VECTOR, Optional.empty(), IndexParams.builder()
                    .setVectorIndexParams(VectorIndexParams.ivfFlat(4, DistanceType.L2)).build(), true);
            Query near = new Query.Builder().setColumn("point").setKey(new float[] {500, -500}).setK(3).setMinimumNprobes(4)
                    .setDistanceType(DistanceType.L2).setUseIndex(true).build();
            Workload.check(those(i -> i >= 499 && i <= 501), rows(dataset, all(List.of("i", "_distance")).nearest(near)), "the nearest");
        }
    }

    /** What a task that was stopped has left. */
    private void clear() throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
            }
        }
    }

    private Dataset written(BufferAllocator allocator) throws Exception {
        try (ArrowStreamReader reader = new ArrowStreamReader(new ByteArrayInputStream(stream), allocator);
                ArrowArrayStream exported = ArrowArrayStream.allocateNew(allocator)) {
            Data.exportArrayStream(allocator, reader, exported);
            return Dataset.create(allocator, exported, folder.toString(), new WriteParams.Builder().build());
        }
    }

    private static ScanOptions.Builder all(List<String> columns) {
        return new ScanOptions.Builder().columns(columns).batchSize(512);
    }

    @SuppressWarnings("try") // close() of theirs throws Exception
    private static String rows(Dataset dataset, ScanOptions.Builder options) throws Exception {
        TreeSet<Long> rows = new TreeSet<>();
        try (LanceScanner scanner = dataset.newScan(options.build()); ArrowReader reader = scanner.scanBatches()) {
            while (reader.loadNextBatch()) {
                BigIntVector numbers = (BigIntVector) reader.getVectorSchemaRoot().getVector("i");
                for (int row = 0; row < numbers.getValueCount(); row++) {
                    rows.add(numbers.get(row));
                }
            }
        }
        return rows.toString();
    }

    private static String those(LongPredicate chosen) {
        return LongStream.range(0, ROWS).filter(chosen).boxed().collect(Collectors.toList()).toString();
    }

    /** The table, made by Java alone. */
    private static byte[] stream() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (BufferAllocator allocator = new RootAllocator(); VectorSchemaRoot root = VectorSchemaRoot.create(SCHEMA, allocator)) {
            root.allocateNew();
            BigIntVector numbers = (BigIntVector) root.getVector("i");
            VarCharVector texts = (VarCharVector) root.getVector("text");
            FixedSizeListVector points = (FixedSizeListVector) root.getVector("point");
            Float4Vector coordinates = (Float4Vector) points.getDataVector();
            for (int row = 0; row < ROWS; row++) {
                numbers.setSafe(row, row);
                texts.setSafe(row, ("a text with word" + row % WORDS).getBytes(StandardCharsets.UTF_8));
                points.setNotNull(row);
                coordinates.setSafe(2 * row, row);
                coordinates.setSafe(2 * row + 1, -row);
            }
            root.setRowCount(ROWS);
            try (ArrowStreamWriter writer = new ArrowStreamWriter(root, null, bytes)) {
                writer.writeBatch();
            }
        }
        return bytes.toByteArray();
    }
}
