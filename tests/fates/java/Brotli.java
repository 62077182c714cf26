import com.aayushatharva.brotli4j.Brotli4jLoader;
import com.aayushatharva.brotli4j.decoder.Decoder;
import com.aayushatharva.brotli4j.decoder.DirectDecompress;
import com.aayushatharva.brotli4j.encoder.Encoder;
import java.nio.file.Path;
import java.util.Arrays;

/** Compresses and decompresses. */
public final class Brotli implements Workload {
    private final byte[] data = Texts.some(1 << 20);

    public Brotli(Path folder) {}

    @Override
    public void run() throws Exception {
        Brotli4jLoader.ensureAvailability();
        for (int quality : new int[] {1, 5}) {
            byte[] compressed = Encoder.compress(data, new Encoder.Parameters().setQuality(quality));
            DirectDecompress back = Decoder.decompress(compressed);
            Workload.check(true, Arrays.equals(data, back.getDecompressedData()), "decompressed");
        }
    }
}
