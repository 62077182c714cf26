import java.nio.file.Path;
import java.util.Arrays;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.xxhash.StreamingXXHash32;
import net.jpountz.xxhash.StreamingXXHash64;
import net.jpountz.xxhash.XXHashFactory;

/** Compresses fast and well, decompresses, hashes as a stream: by the native implementations. */
public final class Lz4 implements Workload {
    private final byte[] data = Texts.some(1 << 20);

    public Lz4(Path folder) {}

    @Override
    public void run() throws Exception {
        LZ4Factory factory = LZ4Factory.nativeInstance();
        for (LZ4Compressor compressor : new LZ4Compressor[] {factory.fastCompressor(), factory.highCompressor(9)}) {
            byte[] compressed = compressor.compress(data);
            byte[] back = new byte[data.length];
            factory.safeDecompressor().decompress(compressed, 0, compressed.length, back, 0);
            Workload.check(true, Arrays.equals(data, back), "decompressed");
        }
        XXHashFactory hashes = XXHashFactory.nativeInstance();
        for (int seed = 0; seed < 10; seed++) {
            try (StreamingXXHash32 hash = hashes.newStreamingHash32(seed)) {
                hash.update(data, 0, data.length);
                Workload.check(hashes.hash32().hash(data, 0, data.length, seed), hash.getValue(), "hash of 32 bits");
            }
            try (StreamingXXHash64 hash = hashes.newStreamingHash64(seed)) {
                hash.update(data, 0, data.length);
                Workload.check(hashes.hash64().hash(data, 0, data.length, seed), hash.getValue(), "hash of 64 bits");
            }
        }
    }
}
