import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.util.Arrays;
import org.xerial.snappy.SnappyInputStream;
import org.xerial.snappy.SnappyOutputStream;

/** Compresses and decompresses, in one go and as a stream, as Spark's codec does. */
public final class Snappy implements Workload {
    private final byte[] data = Texts.some(2 << 20);

    public Snappy(Path folder) {}

    @Override
    public void run() throws Exception {
        for (int i = 0; i < 5; i++) {
            byte[] compressed = org.xerial.snappy.Snappy.compress(data);
            Workload.check(true, Arrays.equals(data, org.xerial.snappy.Snappy.uncompress(compressed)), "decompressed");
        }
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (SnappyOutputStream stream = new SnappyOutputStream(compressed, 64 << 10)) {
            stream.write(data);
        }
        try (SnappyInputStream stream = new SnappyInputStream(new ByteArrayInputStream(compressed.toByteArray()))) {
            Workload.check(true, Arrays.equals(data, stream.readAllBytes()), "streamed");
        }
    }
}
