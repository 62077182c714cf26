import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.arrow.dataset.file.FileFormat;
import org.apache.arrow.dataset.file.FileSystemDatasetFactory;
import org.apache.arrow.dataset.jni.NativeMemoryPool;
import org.apache.arrow.dataset.scanner.ScanOptions;
import org.apache.arrow.dataset.scanner.Scanner;
import org.apache.arrow.dataset.source.Dataset;
import org.apache.arrow.dataset.source.DatasetFactory;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.ipc.ArrowReader;

/** Scans a file of comma-separated values with Arrow's C++ dataset, on its threads. */
public final class ArrowDataset implements Workload {
    private static final int ROWS = 20_000;
    private final Path file;

    public ArrowDataset(Path folder) throws Exception {
        file = folder.resolve("rows.csv");
        Files.writeString(file, "i,text\n" + IntStream.range(0, ROWS).mapToObj(i -> i + ",text " + i + "\n").collect(Collectors.joining()));
    }

    @Override
    public void run() throws Exception {
        long sum = 0;
        try (BufferAllocator allocator = new RootAllocator();
                DatasetFactory factory = new FileSystemDatasetFactory(allocator, NativeMemoryPool.getDefault(), FileFormat.CSV, file.toUri().toString());
                Dataset dataset = factory.finish();
                Scanner scanner = dataset.newScan(new ScanOptions(4096));
                ArrowReader reader = scanner.scanBatches()) {
            while (reader.loadNextBatch()) {
                BigIntVector numbers = (BigIntVector) reader.getVectorSchemaRoot().getVector("i");
                for (int row = 0; row < numbers.getValueCount(); row++) {
                    sum += numbers.get(row);
                }
            }
        }
        Workload.check((long) ROWS * (ROWS - 1) / 2, sum, "sum of a column");
    }
}
