import com.github.luben.zstd.ZstdInputStream;
import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.util.Arrays;

/** Compresses and decompresses, in one go and as a stream, here and by two threads of its own. */
public final class Zstd implements Workload {
    private final byte[] data = Texts.some(2 << 20);

    public Zstd(Path folder) {}

    @Override
    public void run() throws Exception {
        byte[] whole = com.github.luben.zstd.Zstd.compress(data, 5);
        Workload.check(true, Arrays.equals(data, com.github.luben.zstd.Zstd.decompress(whole, data.length)), "decompressed");
        for (int workers : new int[] {0, 2}) {
            Workload.check(true, Arrays.equals(data, streamed(workers)), "streamed by " + workers + " workers");
        }
    }

    private byte[] streamed(int workers) throws Exception {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (ZstdOutputStream stream = new ZstdOutputStream(compressed, 3)) {
            stream.setWorkers(workers);
            stream.write(data);
        }
        try (ZstdInputStream stream = new ZstdInputStream(new ByteArrayInputStream(compressed.toByteArray()))) {
            return stream.readAllBytes();
        }
    }
}
